"""What expected.toml says."""

import re
import tomllib
from pathlib import Path

FILE = tomllib.loads((Path(__file__).parent.parent / "expected.toml").read_text())

# What is done before each round of a story.
ROUNDS: dict[str, list[list[str]]] = FILE["rounds"]
# What logs say of mail that waits, by reason and family of senders.
REASONS: dict[str, dict[str, str]] = FILE["why"]
# By story and domain.
CASES: dict[tuple[str, str], dict] = {(case["story"], case["domain"]): case for case in FILE["case"]}


def steps(case: dict, sender: str) -> list[dict]:
    """Returns what a sender does in a case, round by round, and what must come of it."""
    if not re.fullmatch(case.get("only", ".*"), sender):
        return []
    return differing(case, sender).get("steps", case["steps"])


def differing(case: dict, sender: str) -> dict:
    """Returns where and why something else is expected of a sender; nothing if it is not."""
    return case.get("differs", {}).get(sender, {})


def result(step: dict) -> str:
    return step.get("send") or step["flush"]
