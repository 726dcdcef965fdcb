"""Plays the stories with one sender, and says what became of each message."""

import json
import sys
import time
from pathlib import Path

from . import cases
from .exim import Exim
from .lab import Lab, take_addresses
from .outcome import Outcome
from .postfix import Postfix
from .sidecar import NOTFOUND, REFUSE, Liar, Sidecar
from .tools import RUN, Failure

HERE = Path(__file__).parent.parent

# How long the first word on a message may take, and how often a queue is run until it says what is expected.
WORD_SECONDS = 30
FLUSHES = 12

# What is played with each sender: the sender's set-up, the sidecar's options, and the stories, all unless said.
SALTED = ["--salt", ""]
CACHED = (Postfix(SALTED, with_filter=False), SALTED, ["hostile", "migration"])
POSTFIX = {"": (Postfix([]), [], None), " cached": CACHED}
EXIM = {
    "": (Exim(), [], None),
    " smart host": (Exim("smart.test"), [], ["smart-hosts"]),
    " other smart host": (Exim("unlisted.test"), [], ["smart-hosts"]),
}
PASSES = {"postfix-3.7": POSTFIX, "postfix-3.10": POSTFIX, "exim-4.96": EXIM, "exim-4.98": EXIM}


def play(sender: str, stand_in: str | None):
    """Plays everything that there is for a sender; writes a line of JSON for each step of each case."""
    RUN.mkdir(exist_ok=True)
    take_addresses()
    Path("/etc/resolv.conf").write_text("nameserver 127.0.0.1\n")
    for suffix, (mta, options, stories) in PASSES[sender].items():
        for story, rounds in cases.ROUNDS.items():
            if stories is None or story in stories:
                played = Play(sender + suffix, mta, story, side(stand_in, options))
                for row in played.rows(rounds) if played.cases else ():
                    print(json.dumps(row), flush=True)


def side(stand_in: str | None, options: list[str]):
    match stand_in:
        case None:
            return Sidecar(options)
        case "no-salt":
            return Sidecar([option for option in options if option not in SALTED])
        case "notfound":
            return Liar(*NOTFOUND)
        case "refuse":
            return Liar(*REFUSE)
    raise Failure(f"nobody is called {stand_in}")


class Play:
    """One story."""

    def __init__(self, sender: str, mta, story: str, sidecar):
        self.sender, self.mta, self.story, self.sidecar = sender, mta, story, sidecar
        told = [case for case in cases.CASES.values() if case["story"] == story]
        self.cases = [(case, steps) for case in told if (steps := cases.steps(case, sender))]
        # What the MX hosts have accepted, by recipient.
        self.received = {}
        # Who has nothing to wait for does not wait for it.
        self.flushes = FLUSHES if isinstance(sidecar, Sidecar) else 2

    def rows(self, rounds: list[list[str]]):
        lab = Lab(HERE / "cases" / f"{self.story}.toml")
        self.sidecar.start()
        self.mta.start(HERE)
        try:
            for number, actions in enumerate(rounds):
                for action in actions:
                    getattr(lab if action == "next" else self.sidecar, action)()
                yield from self.round(number, lab)
        finally:
            self.mta.end()
            self.sidecar.end()
            lab.end()

    def round(self, number: int, lab: Lab):
        steps = [(case, steps[number]) for case, steps in self.cases if number < len(steps)]
        mark = self.mta.mark()
        waited = {}
        for case, step in steps:
            if text := step.get("settle"):
                self.sidecar.settle(case["domain"], text)
            if "send" in step:
                recipient = f"r{number}@{case.get('spelt', case['domain'])}"
                # Logs may fold the case.
                waited[case["domain"]] = recipient.lower()
                self.mta.send(recipient, f"{header}\n" if (header := case.get("header")) else "")
            elif "flush" in step:
                # What the round before left in the queue.
                waited[case["domain"]] = f"r{number - 1}@{case['domain']}"
        wishes = {
            waited[case["domain"]]: step["flush"] for case, step in steps if "flush" in step
        }
        found = self.flush(mark, wishes) if wishes else {}
        found |= self.words(mark, [to for to in waited.values() if to not in wishes])
        for to, servers in lab.received().items():
            self.received.setdefault(to, []).extend(servers)
        for case, step in steps:
            to = waited.get(case["domain"])
            outcome = found.get(to, Outcome("nothing", ""))
            yield {
                "sender": self.sender, "story": self.story, "domain": case["domain"], "what": case["what"], "step": number,
                "result": outcome.result, "why": outcome.why, "received": self.received.get(to, []),
            }

    def words(self, mark: int, recipients: list[str]) -> dict[str, Outcome]:
        """Waits for the first word on each message."""
        until = time.monotonic() + WORD_SECONDS
        while True:
            found = self.mta.outcomes(mark)
            if all(to in found for to in recipients) or time.monotonic() > until:
                return {to: worst(found[to]) for to in recipients if to in found}
            time.sleep(0.2)

    def flush(self, mark: int, wishes: dict[str, str]) -> dict[str, Outcome]:
        """Runs the queue until each message has met what is expected of it."""
        found = {}
        for _ in range(self.flushes):
            self.mta.flush()
            time.sleep(1)
            found = {to: outcomes[-1] for to, outcomes in self.mta.outcomes(mark).items() if to in wishes}
            if all(to in found and found[to].result == wish for to, wish in wishes.items()):
                break
        return found


def worst(outcomes: list[Outcome]) -> Outcome:
    """Returns a bounce if there is one, else the first word."""
    return next((outcome for outcome in outcomes if outcome.result == "bounced"), outcomes[0])


def main(sender: str, stand_in: str | None = None):
    try:
        play(sender, stand_in)
    except Failure as failure:
        sys.exit(f"{sender}: {failure}")
