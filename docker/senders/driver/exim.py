"""Exim: configured, fed, flushed and read."""

import re
import shutil
import subprocess
from pathlib import Path

from .outcome import Outcome
from .tools import run

LOG = Path("/var/log/exim4/mainlog")

DELIVERY = re.compile(r" (?P<sign>=>|->|==|\*\*) (?P<to>\S+@\S+)(?: <[^>]*>)? (?P<rest>.*)$")


class Exim:
    """Exim with the routers and the transport that go with the sidecar."""

    def start(self, here: Path):
        # Given by -C it would cost Exim its privileges.
        shutil.copy(here / "exim" / "exim.conf", "/etc/exim4/exim4.conf")
        LOG.write_text("")
        shutil.chown(LOG, "Debian-exim", "adm")
        run("exim4", "-bV")

    def send(self, recipient: str):
        message = f"From: probe@sender.test\nTo: {recipient}\nSubject: probe\n\nprobe\n"
        command = ["exim4", "-odb", "-f", "probe@sender.test", recipient]
        subprocess.run(command, input=message, text=True, check=True)

    def flush(self):
        run("exim4", "-qf")

    def mark(self) -> int:
        return LOG.stat().st_size

    def outcomes(self, mark: int) -> dict[str, list[Outcome]]:
        found = {}
        with LOG.open() as log:
            log.seek(mark)
            for line in log:
                if not (delivery := DELIVERY.search(line.rstrip())):
                    continue
                rest = delivery["rest"]
                match delivery["sign"]:
                    case "=>" | "->":
                        host = re.search(r" H=(\S+) ", rest)[1]
                        is_protected = " T=remote_smtp_sts " in rest and " CV=yes" in rest
                        result = f"{'protected' if is_protected else 'open'} {host}"
                    case "==":
                        result = "deferred"
                    case _:
                        result = "bounced"
                found.setdefault(delivery["to"].lower(), []).append(Outcome(result, rest))
        return found

    def end(self):
        for queued in run("exim4", "-bpr").splitlines():
            if name := re.match(r"\s*\S+\s+\S+\s+(\w{6}-\w+-\w+)\s", queued):
                subprocess.run(["exim4", "-Mrm", name[1]], capture_output=True)
