"""Holds stickler, and posttls-finger beside it, against expected.toml."""

import json
import re
import tempfile

from . import cases, schema
from .tools import RESOLVER, ROOT, Finished, execute, table, together

# Longer than any deadline that stickler sets itself for one domain here.
DEADLINE_SECS = 90
HELO = "probe.client.test"
NETS = "192.0.2.0/24,2001:db8::/32"
STICKLER = ["stickler", "check", "--resolver", f"{RESOLVER}:53", "--allow-net", NETS, "--ca-file", ROOT]
STICKLER += ["--helo", HELO, "--format"]


def run() -> list[bool]:
    """Prints the tables and returns, row by row, whether it is as expected."""
    all_cases = cases.load()
    checks = together(check, all_cases)
    pairs = [(case, mx) for case in all_cases for mx in case.mx]
    fingers = together(lambda pair: finger(pair[1]), pairs)
    return [*domains(all_cases, checks), *hosts(pairs, dict(zip(all_cases, checks)), fingers), at_once(all_cases)]


def check(case: cases.Case) -> tuple[Finished, dict]:
    """Asks stickler about one domain; gives an empty report where its output is none."""
    with tempfile.TemporaryDirectory() as folder:
        store = []
        if case.primed:
            store = ["--cache", f"{folder}/policies.sqlite"]
            execute([*STICKLER, "json", *store, *case.primed, case.domain], DEADLINE_SECS)
        done = execute([*STICKLER, "json", *store, *case.options, case.domain], DEADLINE_SECS)
    return done, report_of(done.stdout, case.domain)


def report_of(document: str, domain: str) -> dict:
    """Returns the part of a JSON document, or of a line of NDJSON, that is about `domain`."""
    try:
        return next(entry for entry in json.loads(document)["domains"] if entry["domain"] == domain)
    except (ValueError, KeyError, StopIteration, TypeError):
        return {}


def domains(all_cases: list[cases.Case], checks: list[tuple[Finished, dict]]) -> list[bool]:
    """Prints a line a domain."""
    rows, problems = [], []
    for case, (done, report) in zip(all_cases, checks):
        found = [*domain_problems(case, done, report), *schema.problems(done.stdout)]
        rows.append([case.domain, case.shows, f"{report.get('verdict')} ({done.code})", "as expected" if not found else "NOT AS EXPECTED"])
        problems.append(found)
    print("\nDomains: the verdict of `stickler check`, and its exit code\n")
    print(table(["domain", "shows", "stickler", ""], rows))
    explain([case.domain for case in all_cases], problems, [done for done, _ in checks])
    return [not found for found in problems]


def domain_problems(case: cases.Case, done: Finished, report: dict):
    """Yields what is not as expected."""
    if report.get("verdict") != case.verdict:
        yield f"verdict {report.get('verdict')}, expected {case.verdict}"
    if done.code != case.exit:
        yield f"exit code {done.code}, expected {case.exit}"
    codes = {finding["code"] for finding in report.get("findings", [])}
    for code in set(case.findings) - codes:
        yield f"no finding {code} among {sorted(codes)}"
    senders = sorted(map(in_words, report.get("senders", [])))
    if case.senders and senders != sorted(case.senders):
        yield f"senders {senders}, expected {sorted(case.senders)}"
    fixes = [finding["fix"] for finding in report.get("findings", []) if finding["fix"]]
    policies = {fix["body"] for fix in fixes if fix["body"]}
    if len(policies) > 1:
        yield f"corrected policies that differ: {sorted(policies)}"
    edges = (report.get("fetch") or {}).get("edges", [])
    if case.fetch_error is not None and (not edges or any(edge["error"] is not None for edge in edges) != case.fetch_error):
        yield f"edges {json.dumps(edges)}, expected {'a fetch error' if case.fetch_error else 'none with an error'}"
    if case.cname and not (report.get("record") or {}).get("cname"):
        yield "no aliases in the record"


def in_words(sender: dict) -> str:
    """Says one sender's row as expected.toml does."""
    words = [sender["class"], sender["cache"], sender["reading"], sender["verdict"], sender["until_event"]]
    return " ".join(word for word in words if word)


