"""python3 adapter.py SENDER: starts a mail server, and lets `stickler lab play` hand it mail and look at its log.

GET /health, POST /send?to=ADDRESS, POST /flush, GET /words: see src/replay/far/mta.rs.
"""

import json
import os
import re
import shutil
import socketserver
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

HERE = Path(__file__).parent
PORT = 8026
RESOLVER = "198.51.100.53"
CA_FILE = "/out/ca.pem"
# Where a sidecar answers Postfix and Exim.
SOCKETMAP = ("127.0.0.1", 8461)
EXIM_SOCKET = Path("/run/stickler/exim.sock")
START_SECONDS = 20
# What is wrong on purpose, to show that a table can turn red: a sidecar that says that nobody has a policy, a queue that
# gives up at the first failure, or messages that are sent twice.
SABOTAGE = os.environ.get("LAB_SABOTAGE", "")
NOTFOUND, GIVES_UP, TWICE = "notfound", "gives-up", "twice"


def run(*command: str):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}: {done.stdout}{done.stderr}")


def hand_over(to: str, *command: str):
    message = f"From: probe@sender.test\nTo: {to}\nSubject: probe\n\nprobe\n"
    subprocess.run([*command, "-f", "probe@sender.test", to], input=message, text=True, check=True)


def word(to: str, result: str, why: str) -> dict:
    return {"to": to.lower(), "result": result, "why": why}


class Postfix:
    LOG = Path("/var/log/postfix.log")
    CHROOT = Path("/var/spool/postfix/etc")
    TLS = re.compile(r"postfix/smtp\[(\d+)\]: (\w+) TLS connection (?:established to|reused to) ([^\[]+)\[")
    DELIVERY = re.compile(
        r"postfix/\w+\[(?P<pid>\d+)\]: (?P<id>\w+): to=<(?P<to>[^>]+)>.* relay=(?P<relay>[^,]+),.* dsn=(?P<dsn>[^,]+), "
        r"status=(?P<status>\w+) \((?P<text>.*)\)$"
    )

    # The queue manager gives up; the address stands in what was said of the message before.
    EXPIRED = re.compile(r"postfix/qmgr\[\d+\]: (\w+): from=<[^>]*>, status=(?:force-)?expired, returned to sender$")

    def __init__(self, **settings: str):
        self.settings = settings

    def start(self):
        self.CHROOT.mkdir(exist_ok=True)
        for name in ("resolv.conf", "hosts", "services", "nsswitch.conf"):
            shutil.copy(Path("/etc", name), self.CHROOT / name)
        shutil.copy(HERE / "main.cf", "/etc/postfix/main.cf")
        settings = self.settings | ({"maximal_queue_lifetime": "0"} if SABOTAGE == GIVES_UP else {})
        if settings:
            run("postconf", "-e", *(f"{name}={value}" for name, value in settings.items()))
        run("postfix", "start")
        until = time.monotonic() + START_SECONDS
        while not (self.LOG.exists() and "daemon started" in self.LOG.read_text()):
            if time.monotonic() > until:
                sys.exit("Postfix does not start")
            time.sleep(0.1)
        # Postfix's commands log there under their own rights.
        self.LOG.chmod(0o666)

    def send(self, to: str):
        hand_over(to, "sendmail")

    def flush(self):
        run("postqueue", "-f")

    def words(self) -> list[dict]:
        words, trusts, queued = [], {}, {}
        for line in self.LOG.read_text().splitlines():
            if tls := self.TLS.search(line):
                trusts[tls[1], tls[3]] = tls[2]
            elif expired := self.EXPIRED.search(line):
                words.append(word(queued[expired[1]], "bounced", "given up by the queue"))
            elif delivery := self.DELIVERY.search(line):
                queued[delivery["id"]] = delivery["to"]
                host = delivery["relay"].split("[")[0]
                match delivery["status"]:
                    case "sent":
                        # What is said of the connection that this message took.
                        is_verified = trusts.pop((delivery["pid"], host), "no") == "Verified"
                        words.append(word(delivery["to"], "protected" if is_verified else "open", host))
                    case status:
                        result = "deferred" if status == "deferred" else "bounced"
                        words.append(word(delivery["to"], result, f"{delivery['dsn']} {delivery['text']}"))
        return words


