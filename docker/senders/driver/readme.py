"""Follows the README's steps for Postfix and Exim, as they stand there, on a Debian that has nothing but their packages.

The mail to a domain whose MX moved and whose policy stayed must wait, and go out when the policy is corrected.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from .exim import LOG as EXIM_LOG
from .exim import Exim
from .lab import Lab, take_addresses
from .postfix import CHROOT, Postfix
from .postfix import LOG as POSTFIX_LOG
from .tools import RUN, Failure, run, wait_for

REPOSITORY = Path("/repository")
STORY = REPOSITORY / "scenarios" / "migration" / "stale-policy-after-cutover.toml"
# When the MX has moved, and how many steps later senders can see the corrected policy.
STALE, STEPS = "2d2h", 2
BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")


def section() -> str:
    text = (REPOSITORY / "README.md").read_text()
    return text.split("\n## Beside Postfix or Exim\n")[1].split("\n## ")[0]


def block(after: str) -> str:
    """Returns the block of the section that follows a text."""
    if after not in section():
        raise Failure(f"the README does not say {after!r} any more")
    return re.search(r"```[a-z]*\n(.*?)```", section().split(after, 1)[1], re.DOTALL)[1]


def commands(after: str) -> list[str]:
    return [line.removeprefix("$ ").replace("example.com", "corp.test") for line in block(after).splitlines()]


def shell(command: str) -> str:
    print(f"$ {command}", flush=True)
    said = run("bash", "-c", command)
    print(said, end="", flush=True)
    return said


def write_main_cf(sender: str):
    """Puts the README's lines for this Postfix in the place of those of the same names."""
    suite = "For Debian 12 (Postfix 3.7)" if sender == "postfix-3.7" else "For Debian 13 (Postfix 3.10.5"
    lines = block(suite)
    main_cf = Path("/etc/postfix/main.cf")
    names = [line.split(" =")[0] for line in lines.splitlines()]
    kept = [line for line in main_cf.read_text().splitlines() if re.split(r"\s*=", line)[0] not in names]
    main_cf.write_text("\n".join([*kept, lines]))
    print(f"main.cf:\n{lines}", end="")


def follow_postfix(sender: str) -> Postfix:
    # What Debian's start of Postfix does, and a log, which is the system's elsewhere.
    (CHROOT / "etc").mkdir(exist_ok=True)
    for name in ("resolv.conf", "hosts", "services", "nsswitch.conf"):
        if Path("/etc", name).exists():
            shutil.copy(Path("/etc", name), CHROOT / "etc" / name)
    run("postconf", "-e", f"maillog_file={POSTFIX_LOG}", "smtp_tls_loglevel=1")
    run("newaliases")
    run("postfix", "start")
    wait_for("Postfix starts", lambda: POSTFIX_LOG.exists() and "daemon started" in POSTFIX_LOG.read_text())
    POSTFIX_LOG.chmod(0o666)
    write_main_cf(sender)
    shell("postfix reload")
    for command in commands("Then `postfix reload`"):
        shell(command)
    return Postfix([])


def follow_exim() -> Exim:
    # The answers to `dpkg-reconfigure exim4-config`: an Internet site, split files.
    answers = Path("/etc/exim4/update-exim4.conf.conf")
    text = answers.read_text().replace("='local'", "='internet'").replace("split_config='false'", "split_config='true'")
    # Its container has no IPv6.
    answers.write_text(text.replace(" ; ::1'", "'"))
    EXIM_LOG.touch()
    shutil.chown(EXIM_LOG, "Debian-exim", "adm")
    parts = re.split(r"^(?=# [^\n]*/etc/exim4/conf\.d/)", shell("stickler serve --print-exim"), flags=re.MULTILINE)
    for part in parts:
        if (path := re.search(r"/etc/exim4/conf\.d/\S+", part)) and "a smart host" not in part.splitlines()[0]:
            Path(path[0]).write_text(part)
    run("service", "exim4", "start")
    wait_for("Exim starts", is_exim_running)
    for command in commands("Then, on Debian,"):
        shell(command)
    # What it read again was good.
    wait_for("Exim runs on", is_exim_running)
    return Exim()


def is_exim_running() -> bool:
    return subprocess.run(["service", "exim4", "status"], capture_output=True).returncode == 0


def main(sender: str):
    RUN.mkdir(exist_ok=True)
    take_addresses()
    Path("/etc/resolv.conf").write_text("nameserver 127.0.0.1\n")
    lab = Lab(STORY, at=STALE)
    # The fake Internet's authority takes the place of the web's; the rest is as anywhere.
    BUNDLE.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(Lab.ca_file, BUNDLE)
    os.environ |= {"STICKLER_CA_FILE": str(BUNDLE), "STICKLER_ALLOW_NET": "192.0.2.0/24,198.51.100.0/24,203.0.113.0/24"}
    (start,) = commands("Without it")
    print(f"$ {start} &", flush=True)
    sidecar = subprocess.Popen(["bash", "-c", f"exec env {start}"], stderr=(RUN / "serve.log").open("w"))
    wait_for("stickler serve", lambda: "policies are kept in" in (RUN / "serve.log").read_text())
    os.environ["RUNTIME_DIRECTORY"] = "/run/stickler"
    mta = follow_postfix(sender) if sender.startswith("postfix") else follow_exim()
    flush = "postqueue -f" if sender.startswith("postfix") else "exim4 -qf"
    mark = mta.mark()
    mta.send("a@corp.test", "")
    found = wait_for("a word on the mail", lambda: mta.outcomes(mark).get("a@corp.test"))
    print(f"stale policy: {found[0].result}: {found[0].why}", flush=True)
    was_deferred = found[0].result == "deferred"
    for _ in range(STEPS):
        lab.next()
    print("the policy is corrected, then its id", flush=True)
    shell("stickler query --forget corp.test")
    mark = mta.mark()
    shell(flush)
    found = wait_for("a word on the mail", lambda: mta.outcomes(mark).get("a@corp.test"))
    print(f"corrected policy: {found[-1].result}: {found[-1].why}", flush=True)
    sidecar.terminate()
    sidecar.wait()
    if not was_deferred or found[-1].result != "protected mx.new.test":
        sys.exit(f"{sender}: what the README says does not do what it says")
