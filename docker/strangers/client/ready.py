"""Waits until every server answers as itself."""

import functools
import socket
import time

from . import cases
from .tools import RESOLVER, execute, together

DEADLINE_SECS = 60
POLL_SECS = 0.1
WEB = [*(f"192.0.2.8{i}" for i in range(6)), "2001:db8::80"]


def wait() -> int:
    """Returns 0 as soon as all have answered, 2 at the deadline."""
    deadline = time.monotonic() + DEADLINE_SECS
    probes = {"the resolver": resolves}
    for address in WEB:
        probes[f"{address} port 443"] = functools.partial(connects, address)
    for address in sorted({mx.address for case in cases.load() for mx in case.mx}):
        probes[f"{address} port 25"] = functools.partial(greets, address)
    answered = together(lambda probe: poll(probe, deadline), probes.values())
    silent = [name for name, ready in zip(probes, answered) if not ready]
    for name in silent:
        print(f"no answer within {DEADLINE_SECS} s: {name}")
    return 2 if silent else 0


def poll(probe, deadline: float) -> bool:
    """Tries until the probe succeeds or the deadline is reached."""
    while not probe():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECS)
    return True


def resolves() -> bool:
    """Whether the resolver validates, which needs the authority too."""
    return " ad;" in execute(["dig", f"@{RESOLVER}", "+tries=1", "+timeout=1", "good.signed.test", "MX"], 5).stdout


def connects(address: str) -> bool:
    try:
        socket.create_connection((address, 443), timeout=1).close()
    except OSError:
        return False
    return True


def greets(address: str) -> bool:
    """Whether an MX begins its greeting, be it a refusal."""
    try:
        with socket.create_connection((address, 25), timeout=2) as stream:
            stream.settimeout(2)
            return stream.recv(3) in (b"220", b"550")
    except OSError:
        return False
