"""Stacks beside the profiles: apps, libraries, headless and privacy browsers, old devices; their shares are composed.

What they send is captured where the program runs here; user agents of other versions, and shares, are invented.
"""

# ruff: noqa: E501 (tables)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.simulation import layouts

if TYPE_CHECKING:
    from bench.simulation.clients import Builder

ANDROID = "Mozilla/5.0 (Linux; Android {}) AppleWebKit/537.36 (KHTML, like Gecko) "
WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36"
)
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36"
LINUX = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36"
PHONE = ANDROID.format("10; K") + "Chrome/{}.0.0.0 Mobile Safari/537.36"
MAJORS = {154: 0.28, 153: 0.52, 152: 0.10, 151: 0.06, 149: 0.04}

OLD_DEVICES = {  # Chromium with whole version and device names, before these were reduced
    ANDROID.format("7.0; SM-G930F") + "Chrome/119.0.6045.66 Mobile Safari/537.36": 0.0012,
    ANDROID.format("6.0.1; SM-G900F") + "Chrome/106.0.5249.126 Mobile Safari/537.36": 0.0008,
    ANDROID.format("5.1.1; SM-J320FN") + "Chrome/95.0.4638.74 Mobile Safari/537.36": 0.0005,
    ANDROID.format("8.1.0; Moto G (5)") + "Chrome/138.0.0.0 Mobile Safari/537.36": 0.0012,
    ANDROID.format("9; MI 8") + "Chrome/87.0.4280.141 Mobile Safari/537.36": 0.0004,
    "Mozilla/5.0 (Windows NT 6.1; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/109.0.0.0 Safari/537.36": 0.0035,
    "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/86.0.4240.198 Safari/537.36": 0.0006,
}  # fmt: skip
OLD_APPLE = {
    "Mozilla/5.0 (iPhone; CPU iPhone OS 12_5_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1.2 Mobile/15E148 Safari/604.1": 0.002,
    "Mozilla/5.0 (iPad; CPU OS 14_8_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/14.1.2 Mobile/15E148 Safari/604.1": 0.001,
    "Mozilla/5.0 (iPhone; CPU iPhone OS 15_8_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.6.6 Mobile/15E148 Safari/604.1": 0.004,
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_13_6) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1.2 Safari/605.1.15": 0.001,
}  # fmt: skip
WEBVIEWS = {  # browsers inside apps; the older send the app's name as X-Requested-With
    "14; SM-A546B Build/UP1A.231005.007; wv": ("153.0.8010.42", "[FB_IAB/FB4A;FBAV/530.0.0.47.70;]", "", 0.006),
    "15; SM-S921B Build/AP3A.240905.015.A2; wv": ("153.0.8010.42", "Instagram 395.0.0.37.107 Android (35/15; 480dpi; 1080x2340; samsung; SM-S921B; e1s; s5e9945; de_DE; 775023041)", "", 0.006),
    "13; 2201117TY Build/TKQ1.221114.001; wv": ("151.0.7922.60", "", "", 0.003),
    "12; SM-A217F Build/SP1A.210812.016; wv": ("149.0.7827.91", "[Pinterest/Android]", "", 0.002),
    "9; SM-J530F Build/PPR1.180610.011; wv": ("119.0.6045.193", "[FB_IAB/FB4A;FBAV/440.0.0.30.108;]", "com.facebook.katana", 0.001),
    "8.0.0; ANE-LX1 Build/HUAWEIANE-L01; wv": ("99.0.4844.88", "", "com.android.browser", 0.0006),
    "7.1.1; SM-J510FN Build/NMF26X; wv": ("92.0.4515.131", "", "com.google.android.gm", 0.0004),
}  # fmt: skip
APPS_ANDROID = {("14", "4.12.0"): 0.28, ("15", "4.12.0"): 0.27, ("16", "5.1.0"): 0.15, ("13", "4.12.0"): 0.14,
                ("12", "4.12.0"): 0.07, ("11", "4.9.3"): 0.05, ("10", "4.9.3"): 0.03, ("9", "3.12.13"): 0.01}  # fmt: skip
