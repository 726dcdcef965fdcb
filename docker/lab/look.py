"""python3 look.py send|flush|word|arrived ...: what docker/faults.sh asks in a sender's container.

send TO; flush; word TO: the last word of the log; arrived TO: how often it arrived, where, over which TLS.
"""

import json
import sys
from urllib.request import Request, urlopen

ADAPTER = "http://127.0.0.1:8026"
MX = ["198.51.100.21", "198.51.100.22", "198.51.100.23"]


def ask(url: str, method: str = "GET"):
    with urlopen(Request(url, method=method), timeout=30) as answer:
        return answer.read()


match sys.argv[1:]:
    case ["send", to]:
        ask(f"{ADAPTER}/send?to={to}", "POST")
    case ["flush"]:
        ask(f"{ADAPTER}/flush", "POST")
    case ["word", to]:
        words = [word for word in json.loads(ask(f"{ADAPTER}/words")) if word["to"] == to.lower()]
        print(words[-1]["result"] if words else "nothing", words[-1]["why"] if words else "")
    case ["arrived", to]:
        found = []
        for address in MX:
            try:
                record = json.loads(ask(f"http://{address}:8025/history"))
            except OSError:
                # The fault may be that it is gone.
                continue
            found += [
                f"{request['server']} {request['tls'] or 'clear'}"
                for request in record["requests"]
                if request["kind"] == "smtp-received" and to.lower() in map(str.lower, request["rcpt_to"])
            ]
        print(len(found), *found)
    case _:
        sys.exit(__doc__)
