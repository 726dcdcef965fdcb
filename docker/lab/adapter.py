"""python3 adapter.py SENDER: starts a mail server, and lets `stickler lab play` hand it mail and look at its log.

GET /health, POST /send?to=ADDRESS, POST /flush, GET /words: see src/replay/far/mta.rs.
"""

import json
import os
import re
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

sys.path.insert(0, "/senders")

from driver import sidecar
from driver.exim import Exim
from driver.postfix import Postfix

PORT = 8026
RESOLVER = "198.51.100.53"
CA_FILE = Path("/out/ca.pem")
SOCKETMAP = ("127.0.0.1", 8461)
EXIM_SOCKET = Path("/run/stickler/exim.sock")
CONFIGURATION = Path("/run/lab")


class LabPostfix(Postfix):
    """Postfix, whose authority is the lab's."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.settings |= {"smtp_tls_CAfile": CA_FILE, "inet_interfaces": "127.0.0.1"}


class PlainPostfix(LabPostfix):
    """Postfix as it is without the sidecar: TLS where it is offered."""

    def __init__(self):
        super().__init__("", False, False)
        self.settings |= {"smtp_tls_policy_maps": "", "smtp_dns_reply_filter": ""}


class ResolverPostfix(LabPostfix):
    """Postfix with postfix-mta-sts-resolver beside it, as Debian has it."""

    # `cache_grace`, for which it does not look at the record again, is 60 s by default: the pace of the lab is another.
    DAEMON = {
        "host": SOCKETMAP[0], "port": SOCKETMAP[1], "cache_grace": 1, "cache": {"type": "internal"},
        "default_zone": {"strict_testing": False, "timeout": 4},
    }

    def __init__(self):
        super().__init__("postfix", False, False)

    def start(self, here: Path):
        if not os.environ.get("LAB_SABOTAGE"):
            # JSON is YAML.
            (CONFIGURATION / "daemon.yml").write_text(json.dumps(self.DAEMON))
            # OpenSSL's own variable: whom the fetch of a policy trusts.
            environment = os.environ | {"SSL_CERT_FILE": str(CA_FILE)}
            subprocess.Popen(["mta-sts-daemon", "-c", CONFIGURATION / "daemon.yml"], env=environment)
        super().start(here)


# By name, as compose.yaml has them.
SENDERS = {
    "postfix-3.7": lambda: LabPostfix("postfix", True, False),
    "postfix-3.10": lambda: LabPostfix("postfix310", False, False),
    "postfix-plain": PlainPostfix,
    "postfix-mta-sts-resolver": ResolverPostfix,
    "exim-4.98": Exim,
}


def configuration(senders: Path) -> Path:
    """Copies the senders' configuration with the lab's places in the place of theirs."""
    for path in (Path("postfix/main.cf"), Path("exim/exim.conf")):
        text = (senders / path).read_text()
        text = re.sub(r"(?m)^(STS_SOCK =).*", rf"\1 {EXIM_SOCKET}", text)
        text = re.sub(r"(?m)^(STS_CA =).*", rf"\1 {CA_FILE}", text)
        (CONFIGURATION / path).parent.mkdir(parents=True, exist_ok=True)
        (CONFIGURATION / path).write_text(text)
    return CONFIGURATION


def handler(mta, mark: int):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            match urlsplit(self.path).path:
                case "/health":
                    self.answer(b"alive\n")
                case "/words":
                    words = [
                        {
                            "to": to,
                            "result": outcome.result.split(" ")[0],
                            "why": outcome.why if outcome.result in ("deferred", "bounced") else outcome.result,
                        }
                        for to, outcomes in mta.outcomes(mark).items()
                        for outcome in outcomes
                    ]
                    self.answer(json.dumps(words).encode())
                case _:
                    self.send_error(404)

        def do_POST(self):
            url = urlsplit(self.path)
            match url.path:
                case "/send":
                    mta.send(parse_qs(url.query)["to"][0])
                case "/flush":
                    mta.flush()
                case _:
                    return self.send_error(404)
            self.answer(b"")

        def answer(self, body: bytes):
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler


def main(name: str):
    # Docker's own resolver asks on for internal networks or does not, as its version has it.
    Path("/etc/resolv.conf").write_text(f"nameserver {RESOLVER}\n")
    if os.environ.get("LAB_SABOTAGE"):
        # In stickler's place, to show that a table can turn red.
        EXIM_SOCKET.parent.mkdir(exist_ok=True)
        sidecar.EXIM = EXIM_SOCKET
        sidecar.Liar(*sidecar.NOTFOUND).start()
    mta = SENDERS[name]()
    mta.start(configuration(Path("/senders")))
    print(f"{name} is ready", flush=True)
    ThreadingHTTPServer(("0.0.0.0", PORT), handler(mta, mta.mark())).serve_forever()


main(*sys.argv[1:])
