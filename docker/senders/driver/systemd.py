"""Starts the printed units with a real systemd, by the README's steps, and holds them to what they promise."""

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from .lab import Lab, take_addresses
from .postfix import LOG, Postfix
from .readme import STALE, STEPS, STORY, commands, shell, write_main_cf
from .tools import RUN, Failure, run, wait_for

DOMAIN = "corp.test"
# The sidecar's configuration, which a reload reads again, and the variables of its service.
CONFIG = Path("/etc/stickler.toml")
VARIABLES = Path("/etc/default/stickler")
CA_FILE = Path("/etc/ssl/certs/lab.pem")
# As Exim's user, which no unit knows, asks.
ANYBODY = ["runuser", "--user", "nobody", "--"]
EXIM = """
import socket
exim = socket.socket(socket.AF_UNIX)
exim.connect("/run/stickler/exim.sock")
exim.sendall(b"policy corp.test\\n")
print(exim.recv(1000).decode())
"""
# The unit's own: after a crash it comes back in 5 s; after 30 s without a sign of life it is ended.
RESTART_SECONDS, WATCHDOG_SECONDS = 15, 60
# What `systemd-analyze security` says, in tenths: from 0, safe, to 100.
EXPOSURE = 20


def check(what: str, is_so: bool, found=""):
    print(f"{'ok ' if is_so else 'RED'}  {what}{'' if is_so else f': {found}'}", flush=True)
    if not is_so:
        raise Failure("the units do not do what they promise")


def fails(*command: str) -> str:
    """Runs a command that must fail; returns what it says, nothing if it succeeds."""
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout + done.stderr if done.returncode else ""


def shown(name: str) -> str:
    return run("systemctl", "show", "stickler", "--value", "--property", name).strip()


def journal() -> str:
    return run("journalctl", "--unit", "stickler.service", "--no-pager", "--output", "cat")


def is_enforced(text: str) -> bool:
    """Where Postfix asks the filter too, the sidecar knows that the policy lists none of the MX hosts."""
    return "secure match=mx.old.test" in text or "TEMP the policy of" in text


def answer() -> str:
    """Asks, and waits as long as Postfix would; a connection must never be refused."""
    with socket.create_connection(("127.0.0.1", 8461), 5) as connection:
        connection.settimeout(100)
        request = f"postfix {DOMAIN}".encode()
        connection.sendall(b"%d:%s," % (len(request), request))
        return connection.recv(1000).decode()


def install():
    """The README's steps; in between, what a fake Internet needs."""
    for command in commands("With systemd, as root"):
        if command.startswith("systemctl daemon-reload"):
            with VARIABLES.open("a") as variables:
                variables.write(
                    f"STICKLER_CA_FILE={CA_FILE}\nSTICKLER_ALLOW_NET=192.0.2.0/24,198.51.100.0/24,203.0.113.0/24\n"
                    f"STICKLER_CONFIG={CONFIG}\n"
                )
        shell(command)
    faults = fails("systemd-analyze", "verify", "/etc/systemd/system/stickler.service")
    check("the units are without a fault", not faults, faults)
    check("the service runs", shown("ActiveState") == "active", shown("Result"))
    exposure = fails("systemd-analyze", "security", "--no-pager", f"--threshold={EXPOSURE}", "stickler")
    check(f"its exposure is at most {EXPOSURE / 10}", not exposure, exposure[-200:])
    status = Path(f"/proc/{shown('MainPID')}/status").read_text()
    check("it has no user of the system and no capability", "Uid:\t0" not in status and "CapBnd:\t0000000000000000" in status, status)
    said = journal()
    check("the journal has no second time in its lines", " INFO Postfix is answered" in said and "Z  INFO" not in said, said)
    sockets = run("journalctl", "--unit", "stickler-*.socket", "--no-pager", "--output", "cat")
    check("the sockets take all their options", "failed" not in sockets, sockets)


def ask_everywhere():
    check("Postfix is answered", is_enforced(answer()), answer())
    said = run(*ANYBODY, "python3", "-c", EXIM)
    check("any user may ask as Exim", said.startswith("mode=enforce"), said)
    shell(f"stickler query {DOMAIN} | head -3")
    check("only root may ask the control socket", "Permission denied" in fails(*ANYBODY, "stickler", "query", DOMAIN))


