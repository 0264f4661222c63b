"""The policies that ship with the product, each a small YAML file under ``vedette/data/policies``."""

from __future__ import annotations

from functools import cache
from importlib import resources

import yaml

from vedette.config.schema import Rule, Then
from vedette.config.units import parse_rate

PRESETS: tuple[str, ...] = ("observe", "balanced", "strict", "api-partners")


@cache
def preset(name: str) -> tuple[Rule, ...]:
    """Return the rules of a shipped policy."""
    text = (resources.files("vedette") / "data" / "policies" / f"{name}.yaml").read_text(encoding="utf-8")
    return tuple(_rule(rule) for rule in yaml.safe_load(text)["policy"])


def _rule(rule: dict) -> Rule:  # type: ignore[type-arg]
    then = rule["then"]
    if isinstance(then, str):
        done = Then(action=then)  # type: ignore[arg-type]
    else:
        rate = parse_rate(then["rate_limit"])
        done = Then(action="rate_limit", rate=rate, key=then["key"], burst=then.get("burst", rate.count))
    return Rule(name=rule["name"], then=done, when=rule.get("when", ""), advice=rule.get("advice", ""))
