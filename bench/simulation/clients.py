"""Stacks: which browsers, apps and libraries there are, how many of each, and what each sends.

Shares of browsers are those of real profiles (Intoli), without the profiles that contradict themselves; what is
composed has its share stated here.
"""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq

from bench.simulation import layouts
from bench.simulation.hellos import Hellos
from vedette.collect.agents import read

PRESENT = 1790553600  # 2026-09-28T00:00:00Z
"""Chrome 154 is spreading, 155 has hardly begun; Firefox 156 and Safari 27 are new."""
MOST_BROWSERS = 420

CHROMIUM = {  # the first major of each handshake
    0: "described lexiforest__chrome_98.0.4758.102_win10", 99: "described lexiforest__chrome_99.0.4844.51_win10",
    104: "described lexiforest__chrome_104.0.5112.81_win10", 107: "described lexiforest__chrome_107.0.5304.107_win10",
    110: "captured curl_cffi:chrome110", 116: "captured curl_cffi:chrome116", 119: "captured curl_cffi:chrome119",
    123: "captured curl_cffi:chrome123", 124: "captured curl_cffi:chrome124", 131: "captured curl_cffi:chrome131",
    133: "captured curl_cffi:chrome133a", 136: "captured curl_cffi:chrome136", 150: "captured curl_cffi:chrome150",
    152: "captured headless-chrome",
}  # fmt: skip
SAFARI = {
    0: "safari153", 15.5: "safari155", 17: "safari170", 18: "safari180", 18.4: "safari184", 26: "safari260",
    26.01: "safari2601", 27: "safari270",
}  # fmt: skip
SAFARI_IOS = {
    0: "safari153", 15.5: "safari155", 17: "safari172_ios", 18: "safari180_ios", 18.4: "safari184_ios",
    26: "safari260_ios", 27: "safari270_ios",
}  # fmt: skip
FIREFOX = {
    0: "described lexiforest__firefox_133.0.3_linux", 133: "captured curl_cffi:firefox133",
    135: "captured curl_cffi:firefox135",
    144: "captured curl_cffi:firefox144", 153: "captured curl_cffi:firefox153", 154: "captured curl_cffi:firefox154",
}  # fmt: skip
TARGETS = {
    "chromium": {0: "chrome99", 100: "chrome100", 101: "chrome101", 104: "chrome104", 107: "chrome107",
                 110: "chrome110", 116: "chrome116", 119: "chrome119", 120: "chrome120", 123: "chrome123",
                 124: "chrome124", 131: "chrome131", 133: "chrome133a", 136: "chrome136", 142: "chrome142",
                 145: "chrome145", 146: "chrome146", 150: "chrome150",
                 151: "chrome151", 152: "chrome152"},
    "android": {0: "chrome99_android", 131: "chrome131_android", 150: "chrome150", 151: "chrome151", 152: "chrome152"},
    "firefox": {0: "firefox133", 135: "firefox135", 144: "firefox144", 147: "firefox147", 153: "firefox153",
                154: "firefox154", 155: "firefox155"},
}  # fmt: skip
BRANDS = {
    "chrome": "Google Chrome", "edge": "Microsoft Edge", "opera": "Opera", "brave": "Brave",
    "samsung": "Samsung Internet",
    "webview": "Android WebView", "chromium": "", "headless": "HeadlessChrome",
}  # fmt: skip


def latest(table: dict[Any, str], version: float) -> str:
    """Give the entry of the nearest version that is not newer."""
    return table[max(key for key in table if key <= version or key == min(table))]


