"""Robots whose operators say how they can be told from imitations, and others that shops meet every day.

Facts only, from what the operators publish, as gathered by arcjet/well-known-bots, ai-robots-txt and
crawler-user-agents (all MIT). ``feed`` is where an operator publishes ranges; which of them ship, and of what day, says
``src/vedette/data/networks/README.md``.
"""

from __future__ import annotations

from typing import Any

__all__ = ["ROBOTS", "robot"]

_GOOGLE = "https://developers.google.com/static/crawling/ipranges"
_COMMON = f"{_GOOGLE}/common-crawlers.json"
_SPECIAL = f"{_GOOGLE}/special-crawlers.json"
_USER = f"{_GOOGLE}/user-triggered-fetchers.json"
_META = "https://www.facebook.com/peering/geofeed"
_BING = "https://www.bing.com/toolbox/bingbot.json"
_DUCK = "https://duckduckgo.com/duckduckbot.json"


def robot(name: str, operator: str, purpose: str, *words: str, **more: Any) -> dict[str, Any]:
    """Describe one robot; ``words`` are what its User-Agent holds (``a + b``: both), by default its name."""
    return {"name": name, "operator": operator, "purpose": purpose, "words": list(words) or [name], **more}


def _google(name: str, purpose: str, *words: str, **more: Any) -> dict[str, Any]:
    proofs = {"family": "googlebot", "suffixes": ["googlebot.com"], "feed": _COMMON, "is_complete": True}
    return robot(name, "Google", purpose, *words, **(proofs | more))


def _google_special(name: str, purpose: str, *words: str) -> dict[str, Any]:
    return robot(name, "Google", purpose, *words, family="google-special", feed=_SPECIAL, is_complete=True)


def _google_user(name: str, purpose: str, *words: str, **more: Any) -> dict[str, Any]:
    return robot(
        name, "Google", purpose, *words, **({"family": "google-user", "feed": _USER, "is_shared": True} | more)
    )


def _bing(name: str, purpose: str, *words: str) -> dict[str, Any]:
    return robot(
        name, "Microsoft", purpose, *words, family="bingbot", ranges=["bing"], suffixes=["search.msn.com"], feed=_BING,
        is_complete=True,
    )  # fmt: skip


def _openai(name: str, purpose: str, list_name: str, **more: Any) -> dict[str, Any]:
    feed = f"https://openai.com/{list_name}.json"
    return robot(name, "OpenAI", purpose, ranges=["openai"], feed=feed, is_complete=True, **more)


def _meta(name: str, purpose: str, *words: str, **more: Any) -> dict[str, Any]:
    return robot(name, "Meta", purpose, *words, family="facebook", feed=_META, **more)