APPS_IOS = {("3860.100.1", "25.0.0"): 0.34, ("3826.600.41", "24.6.0"): 0.30, ("3826.500.131", "24.5.0"): 0.16,
            ("1568.200.51", "24.1.0"): 0.07, ("1498.700.2", "23.6.0"): 0.07, ("1410.1", "22.6.0"): 0.05,
            ("1335.0.3.4", "21.6.0"): 0.01}  # fmt: skip
RELEASES = {"4.18.0": 0.58, "4.17.2": 0.21, "4.16.1": 0.09, "4.12.0": 0.07, "3.9.1": 0.05}
LIBRARIES: dict[str, tuple[str, str, dict[str, float]]] = {  # family: (capture, its share's owner, agents)
    "python-requests": ("python-requests", "2", {"python-requests/2.34.2": 5, "python-requests/2.32.3": 9,
                        "python-requests/2.31.0": 6, "python-requests/2.28.1": 3, "python-requests/2.22.0": 1}),
    "aiohttp": ("aiohttp", "2", {"Python/3.11 aiohttp/3.14.5": 2, "Python/3.12 aiohttp/3.11.18": 3, "Python/3.10 aiohttp/3.9.5": 1.5}),
    "httpx": ("httpx", "2", {"python-httpx/0.28.1": 3, "python-httpx/0.27.2": 1}),
    "urllib": ("urllib", "2", {"Python-urllib/3.11": 1.5, "Python-urllib/3.8": 0.5}),
    "curl": ("curl", "2", {"curl/8.14.1": 4, "curl/8.5.0": 3, "curl/7.88.1": 3, "curl/7.81.0": 2}),
    "wget": ("wget", "2", {"Wget/1.21.3": 1, "Wget/1.21.4": 1}),
    "go": ("go", "2", {"Go-http-client/2.0": 9}),
    "node": ("node", "2", {"node": 6, "undici": 1}),
    "axios": ("node-https", "2", {"axios/1.7.9": 5, "axios/1.6.8": 3, "axios/0.27.2": 1.5}),
    "java": ("java", "2", {"Java-http-client/17.0.15": 3, "Java-http-client/21.0.7": 3, "Java-http-client/11.0.26": 1}),
    "php": ("php", "2", {"": 2, "GuzzleHttp/7": 5}),
    "ruby": ("ruby", "2", {"Ruby": 1.5}),
    "scrapy": ("scrapy", "2", {"Scrapy/2.19.0 (+https://scrapy.org)": 1}),
}  # fmt: skip


def add_all(builder: Builder) -> None:
    _privacy(builder)
    _old(builder)
    _intercepted(builder)
    _apps(builder)
    _libraries(builder)
    _headless(builder)
    _impersonators(builder)


def _privacy(builder: Builder) -> None:
    """Brave, Tor, and people who send DNT or the privacy signal; about 2.5 % of browsers in all."""
    for agent, share in ((WINDOWS, 0.005), (MAC, 0.004), (LINUX, 0.001), (PHONE, 0.004)):
        for major, part in MAJORS.items():
            builder.chromium("brave", agent.format(major), share * part, privacy="gpc")
    for agent, share in ((WINDOWS, 0.004), (MAC, 0.002), (LINUX, 0.001)):
        for major, part in list(MAJORS.items())[:3]:
            builder.chromium("chrome", agent.format(major), share * part, privacy="dnt")
    for system in ("Windows NT 10.0; Win64; x64", "X11; Linux x86_64", "Macintosh; Intel Mac OS X 10.15"):
        builder.firefox(
            f"Mozilla/5.0 ({system}; rv:140.0) Gecko/20100101 Firefox/140.0", 0.0003, privacy="gpc", family="tor"
        )
    for agent, privacy, share in (
        ("Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0", "", 0.0006),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:156.0) Gecko/20100101 Firefox/156.0", "dnt gpc", 0.0015),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:156.0) Gecko/20100101 Firefox/156.0", "gpc", 0.001),
    ):
        builder.firefox(agent, share, privacy=privacy)


def _old(builder: Builder) -> None:
    for agent, share in OLD_DEVICES.items():
        builder.chromium("chrome", agent, share)
    for agent, share in OLD_APPLE.items():
        builder.webkit("safari" if "Macintosh" in agent else "safari_ios", agent, share)
    for device, (version, tail, app, share) in WEBVIEWS.items():
        agent = ANDROID.format(device) + f"Version/4.0 Chrome/{version} Mobile Safari/537.36 {tail}".rstrip()
        builder.chromium("webview", agent, share, app=app)


def _intercepted(builder: Builder) -> None:
    """Browsers behind an office gateway or antivirus that opens TLS and speaks HTTP/1.1; the handshake is its own."""
    for tls, share in (("gateway12", 0.003), ("antivirus", 0.004)):
        name = builder.hellos.name(tls, resumes=0.0)
        for major, part in MAJORS.items():
            builder.chromium("chrome", WINDOWS.format(major), share * part, protocol="1.1", tls=name)
            edge = WINDOWS.format(major) + f" Edg/{major}.0.0.0"
            builder.chromium("edge", edge, share * part * 0.5, protocol="1.1", tls=name)


def _apps(builder: Builder) -> None:
    for name, layout in layouts.apps().items():
        builder.layouts[f"app {name}"] = layout
    for release, part in RELEASES.items():
        for (android, okhttp), share in APPS_ANDROID.items():
            is_old = int(android) < 10
            builder.add(
                "okhttp", f"{{app}}/{release} (Android {android}; okhttp/{okhttp})", 0.52 * part * share, kind="app",
                tls=builder.hellos.name("okhttp3" if is_old else "okhttp4"), layout="app okhttp", platform="Android",
                is_mobile=True, major=int(okhttp[0]),
            )  # fmt: skip
        for (network, darwin), share in APPS_IOS.items():
            version = int(darwin.split(".")[0])
            target = {25: "safari260_ios", 24: "safari184_ios", 23: "safari172_ios"}.get(version, "safari155")
            layout = "app cfnetwork18" if version >= 24 else "app cfnetwork"
            builder.add(
                "cfnetwork", f"{{app}}/{release} CFNetwork/{network} Darwin/{darwin}", 0.45 * part * share, kind="app",
                tls=builder.hellos.name(f"captured curl_cffi:{target}", resumes=0.3), layout=layout, platform="iOS",
                is_mobile=True, major=version, impersonate=target,
            )  # fmt: skip
    builder.add(
        "dart", "Dart/3.9 (dart:io)", 0.03, kind="app", tls=builder.hellos.name("dart"), layout="app dart", protocol="1.1",
        platform="Android", is_mobile=True, major=3,
    )  # fmt: skip


def _libraries(builder: Builder) -> None:
    for family, (capture, _, agents) in LIBRARIES.items():
        given = builder.hellos.captured[capture]
        version = "2" if given["requests"][0]["version"] == "2.0" else "1.1"
        layout = f"library {family} {version}"
        builder.layouts[layout] = layouts.library(capture, given["requests"], version)
        for agent, share in agents.items():
            tls = f"captured {capture}"
            if agent.endswith(("/2.22.0", "/3.8")):
                tls = "openssl111"
            builder.add(
                family, agent, share, kind="library", tls=builder.hellos.name(tls, resumes=0.2), layout=layout,
                protocol=version, platform="", major=_major(agent),
            )  # fmt: skip
    builder.layouts["library go 1.1"] = {
        "api": layouts.ordered(
            "Host User-Agent Content-Length Authorization Content-Type Cookie {extra} Accept-Encoding",
            accept_encoding="gzip",
        )
    }
    go = builder.hellos.name("captured go", resumes=0.2)
    builder.add(
        "go",
        "Go-http-client/1.1",
        3,
        kind="library",
        tls=go,
        layout="library go 1.1",
        protocol="1.1",
        platform="",
        major=1,
    )
    given = builder.hellos.captured["apache-httpclient"]["requests"]
    builder.layouts["library apache-httpclient 1.1"] = layouts.library("apache-httpclient", given, "1.1")
    for agent, tls, share in (
        ("Apache-HttpClient/4.5.14 (Java/17.0.15)", "captured apache-httpclient", 4.0),
        ("Apache-HttpClient/4.5.13 (Java/11.0.26)", "captured apache-httpclient", 3.0),
        ("Apache-HttpClient/4.5.3 (Java/1.8.0_432)", "java8", 1.0),
    ):
        builder.add(
            "apache-httpclient", agent, share, kind="library", tls=builder.hellos.name(tls, resumes=0.2),
            layout="library apache-httpclient 1.1", protocol="1.1", platform="", major=4,
        )  # fmt: skip
    names = "{extra} Authorization Content-Type Content-Length Accept-Encoding Cookie User-Agent"
    builder.layouts["library okhttp"] = {"api": layouts.ordered(names, accept_encoding="gzip")}
    for agent, share in (("okhttp/4.12.0", 2.0), ("okhttp/3.14.9", 1.0)):
        builder.add(
            "okhttp", agent, share, kind="library", tls=builder.hellos.name("captured okhttp", resumes=0.2),
            layout="library okhttp", platform="", major=int(agent[7]),
        )  # fmt: skip


