"""A Scrapy spider that reads the shop's catalogue, as the manual would write it, with Scrapy's own user agent.

It leaves from ``--address`` and notes each request that its downloader sends. When pages are refused it goes on with
the products it can guess, because a scraper that gives up would make any defence look good.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import scrapy
from scrapy import signals
from scrapy.crawler import CrawlerProcess
from scrapy.http import Response
from scrapy.settings import Settings

from demo.bots.field import SentLog
from demo.shop import catalogue


class Catalogue(scrapy.Spider):
    """Listing pages first, then each product and its price, then the same once more."""

    name = "catalogue"
    url = ""
    sent: SentLog
    address = ""

    @classmethod
    def from_crawler(cls, crawler: Any, *args: Any, **kwargs: Any) -> Catalogue:
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.on_sent, signal=signals.request_reached_downloader)
        crawler.signals.connect(spider.on_answer, signal=signals.response_received)
        return spider

    async def start(self) -> AsyncIterator[scrapy.Request]:
        for page in range(1, catalogue.PRODUCTS // catalogue.PER_PAGE + 1):
            yield self.ask(f"/api/products?page={page}", priority=10)
        for number in range(1001, 3000):
            yield self.ask(f"/api/products/{number}", priority=-10)

    def ask(self, path: str, priority: int = 0) -> scrapy.Request:
        return scrapy.Request(self.url + path, self.parse, priority=priority, meta={"bindaddress": (self.address, 0)})

    def parse(self, response: Response, **more: Any) -> Iterator[scrapy.Request]:
        if response.status != 200:
            return
        for item in response.json().get("items", ()):  # type: ignore[attr-defined]  # a text answer
            yield self.ask(f"/api/products/{item['id']}")
            yield self.ask(f"/api/products/{item['id']}/price")

    def on_sent(self, request: scrapy.Request, spider: scrapy.Spider) -> None:
        request.meta["sent"] = time.time()

    def on_answer(self, response: Response, request: scrapy.Request, spider: scrapy.Spider) -> None:
        kind = (response.headers.get("content-type") or b"").decode("latin-1")
        self.sent.note(request.meta["sent"], self.address, request.url, response.status, kind)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.drill.spider")
    parser.add_argument("--url", required=True)
    parser.add_argument("--address", required=True)
    parser.add_argument("--population", required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--seconds", type=int, default=90)
    given = parser.parse_args()
    settings = Settings(
        {
            "CLOSESPIDER_TIMEOUT": given.seconds,
            "CONCURRENT_REQUESTS_PER_DOMAIN": 4,
            "DOWNLOAD_DELAY": 0.25,
            "HTTPERROR_ALLOW_ALL": True,
            "LOG_LEVEL": "WARNING",
            "RETRY_ENABLED": False,
            "TELNETCONSOLE_ENABLED": False,
        }
    )
    Catalogue.url, Catalogue.address = given.url.rstrip("/"), given.address
    Catalogue.sent = SentLog(given.log, given.population)
    process = CrawlerProcess(settings)
    process.crawl(Catalogue)
    process.start()


if __name__ == "__main__":
    main()
