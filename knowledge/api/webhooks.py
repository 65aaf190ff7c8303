"""Webhooks through the API: subscribe, change, test, read the log, send again."""

from datetime import datetime
from typing import Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema, Status
from pydantic import ConfigDict, Field

from knowledge.access.deeds import once
from knowledge.access.models import Right
from knowledge.api.me import person
from knowledge.api.problems import NothingHere
from knowledge.webhooks.models import Delivery, Webhook
from knowledge.webhooks.selectors import delivery_list, webhook_list
from knowledge.webhooks.sending import webhook_ping
from knowledge.webhooks.services import (
    delivery_again,
    webhook_change,
    webhook_create,
    webhook_end,
    webhook_secret_renew,
)

router = Router(tags=["webhooks"])
EventName = Literal["record.created", "record.changed", "record.withdrawn"]
ALL: list[EventName] = ["record.created", "record.changed", "record.withdrawn"]


class WebhookIn(Schema):
    """A subscription."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=120, examples=["our dashboard"])
    url: str = Field(min_length=1, max_length=1000, examples=["https://example.org/lodestone"])
    topic: str = Field("", max_length=60)
    filter: str = Field("", max_length=8000, examples=['elements HAS "Bi"'])
    events: list[EventName] = Field(ALL, min_length=1, max_length=3)


class WebhookChange(Schema):
    """What is to change; what is left away stays."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field("", max_length=120)
    url: str = Field("", max_length=1000)
    topic: str = Field("", max_length=60)
    filter: str = Field("", max_length=8000)
    events: list[EventName] = Field(ALL, min_length=1, max_length=3)
    active: bool = True


class WebhookOut(Schema):
    """A subscription without its secret."""

    id: str
    name: str
    url: str
    topic: str
    filter: str
    events: list[str]
    active: bool
    disabled_reason: str | None
    failures: int = Field(description="deliveries that failed in a row")
    next_attempt: datetime | None
    last_delivered: datetime | None
    created: datetime


class WebhookMade(WebhookOut):
    """A subscription with its secret, which is given this once only; null when the same request is repeated."""

    secret: str | None


class DeliveryOut(Schema):
    """One message of the log."""

    id: str
    type: str = Field(description="records or ping")
    events: int
    state: str
    attempts: int
    status: int | None = Field(description="HTTP status of the last attempt")
    reason: str | None
    elapsed_ms: float | None
    created: datetime
    sent: datetime | None


def _out(webhook: Webhook) -> dict[str, object]:
    return {
        "id": webhook.pk, "name": webhook.name, "url": webhook.url, "topic": webhook.topic, "filter": webhook.filter,
        "events": webhook.events, "active": webhook.active, "disabled_reason": webhook.disabled_reason or None,
        "failures": webhook.failures, "next_attempt": webhook.next_attempt, "last_delivered": webhook.last_delivered,
        "created": webhook.created,
    }  # fmt: skip


def _told(delivery: Delivery) -> dict[str, object]:
    return {
        "id": delivery.pk, "type": "records" if delivery.events else "ping", "events": len(delivery.events),
        "state": delivery.state, "attempts": delivery.attempts, "status": delivery.status,
        "reason": delivery.reason or None, "elapsed_ms": delivery.elapsed_ms, "created": delivery.created,
        "sent": delivery.sent,
    }  # fmt: skip


def _own(request: HttpRequest, uid: str) -> Webhook:
    caller, user = person(request, Right.WEBHOOKS)
    found = webhook_list(user=user, bound=caller.bound).filter(pk=uid).first()
    if found is None:
        raise NothingHere("There is no such webhook among yours.")
    return found


@router.get("/webhooks", response=list[WebhookOut], operation_id="webhooks", summary="My webhooks")
def webhooks(request: HttpRequest) -> list[dict[str, object]]:
    """The caller's subscriptions, newest first."""
    caller, user = person(request, Right.WEBHOOKS)
    return [_out(webhook) for webhook in webhook_list(user=user, bound=caller.bound)]


@router.post("/webhooks", response={201: WebhookMade}, operation_id="webhook_create", summary="Subscribe")
def create(request: HttpRequest, response: HttpResponse, asked: WebhookIn) -> Status[dict[str, object]]:
    """Be told of records from now on. With an Idempotency-Key the same request makes no second subscription."""
    caller, user = person(request, Right.WEBHOOKS)
    project = caller.key.project if caller.key else None

    def make() -> str:
        return webhook_create(
            owner=user, name=asked.name, url=asked.url, topic=asked.topic, filter_text=asked.filter,
            events=asked.events, project=project,
        ).pk  # fmt: skip

    made, again = once(request, user=user, make=make)
    webhook = _own(request, made)
    response.headers["Location"] = f"/knowledge/api/v1/webhooks/{made}"
    if again:
        response.headers["Idempotent-Replayed"] = "true"
    return Status(201, {**_out(webhook), "secret": None if again else webhook.secret})


@router.get("/webhooks/{webhook}", response=WebhookOut, operation_id="webhook", summary="One webhook")
def webhook(request: HttpRequest, webhook: str) -> dict[str, object]:
    """A subscription, how it fares, and why it is paused."""
    return _out(_own(request, webhook))


@router.patch("/webhooks/{webhook}", response=WebhookOut, operation_id="webhook_change", summary="Change a webhook")
def change(request: HttpRequest, webhook: str, asked: WebhookChange) -> dict[str, object]:
    """Change what is named; `active` true makes a paused one begin anew."""
    webhook_change(webhook=_own(request, webhook), changes=asked.model_dump(exclude_unset=True))
    return _out(_own(request, webhook))


@router.delete("/webhooks/{webhook}", response={204: None}, operation_id="webhook_end", summary="Unsubscribe")
def end(request: HttpRequest, webhook: str) -> Status[None]:
    """Forget the subscription with its log."""
    webhook_end(webhook=_own(request, webhook))
    return Status(204, None)


@router.post("/webhooks/{webhook}/ping", response=DeliveryOut, operation_id="webhook_ping", summary="Send a test")
def ping(request: HttpRequest, webhook: str) -> dict[str, object]:
    """A message of type ping, sent now; the outcome is in the answer."""
    return _told(webhook_ping(webhook=_own(request, webhook)))


@router.post(
    "/webhooks/{webhook}/secret", response=WebhookMade, operation_id="webhook_secret", summary="Renew the secret"
)
def secret(request: HttpRequest, webhook: str) -> dict[str, object]:
    """A new secret, which signs every message from now on."""
    found = _own(request, webhook)
    renewed = webhook_secret_renew(webhook=found)
    return {**_out(found), "secret": renewed}


@router.get("/webhooks/{webhook}/deliveries", response=list[DeliveryOut], operation_id="deliveries", summary="The log")
def deliveries(request: HttpRequest, webhook: str) -> list[dict[str, object]]:
    """What was sent and what waits, newest first, 200 at most."""
    return [_told(delivery) for delivery in delivery_list(webhook=_own(request, webhook))[:200]]


@router.post(
    "/webhooks/{webhook}/deliveries/{delivery}/send",
    response=DeliveryOut,
    operation_id="delivery_again",
    summary="Send again",
)
def again(request: HttpRequest, webhook: str, delivery: str) -> dict[str, object]:
    """One delivery of the log once more, in the background."""
    log = delivery_list(webhook=_own(request, webhook))
    found = log.filter(pk=delivery).first()
    if found is None:
        raise NothingHere("There is no such delivery in the log.")
    delivery_again(delivery=found)
    found.refresh_from_db()
    return _told(found)
