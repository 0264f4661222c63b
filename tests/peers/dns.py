"""A name server on loopback (UDP, and TCP where an answer is too large) that says what a test wants it to say."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.reversename
import dns.rrset

Answer = list[str] | str | Callable[[dns.message.Message], dns.message.Message | bytes | None]
UDP_BYTES = 1232


class NameServer:
    """Answers from ``records``: (name, type) → list of values, or ``SERVFAIL``, ``REFUSED``, ``silence``, a function.

    A value may carry another owner than the name asked for: ``owner TYPE value``. What is not there is NXDOMAIN.
    """

    def __init__(self, *zones: str) -> None:
        self.records: dict[tuple[str, str], Answer] = {}
        self.asked: list[tuple[str, str]] = []
        for zone in ("in-addr.arpa", "ip6.arpa", *zones):
            self.records[zone, "SOA"] = [f"ns.{zone}. host.{zone}. 1 7200 900 1209600 300"]
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self._tcp.getsockname()[1]
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        self.address = f"127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._datagrams, self._streams)]
        for thread in self._threads:
            thread.start()

    def point(self, address: str, *names: str) -> None:
        """Let an address have these names (PTR)."""
        self.records[dns.reversename.from_address(address).to_text(omit_final_dot=True), "PTR"] = [
            f"{name}." for name in names
        ]

    def silence(self, address: str, answer: Answer) -> None:
        """Let the question for an address' names be answered in some odd way."""
        self.records[dns.reversename.from_address(address).to_text(omit_final_dot=True), "PTR"] = answer

    def asked_for(self, kind: str) -> list[str]:
        return [name for name, asked in self.asked if asked == kind]

    def _answer(self, data: bytes) -> bytes | None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        said = self.records.get((name.lower(), kind))
        if callable(said):
            made = said(query)
            return made.to_wire() if isinstance(made, dns.message.Message) else made
        if said == "silence":
            return None
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        if isinstance(said, str):
            reply.set_rcode(dns.rcode.from_text(said))
        elif said is None:
            if not any(known == name.lower() for known, _ in self.records):
                reply.set_rcode(dns.rcode.NXDOMAIN)
        else:
            for value in said:
                owner, other, rest = (
                    (*value.split(" ", 2), "", "")[:3] if value.count(" ") == 2 else (name, kind, value)
                )
                reply.answer.append(
                    dns.rrset.from_text(owner if owner.endswith(".") else f"{owner}.", 60, "IN", other, rest)
                )
        return reply.to_wire(max_size=65535)

    def _datagrams(self) -> None:
        while True:
            try:
                data, peer = self._udp.recvfrom(4096)
            except OSError:
                return
            with contextlib.suppress(Exception):
                wire = self._answer(data)
                if wire is not None and len(wire) > UDP_BYTES:
                    cut = dns.message.make_response(dns.message.from_wire(data))
                    cut.flags |= dns.flags.TC
                    wire = cut.to_wire()
                if wire is not None:
                    self._udp.sendto(wire, peer)

    def _streams(self) -> None:
        while True:
            try:
                peer, _ = self._tcp.accept()
            except OSError:
                return
            with contextlib.suppress(Exception), peer:
                peer.settimeout(5)
                (length,) = struct.unpack(">H", peer.recv(2))
                wire = self._answer(peer.recv(length))
                if wire is not None:
                    peer.sendall(struct.pack(">H", len(wire)) + wire)

    def close(self) -> None:
        for listening in (self._udp, self._tcp):
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()
        for thread in self._threads:
            thread.join(5)
