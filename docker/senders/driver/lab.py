"""The fake Internet of a story: `stickler lab up` at real ports."""

import json
import subprocess
from pathlib import Path

from .tools import RUN, Failure, end, wait_for

# What lo gets: the networks that are kept for documentation, in which the stories are, and for those with many domains
# the one for benchmarks.
NETWORKS = ("192.0.2.1/24", "198.51.100.1/24", "203.0.113.1/24", "198.18.0.1/15")


def take_addresses():
    """Gives this network namespace, which leads nowhere, the addresses of the stories."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for network in NETWORKS:
        subprocess.run(["ip", "address", "add", network, "dev", "lo"], check=True)


class Lab:
    """A story that is served until `end`."""

    ca_file = RUN / "lab.env.ca.pem"

    def __init__(self, story: Path, at: str = "0s"):
        (RUN / "lab.env").unlink(missing_ok=True)
        self.log = (RUN / "lab.log").open("w")
        self.process = subprocess.Popen(
            ["stickler", "lab", "up", "--real-ports", story, "--at", at, "--env", RUN / "lab.env"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True,
        )
        self.read_to("moves on")

    def read_to(self, text: str) -> str:
        for line in self.process.stdout:
            if text in line:
                return line
        raise Failure(f"the lab ended: {(RUN / 'lab.log').read_text()}")

    def received(self) -> dict[str, list[tuple[str, bool]]]:
        """Returns what the MX hosts accepted since the last time, by recipient: which of them, and whether over TLS."""
        self.tell("history")
        found = {}
        for request in json.loads(self.read_to('{"requests":'))["requests"]:
            if request["kind"] == "smtp-received":
                for to in request["rcpt_to"]:
                    found.setdefault(to.lower(), []).append((request["server"], request["tls"] is not None))
        return found

    def next(self):
        self.tell("next")
        self.read_to("--now")

    def tell(self, command: str):
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()

    def end(self):
        end(self.process)