def brands(major: int, brand: str, version: str = "") -> str:
    """Write Sec-CH-UA of a Chromium: its made-up brand and the order of the brands follow from the major version."""
    marks, versions = " (:-./);=?_", ("8", "99", "24")
    if major <= 102:
        invented = (" Not A;Brand", "99")
    else:
        invented = (f"Not{marks[major % 11]}A{marks[(major + 1) % 11]}Brand", versions[major % 3])
    listed = [invented, ("Chromium", str(major))] + ([(brand, version or str(major))] if brand else [])
    orders = [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
    order = orders[major % 6] if major > 102 else (0, 1, 2)
    if not brand:
        order = (major % 2, (major + 1) % 2)
    places = dict(zip(order, listed, strict=False))
    return ", ".join(f'"{name}";v="{number}"' for name, number in (places[at] for at in sorted(places)))


class Builder:
    def __init__(self, data: Path) -> None:
        self.data = data
        self.hellos = Hellos(data)
        self.layouts: dict[str, layouts.Layout] = {}
        self.stacks: list[dict[str, Any]] = []
        self._names: Counter[str] = Counter()
        self._chromium = {
            "2": layouts.chromium(self.hellos.captured["headless-chrome"]["requests"]),
            "1.1": layouts.chromium(self.hellos.captured["headless-chrome-http1"]["requests"]),
        }

    def add(
        self, family: str, user_agent: str, weight: float, *, kind: str, tls: str, layout: str, **more: Any
    ) -> None:
        agent = read(user_agent)
        label = "-".join(
            str(part)
            for part in (family, more.get("major", agent.major) or "", more.get("platform", agent.platform))
            if part
        )
        label = re.sub(r"[^a-z0-9.]+", "-", label.lower())
        self._names[label] += 1
        count = self._names[label]
        stack = {
            "name": label if count == 1 else f"{label}-{count}",
            "kind": kind,
            "family": family,
            "major": agent.major,
            "platform": agent.platform,
            "is_mobile": agent.is_mobile or family.endswith("_ios"),
            "user_agent": user_agent,
            "weight": weight,
            "protocol": "2",
            "tls": tls,
            "headers": layout,
            "impersonate": "",
        }
        values = more.pop("values", None)
        self.stacks.append({**stack, **more, **({"values": values} if values else {})})

    # -------------------------------------------------------------------------------------------------- browsers

    def chromium(self, family: str, user_agent: str, weight: float, **more: Any) -> None:
        """Add a browser on Chromium: handshake, hints and order follow from its Chromium's major version."""
        agent = read(user_agent)
        major, protocol = agent.chromium, more.get("protocol", "2")
        era = "today" if major >= 129 else "124" if major >= 124 else "89" if major >= 89 else "80"
        privacy = more.pop("privacy", "")
        encoding = "br, zstd" if major >= 123 else "br"
        page = (
            "mobile"
            if family == "webview"
            else "brave"
            if family == "brave"
            else "b3;q=0.7"
            if major >= 109
            else "b3;q=0.9"
        )
        app = more.pop("app", "")
        name = f"chromium {era} {encoding} {page} {privacy} {app} {protocol}"
        if name not in self.layouts:
            found = self._chromium[protocol]
            if era != "today":
                found = layouts.older_chromium(found, has_priority=era == "124", has_hints=era != "80")
            found = layouts.with_value(found, "accept-encoding", "br, zstd", encoding)
            if page in {"brave", "mobile"}:
                found = layouts.with_value(
                    found,
                    "accept",
                    ",application/signed-exchange;v=b3;q=0.7",
                    "" if page == "brave" else ",application/signed-exchange;v=b3;q=0.7",
                )
            else:
                found = layouts.with_value(found, "accept", "b3;q=0.7", page)
            dash = "Sec-GPC" if protocol == "1.1" else "sec-gpc"
            if privacy == "gpc":
                found = layouts.with_field(found, "accept", (dash, "1"))
            elif privacy == "dnt":
                found = layouts.with_field(found, "sec-ch-ua-platform", ("DNT" if protocol == "1.1" else "dnt", "1"))
            if app:
                found = layouts.with_field(found, "accept", ("X-Requested-With", app), "navigate")
            self.layouts[name] = found
        values = {}
        if era != "80":
            brand, version = BRANDS.get(family, "Google Chrome"), ""
            if family in {"opera", "samsung"}:
                version = str(agent.major) + (".0" if family == "samsung" else "")
            values = {
                "{sec_ch_ua}": brands(major, brand, version),
                "{sec_ch_ua_mobile}": f"?{int(agent.is_mobile)}",
                "{sec_ch_ua_platform}": f'"{agent.platform}"',
            }
        tls = self.hellos.name(latest(CHROMIUM, major), is_greased=major >= 152)
        more.setdefault("tls", tls)
        target = latest(TARGETS["android" if agent.platform == "Android" else "chromium"], major)
        self.add(
            family,
            user_agent,
            weight,
            kind=more.pop("kind", "browser"),
            layout=name,
            values=values,
            impersonate=target,
            **more,
        )

    def webkit(self, family: str, user_agent: str, weight: float) -> None:
        """Add a browser on WebKit; on iOS all are, whatever their name."""
        found = re.search(r"Version/(\d+)(?:\.(\d+))?(?:\.(\d+))?", user_agent) or re.search(
            r" OS (\d+)(?:_(\d+))?(?:_(\d+))?", user_agent
        )
        version = float(f"{found[1]}.{found[2] or 0}") if found else 18.0
        is_ios = read(user_agent).platform == "iOS"
        if version == 26.0 and found and found[3]:
            version = 26.01
        is_frozen = re.search(r" OS 18_[67] like", user_agent) is not None  # by Safari since iOS 26
        if "Version/" not in user_agent and is_frozen:
            version = 26.0
        target = latest(SAFARI_IOS if is_ios else SAFARI, version)
        era = 18 if version >= 18 else 17 if version >= 16.4 else 15
        encoding = (
            "gzip, deflate, br, zstd"
            if target in {"safari260", "safari260_ios", "safari270", "safari270_ios"}
            else "gzip, deflate, br"
        )
        name = f"safari {era} {encoding} 2"
        self.layouts.setdefault(name, layouts.safari(era, encoding))
        tls = self.hellos.name(f"captured curl_cffi:{target}", resumes=0.3)
        self.add(family, user_agent, weight, kind="browser", tls=tls, layout=name, impersonate=target)

    def firefox(self, user_agent: str, weight: float, *, privacy: str = "", family: str = "firefox") -> None:
        """Add a Firefox; all majors that occur send the same fields. ``privacy`` names those that it adds."""
        agent = read(user_agent)
        name = f"firefox {privacy} 2"
        if name not in self.layouts:
            found = layouts.firefox(self.hellos.captured["firefox-private" if privacy else "firefox"]["requests"])
            if privacy == "gpc":
                found = {kind: [row for row in fields if row[0] != "dnt"] for kind, fields in found.items()}
            self.layouts[name] = found
        described = "captured curl_cffi:tor145" if family == "tor" else latest(FIREFOX, agent.major)
        tls = self.hellos.name(described, resumes=0.0 if family == "tor" else 0.35)
        target = "tor145" if family == "tor" else latest(TARGETS["firefox"], agent.major)
        self.add(family, user_agent, weight, kind="browser", tls=tls, layout=name, impersonate=target)

    def profiles(self) -> None:
        """Add the browsers of real profiles, but for those that contradict themselves."""
        shares: Counter[str] = Counter()
        for row in pq.read_table(self.data / "fingerprints" / "intoli_user_agents_10k.parquet").to_pylist():
            if is_whole(row):
                shares[row["userAgent"]] += row["weight"]
        kept = shares.most_common(MOST_BROWSERS)
        total = sum(weight for _, weight in kept)
        print(f"profiles: {sum(shares.values()):.3f} of the weight is whole, {total:.3f} kept in {len(kept)} agents")
        for user_agent, weight in kept:
            agent = read(user_agent)
            share = round(weight / total, 7)
            if agent.platform == "iOS" or agent.family == "safari":
                family = {
                    "safari": "safari_ios" if agent.platform == "iOS" else "safari",
                    "mozilla": "webview_ios",
                    "edge": "edge_ios",
                }
                self.webkit(family.get(agent.family, agent.family), user_agent, share)
            elif agent.family == "firefox":
                self.firefox(user_agent, share)
            else:
                self.chromium(agent.family, user_agent, share)


def is_whole(row: dict[str, Any]) -> bool:
    """Tell whether a profile agrees with itself: the platform of its scripts, its vendor, its engine and its screen."""
    agent, platform = read(row["userAgent"]), row["platform"]
    systems = {
        "Windows": "Win",
        "macOS": "MacIntel",
        "iOS": "iP",
        "Chrome OS": "Linux",
        "Linux": "Linux",
        "Android": "Linux a",
    }
    if not platform.startswith(systems.get(agent.platform, "?")):
        return False
    if agent.platform == "iOS":
        return row["vendor"] == "Apple Computer, Inc." and "AppleWebKit/605" in row["userAgent"]
    if "Chrome/" in row["userAgent"]:
        is_reduced = re.search(r"Chrome/\d+\.0\.0\.0", row["userAgent"]) is not None
        if not is_reduced or "AppleWebKit/537.36" not in row["userAgent"]:
            return "; wv)" in row["userAgent"]
        if agent.platform == "macOS" and (row["screenWidth"], row["viewportWidth"]) == (1366, 1366):
            return False  # no Mac has such a screen: one program's traffic
    return True


def build(data: Path) -> dict[str, Any]:
    from bench.simulation import composed

    builder = Builder(data)
    builder.profiles()
    composed.add_all(builder)
    check_brands(data, builder)
    replaced = [builder.hellos.name(name, resumes=0.0) for name in ("antivirus", "gateway12", "gateway13")]
    for kind in sorted({stack["kind"] for stack in builder.stacks}):
        chosen = [stack for stack in builder.stacks if stack["kind"] == kind]
        total = sum(stack["weight"] for stack in chosen)
        for stack in chosen:
            stack["weight"] = round(stack["weight"] / total, 8)
        families = Counter()
        for stack in chosen:
            families[stack["family"]] += stack["weight"]
        print(kind, len(chosen), [(name, round(share, 4)) for name, share in families.most_common()])
    return {
        "present": PRESENT,
        "tls": builder.hellos.used,
        "tls_replaced": replaced,
        "headers": builder.layouts,
        "stacks": builder.stacks,
    }


def check_brands(data: Path, builder: Builder) -> None:
    """Compare our Sec-CH-UA with those that Apify saw; browsers with other brands are not compared."""
    with zipfile.ZipFile(data / "fingerprints" / "apify" / "header-network-definition.zip") as archive:
        nodes = msgspec.json.decode(archive.read(archive.namelist()[0]))["nodes"]
    seen = next(node for node in nodes if node["name"] == "sec-ch-ua")["possibleValues"]
    checked = wrong = 0
    for value in seen:
        found = re.search(r'"Chromium";v="(\d+)"', value)
        brand = next((name for name in ("Google Chrome", "Microsoft Edge", "Brave") if f'"{name}"' in value), "")
        if found and brand and int(found[1]) > 110:
            checked += 1
            if brands(int(found[1]), brand) != value:
                wrong += 1
                print("brands differ:", brands(int(found[1]), brand), value)
    print(f"brands: {checked - wrong} of {checked} as observed")
