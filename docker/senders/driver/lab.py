"""The fake Internet of a story: `stickler lab up` at real ports."""

import subprocess
from pathlib import Path

from .tools import RUN, Failure, end, wait_for

# What lo gets: the first of the networks that are kept for documentation, in which the stories are.
NETWORK = "192.0.2.1/24"


def take_addresses():
    """Gives this network namespace, which leads nowhere, the addresses of the stories."""
    for command in (["link", "set", "lo", "up"], ["address", "add", NETWORK, "dev", "lo"]):
        subprocess.run(["ip", *command], check=True)


class Lab:
    """A story that is served until `end`."""

    ca_file = RUN / "lab.env.ca.pem"

    def __init__(self, story: Path):
        (RUN / "lab.env").unlink(missing_ok=True)
        self.log = (RUN / "lab.log").open("w")
        self.process = subprocess.Popen(
            ["stickler", "lab", "up", "--real-ports", story, "--env", RUN / "lab.env"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True,
        )
        self.read_to("moves on")

    def read_to(self, text: str):
        for line in self.process.stdout:
            if text in line:
                return
        raise Failure(f"the lab ended: {(RUN / 'lab.log').read_text()}")

    def next(self):
        self.process.stdin.write("next\n")
        self.process.stdin.flush()
        self.read_to("--now")

    def end(self):
        end(self.process)
