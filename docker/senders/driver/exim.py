"""Exim: configured, fed, flushed and read."""

import re
import shutil
import subprocess
from pathlib import Path

from .lab import Lab
from .outcome import Outcome
from .sidecar import EXIM
from .tools import Failure, run

LOG = Path("/var/log/exim4/mainlog")

DELIVERY = re.compile(r" (?P<sign>=>|->|==|\*\*) (?P<to>\S+@\S+)(?: <[^>]*>)? (?P<rest>.*)$")


# How the parts begin that `stickler serve --print-exim` prints, and where exim.conf has room for them.
PARTS = {"main": "# main section", "mx": "# routers, delivery by MX", "smart": "# routers, a smart host", "transports": "# transports"}


def split(printed: str) -> dict[str, str]:
    """Takes what is printed apart."""
    parts, name = {}, None
    for line in printed.splitlines(keepends=True):
        name = next((name for name, begin in PARTS.items() if line.startswith(begin)), name)
        parts[name] = parts.get(name, "") + line
    return parts


def setting(text: str, name: str, value: str) -> str:
    """Returns a text with another value for one of its macros."""
    changed, count = re.subn(rf"^{name} = .*$", f"{name} = {value}", text, flags=re.MULTILINE)
    if count != 1:
        raise Failure(f"what `stickler serve --print-exim` prints has {count} lines with {name}")
    return changed


class Exim:
    """Exim with the routers and the transport that `stickler serve --print-exim` prints."""

    def __init__(self, smart_host: str | None = None):
        self.smart_host = smart_host

    def start(self, here: Path):
        parts = split(run("stickler", "serve", "--print-exim", "--exim", f"unix:{EXIM}"))
        # What the comments beside them leave to the administrator.
        main = setting(parts["main"], "STS_CA", str(Lab.ca_file))
        if self.smart_host:
            routers = setting(setting(parts["smart"], "STS_HOST", self.smart_host), "STS_PORT", "25")
        else:
            routers = parts["mx"]
        text = (here / "exim" / "exim.conf").read_text()
        for name, part in (("main", main), ("routers", routers), ("transports", parts["transports"])):
            text = text.replace(f"# stickler: {name}\n", part)
        # Given by -C it would cost Exim its privileges.
        Path("/etc/exim4/exim4.conf").write_text(text)
        LOG.write_text("")
        shutil.chown(LOG, "Debian-exim", "adm")
        run("exim4", "-bV")

    def send(self, recipient: str, header: str):
        message = f"From: probe@sender.test\nTo: {recipient}\n{header}Subject: probe\n\nprobe\n"
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
