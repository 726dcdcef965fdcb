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


class Postfix:
    """A Postfix of one of the two kinds that the sidecar has answers for."""

    def __init__(self, map_name: str, with_filter: bool, session_cache: bool):
        self.settings = {
            "smtp_tls_policy_maps": f"socketmap:inet:127.0.0.1:8461:{map_name}",
            "smtp_dns_reply_filter": "socketmap:inet:127.0.0.1:8461:mx-filter" if with_filter else "",
            # The value of Debian's template, or what `stickler` advises.
            "smtp_tls_session_cache_database": "btree:${data_directory}/smtp_scache" if session_cache else "",
        }

    def start(self, here: Path):
        for name in ("resolv.conf", "hosts", "services", "nsswitch.conf"):
            if (source := Path("/etc", name)).exists():
                (CHROOT / "etc").mkdir(exist_ok=True)
                shutil.copy(source, CHROOT / "etc" / name)
        shutil.copy(here / "postfix" / "main.cf", "/etc/postfix/main.cf")
        run("postconf", "-e", f"smtp_tls_CAfile={Lab.ca_file}", *(f"{key}={value}" for key, value in self.settings.items()))
        LOG.unlink(missing_ok=True)
        for cache in Path("/var/lib/postfix").glob("smtp_scache*"):
            cache.unlink()
        run("postfix", "start")
        wait_for("Postfix starts", lambda: LOG.exists() and "daemon started" in LOG.read_text())
        # Postfix's commands log there under their own rights.
        LOG.chmod(0o666)

    def send(self, recipient: str):
        message = f"From: probe@sender.test\nTo: {recipient}\nSubject: probe\n\nprobe\n"
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
