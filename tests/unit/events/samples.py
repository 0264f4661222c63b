"""Events for tests."""

import struct

from vedette.types import Decision, Directive, Reason, Request

NOW = 1795617000.0  # 2026-11-25T14:30:00Z


def make_decision(number=0, **changes):
    values = {
        "id": f"00000000-0000-4000-8000-{number:012x}",
        "timestamp": NOW + number,
        "verdict": "bad_bot",
        "score": 0.97,
        "low": 0.93,
        "high": 0.99,
        "threat": "OAT-008",
        "action": "block",
        "enforced": True,
        "policy": "certain",
        "reasons": (Reason("client_rate_10s", 2.6, "requests: 41"), Reason("human_pace", -0.5, "20 %")),
        "campaign": None,
        "model": "prior-2",
        "directive": Directive(advice="step-up"),
        "features": struct.pack("<3f", 1.5, float("nan"), 0.25),
        "endpoint": "login",
        "purpose": "login",
        "client": 2**64 - 1,
        "address": 11,
        "session": 12,
        "account": 0,
        "fingerprint": 14,
    }
    return Decision(**(values | changes))


def make_request(**changes):
    values = {"timestamp": NOW, "id": "r", "method": "POST", "path": "/login", "client_address": "192.0.2.77"}
    return Request(**(values | changes))