def reload():
    pid = shown("MainPID")
    CONFIG.write_text('unknown = "maybe"\n')
    said = fails("systemctl", "reload", "stickler")
    check("a wrong file fails the reload, and the journal says why", said and f"{CONFIG}:1:" in journal(), said)
    CONFIG.write_text('unknown = "temp"\n')
    shell("systemctl reload stickler")
    wait_for("the options are read again", lambda: " INFO reloaded" in journal())
    check("it is the same process", shown("MainPID") == pid, shown("MainPID"))


def restart():
    answers, over = [], threading.Event()

    def go_on_asking():
        while not over.is_set():
            try:
                answers.append(answer())
            except OSError as error:
                answers.append(str(error))

    asking = threading.Thread(target=go_on_asking)
    asking.start()
    shell("systemctl restart stickler")
    over.set()
    asking.join()
    wrong = [text for text in answers if not is_enforced(text)]
    check(f"a restart refuses nothing: {len(answers)} questions", answers and not wrong, wrong[:3])


def crash():
    for signal, seconds in (("KILL", RESTART_SECONDS), ("STOP", WATCHDOG_SECONDS)):
        before = int(shown("NRestarts"))
        run("systemctl", "kill", "--signal", signal, "stickler")
        began = time.monotonic()
        said = answer()
        took = time.monotonic() - began
        check(
            f"after SIG{signal} a question waits for the new process, {took:.0f} s",
            is_enforced(said) and took < seconds and int(shown("NRestarts")) == before + 1, said,
        )


def stop():
    shell("systemctl stop stickler-postfix.socket stickler-exim.socket stickler.service")
    left = [str(path) for path in Path("/run/stickler").rglob("*control*")]
    check("a stop leaves no control socket", not left, left)
    shell("systemctl start stickler.service")
    check("started by itself it has its sockets, and its policies", is_enforced(answer()), answer())


def main(sender: str):
    RUN.mkdir(exist_ok=True)
    # Where the README's steps may write.
    os.chdir("/root")
    take_addresses()
    Path("/etc/resolv.conf").write_text("nameserver 127.0.0.1\n")
    run("postconf", "-e", f"maillog_file={LOG}", "smtp_tls_loglevel=1", "inet_interfaces=127.0.0.1")
    run("newaliases")
    # It takes every address.
    fails("postfix", "stop")
    wait_for("Postfix ends", lambda: subprocess.run(["postfix", "status"], capture_output=True).returncode)
    lab = Lab(STORY, at=STALE)
    CA_FILE.parent.mkdir(parents=True, exist_ok=True)
    CA_FILE.write_bytes(Lab.ca_file.read_bytes())
    CONFIG.write_text("")
    try:
        install()
        ask_everywhere()
        write_main_cf(sender)
        run("postconf", "-e", f"smtp_tls_CAfile={CA_FILE}")
        shell("systemctl restart postfix")
        wait_for("Postfix starts", lambda: LOG.exists() and "daemon started" in LOG.read_text())
        mta = Postfix([])
        found = deliver(mta, lambda: mta.send(f"a@{DOMAIN}", ""))
        check("mail for a stale policy waits", found[0].result == "deferred", found)
        reload()
        restart()
        crash()
        stop()
        for _ in range(STEPS):
            lab.next()
        shell(f"stickler query --forget {DOMAIN}")
        found = deliver(mta, mta.flush)
        check("and goes out when the policy is corrected", found[-1].result == "protected mx.new.test", found)
    except Failure as failure:
        subprocess.run(["journalctl", "--unit", "stickler*", "--no-pager", "--output", "cat", "--lines", "40"], check=False)
        sys.exit(f"{sender}: {failure}")
    lab.end()


def deliver(mta: Postfix, act) -> list:
    mark = mta.mark()
    act()
    return wait_for("a word on the mail", lambda: mta.outcomes(mark).get(f"a@{DOMAIN}"))
