"""Who a client says it is: the family, version and kind named by a User-Agent.

The names of libraries, headless browsers, attack tools and crawlers below are facts from those programs' own
documentation and defaults. A name is a claim, never a proof. What no browser has ever called itself is told too.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from msgspec import Struct

__all__ = ["Agent", "Kind", "read"]

Kind = Literal["browser", "app", "library", "headless", "tool", "crawler", "unknown", "absent"]

_LONGEST = 512
_TOOL_NAMES = (
    "hydra|medusa|patator|ffuf|fuzz faster u fool|gobuster|dirbuster|dirb/|feroxbuster|wfuzz|sqlmap|nikto|nuclei"
    "|whatweb|wpscan|joomscan|masscan|zgrab|nmap|nessus|openvas|acunetix|netsparker|arachni|w3af|skipfish|jaeles"
    "|httpx - open-source|katana|jorgee|zmeu|burpcollaborator|burp suite|burpsuite|openbullet|silverbullet"
    "|blackbullet|stormbreaker|storm-breaker|sentry mba|sentrymba|snipr|scrapy|colly|heritrix|httrack|webcopier|siege"
    "|apachebench|wrk|vegeta|hey/|slowhttptest|goldeneye|dirsearch|commix|xsstrike|dalfox|naabu|interactsh|subfinder"
    "|amass|zaproxy|owasp zap|nexpose|qualys|detectify|crawlee|crawl4ai|firecrawl|grab-site|k6/|bombardier/|oha/"
).split("|")
_TOOLS = re.compile(rf"\b({'|'.join(re.escape(name) for name in _TOOL_NAMES)})")
_HEADLESS = re.compile(
    r"headless\w*|phantomjs|slimerjs|puppeteer|playwright|selenium|htmlunit|splash|jsdom/|lightpanda|zombie/|cypress/",
    re.IGNORECASE,
)
_CRAWLERS = re.compile(
    r"(?<!\bcu)bot\b|crawler|spider|slurp|facebookexternalhit|feedfetcher|mediapartners|archiver|preview|monitor|uptime"
    r"|pingdom|lighthouse|pagespeed|feedly|chatgpt-user|perplexity-user",
    re.IGNORECASE,
)
_LIBRARIES = re.compile(
    r"^(python-requests|python-urllib3?|python-httpx|python/|python |aiohttp|httpx|curl|wget|libcurl|java"
    r"|go-http-client"
    r"|apache-httpclient|okhttp3?-?test|axios|node-fetch|node|undici|got|superagent|libwww-perl|lwp|perl|ruby|faraday"
    r"|rest-client|httparty|typhoeus|guzzle|guzzlehttp|php|symfony|postmanruntime|insomnia|restsharp|dart|deno|bun"
    r"|reqwest|hyper|ureq|isahc|jakarta|resty|aws-sdk|mechanize|winhttp|httpie|xh|lua-resty-http|scala|akka-http"
    r"|apache-cxf|unirest|powershell|fasthttp|nim|elixir|hackney|tesla|erlang|ktor-client|ktor|ahc|async-http-client"
    r"|http-kit|clj-http|sttp|play-ws|armeria|jetty|rest-assured|cpp-httplib|boost\.beast|excon|http\.rb|curb"
    r"|http_request2?|zend_http_client|libfetch|fetch libfetch|aria2|rclone|hurl|bruno|bruno-runtime|boto3|botocore"
    r"|aws-cli|node-superagent|needle|phin|wreck|chttp|universalfeedparser|go-resty)\b",
    re.IGNORECASE,
)
_APPS = re.compile(
    r"^[\w.+ -]{1,64}/[\w.+-]{1,32}.*\b(cfnetwork|okhttp|alamofire|android|ios|iphone|ipad|dalvik|flutter|expo)\b"
    r"|^[\w.+ -]{0,64}\b(android|ios|iphone|ipad)\b[\w.+ -]{0,64}/\d|^okhttp/|^dalvik/|^cfnetwork",
    re.IGNORECASE,
)
_BROWSERS = (
    ("edge_legacy", re.compile(r"\bedge/(\d{1,4})", re.IGNORECASE)),
    ("edge", re.compile(r"\bedga?(?:ios)?/(\d{1,4})", re.IGNORECASE)),
    ("opera", re.compile(r"\bopr/(\d{1,4})", re.IGNORECASE)),
    ("samsung", re.compile(r"\bsamsungbrowser/(\d{1,4})", re.IGNORECASE)),
    ("chrome_ios", re.compile(r"\bcrios/(\d{1,4})", re.IGNORECASE)),
    ("firefox_ios", re.compile(r"\bfxios/(\d{1,4})", re.IGNORECASE)),
    ("google_ios", re.compile(r"\bgsa/(\d{1,4})", re.IGNORECASE)),
    ("firefox", re.compile(r"\bfirefox/(\d{1,4})", re.IGNORECASE)),
    ("webview", re.compile(r"^(?>.*?; wv\)).*\bchrome/(\d{1,4})", re.IGNORECASE)),
    ("chrome", re.compile(r"\bchrom(?:e|ium)/(\d{1,4})", re.IGNORECASE)),
    # atomic groups (?>…): what stands in an agent a hundred times is not tried in each combination
    ("android", re.compile(r"^(?>.*?\bandroid\b)(?>.*?\bversion/(\d{1,4}+)).*\bsafari/", re.IGNORECASE)),
    ("safari", re.compile(r"^(?>.*?\bversion/(\d{1,4}+)).*\bsafari/", re.IGNORECASE)),
    ("explorer", re.compile(r"\b(?:msie |trident/.*rv:)(\d{1,3})", re.IGNORECASE)),
    ("webview_ios", re.compile(r"^(?>.*?\b(?:iphone|ipad|ipod)\b).*\bapplewebkit/()", re.IGNORECASE)),
)
_WITHOUT_CHROMIUM = ("edge_legacy", "chrome_ios", "firefox_ios", "google_ios", "webview_ios", "explorer")
_CHROMIUM = re.compile(r"(?:\b|\bheadless)chrom(?:e|ium)/(\d{1,4})", re.IGNORECASE)
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
        impossible: 1 where no such client exists, 0.5 where hardly one does (a browser that has frozen its version and
            platform names others), else 0.
    """

    kind: Kind
    family: str = ""
    major: int = 0
    chromium: int = 0
    platform: str = ""
    is_mobile: bool = False
    impossible: float = 0.0


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
    lower = text.lower()
    if any(name in lower for name in _TOOL_NAMES):  # looks for all in a tenth of the time of the expression
        found = _TOOLS.search(lower)
        if found:
            return Agent("tool", found[0])
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
                inside = 0 if family in _WITHOUT_CHROMIUM else major
                number = int(found[1] or 0)
                odd = _impossible(text, family, number, major, platform)
                return Agent("browser", family, number, inside, platform, "mobile" in lower, odd)
        return Agent("unknown", "mozilla", 0, 0, platform)
    if _APPS.search(text):
        return Agent("app", text.split("/", 1)[0][:40].lower(), 0, 0, platform)
    return Agent("unknown", text.split("/", 1)[0][:40].lower(), 0, 0, platform)


