"""Ask with aiohttp."""

import asyncio
import contextlib
import sys

import aiohttp


async def main(url: str) -> None:
    async with aiohttp.ClientSession(
        cookies={"sid": "0123456789abcdef"}, connector=aiohttp.TCPConnector(ssl=False), timeout=aiohttp.ClientTimeout(5)
    ) as session:
        await session.get(f"{url}/api/get")
        await session.post(f"{url}/api/post", json={"a": 1})
        await session.post(
            f"{url}/api/authorized", json={"a": 1}, headers={"Authorization": "Bearer abc", "X-App": "1"}
        )


with contextlib.suppress(Exception):
    asyncio.run(main(sys.argv[1]))
