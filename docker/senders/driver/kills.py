"""Kills `stickler serve` under load, again and again over one store, and holds it to what it has answered before."""

import random
import shutil
import socket
import sqlite3
import statistics
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from .lab import Lab, take_addresses
from .sidecar import POSTFIX, STORE, Sidecar, ask, read_netstring
from .tools import RUN, Failure

# One world has as many domains as a story may have; when its time is over the next one takes its place, and the
# policies of its domains are published no more.
DOMAINS = 500
ROUNDS_OF_A_WORLD = 25

# How a domain is set up, by its number.
def is_wildcard(number: int) -> bool:
    return number % 40 == 3


def has_policy(number: int) -> bool:
    return number % 10 != 7


# How many ask at once, and what part of their questions is for a domain that nobody has asked for yet.
CLIENTS = 16
NEW = 0.4

# When the kill comes, in seconds after the first question.
KILL = (0.1, 1.5)

# Nobody answers there: the network is gone.
NOWHERE = "127.0.0.1:9"

# How long a start may take, until the first answer, with a debug build on a busy machine.
START_SECONDS = 5


def story(world: int) -> str:
    """Writes the story of a world: in each step the policies of some of its domains change, body and id."""
    lines = [
        'id = "senders/kills"', 'title = "Policies that change"', 'rfc = ["8461 §5.1"]', 'start = "2026-03-02T08:00:00Z"',
        '[servers."mx.test"]', "[senders]", 'strict = { class = "strict" }',
    ]
    numbers = range(world * DOMAINS, (world + 1) * DOMAINS)
    for number in numbers:
        lines.append(f'[domains."d{number}.test"]\nmx = {{ records = ["10 mx.test"], ttl = "1s" }}')
        if has_policy(number):
            lines.append(f"txt = {txt(1)}\npolicy = {policy(number, 1)}")
    for step in range(ROUNDS_OF_A_WORLD + 1):
        lines.append(f'[[step]]\nat = "{step}h"')
        if step == 0:
            lines.append(f'[[step.expect]]\ndomain = "d{world * DOMAINS}.test"\nverdict = "defer"')
            continue
        for number in numbers:
            if has_policy(number) and number % 5 == step % 5:
                lines.append(f'set.domains."d{number}.test".txt = {txt(step + 1)}')
                lines.append(f'set.domains."d{number}.test".policy = {policy(number, step + 1)}')
    return "\n".join(lines) + "\n"


def txt(version: int) -> str:
    return f'{{ records = ["v=STSv1; id={version};"], ttl = "1s" }}'


def policy(number: int, version: int) -> str:
    host = f"{'*.' if is_wildcard(number) else ''}v{version}.d{number}.test"
    return f'{{ mode = "enforce", mx = ["{host}"], max_age = "7d" }}'


class Memory:
    """What was ever answered: the newest version of each domain's policy."""

    def __init__(self):
        self.lock = threading.Lock()
        self.versions = {}
        self.asked = set()
        self.answers = 0

    def note(self, number: int, answer: str):
        with self.lock:
            self.answers += 1
            self.asked.add(number)
            if answer.startswith("OK secure "):
                self.versions[number] = max(self.versions.get(number, 0), version(answer))


def version(answer: str) -> int:
    """Returns which version of its policy an answer is from; 0 where it names no host of the policy."""
    name = answer.split("match=")[1].split(" ")[0]
    return int(name.split(".")[0][1:]) if name.startswith("v") else 0


def load(memory: Memory, world: int, until: threading.Event):
    """Asks, one question after another, until the sidecar is gone."""
    try:
        with socket.create_connection(POSTFIX, 5) as connection:
            file = connection.makefile("rb")
            while not until.is_set():
                number = choose(memory, world)
                request = f"postfix d{number}.test".encode()
                connection.sendall(b"%d:%s," % (len(request), request))
                if not (answer := read_netstring(file)):
                    return
                memory.note(number, answer.decode())
    except (OSError, ValueError):
        # It was killed, maybe within an answer.
        pass


def choose(memory: Memory, world: int) -> int:
    with memory.lock:
        asked = len(memory.asked)
    if random.random() < NEW or not asked:
        return random.randrange(world * DOMAINS, (world + 1) * DOMAINS)
    with memory.lock:
        return random.choice(tuple(memory.asked))


