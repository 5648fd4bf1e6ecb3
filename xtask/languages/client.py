"""Tests the client that openapi-python-client generates from openapi.json. It parses and serializes every example, then
registers a webhook, publishes to it, and reads the delivery."""

import importlib
import json
import os
import pkgutil
from collections.abc import Iterator
from datetime import datetime
from typing import Any, TypeVar

import notifications_api_client
from notifications_api_client import AuthenticatedClient, models
from notifications_api_client.api.deliveries import list_deliveries
from notifications_api_client.api.notifications import publish_notification
from notifications_api_client.api.webhooks import register_webhook

T = TypeVar("T")


def examples(value: Any) -> Iterator[tuple[str, Any]]:
    """Yields each example of a body in openapi.json, with the name of its schema."""
    if isinstance(value, dict):
        schema = value.get("schema", {}).get("$ref") if "examples" in value else None
        if schema is not None:
            for example in value["examples"].values():
                yield schema.rsplit("/", 1)[-1], example["value"]
        for member in value.values():
            yield from examples(member)
    elif isinstance(value, list):
        for item in value:
            yield from examples(item)


def normal(value: Any) -> Any:
    """Returns the value with all times in Python's format, which writes the time zone differently."""
    if isinstance(value, dict):
        return {name: normal(member) for name, member in value.items()}
    if isinstance(value, list):
        return [normal(item) for item in value]
    if isinstance(value, str) and value.endswith("Z"):
        try:
            return datetime.fromisoformat(value).isoformat()
        except ValueError:
            return value
    return value


def expect(kind: type[T], response: object) -> T:
    if not isinstance(response, kind):
        raise SystemExit(f"Python: expected {kind.__name__}, but the response is {response}")
    return response


def expect_same(found: object, expected: object) -> None:
    if found != expected:
        raise SystemExit(f"Python: expected {expected}, but found {found}")


for module in pkgutil.walk_packages(notifications_api_client.__path__, "notifications_api_client."):
    importlib.import_module(module.name)

with open("openapi.json", encoding="utf-8") as file:
    known = list(examples(json.load(file)))
if not known:
    raise SystemExit("Python: openapi.json has no example")
for name, example in known:
    expect_same(normal(getattr(models, name).from_dict(example).to_dict()), normal(example))

api = AuthenticatedClient(
    base_url=os.environ["API_BASE_URL"], token=os.environ["API_ACCESS_TOKEN"], raise_on_unexpected_status=True
)

# A name that never resolves (RFC 6761).
registration = models.WebhookRegistration(
    target_url="https://python.invalid/notify",
    auth=models.BasicAuthInput(type_=models.BasicAuthInputType.BASIC, username="USERNAME", password="PASSWORD"),
)
webhook = expect(models.Webhook, register_webhook.sync(client=api, body=registration))
expect_same(webhook.target_url, registration.target_url)
expect_same(expect(models.BasicAuth, webhook.auth).username, "USERNAME")

fact = {"purchase": {"id": "p-1042", "state": "delivered"}}
publication = models.NotificationPublication(
    type_="catalog.purchase.closed",
    data=models.NotificationPublicationData.from_dict(fact),
    webhook=models.NotificationPublicationWebhook(id=webhook.id),
)
notification = expect(
    models.Notification, publish_notification.sync(client=api, body=publication, idempotency_key="python")
)
expect_same(notification.data.to_dict(), fact)
expect_same(notification.delivery_count, 1)

page = expect(models.DeliveryPage, list_deliveries.sync(client=api, webhook_id=webhook.id, limit=1))
expect_same([delivery.notification.id for delivery in page.data], [notification.id])

refused = models.WebhookRegistration(target_url="http://python.invalid")
problem = expect(models.Problem, register_webhook.sync(client=api, body=refused))
expect_same(problem.code, "invalid_request")

print(
    f"Python: parsed {len(known)} examples, registered {webhook.id}, published {notification.id}, and read its delivery"
)
