"""The table of senders and cases, from the rows that the plays have written."""

import json
import re
import sys
from pathlib import Path

from . import cases


def is_red(row: dict, step: dict) -> bool:
    """Returns whether a row is not as it should be: another result, for another reason, or the MX hosts saw another."""
    if row["result"] != cases.result(step) or not is_seen(row):
        return True
    if row["result"] != "deferred":
        return False
    return not re.search(cases.REASONS[step["why"]][row["sender"].split("-")[0]], row["why"])


def is_seen(row: dict) -> bool:
    """Returns whether the MX hosts accepted what the sender's log says, once, and over TLS where it is protected."""
    match row["result"].split():
        case ["protected", host]:
            return row["received"] == [[host, True]]
        case ["open", host]:
            return [server for server, _ in row["received"]] == [host]
        case _:
            return row["received"] == []


def read(file) -> dict:
    """Reads rows: by sender, story, domain and step."""
    rows = (json.loads(line) for line in file)
    return {(row["sender"], row["story"], row["domain"], row["step"]): row for row in rows}


def main() -> int:
    """Prints the table; returns the exit code."""
    rows = read(sys.stdin)
    senders = sorted({key[0] for key in rows}, key=lambda name: (name.split("-")[0] != "postfix", name))
    reasons, reds, lines = [], [], []
    for (story, domain), case in cases.CASES.items():
        by_sender = {sender: cases.steps(case, sender) for sender in senders}
        for number in range(max(map(len, by_sender.values()))):
            cells = []
            for sender, steps in by_sender.items():
                row = rows.pop((sender, story, domain, number), None)
                if row is None:
                    # Some senders play some stories only, but those whole.
                    cells.append("-")
                elif is_red(row, steps[number]):
                    reds.append((row, case, steps[number]))
                    cells.append("RED")
                elif reason := cases.differing(case, sender).get("reason"):
                    if reason not in reasons:
                        reasons.append(reason)
                    cells.append(f"({reasons.index(reason) + 1})")
                else:
                    cells.append("ok")
            step = (case["steps"][number:] or [None])[0]
            what = case["what"] if number == 0 else f"  step {number + 1}"
            lines.append([what, cases.result(step) if step else "-", *cells])
            if set(cells) == {"-"}:
                reds.append(({"sender": "nobody", "step": number, "result": "nothing", "why": ""}, case, step))
    print_table(["case", "expected", *senders], lines)
    for number, reason in enumerate(reasons, 1):
        print(f"({number}) {reason}")
    for row, case, step in sorted(reds, key=lambda red: red[0]["sender"]):
        wanted = cases.result(step)
        print(f"RED {row['sender']}, {case['what']}, step {row['step'] + 1}: {wanted!r} expected, {row['result']!r} found: {row['why']}; accepted by {row.get('received')}")
    print(f"{sum(cell != '-' for line in lines for cell in line[2:])} outcomes, {len(reds)} of them wrong")
    return 1 if reds else 0


def self_test(folder: str) -> int:
    """Checks that rows which were played with others in the sidecar's place are found to be wrong.

    A step that protects or defers must be wrong with one that always answers NOTFOUND, any other with one that refuses
    whatever it is asked; and where `salt` names a sender, with stickler without --salt.
    """
    unnoticed, count = [], 0
    plays = {name: read(open(Path(folder, name))) for name in ("notfound", "refuse", "no-salt")}
    for key, row in plays["notfound"].items():
        sender, story, domain, number = key
        case = cases.CASES[story, domain]
        step = cases.steps(case, sender)[number]
        is_open = cases.result(step).startswith("open ")
        shown = {"refuse" if is_open else "notfound"}
        if step.get("salt") == sender:
            shown.add("no-salt")
        for name in shown:
            count += 1
            row = plays[name][key]
            if not is_red(row, step):
                unnoticed.append(f"{sender} with {name}, {case['what']}, step {number + 1}: {row['result']} {row['why']}")
    for line in unnoticed:
        print(f"UNNOTICED {line}")
    print(f"{count} outcomes with another sidecar, {len(unnoticed)} of them unnoticed")
    return 1 if unnoticed or not count else 0


def print_table(head: list[str], lines: list[list[str]]):
    widths = [max(len(line[column]) for line in [head, *lines]) for column in range(len(head))]
    for line in [head, *lines]:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
