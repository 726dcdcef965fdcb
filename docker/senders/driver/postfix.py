"""Postfix: configured, fed, flushed and read."""

import re
import shutil
import subprocess
from pathlib import Path

from .lab import Lab
from .outcome import Outcome
from .tools import run, wait_for

LOG = Path("/var/log/postfix.log")
CHROOT = Path("/var/spool/postfix")

TLS = re.compile(
    r"postfix/smtp\[(?P<pid>\d+)\]: (?P<trust>\w+) TLS connection (?:established to|reused to) (?P<host>[^\[]+)\["
)
DELIVERY = re.compile(
    r"postfix/\w+\[(?P<pid>\d+)\]: \w+: to=<(?P<to>[^>]+)>.* relay=(?P<relay>[^,]+),.* dsn=(?P<dsn>[^,]+), "
    r"status=(?P<status>\w+) \((?P<text>.*)\)$"
)


def configure(parameters: dict[str, str]):
    if parameters:
        run("postconf", "-e", *(f"{name}={value}" for name, value in parameters.items()))


def settings(printed: str) -> list[str]:
    """Returns the lines for main.cf of what `stickler serve --print-postfix` prints."""
    return [line for line in printed.splitlines() if line and not line.startswith("#")]


class Postfix:
    """Postfix with what `stickler serve --print-postfix` says that its main.cf needs."""

    def __init__(self, options: list[str], with_filter: bool = True):
        self.options = options
        # What it has before anybody asks `stickler`: Debian's template says so.
        self.before = {
            "smtp_tls_CAfile": str(Lab.ca_file),
            "smtp_tls_session_cache_database": "btree:${data_directory}/smtp_scache",
        }
        self.after = {} if with_filter else {"smtp_dns_reply_filter": ""}

    def start(self, here: Path):
        for name in ("resolv.conf", "hosts", "services", "nsswitch.conf"):
            if (source := Path("/etc", name)).exists():
                (CHROOT / "etc").mkdir(exist_ok=True)
                shutil.copy(source, CHROOT / "etc" / name)
        shutil.copy(here / "postfix" / "main.cf", "/etc/postfix/main.cf")
        configure(self.before)
        printed = run("stickler", "serve", "--print-postfix", *self.options)
        configure(dict(line.split(" = ") if " = " in line else (line.removesuffix(" ="), "") for line in settings(printed)))
        configure(self.after)
        LOG.unlink(missing_ok=True)
        for cache in Path("/var/lib/postfix").glob("smtp_scache*"):
            cache.unlink()
        run("postfix", "start")
        wait_for("Postfix starts", lambda: LOG.exists() and "daemon started" in LOG.read_text())
        # Postfix's commands log there under their own rights.
        LOG.chmod(0o666)

    def send(self, recipient: str, header: str):
        message = f"From: probe@sender.test\nTo: {recipient}\n{header}Subject: probe\n\nprobe\n"
        subprocess.run(["sendmail", "-f", "probe@sender.test", recipient], input=message, text=True, check=True)

    def flush(self):
        run("postqueue", "-f")

    def mark(self) -> int:
        """Returns where the log ends now."""
        return LOG.stat().st_size

    def outcomes(self, mark: int) -> dict[str, list[Outcome]]:
        """Returns what became of each recipient since the mark, in order."""
        found, connections = {}, {}
        with LOG.open() as log:
            log.seek(mark)
            for line in log:
                if tls := TLS.search(line):
                    connections[tls["pid"], tls["host"]] = tls["trust"]
                elif delivery := DELIVERY.search(line.rstrip()):
                    host = delivery["relay"].split("[")[0]
                    match delivery["status"]:
                        case "sent":
                            # What is said of the connection that this message took.
                            trust = connections.pop((delivery["pid"], host), "no")
                            result = f"{'protected' if trust == 'Verified' else 'open'} {host}"
                        case "deferred":
                            result = "deferred"
                        case _:
                            result = "bounced"
                    outcome = Outcome(result, f"{delivery['dsn']} {delivery['text']}")
                    found.setdefault(delivery["to"].lower(), []).append(outcome)
        return found

    def end(self):
        run("postfix", "stop")
        run("postsuper", "-d", "ALL")
