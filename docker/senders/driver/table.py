"""The table of senders and cases, from the rows that the plays have written."""

import json
import re
import sys
import tomllib
from pathlib import Path

EXPECTED = Path(__file__).parent.parent / "expected.toml"


class Expected:
    """What expected.toml says."""

    def __init__(self):
        file = tomllib.loads(EXPECTED.read_text())
        self.reasons = file["why"]
        self.cases = {(case["story"], case["domain"]): case for case in file["case"]}

    def steps(self):
        """Yields each step of each case: its case, its number, and what is to be done and to come of it."""
        for case in self.cases.values():
            for number, step in enumerate(case["steps"]):
                yield case, number, step

    @staticmethod
    def result(case: dict, step: dict, sender: str) -> str:
        """Returns what is right for a sender."""
        differing = case.get("differs", {}).get(sender)
        return differing["result"] if differing else step.get("send") or step["flush"]

    def is_red(self, row: dict, case: dict, step: dict) -> bool:
        """Returns whether a row is not as it should be: another result, or for another reason."""
        if row["result"] != self.result(case, step, row["sender"]):
            return True
        if row["result"] != "deferred":
            return False
        reason = self.reasons[step["why"]][row["sender"].split("-")[0]]
        return not re.search(reason, row["why"])


def read(file) -> dict:
    """Reads rows: by sender, story, domain and step."""
    rows = (json.loads(line) for line in file)
    return {(row["sender"], row["story"], row["domain"], row["step"]): row for row in rows}


def main() -> int:
    """Prints the table; returns the exit code."""
    rows, expected = read(sys.stdin), Expected()
    senders = sorted({key[0] for key in rows}, key=lambda name: (name.split("-")[0] != "postfix", name))
    reasons, reds, lines = [], [], []
    for case, number, step in expected.steps():
        cells = []
        for sender in senders:
            row = rows.get((sender, case["story"], case["domain"], number))
            if row is None:
                # Some senders play some stories only, but those whole.
                cells.append("-")
            elif expected.is_red(row, case, step):
                reds.append((row, case, step))
                cells.append("RED")
            elif differing := case.get("differs", {}).get(sender):
                if differing["reason"] not in reasons:
                    reasons.append(differing["reason"])
                cells.append(f"({reasons.index(differing['reason']) + 1})")
            else:
                cells.append("ok")
        lines.append([case["what"] if number == 0 else f"  step {number + 1}", step.get("send") or step["flush"], *cells])
    print_table(["case", "expected", *senders], lines)
    for number, reason in enumerate(reasons, 1):
        print(f"({number}) {reason}")
    reds.sort(key=lambda red: red[0]["sender"])
    for row, case, step in reds:
        wanted = Expected.result(case, step, row["sender"])
        print(f"RED {row['sender']}, {case['what']}, step {row['step'] + 1}: {wanted!r} expected, {row['result']!r} found: {row['why']}")
    played = {key[1:] for key in rows}
    missing = [case["what"] for case, number, _ in expected.steps() if (case["story"], case["domain"], number) not in played]
    for what in missing:
        print(f"RED nobody played: {what}")
    print(f"{len(rows)} outcomes, {len(reds)} of them wrong")
    return 1 if reds or missing else 0


def self_test(folder: str) -> int:
    """Checks that rows which were played with others in the sidecar's place are found to be wrong.

    A step that protects or defers must be wrong with one that always answers NOTFOUND, any other with one that refuses
    whatever it is asked; and where `salt` names a sender, with stickler without --salt.
    """
    expected, unnoticed, count = Expected(), [], 0
    plays = {name: read(open(Path(folder, name))) for name in ("notfound", "refuse", "no-salt")}
    for key, row in plays["notfound"].items():
        sender, story, domain, number = key
        case = expected.cases[story, domain]
        step = case["steps"][number]
        is_open = expected.result(case, step, sender).startswith("open ")
        shown = {"refuse" if is_open else "notfound"}
        if step.get("salt") == sender:
            shown.add("no-salt")
        for name in shown:
            count += 1
            row = plays[name][key]
            if not expected.is_red(row, case, step):
                unnoticed.append(f"{sender} with {name}, {case['what']}, step {number + 1}: {row['result']} {row['why']}")
    for line in unnoticed:
        print(f"UNNOTICED {line}")
    print(f"{count} outcomes with another sidecar, {len(unnoticed)} of them unnoticed")
    return 1 if unnoticed or not count else 0


def print_table(head: list[str], lines: list[list[str]]):
    widths = [max(len(line[column]) for line in [head, *lines]) for column in range(len(head))]
    for line in [head, *lines]:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