def hosts(pairs: list[tuple[cases.Case, cases.Mx]], checks: dict[cases.Case, tuple[Finished, dict]], fingers: list[tuple[str, Finished]]) -> list[bool]:
    """Prints a line for each address of an MX host, with both observers."""
    rows, problems, differences = [], [], []
    for (case, mx), (seen, finished) in zip(pairs, fingers):
        address = address_of(checks[case][1], mx)
        found = list(host_problems(mx, address, seen))
        agreement = "agree" if mx.agrees() else f"differ [{len(differences) + 1}]"
        if mx.differs:
            differences.append(f"[{len(differences) + 1}] {mx.host}: {mx.differs}.")
        said = " ".join([str(address.get("verdict")), *address.get("result_types", [])])
        rows.append([mx.host.removesuffix(".mx.plain.test"), mx.address, said, seen, agreement if not found else "NOT AS EXPECTED"])
        problems.append(found + ([finished.output] if found else []))
    print("\nMX hosts: stickler and posttls-finger (match=hostname, secure) on the same certificate\n")
    print(table(["mx host", "address", "stickler", "posttls-finger", ""], rows))
    print("", *differences, sep="\n")
    explain([f"{mx.host} [{mx.address}]" for _, mx in pairs], problems, None)
    return [not found for found in problems]


def host_problems(mx: cases.Mx, address: dict, seen: str):
    """Yields what is not as expected of one address."""
    if address.get("verdict") != mx.verdict:
        yield f"verdict {address.get('verdict')}, expected {mx.verdict}"
    if set(address.get("result_types", [])) != set(mx.result_types):
        yield f"result types {address.get('result_types')}, expected {list(mx.result_types)}"
    faults = (address.get("certificate") or {}).get("faults", [])
    if len(faults) != len(mx.faults) or not all(any(words in fault for fault in faults) for words in mx.faults):
        yield f"certificate faults {faults}, expected {list(mx.faults)}"
    if seen != mx.finger:
        yield f"posttls-finger: {seen}, expected {mx.finger}"


def address_of(report: dict, mx: cases.Mx) -> dict:
    """Finds one address of one MX host in a report."""
    for host in report.get("mx", []):
        for address in host["addresses"]:
            if (host["host"], address["address"]) == (mx.host, mx.address):
                return address
    return {}


def finger(mx: cases.Mx) -> tuple[str, Finished]:
    """Asks posttls-finger, whose exit code is 0 whatever it finds, and sums up its output."""
    done = execute(
        ["posttls-finger", "-t", "10", "-T", "20", "-c", "-l", "secure", "-L", "summary,certmatch", "-F", ROOT]
        + ["-s", mx.host, f"[{mx.address}]", mx.host],
        DEADLINE_SECS,
    )
    for pattern, summary in [
        (r"Verified TLS connection established", "verified"),
        (r"(Untrusted|Trusted|Anonymous) TLS connection established", "untrusted"),
        (r"SMTP service not available", "refused"),
        (r"SSL_connect error|STARTTLS rejected", "no-tls"),
    ]:
        if re.search(pattern, done.output):
            return summary, done
    # It says nothing at all where STARTTLS is not offered.
    return ("no-tls" if done.code == 0 and not done.output.strip() else "unknown"), done


def at_once(all_cases: list[cases.Case]) -> bool:
    """Whether one call with every domain gives every domain the same verdict."""
    all_cases = [case for case in all_cases if not case.primed]
    options = sorted({case.options for case in all_cases if case.options})
    assert len(options) < 2, f"one call cannot have all of these options: {options}"
    done = execute([*STICKLER, "ndjson", *(options[0] if options else ()), *(case.domain for case in all_cases)], DEADLINE_SECS)
    lines = done.stdout.splitlines()
    reports = {case: [report for report in (report_of(line, case.domain) for line in lines) if report] for case in all_cases}
    others = [case.domain for case in all_cases if [report.get("verdict") for report in reports[case]] != [case.verdict]]
    invalid = [f"line {i}: {problem}" for i, line in enumerate(lines, 1) for problem in schema.problems(line)]
    ok = not others and not invalid and done.code == 1
    print(f"\nAll {len(all_cases)} domains in one call, as NDJSON: {'the same verdicts' if ok else 'NOT AS EXPECTED'} (exit code {done.code})")
    if not ok:
        print(f"      other verdicts: {', '.join(others) or 'none'}", *invalid, done.stderr[-2000:], sep="\n      ")
    return ok


def explain(names: list[str], problems: list[list[str]], runs: list[Finished] | None) -> None:
    """Prints the problems below a table."""
    for i, (name, found) in enumerate(zip(names, problems)):
        if found:
            print(f"\n{name}:", *found, sep="\n  ")
            if runs:
                print("  stickler said:", (runs[i].stderr or runs[i].stdout)[-2000:])