def _major(agent: str) -> int:
    digits = agent.rpartition("/")[2].split(".")[0] if "/" in agent else ""
    return int(digits) if digits.isdigit() else 0


def _headless(builder: Builder) -> None:
    """Chromium as programs drive it: as it says itself, with the agent replaced, and with a language set by Playwright."""
    captured = builder.hellos.captured
    builder.layouts["headless locale"] = layouts.chromium(captured["headless-chrome-locale"]["requests"])
    tls = builder.hellos.name("captured headless-chrome", is_greased=True)
    linux = LINUX.replace("Chrome/", "HeadlessChrome/")
    for agent, brand, share, layout in (
        (linux.format(156), "", 1.0, "today"),
        (linux.format(153), "HeadlessChrome", 3.0, "today"),
        (linux.format(154), "HeadlessChrome", 2.0, "today"),
        (WINDOWS.format(153), "HeadlessChrome", 2.0, "headless locale"),
        (LINUX.format(154), "HeadlessChrome", 1.5, "headless locale"),
        (MAC.format(152), "HeadlessChrome", 1.0, "today"),
    ):
        _add_headless(builder, agent, brand, share, layout, tls)


def _add_headless(builder: Builder, agent: str, brand: str, share: float, layout: str, tls: str) -> None:
    from bench.simulation.clients import brands

    major = int(agent.partition("Chrome/")[2].partition(".")[0])
    today = next(name for name in builder.layouts if name.startswith("chromium today br, zstd b3;q=0.7   2"))
    builder.add(
        "headless-chrome", agent, share, kind="headless", tls=tls, layout=today if layout == "today" else layout,
        major=major, platform="Linux", impersonate="chrome152",
        values={"{sec_ch_ua}": brands(major, brand), "{sec_ch_ua_mobile}": "?0", "{sec_ch_ua_platform}": '"Linux"'},
    )  # fmt: skip


def _impersonators(builder: Builder) -> None:
    """curl_cffi as it is, with its own defaults: fields of a page on every call, and no GREASE among the signatures."""
    for name, given in builder.hellos.captured.items():
        target = name.partition(":")[2]
        row: dict[str, Any] = given["requests"][0]
        if not target or not target.startswith(("chrome1", "safari1", "safari2", "firefox1", "edge")):
            continue
        fields = layouts.slotted(row["headers"], own=False)
        fields = [(field, "{user_agent}" if field == "user-agent" else value) for field, value in fields]
        agent = next(value for field, value in row["headers"] if field.lower() == "user-agent")
        extended = [
            *fields,
            layouts.EXTRA,
            *(
                (field, layouts.SLOTS[field])
                for field in ("content-type", "authorization", "referer", "origin", "cookie", "content-length")
            ),
        ]
        builder.layouts[f"curl_cffi {target}"] = dict.fromkeys(("navigate", "fetch", "cross", "asset", "api"), extended)
        family = "firefox" if target.startswith("firefox") else "curl_cffi"
        share = (
            4.0
            if target in {"chrome136", "chrome142", "chrome146", "chrome150", "chrome152", "safari184", "safari260"}
            else 1.0
        )
        builder.add(
            family, agent, share, kind="impersonator", tls=builder.hellos.name(name and f"captured {name}", resumes=0.1),
            layout=f"curl_cffi {target}", impersonate=target,
        )  # fmt: skip