class Kills:
    def __init__(self, count: int):
        self.count = count
        self.memory = Memory()
        # A policy that was lost is told soon: by NOTFOUND, for want of a network.
        self.sidecar = Sidecar(["--patience", "2s"])
        self.starts, self.faults = [], []

    def run(self) -> int:
        for world in range(0, -(-self.count // ROUNDS_OF_A_WORLD)):
            (RUN / "kills.toml").write_text(story(world))
            lab = Lab(RUN / "kills.toml")
            try:
                for number in range(world * ROUNDS_OF_A_WORLD, min(self.count, (world + 1) * ROUNDS_OF_A_WORLD)):
                    self.round(number, world, lab)
            finally:
                self.sidecar.end()
                lab.end()
        return self.report()

    def round(self, number: int, world: int, lab: Lab):
        self.sidecar.start()
        over = threading.Event()
        clients = [threading.Thread(target=load, args=(self.memory, world, over)) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        kill_at = time.monotonic() + random.uniform(*KILL)
        lab.next()
        time.sleep(max(0, kill_at - time.monotonic()))
        self.sidecar.kill()
        over.set()
        for client in clients:
            client.join()
        self.check_file(number)
        self.check_answers(number)

    def check_file(self, number: int):
        """Checks the store as the kill left it, in a copy: to open it is to mend it."""
        copy = RUN / "copy.sqlite"
        for suffix in ("", "-wal"):
            copy.with_name(copy.name + suffix).unlink(missing_ok=True)
            if (source := STORE.with_name(STORE.name + suffix)).exists():
                shutil.copy(source, copy.with_name(copy.name + suffix))
        with sqlite3.connect(copy) as store:
            told = [row[0] for row in store.execute("PRAGMA integrity_check")]
        if told != ["ok"]:
            self.faults.append(f"kill {number + 1}: the store is damaged: {told}")

    def check_answers(self, number: int):
        """Starts it without a network: what was ever enforced is enforced at once."""
        began = time.monotonic()
        self.sidecar.start(resolver=NOWHERE)
        if first := next((domain for domain in self.memory.versions if not is_wildcard(domain)), None):
            ask("postfix", f"d{first}.test")
            self.starts.append(time.monotonic() - began)
        with ThreadPoolExecutor(CLIENTS) as clients:
            for fault in clients.map(self.lost, self.memory.versions):
                if fault:
                    self.faults.append(f"kill {number + 1}: {fault}")
        self.sidecar.kill()

    def lost(self, domain: int) -> str | None:
        """Returns what is wrong with the answer that a domain gets now."""
        wanted = self.memory.versions[domain]
        answer = ask("postfix", f"d{domain}.test")
        if answer.startswith("TEMP ") and is_wildcard(domain):
            # Its MX hosts are not known without a network, so no name can stand in the answer: mail waits.
            return None
        if answer.startswith("OK secure ") and version(answer) >= wanted:
            return None
        return f"d{domain}.test had version {wanted}, and now: {answer or 'nothing'}"

    def report(self) -> int:
        memory = self.memory
        newer = sum(version > 1 for version in memory.versions.values())
        if slow := [start for start in self.starts if start > START_SECONDS]:
            self.faults.append(f"{len(slow)} starts took more than {START_SECONDS} s")
        # A load that does nothing would find no fault.
        if len(memory.versions) < self.count or not newer:
            self.faults.append("the load asked too little: a policy a kill, and some that change, are the least")
        for fault in self.faults[:20]:
            print(f"LOST {fault}")
        print(
            f"{self.count} kills under load and as many without a network, {memory.answers} answers for "
            f"{len(memory.asked)} domains; {len(memory.versions)} answered `secure`, {newer} of them from a later "
            f"policy than their first; start to first answer {statistics.median(self.starts):.2f} s, at most "
            f"{max(self.starts):.2f} s; {len(self.faults)} faults"
        )
        return 1 if self.faults else 0


def main(count: int) -> int:
    RUN.mkdir(exist_ok=True)
    take_addresses()
    try:
        return Kills(count).run()
    except Failure as failure:
        sys.exit(f"kills: {failure}")
