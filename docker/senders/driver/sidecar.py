"""`stickler serve`, and those that stand in its place to show that its answers are what counts."""

import re
import socket
import socketserver
import subprocess
import threading

from .lab import Lab
from .tools import RUN, Failure, end, wait_for

POSTFIX = ("127.0.0.1", 8461)
EXIM = RUN / "exim.sock"
STORE = RUN / "serve.sqlite"


# How many connections a flood opens, and what some of them say.
FLOOD = 400
GARBAGE = b"\xff" * 1_000_000


def ask(map_name: str, key: str) -> str:
    """Asks as Postfix does."""
    with socket.create_connection(POSTFIX, 5) as connection:
        request = f"{map_name} {key}".encode()
        connection.sendall(b"%d:%s," % (len(request), request))
        return read_netstring(connection.makefile("rb")).decode()


def read_netstring(file) -> bytes:
    digits = b""
    while (octet := file.read(1)) not in (b":", b""):
        digits += octet
    if not digits:
        return b""
    payload = file.read(int(digits))
    file.read(1)
    return payload


def listens() -> bool:
    try:
        socket.create_connection(POSTFIX, 5).close()
    except OSError:
        return False
    return True


class Sidecar:
    """The sidecar as it is shipped."""

    def __init__(self, options: list[str]):
        self.options = options
        self.process = None
        self.idle = []
        STORE.unlink(missing_ok=True)

    def start(self, resolver: str = "127.0.0.1:53"):
        log = (RUN / "serve.log").open("a")
        self.process = subprocess.Popen(
            [
                "stickler", "serve", "-v",
                "--resolver", resolver, "--ca-file", Lab.ca_file,
                "--allow-net", "192.0.2.0/24,198.51.100.0/24,203.0.113.0/24,198.18.0.0/15",
                "--own-address", "192.0.2.200",
                # An id is looked at again while somebody waits for the outcome.
                "--recheck-floor", "1s", "--recheck-ceiling", "1s",
                "--exim", f"unix:{EXIM}", "--control", RUN / "control.sock", "--state", STORE,
                *self.options,
            ],
            stdout=log, stderr=log,
        )
        wait_for("stickler serve listens", self.is_up)

    def is_up(self) -> bool:
        if self.process.poll() is not None:
            raise Failure(f"stickler serve ended: {(RUN / 'serve.log').read_text()[-2000:]}")
        return listens() and EXIM.exists()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        end(self.process)

    def settle(self, domain: str, text: str):
        """Waits until the answer for a domain has this in it, an expression."""
        wait_for(f"{domain}: an answer with {text!r}", lambda: re.search(text, ask("postfix", domain)), pause=0.3)

    def flood(self):
        """Opens connections that ask nothing, and others that never end a request, and leaves them open."""
        self.idle = [socket.create_connection(POSTFIX, 5) for _ in range(FLOOD)]
        for number, connection in enumerate(self.idle[: FLOOD // 2]):
            connection.settimeout(0.2)
            try:
                connection.sendall(b"9999:" if number % 2 else GARBAGE)
            except OSError:
                # It may close a connection, or stop reading.
                pass

    def end(self):
        for connection in self.idle:
            connection.close()
        self.idle = []
        if self.process.poll() is None:
            self.stop()


class Liar:
    """Answers every question alike, and goes on when it is to end."""

    def __init__(self, policy: str, exim: str):
        self.policy, self.line = policy.encode(), exim.encode()
        self.servers = []

    def start(self):
        if self.servers:
            return
        EXIM.unlink(missing_ok=True)
        for server, address, handler in (
            (socketserver.ThreadingTCPServer, POSTFIX, self.socketmap()),
            (socketserver.ThreadingUnixStreamServer, str(EXIM), self.exim()),
        ):
            server.allow_reuse_address = True
            server.daemon_threads = True
            self.servers.append(server(address, handler))
            threading.Thread(target=self.servers[-1].serve_forever, daemon=True).start()
        EXIM.chmod(0o666)

    def socketmap(liar):
        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                while request := read_netstring(self.rfile):
                    key = request.split(b" ", 1)[1]
                    is_filter = request.startswith(b"mx-filter ")
                    answer = b"NOTFOUND " if is_filter or key.startswith(b".") else liar.policy
                    self.wfile.write(b"%d:%s," % (len(answer), answer))
        return Handler

    def exim(liar):
        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                self.rfile.readline()
                self.wfile.write(liar.line + b"\n")
        return Handler

    def kill(self):
        pass

    def stop(self):
        pass

    def flood(self):
        pass

    def settle(self, domain: str, text: str):
        pass

    def end(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()
        self.servers.clear()


# Says that nobody has a policy.
NOTFOUND = ("NOTFOUND ", "mode=none")
# Says that everybody has one, which lists nobody.
REFUSE = ("OK secure match=nobody.invalid", r"mode=enforce mx_re=^nobody\.invalid$")