# What browsers write since they froze it: Chromium's version beyond the major number since 101 and its platform since
# 107 (desktop) and 110 (Android), Safari's and Firefox's WebKit and Gecko dates long before (their makers' notes).
_PLAIN = re.compile(
    r"Mozilla/5\.0 \(([^()]*(?:\([^()]*\)[^()]*)?)\) AppleWebKit/537\.36 \(KHTML, like Gecko\)"
    r" Chrome/(\d+)\.(\d+)\.(\d+)\.(\d+) (?:Mobile )?Safari/537\.36"
)
_FROZEN = re.compile(
    r"Windows NT 10\.0; Win64; x64|Macintosh; Intel Mac OS X 10_15_7|X11; (?:Linux|CrOS) [\w .]+|Android 10; K"
    r"|Linux; Android 10; K|Fuchsia"
)
_FROZEN_SINCE = 118
_WINDOWS = re.compile(r"\bwindows nt (\d{1,3}\.\d{1,2})", re.IGNORECASE)
_VERSIONS_OF_WINDOWS = frozenset("3.1 3.5 3.51 4.0 5.0 5.01 5.1 5.2 6.0 6.1 6.2 6.3 6.4 10.0".split())
_ANDROID = re.compile(r"\bandroid (\d{1,4})", re.IGNORECASE)
_IOS = re.compile(r"\b(?:iphone )?os (\d{1,4})_\d", re.IGNORECASE)
_GECKO = re.compile(r"\brv:(\d{1,4})[\d.]*\) gecko/\S+ firefox/(\d{1,4})", re.IGNORECASE)
_HIGHEST = {"safari": 99, "samsung": 99}
_BUILDS = (  # (major, build): facts of Chromium's releases, to be read with straight lines between them
    (14, 835), (18, 1025), (23, 1271), (29, 1547), (32, 1700), (36, 1985), (40, 2214), (45, 2454), (50, 2661),
    (53, 2785), (57, 2987), (60, 3112), (66, 3359), (70, 3538), (74, 3729), (80, 3987), (83, 4103), (87, 4280),
    (90, 4430), (95, 4638), (98, 4758), (100, 4896), (104, 5112), (110, 5481), (116, 5845), (120, 6099), (124, 6367),
    (131, 6778), (136, 7103), (142, 7444), (150, 7871), (156, 8078),
)  # fmt: skip
_NEAR_BUILD = 100


def _impossible(text: str, family: str, major: int, chromium: int, platform: str) -> float:
    """Judge an agent by what its browser's releases have ever called themselves."""
    lower = text.lower()
    found = _WINDOWS.search(text)
    if found and found[1] not in _VERSIONS_OF_WINDOWS:
        return 1.0
    for pattern, highest in ((_ANDROID, 40), (_IOS, 60)):
        found = pattern.search(text)
        if found and int(found[1]) > highest:
            return 1.0
    if family != "google_ios" and (major > _HIGHEST.get(family, 399) or chromium > 399):
        return 1.0
    if family == "firefox":
        found = _GECKO.search(text)
        other = found is not None and found[1] != found[2] and int(found[2]) >= 5
        if other and found is not None and not (found[1] == "109" and 110 <= int(found[2]) <= 119):
            return 1.0
        return 1.0 if "chrome/" in lower else 0.0
    if family == "safari" and platform == "Windows" and major > 5:  # Safari for Windows ended with 5.1.7
        return 1.0
    if not chromium or family == "edge_legacy":
        return 0.0
    if platform == "iOS" or (chromium >= 28 and "applewebkit/" in lower and "applewebkit/537.36" not in lower):
        return 1.0
    plain = _PLAIN.fullmatch(text)
    if plain is None:
        return 0.0
    build = int(plain[4][:6])
    if build and not _is_near(chromium, build):
        return 1.0
    if chromium < _FROZEN_SINCE or "; wv" in plain[1]:
        return 0.0
    return 0.0 if (plain[3], plain[4], plain[5]) == ("0", "0", "0") and _FROZEN.fullmatch(plain[1]) else 0.5


def _is_near(major: int, build: int) -> bool:
    for (below, low), (above, high) in pairwise(_BUILDS):
        if below <= major <= above:
            expected = low + (high - low) * (major - below) / (above - below)
            return abs(build - expected) <= _NEAR_BUILD
    return True
