import os
import re

import schemathesis

# A name that never resolves (RFC 6761). No callback is sent, and the service refuses no address.
HOST = "https://a.invalid"
URL = re.compile(r"^(?i:https)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{0,5})?(?=[/?]|$)")
# Segments such as `..`, which no pattern can refuse.
DOT = re.compile(r"(?<=/)(\.|%2[eE]){1,2}(?=/|$)")
ACCOUNT = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})")
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")


@schemathesis.hook
def before_call(context, case, kwargs):
    """Replaces well-formed URLs, header names, accounts and times by ones that the service accepts. Invalid values stay invalid."""
    query = case.query
    if isinstance(query, dict) and isinstance(query.get("account"), str) and ACCOUNT.fullmatch(query["account"]):
        # A token of an account lists only its own account.
        if os.environ["CONTRACT_ACCOUNT"]:
            query["account"] = os.environ["CONTRACT_ACCOUNT"]
        else:
            del query["account"]
    if isinstance(query, dict) and case.path.endswith("/statistics"):
        # Only the last 30 days have statistics. Without times, the range is the last day.
        for name in ("since", "until"):
            if isinstance(query.get(name), str) and TIME.fullmatch(query[name]):
                del query[name]
    if not isinstance(case.body, dict):
        return
    for values, name in ((case.body, "targetURL"), (case.body.get("auth"), "tokenURL")):
        url = values.get(name) if isinstance(values, dict) else None
        if isinstance(url, str) and (authority := URL.match(url)):
            # The length does not change: a URL that is too long stays too long.
            path, question_mark, query = url[authority.end() :].partition("?")
            moved = HOST + DOT.sub(lambda dot: "a" * len(dot[0]), path or "/") + question_mark + query
            values[name] = moved.ljust(len(url), "a")[: max(len(url), len(HOST))]
    headers = case.body.get("headers")
    for index, header in enumerate(headers if isinstance(headers, list) else []):
        name = header.get("name") if isinstance(header, dict) else None
        if isinstance(name, str) and HEADER_NAME.fullmatch(name):
            # Names are unique, and none is reserved by the service.
            header["name"] = f"x-contract-{index}"
    account = case.body.get("account")
    if isinstance(account, str) and ACCOUNT.fullmatch(account):
        case.body["account"] = os.environ["CONTRACT_ACCOUNT"]
