"""Sends messages with `stickler check --send`, and looks for them in the mailboxes."""

import email
import email.message
import time
from collections.abc import Callable
from pathlib import Path

from . import cases, schema
from .compare import HELO, STICKLER, report_of
from .tools import Finished, execute, table, together

MAIL = Path("/mail")
DEADLINE_SECS = 90
# From the reply to DATA until the message lies in the mailbox.
DELIVERY_SECS = 20
POLL_SECS = 0.1
SENDER = "probe@client.test"
SELF_TEST_SENDER = "mailbox-test@client.test"


def send_by_stickler() -> Callable[[], list[bool]]:
    """Sends all messages, and returns what judges them: the later, the surer it sees a second copy."""
    sends = cases.load_sends()
    done = together(send_one_by_stickler, sends)
    replies = [(report_of(one.stdout, send.domain).get("sent") or {}).get("reply") or "" for send, one in zip(sends, done)]
    invalid = [list(schema.problems(one.stdout)) for one in done]
    return lambda: judge(sends, done, replies, SENDER, invalid)


def send_by_swaks() -> Callable[[], list[bool]]:
    """The same by swaks: shows that the servers deliver once, and say how a message came."""
    sends = cases.load_sends()
    done = together(send_one_by_swaks, sends)
    return lambda: judge(sends, done, [one.output for one in done], SELF_TEST_SENDER, [[] for _ in done])


def send_one_by_stickler(send: cases.Send) -> Finished:
    return execute([*STICKLER, "json", "--send", f"{SENDER},probe@{send.domain}", send.domain], DEADLINE_SECS)


def send_one_by_swaks(send: cases.Send) -> Finished:
    host = send.domain.replace(".plain.test", ".mx.plain.test")
    envelope = ["--helo", HELO, "--from", SELF_TEST_SENDER, "--to", f"probe@{send.domain}"]
    return execute(["swaks", "--tls", "--server", host, *envelope], DEADLINE_SECS)


def judge(sends: list[cases.Send], done: list[Finished], replies: list[str], sender: str, invalid: list[list[str]]) -> list[bool]:
    """Prints what became of each message, and returns whether it is as expected and its report valid."""
    outcomes = together(lambda pair: outcome(*pair, sender), zip(sends, replies))
    outcomes = [(ok and not found, "; ".join([said, *found])) for (ok, said), found in zip(outcomes, invalid)]
    rows = [[send.domain, send.shows, "as expected" if ok else "NOT AS EXPECTED"] for send, (ok, _) in zip(sends, outcomes)]
    print(f"\nMessages of {sender}\n")
    print(table(["domain", "shows", ""], rows))
    print()
    for send, (_, said) in zip(sends, outcomes):
        print(f"{send.domain}: {said}")
    for send, one, (ok, _) in zip(sends, done, outcomes):
        if not ok:
            print(f"\n{send.domain}: exit code {one.code}\n{one.output[-3000:]}")
    return [ok for ok, _ in outcomes]


def outcome(send: cases.Send, reply: str, sender: str) -> tuple[bool, str]:
    """Returns whether a message fared as expected, and how it fared."""
    if send.reply:
        messages = mailbox(send.domain, sender)
        told = send.reply in reply and "reylisted" in reply
        return told and not messages, f"{'told' if told else 'did not tell'} of {send.reply}, {len(messages)} in the mailbox"
    messages = wait_for_message(send.domain, sender)
    if len(messages) != 1:
        return False, f"{len(messages)} in the mailbox"
    # The topmost field is the last server's own.
    received = " ".join(messages[0].get_all("Received", [""])[0].split())
    over_tls = "with ESMTPS" in received or "with esmtps" in received
    named = received.startswith(f"from {HELO} ") or f"(helo={HELO})" in received
    return over_tls and named, f"once; Received: {received}"


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
