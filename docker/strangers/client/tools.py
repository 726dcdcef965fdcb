"""Runs programs, several at a time, each with a deadline."""

import concurrent.futures
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

RESOLVER = "192.0.2.53"
ROOT = "/made/pki/root.crt"
# The machine may be small, and a debug build is slow; the postscreen wait is most of a run.
AT_ONCE = 6


@dataclass(frozen=True)
class Finished:
    """How a program ended: `code` is None where it had to be stopped."""

    code: int | None
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        return self.stdout + self.stderr


def execute(arguments: list[str], deadline_secs: float, env: dict[str, str] | None = None) -> Finished:
    """Runs one program to its end, or to its deadline."""
    try:
        done = subprocess.run(
            arguments,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=deadline_secs,
            env=env,
            text=True,
            errors="replace",
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        stdout = (late.stdout or b"").decode(errors="replace")
        stderr = (late.stderr or b"").decode(errors="replace")
        return Finished(None, stdout, f"{stderr}\nstopped after {deadline_secs} s")
    return Finished(done.returncode, done.stdout, done.stderr)


def together(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Does the work for all items, a few at a time, and keeps their order."""
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(work, items))


def table(heads: list[str], rows: list[list[str]]) -> str:
    """Aligns rows under their heads; the last column is as wide as it likes."""
    widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads) - 1)]
    lines = [heads, ["-" * width for width in widths] + ["-" * len(heads[-1])], *rows]
    return "\n".join("  ".join([*(cell.ljust(width) for cell, width in zip(line, widths)), line[-1]]).rstrip() for line in lines)
