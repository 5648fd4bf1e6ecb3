// Tests the package standardwebhooks with client/signature-vectors.json, which describes its members.
import { readFileSync } from "node:fs";
import { Webhook, WebhookVerificationError } from "standardwebhooks";

interface Vector {
  name: string;
  secrets: string[];
  headers: Record<string, string>;
  body?: string;
  bodyBase64?: string;
  now: number;
  expected: string;
  standardwebhooks?: { javascript?: string };
}

const REASONS: Record<string, string> = {
  "Missing required headers": "header_missing",
  "Invalid Signature Headers": "timestamp",
  "Message timestamp too old": "too_old",
  "Message timestamp too new": "too_new",
  "No matching signature found": "mismatch",
};

function judge(vector: Vector): string {
  const body = Buffer.from(vector.body ?? vector.bodyBase64 ?? "", vector.body === undefined ? "base64" : "utf8");
  // The package has no parameter for the current time.
  Date.now = () => vector.now * 1000;
  let outcome = "no_secret";
  for (const secret of vector.secrets) {
    try {
      new Webhook(secret).verify(body, vector.headers, { jsonParse: false });
      return "accepted";
    } catch (error) {
      const known = error instanceof WebhookVerificationError ? REASONS[error.message] : undefined;
      outcome = known ?? "other_error";
    }
  }
  return outcome;
}

const { cases } = JSON.parse(readFileSync("signature-vectors.json", "utf8")) as { cases: Vector[] };
for (const vector of cases) {
  const expected = vector.standardwebhooks?.javascript ?? vector.expected;
  const outcome = judge(vector);
  if (outcome !== (expected === "no_signature" ? "mismatch" : expected)) {
    console.log(`standardwebhooks for JavaScript: ${vector.name}: expected ${expected}, but the result is ${outcome}`);
    process.exitCode = 1;
  }
}
console.log(`standardwebhooks for JavaScript: judged ${cases.length} callbacks`);
