"""Tests the package standardwebhooks with client/signature-vectors.json, which describes its members."""

import base64
import json
import sys
from datetime import datetime, tzinfo
from typing import Any
from unittest.mock import patch

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

REASONS = {
    "Missing required headers": "header_missing",
    "Invalid Signature Headers": "timestamp",
    "Message timestamp too old": "too_old",
    "Message timestamp too new": "too_new",
    "No matching signature found": "mismatch",
}


def judge(vector: dict[str, Any]) -> str:
    body = vector["body"].encode() if "body" in vector else base64.b64decode(vector["bodyBase64"])

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Clock":
            return cls.fromtimestamp(vector["now"], tz)

    outcome = "no_secret"
    for secret in vector["secrets"]:
        try:
            # The package has no parameter for the current time.
            with patch("standardwebhooks.webhooks.datetime", Clock):
                Webhook(secret).verify(body, vector["headers"], json_parse=False)
            return "accepted"
        except WebhookVerificationError as error:
            outcome = REASONS.get(str(error), "other_error")
        except Exception:
            outcome = "other_error"
    return outcome


with open("signature-vectors.json", encoding="utf-8") as file:
    cases = json.load(file)["cases"]
differ = False
for vector in cases:
    expected = vector.get("standardwebhooks", {}).get("python", vector["expected"])
    outcome = judge(vector)
    if outcome != ("mismatch" if expected == "no_signature" else expected):
        print(f"standardwebhooks for Python: {vector['name']}: expected {expected}, but the result is {outcome}")
        differ = True
print(f"standardwebhooks for Python: judged {len(cases)} callbacks")
sys.exit(differ)
