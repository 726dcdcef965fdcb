"""Sends messages with `stickler check --send`, and looks for them in the mailboxes."""

import email
import email.message
import time
from pathlib import Path

from . import cases
from .compare import HELO, STICKLER
from .tools import Finished, execute, table, together

MAIL = Path("/mail")
DEADLINE_SECS = 90
# From the reply to DATA until the message lies in the mailbox.
DELIVERY_SECS = 20
POLL_SECS = 0.1
SENDER = "probe@client.test"
SELF_TEST_SENDER = "mailbox-test@client.test"


def run() -> list[bool]:
    """Sends by stickler and prints what became of each message."""
    sends = cases.load_sends()
    done = together(lambda send: execute([*STICKLER, "--send", f"{SENDER},probe@{send.domain}", send.domain], DEADLINE_SECS), sends)
    return judge(sends, done, SENDER)


def run_self_test() -> list[bool]:
    """The same with swaks, over STARTTLS: shows that the servers deliver, and say how."""
    sends = cases.load_sends()
    done = together(
        lambda send: execute(
            ["swaks", "--tls", "--helo", HELO, "--from", SELF_TEST_SENDER, "--to", f"probe@{send.domain}"]
            + ["--server", f"{send.domain.removesuffix('.plain.test')}.mx.plain.test"],
            DEADLINE_SECS,
        ),
        sends,
    )
    return judge(sends, done, SELF_TEST_SENDER)


def judge(sends: list[cases.Send], done: list[Finished], sender: str) -> list[bool]:
    """Prints a line a message."""
    outcomes = together(lambda pair: outcome(pair[0], pair[1], sender), zip(sends, done))
    print("\nMessages\n")
    print(table(["domain", "shows", "", ""], [[send.domain, send.shows, "as expected" if ok else "NOT AS EXPECTED", said] for send, (ok, said) in zip(sends, outcomes)]))
    for send, run, (ok, _) in zip(sends, done, outcomes):
        if not ok:
            print(f"\n{send.domain}: exit code {run.code}\n{run.output[-3000:]}")
    return [ok for ok, _ in outcomes]


def outcome(send: cases.Send, done: Finished, sender: str) -> tuple[bool, str]:
    """Returns whether a message fared as expected, and how."""
    if send.reply:
        messages = mailbox(send.domain, sender)
        told = send.reply in done.output and "reylisted" in done.output
        return told and not messages, f"{'told' if told else 'did not tell'} of {send.reply}, {len(messages)} in the mailbox"
    messages = wait_for_message(send.domain, sender)
    if len(messages) != 1:
        return False, f"{len(messages)} in the mailbox"
    # The topmost field is the last server's own.
    received = " ".join(messages[0].get_all("Received", [""])[0].split())
    over_tls = "with ESMTPS" in received or "with esmtps" in received
    named = f"from {HELO} " in received or f"helo={HELO})" in received
    return over_tls and named, f"once: {received}"


def wait_for_message(domain: str, sender: str) -> list[email.message.Message]:
    """Waits until the mailbox holds a message of the sender's, and returns all of them."""
    deadline = time.monotonic() + DELIVERY_SECS
    while not (messages := mailbox(domain, sender)) and time.monotonic() < deadline:
        time.sleep(POLL_SECS)
    return messages


def mailbox(domain: str, sender: str) -> list[email.message.Message]:
    """Reads what the sender sent to a domain, from new and from cur."""
    files = [path for folder in ("new", "cur") for path in (MAIL / domain / folder).glob("*")]
    messages = [email.message_from_bytes(path.read_bytes()) for path in files]
    return [message for message in messages if message["Return-Path"] == f"<{sender}>"]
