// Tests the types that openapi-typescript generates from openapi.json. It registers a webhook, publishes to it, and reads the
// delivery.
import { deepStrictEqual, ok, strictEqual } from "node:assert";
import createClient from "openapi-fetch";
import type { components, paths } from "./openapi.js";

type WebhookRegistration = components["schemas"]["WebhookRegistration"];

const { API_BASE_URL: baseUrl, API_ACCESS_TOKEN: token } = process.env;
ok(baseUrl && token, "API_BASE_URL and API_ACCESS_TOKEN must be set");
const api = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });

// A name that never resolves (RFC 6761).
const registration: WebhookRegistration = {
  targetURL: "https://typescript.invalid/notify",
  auth: { type: "basic", username: "USERNAME", password: "PASSWORD" },
};
const registered = await api.POST("/api/notifications/v1/webhooks", { body: registration });
if (registered.error) throw new Error(registered.error.detail);
const webhook = registered.data;
strictEqual(webhook.targetURL, registration.targetURL);
// The check of `type` narrows the type of `auth`.
ok(webhook.auth.type === "basic");
strictEqual(webhook.auth.username, "USERNAME");

const fact = { purchase: { id: "p-1042", state: "delivered" } };
const published = await api.POST("/api/notifications/v1/notifications", {
  params: { header: { "Idempotency-Key": "typescript" } },
  body: { type: "catalog.purchase.closed", data: fact, webhook: { id: webhook.id } },
});
if (published.error) throw new Error(published.error.detail);
deepStrictEqual(published.data.data, fact);
strictEqual(published.data.deliveryCount, 1);

const listed = await api.GET("/api/notifications/v1/deliveries", { params: { query: { webhookID: webhook.id, limit: 1 } } });
if (listed.error) throw new Error(listed.error.detail);
strictEqual(listed.data.data[0]?.notification.id, published.data.id);

const refused = await api.POST("/api/notifications/v1/webhooks", { body: { targetURL: "http://typescript.invalid" } });
strictEqual(refused.error?.code, "invalid_request");
strictEqual(refused.error.errors?.[0]?.pointer, "/targetURL");

// Registrations that the types must refuse. If one of them compiles, the types check nothing.
export const wrong: WebhookRegistration[] = [
  // @ts-expect-error: no URL
  {},
  // @ts-expect-error: no such kind of authentication
  { targetURL: "https://typescript.invalid", auth: { type: "digest" } },
  // @ts-expect-error: a password is missing
  { targetURL: "https://typescript.invalid", auth: { type: "basic", username: "USERNAME" } },
];
console.log(`TypeScript: registered ${webhook.id}, published ${published.data.id}, and read its delivery`);
