"""Holds every server against selftest.toml, with tools that are not ours."""

import os
import re
import time
import tomllib
from pathlib import Path

from . import mail
from .tools import RESOLVER, ROOT, execute, together

PROBES = Path(__file__).parent.parent / "selftest.toml"
DEADLINE_SECS = 30
PEM = re.compile(r"-----BEGIN.*?END [A-Z ]*-----\n", re.DOTALL)
SHORTHAND = {
    "DIG": f"dig @{RESOLVER} +noall +comments +answer",
    "CURL": f"curl -sS --cacert {ROOT} --write-out =%{{http_code}}:%{{content_type}}:%{{http_version}}:%{{remote_ip}}\n",
    "POLICY": "/.well-known/mta-sts.txt",
    "TLS": f"openssl s_client -starttls smtp -CAfile {ROOT}",
    "SWAKS": "swaks --from self-test@client.test --to probe@nobody.test --helo tool.client.test",
}


def run() -> list[bool]:
    """Runs all probes and prints what each shows."""
    judge_messages = mail.send_by_swaks()
    probes = tomllib.loads(PROBES.read_text())["probe"]
    results = []
    for probe, problem in zip(probes, together(judge, probes)):
        results.append(problem is None)
        print(f"{'ok  ' if problem is None else 'FAIL'}  {probe['name']}")
        if problem:
            print("      " + problem.replace("\n", "\n      "))
    return results + judge_messages()


def judge(probe: dict) -> str | None:
    """Returns what is wrong with one probe's answer."""
    started = time.monotonic()
    done = execute(["bash", "-c", probe["run"]], DEADLINE_SECS, {**os.environ, **SHORTHAND})
    elapsed = time.monotonic() - started
    missing = [pattern for pattern in probe["shows"] if not re.search(pattern, done.output)]
    unwanted = [pattern for pattern in probe.get("not", []) if re.search(pattern, done.output)]
    if missing or unwanted:
        return f"$ {probe['run']}\nmissing: {missing}\nunwanted: {unwanted}\n{PEM.sub('', done.output)}"
    if elapsed < probe.get("seconds", 0):
        return f"took {elapsed:.1f} s, expected at least {probe['seconds']} s"
    return None