class ResolverPostfix(Postfix):
    """Postfix with postfix-mta-sts-resolver beside it, as Debian has it."""

    FILE = Path("/run/mta-sts-daemon.yml")
    # `cache_grace`, for which it does not look at the record again, is 60 s by default: the pace of the lab is another.
    DAEMON = {
        "host": SOCKETMAP[0], "port": SOCKETMAP[1], "cache_grace": 1, "cache": {"type": "internal"},
        "default_zone": {"strict_testing": False, "timeout": 4},
    }

    def start(self):
        if SABOTAGE != NOTFOUND:
            # JSON is YAML.
            self.FILE.write_text(json.dumps(self.DAEMON))
            # OpenSSL's own variable: whom the fetch of a policy trusts.
            subprocess.Popen(["mta-sts-daemon", "-c", self.FILE], env=os.environ | {"SSL_CERT_FILE": CA_FILE})
        super().start()


class Exim:
    LOG = Path("/var/log/exim4/mainlog")
    DELIVERY = re.compile(r" (?P<sign>=>|->|==|\*\*) (?P<to>\S+@\S+)(?: <[^>]*>)? (?P<rest>.*)$")

    def start(self):
        # Given by -C it would cost Exim its privileges.
        text = (HERE / "exim.conf").read_text()
        if SABOTAGE == GIVES_UP:
            # Without a rule there is no second try.
            text = text.split("begin retry")[0]
        Path("/etc/exim4/exim4.conf").write_text(text)
        self.LOG.write_text("")
        shutil.chown(self.LOG, "Debian-exim", "adm")
        run("exim4", "-bV")

    def send(self, to: str):
        hand_over(to, "exim4", "-odb")

    def flush(self):
        run("exim4", "-qf")

    def words(self) -> list[dict]:
        words = []
        for line in self.LOG.read_text().splitlines():
            if not (delivery := self.DELIVERY.search(line)):
                continue
            rest = delivery["rest"]
            match delivery["sign"]:
                case "=>" | "->":
                    is_verified = " T=remote_smtp_sts " in rest and " CV=yes" in rest
                    host = re.search(r" H=(\S+) ", rest)[1]
                    words.append(word(delivery["to"], "protected" if is_verified else "open", host))
                case "==":
                    words.append(word(delivery["to"], "deferred", rest))
                case _:
                    words.append(word(delivery["to"], "bounced", rest))
        return words


def socketmap(name: str) -> str:
    return f"socketmap:inet:{SOCKETMAP[0]}:{SOCKETMAP[1]}:{name}"


# By name, as compose.yaml has them.
SENDERS = {
    "postfix-3.7": Postfix(smtp_tls_policy_maps=socketmap("postfix"), smtp_dns_reply_filter=socketmap("mx-filter")),
    "postfix-3.10": Postfix(smtp_tls_policy_maps=socketmap("postfix310")),
    "postfix-mta-sts-resolver": ResolverPostfix(smtp_tls_policy_maps=socketmap("postfix")),
    "postfix-plain": Postfix(),
    "exim-4.98": Exim(),
}


class PostfixLiar(socketserver.StreamRequestHandler):
    """Says that nobody has a policy."""

    def handle(self):
        while digits := self.rfile.readline(1):
            while (octet := self.rfile.read(1)) != b":":
                digits += octet
            self.rfile.read(int(digits) + 1)
            self.wfile.write(b"9:NOTFOUND ,")


class EximLiar(socketserver.StreamRequestHandler):
    def handle(self):
        self.rfile.readline()
        self.wfile.write(b"mode=none\n")


def lie():
    """Stands in the sidecar's place."""
    EXIM_SOCKET.parent.mkdir(exist_ok=True)
    for liar in (
        socketserver.ThreadingTCPServer(SOCKETMAP, PostfixLiar),
        socketserver.ThreadingUnixStreamServer(str(EXIM_SOCKET), EximLiar),
    ):
        liar.daemon_threads = True
        threading.Thread(target=liar.serve_forever, daemon=True).start()
    EXIM_SOCKET.chmod(0o666)


def handler(mta):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            match urlsplit(self.path).path:
                case "/health":
                    self.answer(b"alive\n")
                case "/words":
                    self.answer(json.dumps(mta.words()).encode())
                case _:
                    self.send_error(404)

        def do_POST(self):
            url = urlsplit(self.path)
            match url.path:
                case "/send":
                    for _ in range(2 if SABOTAGE == TWICE else 1):
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
    if SABOTAGE == NOTFOUND:
        lie()
    mta = SENDERS[name]
    mta.start()
    print(f"{name} is ready", flush=True)
    ThreadingHTTPServer(("0.0.0.0", PORT), handler(mta)).serve_forever()


main(*sys.argv[1:])
