"""What everything here shares."""

import subprocess
import time
from pathlib import Path

# What a run makes, in a container of its own.
RUN = Path("/run/senders")


class Failure(Exception):
    """A program that does not do what everything else hangs on."""


def wait_for(what: str, ready, seconds: float = 20, pause: float = 0.05):
    """Waits until `ready()` is true and returns that; fails after `seconds`."""
    until = time.monotonic() + seconds
    while True:
        if found := ready():
            return found
        if time.monotonic() > until:
            raise Failure(f"{what}: not within {seconds} s")
        time.sleep(pause)


def end(process: subprocess.Popen):
    """Tells a program to end, and waits until it has."""
    process.terminate()
    code = process.wait(20)
    if code != 0:
        raise Failure(f"{process.args[:2]} ended with {code}")


def run(*command, **more) -> str:
    """Runs a command to its end and returns what it says."""
    done = subprocess.run(command, capture_output=True, text=True, **more)
    if done.returncode != 0:
        raise Failure(f"{' '.join(map(str, command))}: exit code {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout
