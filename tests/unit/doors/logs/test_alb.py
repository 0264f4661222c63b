"""Lines of a load balancer's log, written after the user guide: every type, what is absent, and what is wrong."""

from __future__ import annotations

import pytest

from vedette.doors.logs import Malformed, Recorded, detect
from vedette.doors.logs.alb import parse

SENT = "2025-11-24T16:00:00.500000Z"
CREATED = "2025-11-24T16:00:00.250000Z"


def line(**change: str) -> bytes:
    """Write a line with all fields that the guide names, and one more."""
    fields = {
        "type": "h2",
        "time": SENT,
        "elb": "app/shop/50dc6c495c0c9188",
        "client": "192.0.2.1:46532",
        "target": "10.0.0.66:9000",
        "request_processing_time": "0.000",
        "target_processing_time": "0.050",
        "response_processing_time": "0.000",
        "elb_status_code": "200",
        "target_status_code": "200",
        "received_bytes": "34",
        "sent_bytes": "366",
        "request": '"POST https://shop.example:443/api/login?a=1 HTTP/2.0"',
        "user_agent": '"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"',
        "ssl_cipher": "TLS_AES_128_GCM_SHA256",
        "ssl_protocol": "TLSv1.3",
        "target_group_arn": "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/shop/73e2d6bc24d8a067",
        "trace_id": '"Root=1-58337262-36d228ad5d99923122bbe354"',
        "domain_name": '"shop.example"',
        "chosen_cert_arn": '"arn:aws:acm:eu-central-1:123456789012:certificate/12345678"',
        "matched_rule_priority": "1",
        "request_creation_time": CREATED,
        "actions_executed": '"waf,forward"',
        "redirect_url": '"-"',
        "error_reason": '"-"',
        "target_port_list": '"10.0.0.66:9000"',
        "target_status_code_list": '"200"',
        "classification": '"Ambiguous"',
        "classification_reason": '"UndefinedContentLengthSemantics"',
        "conn_trace_id": "TID_1234abcd5678ef90",
        "transformed_host": '"-"',
        "transformed_uri": '"-"',
        "request_transform_status": '"-"',
        "ip_address": "10.0.0.9",
    }
    return " ".join((fields | change).values()).encode()


def recorded(text: bytes) -> Recorded:
    found = parse(text, "l1")
    assert isinstance(found, Recorded), found
    return found


def test_a_whole_line() -> None:
    found = recorded(line())
    request, answer = found.request, found.answer
    assert (request.timestamp, request.id, request.client_address) == (1764000000.25, "l1", "192.0.2.1")
    assert (request.method, request.path, request.query) == ("POST", "/api/login", "a=1")
    assert (request.scheme, request.host, request.protocol) == ("https", "shop.example", "HTTP/2")
    assert (request.user_agent, request.tls_version) == (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
        "TLSv1.3",
    )
    assert request.headers is None
    assert answer is not None
    assert (answer.status, answer.duration, answer.timestamp, answer.body_size) == (200, 0.05, 1764000000.3, -1)


@pytest.mark.parametrize("kind", ["http", "https", "h2", "grpcs", "ws", "wss"])
def test_every_type(kind: str) -> None:
    scheme = "http" if kind in ("http", "ws") else "https"
    found = recorded(line(type=kind, request=f'"GET {scheme}://shop.example:8443/x HTTP/1.1"'))
    assert (found.request.scheme, found.request.host) == (scheme, "shop.example:8443")


@pytest.mark.parametrize(
    ("client", "address"),
    [
        ("192.0.2.1:46532", "192.0.2.1"),
        ("[2001:db8::1]:46532", "2001:db8::1"),
        ("2001:db8::1:46532", "2001:db8::1"),
    ],
)
def test_the_port_is_no_part_of_the_client(client: str, address: str) -> None:
    assert recorded(line(client=client)).request.client_address == address


def test_an_older_file_ends_after_the_tls_protocol() -> None:
    """Its arrival is when the answer was sent less the time that processing took."""
    text = line().split(b" arn:")[0]
    assert recorded(text).request.timestamp == pytest.approx(1764000000.45)


@pytest.mark.parametrize(
    ("elb", "target", "status"),
    [
        ("200", "200", 200),
        ("460", "401", 401),
        ("504", "-", 504),
        ("403", "-", 403),
        ("-", "-", None),
        ("000", "-", None),
    ],
)
def test_the_answer_is_the_targets_where_there_is_one(elb: str, target: str, status: int | None) -> None:
    answer = recorded(line(elb_status_code=elb, target_status_code=target)).answer
    assert (answer.status if answer else None) == status


def test_unknown_times_leave_the_duration_unknown() -> None:
    found = recorded(line(target_processing_time="-1", target="-", elb_status_code="502", target_status_code="-"))
    assert found.answer is not None
    assert (found.answer.duration, found.answer.timestamp) == (-1.0, 1764000000.25)


def test_quotes_and_absent_fields() -> None:
    found = recorded(line(user_agent=r'"a \"quoted\" agent \x22x\x22"', ssl_cipher="-", ssl_protocol="-"))
    assert (found.request.user_agent, found.request.tls_version) == ('a "quoted" agent "x"', "")
    assert recorded(line(user_agent='"-"')).request.user_agent == ""


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b"", "not an access-log line"),
        (b"garbage", "not an access-log line"),
        (line(type="quic"), "bad value"),
        (line(request='"- http://shop.example:80- -"'), "no HTTP request"),
        (line(client="-"), "missing key"),
        (line(request_creation_time="2025-13-24T16:00:00Z"), "bad timestamp"),
        (line(elb_status_code="20"), "bad value"),
        (line()[:180], "truncated"),
        (line()[:100], "truncated"),
    ],
)
def test_wrong_lines(text: bytes, kind: str) -> None:
    found = parse(text, "l1")
    assert isinstance(found, Malformed), found
    assert found.kind == kind


def test_it_is_told_apart() -> None:
    assert detect([line(), b"garbage", line(type="http")]) == "alb"
