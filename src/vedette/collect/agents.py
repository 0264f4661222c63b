"""Who a client says it is: the family, version and kind named by a User-Agent.

The names of libraries, headless browsers, attack tools and crawlers below are facts from those programs' own
documentation and defaults. A name is a claim, never a proof.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from msgspec import Struct

__all__ = ["Agent", "Kind", "read"]

Kind = Literal["browser", "app", "library", "headless", "tool", "crawler", "unknown", "absent"]

_LONGEST = 512
_TOOLS = re.compile(
    r"\b(hydra|medusa|patator|ffuf|fuzz faster u fool|gobuster|dirbuster|dirb\b|feroxbuster|wfuzz|sqlmap|nikto"
    r"|nuclei"
    r"|whatweb|wpscan|joomscan|masscan|zgrab|nmap|nessus|openvas|acunetix|netsparker|arachni|w3af|skipfish|jaeles"
    r"|httpx - open-source|katana|jorgee|zmeu|burpcollaborator|openbullet|silverbullet|storm-?breaker|scrapy"
    r"|colly|heritrix|httrack|webcopier|siege|apachebench|wrk|vegeta|hey/|slowhttptest|goldeneye)",
    re.IGNORECASE,
)
_HEADLESS = re.compile(
    r"headlesschrome|phantomjs|slimerjs|puppeteer|playwright|selenium|htmlunit|splash", re.IGNORECASE
)
_CRAWLERS = re.compile(
    r"bot\b|crawler|spider|slurp|facebookexternalhit|feedfetcher|mediapartners|archiver|preview|monitor|uptime"
    r"|pingdom|lighthouse|pagespeed|feedly|chatgpt-user|perplexity-user",
    re.IGNORECASE,
)
_LIBRARIES = re.compile(
    r"^(python-requests|python-urllib3?|python-httpx|python/|python |aiohttp|httpx|curl|wget|libcurl|java"
    r"|go-http-client"
    r"|apache-httpclient|okhttp3?-?test|axios|node-fetch|node|undici|got|superagent|libwww-perl|lwp|perl|ruby|faraday"
    r"|rest-client|httparty|typhoeus|guzzle|guzzlehttp|php|symfony|postmanruntime|insomnia|restsharp|dart|deno|bun"
    r"|reqwest|hyper|ureq|isahc|jakarta|resty|aws-sdk|mechanize|winhttp|httpie|xh|lua-resty-http|scala|akka-http"
    r"|apache-cxf|unirest|powershell|fasthttp|nim|elixir|hackney|tesla|erlang)\b",
    re.IGNORECASE,
)
_APPS = re.compile(
    r"^[\w.+ -]{1,64}/[\w.+-]{1,32}.*\b(cfnetwork|okhttp|alamofire|android|ios|iphone|ipad|dalvik|flutter|expo)\b"
    r"|^okhttp/|^dalvik/|^cfnetwork",
    re.IGNORECASE,
)
_BROWSERS = (
    ("edge", re.compile(r"\bedga?(?:ios)?/(\d{1,4})", re.IGNORECASE)),
    ("opera", re.compile(r"\bopr/(\d{1,4})", re.IGNORECASE)),
    ("samsung", re.compile(r"\bsamsungbrowser/(\d{1,4})", re.IGNORECASE)),
    ("chrome_ios", re.compile(r"\bcrios/(\d{1,4})", re.IGNORECASE)),
    ("firefox_ios", re.compile(r"\bfxios/(\d{1,4})", re.IGNORECASE)),
    ("firefox", re.compile(r"\bfirefox/(\d{1,4})", re.IGNORECASE)),
    ("webview", re.compile(r"; wv\).*\bchrome/(\d{1,4})", re.IGNORECASE)),
    ("chrome", re.compile(r"\bchrom(?:e|ium)/(\d{1,4})", re.IGNORECASE)),
    ("safari", re.compile(r"\bversion/(\d{1,4})[\d.]*.*\bsafari/", re.IGNORECASE)),
    ("explorer", re.compile(r"\b(?:msie |trident/.*rv:)(\d{1,3})", re.IGNORECASE)),
)
_CHROMIUM = re.compile(r"\bchrom(?:e|ium)/(\d{1,4})", re.IGNORECASE)
_PLATFORMS = (
    ("Android", re.compile(r"android", re.IGNORECASE)),
    ("iOS", re.compile(r"iphone|ipad|ipod", re.IGNORECASE)),
    ("Windows", re.compile(r"windows", re.IGNORECASE)),
    ("Chrome OS", re.compile(r"\bcros\b", re.IGNORECASE)),
    ("macOS", re.compile(r"mac os x|macintosh", re.IGNORECASE)),
    ("Linux", re.compile(r"linux|x11", re.IGNORECASE)),
)


class Agent(Struct, frozen=True, gc=False):
    """What a User-Agent claims.

    Attributes:
        kind: Browser, app, HTTP library, headless browser, attack tool or scraper, crawler, unknown, absent.
        family: Lower-case name (``chrome``, ``python-requests`` …) or empty.
        major: Major version, or 0.
        chromium: Major version of the Chromium inside, or 0.
        platform: As client hints name it (``Windows``, ``macOS`` …) or empty.
        is_mobile: The agent says so.
    """

    kind: Kind
    family: str = ""
    major: int = 0
    chromium: int = 0
    platform: str = ""
    is_mobile: bool = False


@lru_cache(maxsize=4096)
def read(text: str) -> Agent:
    """Read a User-Agent; longer ones than 512 characters are cut.

    >>> read("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36").kind
    'browser'
    >>> read("python-requests/2.34").kind
    'library'
    """
    text = text[:_LONGEST].strip()
    if not text or text == "-":
        return Agent("absent")
    found = _TOOLS.search(text)
    if found:
        return Agent("tool", found[0].strip().lower())
    platform = next((name for name, pattern in _PLATFORMS if pattern.search(text)), "")
    chromium = _CHROMIUM.search(text)
    major = int(chromium[1]) if chromium else 0
    found = _HEADLESS.search(text)
    if found:
        return Agent("headless", found[0].lower(), major, major, platform)
    found = _CRAWLERS.search(text)
    if found:
        return Agent("crawler", found[0].lower(), 0, major, platform)
    found = _LIBRARIES.search(text)
    if found:
        return Agent("library", found[1].strip("/ ").lower())
    if text.startswith(("Mozilla/", "Opera/")):
        for family, pattern in _BROWSERS:
            found = pattern.search(text)
            if found:
                is_mobile = "mobile" in text.lower()
                return Agent("browser", family, int(found[1]), major, platform, is_mobile)
        return Agent("unknown", "mozilla", 0, 0, platform)
    if _APPS.search(text):
        return Agent("app", text.split("/", 1)[0][:40].lower(), 0, 0, platform)
    return Agent("unknown", text.split("/", 1)[0][:40].lower(), 0, 0, platform)