ROBOTS: tuple[dict[str, Any], ...] = (
    _google("googlebot", "search", "googlebot", "googlebot-mobile", "googlebot-image", "googlebot-news",
            "googlebot-video"),
    _google("google-inspectiontool", "search"),
    _google("storebot-google", "search"),
    _google("googleother", "other", "googleother", "googleother-image", "googleother-video"),
    _google("google-cloudvertexbot", "ai_training"),
    _google_special("adsbot-google", "advertising", "adsbot-google", "adsbot-google-mobile",
                    "adsbot-google-mobile-apps"),
    _google_special("mediapartners-google", "advertising", "mediapartners-google", "mediapartners"),
    _google_special("apis-google", "other"),
    _google_special("google-safety", "security"),
    _google_user("feedfetcher-google", "feed"),
    _google_user("google-site-verification", "other"),
    _google_user("google-read-aloud", "other"),
    _google_user("google-notebooklm", "ai_user"),
    _google_user("google-agent", "ai_user", "google-agent", "googleagent-mariner", "googleagent-urlcontext",
                 family="", feed=f"{_GOOGLE}/user-triggered-agents.json",
                 directory="https://agent.bot.goog"),
    robot("google-web-preview", "Google", "preview", "google + google web preview"),
    robot("chrome-lighthouse", "who runs it", "seo", is_shared=True),
    _bing("bingbot", "search"),
    _bing("adidxbot", "advertising"),
    _bing("bingpreview", "preview"),
    _bing("microsoftpreview", "preview"),
    robot("applebot", "Apple", "search", suffixes=["applebot.apple.com"], is_complete=True,
          feed="https://search.developer.apple.com/applebot.json"),
    robot("duckduckbot", "DuckDuckGo", "search", "duckduckbot", "duckduckbot-https", "duckduckgo-favicons-bot",
          ranges=["duckduckbot"], feed=_DUCK, is_complete=True, directory="https://bot.duckduckgo.com"),
    robot("duckassistbot", "DuckDuckGo", "ai_user", ranges=["duckassistbot"], is_complete=True, is_shared=True,
          feed="https://duckduckgo.com/duckassistbot.json"),
    robot("yandexbot", "Yandex", "search", "yandexbot", "yandex.com + yandex.com/bots", "yandexrenderresourcesbot",
          suffixes=["yandex.ru", "yandex.net", "yandex.com"]),
    robot("yandexadditional", "Yandex", "ai_training", "yandexadditional", "yandexadditionalbot",
          suffixes=["yandex.ru", "yandex.net", "yandex.com"]),
    robot("baiduspider", "Baidu", "search", "baiduspider", "baiduspider-render", "baiduspider-image"),
    robot("petalbot", "Huawei", "search", suffixes=["petalsearch.com", "aspiegel.com"]),
    robot("seznambot", "Seznam", "search", suffixes=["seznam.cz"]),
    robot("yeti", "Naver", "search", "yeti + naver", suffixes=["naver.com"]),
    robot("geedobot", "Geedo", "search", "geedobot", "geedoproductsearch", suffixes=["geedo.com"],
          feed="https://geedo.com/product-search/product-search-ip.json"),
    robot("yahoo-slurp", "Yahoo", "search", "slurp + yahoo"),
    robot("mojeekbot", "Mojeek", "search"),
    robot("qwantify", "Qwant", "search", "qwantify", "qwantbot"),
    robot("sogou", "Sogou", "search", "sogou + sogou web spider", "sogou + sogou inst spider"),
    robot("360spider", "Qihoo 360", "search"),
    robot("coccocbot", "Coc Coc", "search", "coccocbot", "coccocbot-web", "coccocbot-image"),
    robot("marginalia", "Marginalia", "search", "search.marginalia.nu"),
    robot("bravebot", "Brave", "search"),
    robot("linespider", "LINE", "search"),
    _openai("gptbot", "ai_training", "gptbot"),
    _openai("oai-searchbot", "ai_search", "searchbot"),
    _openai("chatgpt-user", "ai_user", "chatgpt-user", is_shared=True),
    robot("chatgpt-agent", "OpenAI", "ai_user", "chatgpt + chatgpt agent", directory="https://chatgpt.com",
          is_shared=True),
    robot("claudebot", "Anthropic", "ai_training"),
    robot("anthropic-ai", "Anthropic", "ai_training"),
    robot("claude-web", "Anthropic", "ai_training"),
    robot("claude-searchbot", "Anthropic", "ai_search"),
    robot("claude-user", "Anthropic", "ai_user", is_shared=True),
    robot("perplexitybot", "Perplexity", "ai_search", ranges=["perplexity"], is_complete=True,
          feed="https://www.perplexity.ai/perplexitybot.json"),
    robot("perplexity-user", "Perplexity", "ai_user", ranges=["perplexity"], is_complete=True, is_shared=True,
          feed="https://www.perplexity.ai/perplexity-user.json"),
    robot("ccbot", "Common Crawl", "ai_training", suffixes=["crawl.commoncrawl.org"], is_complete=True,
          feed="https://index.commoncrawl.org/ccbot.json"),
    robot("amazonbot", "Amazon", "ai_search", suffixes=["crawl.amazonbot.amazon"]),
    robot("amzn-searchbot", "Amazon", "ai_search"),
    robot("amzn-user", "Amazon", "ai_user", is_shared=True),
    robot("amazonadbot", "Amazon", "advertising", suffixes=["amazonadbot.com"]),
    robot("bytespider", "ByteDance", "ai_training"),
    robot("tiktokspider", "ByteDance", "ai_training"),
    robot("mistralai-user", "Mistral", "ai_user", is_shared=True),
    robot("cohere-ai", "Cohere", "ai_user", is_shared=True),
    robot("diffbot", "Diffbot", "ai_training"),
    robot("deepseekbot", "DeepSeek", "ai_training"),
    robot("ai2bot", "Ai2", "ai_training", "ai2bot", "ai2bot-dolma"),
    robot("kagi-fetcher", "Kagi", "ai_user", is_shared=True),
    robot("imagesiftbot", "ImageSift", "ai_training"),
    robot("omgili", "Webz.io", "ai_training", "omgili", "omgilibot", "webzio-extended"),
    robot("youbot", "You.com", "ai_search"),
    robot("timpibot", "Timpi", "ai_training"),
    robot("semanticscholarbot", "Ai2", "academic"),
    _meta("meta-externalagent", "ai_training"),
    _meta("facebookbot", "ai_training"),
    _meta("meta-webindexer", "ai_search"),
    _meta("meta-externalfetcher", "ai_user", is_shared=True),
    _meta("meta-externalads", "advertising"),
    _meta("facebookexternalhit", "preview", "facebookexternalhit", "facebot"),
    _meta("facebookcatalog", "preview"),
    # links in messages are opened by the phone of whoever writes them: it calls itself three robots at once
    robot("imessage-preview", "Apple", "preview", "facebookexternalhit + facebot + twitterbot", is_shared=True),
    robot("twitterbot", "X", "preview", ranges=["twitter"]),
    robot("telegrambot", "Telegram", "preview", ranges=["telegram"]),
    robot("slackbot", "Slack", "preview", "slackbot", "slackbot-linkexpanding", "slack-imgproxy"),
    robot("discordbot", "Discord", "preview"),
    robot("linkedinbot", "LinkedIn", "preview"),
    robot("whatsapp", "Meta", "preview", "whatsapp + whatsapp/", is_shared=True),
    robot("skypeuripreview", "Microsoft", "preview"),
    robot("redditbot", "Reddit", "preview"),
    robot("pinterestbot", "Pinterest", "preview", "pinterestbot", "www.pinterest.com + pinterest.com/bot",
          suffixes=["pinterest.com", "pinterestcrawler.com"]),
    robot("embedly", "Embedly", "preview"),
    robot("iframely", "Iframely", "preview"),
    robot("bitlybot", "Bitly", "preview"),
    robot("mastodon", "Mastodon servers", "preview", "mastodon + mastodon/", is_shared=True),
    robot("snap-url-preview", "Snap", "preview", "snap + snap url preview service"),
    robot("pingdom", "Pingdom", "monitor", "pingdom.com_bot_version", "pingbot + pingdom", "pingdompagespeed",
          "pingdomtms", feed="https://my.pingdom.com/probes/ipv4"),
    robot("statuscake", "StatusCake", "monitor", "statuscake", "statuscake_uptime_checker", "statuscake_virus_checker",
          feed="https://app.statuscake.com/Workfloor/Locations.php?format=json"),
    robot("uptimerobot", "UptimeRobot", "monitor"),
    robot("uptime-kuma", "who runs it", "monitor", is_shared=True),
    robot("betterstack", "Better Stack", "monitor", "better + better uptime bot", "better + better stack",
          feed="https://uptime.betterstack.com/ips-by-cluster.json"),
    robot("datadog-synthetics", "Datadog", "monitor", "datadogsynthetics", "datadog + datadog/synthetics",
          feed="https://ip-ranges.datadoghq.com/synthetics.json"),
    robot("newrelic-synthetics", "New Relic", "monitor", "newrelicbot"),
    robot("checkly", "Checkly", "monitor", "checkly + checkly/", feed="https://api.checklyhq.com/v1/static-ips"),
    robot("sentry-uptime", "Sentry", "monitor", "sentryuptimebot", feed="https://sentry.io/api/0/uptime-ips/"),
    robot("route53-health-check", "Amazon", "monitor", "amazon + amazon route 53 health check service"),
    robot("cloudflare-healthchecks", "Cloudflare", "monitor", "cloudflare-healthchecks", "cloudflare-traffic-manager",
          is_shared=True),
    robot("hydrozen", "Hydrozen", "monitor", "hydrozen.io", feed="https://hydrozen.io/config/iplist.json"),
    robot("freshping", "Freshworks", "monitor", "freshpingbot"),
    robot("uptime-com", "Uptime.com", "monitor", "www.uptime.com"),
    robot("nixstats", "NIXStats", "monitor", "nixstatsbot"),
    robot("zabbix", "who runs it", "monitor", "zabbix", is_shared=True),
    robot("ahrefsbot", "Ahrefs", "seo", "ahrefsbot", "ahrefssiteaudit", is_complete=True,
          feed="https://api.ahrefs.com/v3/public/crawler-ip-ranges"),
    robot("semrushbot", "Semrush", "seo", "semrushbot", "semrushbot-ba", "semrushbot-si", "semrushbot-swa",
          "semrushbot-ocob", "siteauditbot"),
    robot("mj12bot", "Majestic", "seo"),
    robot("dotbot", "Moz", "seo", "dotbot", "rogerbot"),
    robot("dataforseobot", "DataForSEO", "seo"),
    robot("serpstatbot", "Serpstat", "seo"),
    robot("blexbot", "WebMeUp", "seo"),
    robot("seokicks", "SEOkicks", "seo", "seokicks", "seokicks-robot"),
    robot("sistrix", "Sistrix", "seo", "sistrix + sistrix crawler"),
    robot("screaming-frog", "who runs it", "seo", "screaming + screaming frog seo spider", is_shared=True),
    robot("oncrawl", "Oncrawl", "seo", "oncrawl"),
    robot("sitebulb", "who runs it", "seo", "sitebulb", is_shared=True),
    robot("archive.org_bot", "Internet Archive", "archive", "archive.org_bot", "ia_archiver"),
    robot("feedly", "Feedly", "feed", "feedly", "feedlybot"),
    robot("inoreader", "Inoreader", "feed", "inoreader", "inoreader.com"),
    robot("feedbin", "Feedbin", "feed"),
    robot("newsblur", "NewsBlur", "feed"),
    robot("theoldreader", "The Old Reader", "feed", "theoldreader.com"),
    robot("feedspot", "Feedspot", "feed", "feedspot", "feedspotbot"),
    robot("superfeedr", "Superfeedr", "feed"),
    robot("tiny-tiny-rss", "who runs it", "feed", "tiny + tiny tiny rss/", is_shared=True),
    robot("freshrss", "who runs it", "feed", is_shared=True),
    robot("miniflux", "who runs it", "feed", is_shared=True),
    robot("stripebot", "Stripe", "other", suffixes=["crawl.stripe.com"]),
    robot("criteobot", "Criteo", "advertising"),
    robot("ias_crawler", "Integral Ad Science", "advertising", "ias_crawler", "ias + ias crawler"),
    robot("proximic", "Comscore", "advertising"),
    robot("censysinspect", "Censys", "security"),
    robot("internetmeasurement", "Driftnet", "security"),
    robot("palo-alto-expanse", "Palo Alto Networks", "security", "expanse + expanse, a palo alto"),
    robot("netcraftsurveyagent", "Netcraft", "security"),
    robot("bitsightbot", "BitSight", "security"),
    robot("turnitin", "Turnitin", "academic", "turnitin", "turnitinbot"),
)  # fmt: skip
