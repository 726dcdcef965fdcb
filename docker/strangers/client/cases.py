"""expected.toml, read and checked."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).parent.parent / "expected.toml"
FINGERS = {"verified", "untrusted", "no-tls", "refused"}


@dataclass(frozen=True)
class Mx:
    """One address of one MX host, and what both observers make of it."""

    host: str
    address: str
    verdict: str
    finger: str
    result_types: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    differs: str | None = None

    def agrees(self) -> bool:
        """Whether both would let mail go there, or neither."""
        return (self.verdict == "accepted") == (self.finger == "verified")


@dataclass(frozen=True)
class Case:
    """One domain, and what `stickler check` says of it."""

    domain: str
    shows: str
    verdict: str
    exit: int
    options: tuple[str, ...] = ()
    primed: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    fetch_error: bool | None = None
    cname: bool = False
    mx: tuple[Mx, ...] = ()


@dataclass(frozen=True)
class Send:
    """One message, and the reply that puts it off, if one does."""

    domain: str
    shows: str
    reply: str | None = None


def load() -> list[Case]:
    """Reads the cases; a difference without its reason, or a reason without one, is an error."""
    cases = []
    for entry in _document()["case"]:
        mx = tuple(Mx(**_frozen(fields)) for fields in entry.pop("mx", []))
        for one in mx:
            assert one.finger in FINGERS, f"{one.host}: finger = {one.finger!r}"
            assert one.agrees() == (one.differs is None), f"{one.host}: `differs` must stand where verdict and finger disagree"
        cases.append(Case(**_frozen(entry), mx=mx))
    return cases


def load_sends() -> list[Send]:
    """Reads the messages to send."""
    return [Send(**entry) for entry in _document()["send"]]


def _document() -> dict:
    return tomllib.loads(FILE.read_text())


def _frozen(fields: dict) -> dict:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}
