"""Sends deliveries: signed, with the rights of now, again after a while when it failed, and no more when it fails for long."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from django.conf import settings
from django.db import connections
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from knowledge.exports.reading import document_of
from knowledge.fetching import AddressRefused, FetchError, fetch, policy_of_site
from knowledge.records.selectors import records_visible
from knowledge.webhooks.domain import MOST_ATTEMPTS, delay_after, event_id, signature
from knowledge.webhooks.models import PING, Delivery, Event, Webhook
from knowledge.webhooks.selectors import webhook_scope

log = logging.getLogger(__name__)
AT_ONCE = 8  # webhooks served beside each other, so that a slow one holds up no other
CLAIM = timedelta(seconds=90)
MOST_WAITING = 5000
KEPT = timedelta(days=30)
GONE = 410
TOO_FAR_BEHIND = gettext_noop(
    "Too many messages wait for this address. Make it answer, then make the webhook active again."
)
FAILED_LONG = gettext_noop("It failed for days, last with: %(reason)s")
SAID_GONE = gettext_noop("The address says that it is gone for good (410).")


@dataclass(frozen=True)
class Outcome:
    """How one attempt ended. `status` none = nobody answered."""

    ok: bool
    status: int | None
    reason: str
    retry_after: str
    elapsed_ms: float


def message_of(delivery: Delivery) -> dict[str, Any] | None:  # Any: JSON
    """What the records say now, as far as the owner may read them now; none where nothing is left to tell."""
    webhook = delivery.webhook
    head = {"id": delivery.pk, "webhook": webhook.pk, "created": delivery.created.isoformat()}
    if not delivery.events:
        return {**head, "type": PING, "events": []}
    ids = [record for _event, record, _version in delivery.events]
    visible = records_visible(scope=webhook_scope(webhook), withdrawn=True).filter(pk__in=ids)
    stored = {record.pk: record for record in visible}
    events = []
    for event, pk, version in delivery.events:
        if (record := stored.get(pk)) is None:
            continue
        whole = document_of(record, frozenset())
        whole["structure"] = bool(record.structure)
        if event == Event.WITHDRAWN:
            whole = {name: whole[name] for name in ("record", "version", "topic", "dataset", "formula")}
        events.append(
            {"id": event_id(webhook.pk, event, pk, version), "type": event, "version": version, "record": whole}
        )
    return {**head, "type": "records", "events": events} if events else None


def _attempt(webhook: Webhook, uid: str, message: dict[str, Any]) -> Outcome:
    body = orjson.dumps(message)
    timestamp = int(time.time())
    headers = {
        "Content-Type": "application/json",
        "Webhook-Id": uid,
        "Webhook-Timestamp": str(timestamp),
        "Webhook-Signature": signature(webhook.secret, uid=uid, timestamp=timestamp, body=body),
    }
    policy = policy_of_site(timeout_s=10, total_s=15, max_bytes=2**16)
    began = time.perf_counter()
    try:
        answer = fetch(webhook.url, policy=policy, method="POST", headers=headers, content=body)
    except FetchError as error:
        elapsed = (time.perf_counter() - began) * 1000
        return Outcome(False, None, error.message, "" if not isinstance(error, AddressRefused) else "3600", elapsed)
    elapsed = (time.perf_counter() - began) * 1000
    reason = "" if answer.ok else f"HTTP {answer.status}"
    return Outcome(answer.ok, answer.status, reason, answer.headers.get("retry-after", ""), elapsed)


def delivery_send(delivery: Delivery) -> Outcome | None:
    """One attempt, stored with its outcome; none where nothing was left to tell."""
    webhook = delivery.webhook
    message = message_of(delivery)
    now = timezone.now()
    if message is None:
        Delivery.objects.filter(pk=delivery.pk).update(state=Delivery.State.EMPTY, sent=now, claimed_until=None)
        return None
    outcome = _attempt(webhook, delivery.pk, message)
    state = Delivery.State.DELIVERED if outcome.ok else Delivery.State.WAITING
    if not outcome.ok and (delivery.attempts + 1 >= MOST_ATTEMPTS or not delivery.events):
        state = Delivery.State.FAILED
    now = timezone.now()
    Delivery.objects.filter(pk=delivery.pk).update(
        state=state, attempts=F("attempts") + 1, status=outcome.status, reason=outcome.reason[:1000],
        elapsed_ms=outcome.elapsed_ms, sent=now, claimed_until=None,
    )  # fmt: skip
    _remember(webhook, outcome)
    return outcome


def _remember(webhook: Webhook, outcome: Outcome) -> None:
    """A success clears what went wrong; failures in a row wait longer and longer, and after days the webhook is paused."""
    now, stored = timezone.now(), Webhook.objects.filter(pk=webhook.pk)
    if outcome.ok:
        stored.update(failures=0, failing_since=None, next_attempt=None, last_delivered=now)
        return
    webhook.refresh_from_db(fields=["failures", "failing_since"])
    since = webhook.failing_since or now
    wait = delay_after(webhook.failures + 1, retry_after=outcome.retry_after)
    stored.update(failures=F("failures") + 1, failing_since=since, next_attempt=now + wait)
    if outcome.status == GONE:
        stored.update(active=False, disabled_reason=SAID_GONE)
    elif now - since > timedelta(days=settings.KNOWLEDGE.webhook_days):
        stored.update(active=False, disabled_reason=FAILED_LONG % {"reason": outcome.reason[:500]})


def webhook_ping(*, webhook: Webhook) -> Delivery:
    """Send a test message now, also to a paused webhook; its outcome stands in the delivery given back."""
    delivery = Delivery.objects.create(webhook=webhook, state=Delivery.State.SENDING)
    delivery_send(delivery)
    delivery.refresh_from_db()
    return delivery


def _claim() -> list[Delivery]:
    """The oldest waiting delivery of each webhook that may be sent now, taken for this process."""
    now = timezone.now()
    Delivery.objects.filter(state=Delivery.State.SENDING, claimed_until__lt=now).update(state=Delivery.State.WAITING)
    free = Webhook.objects.filter(Q(next_attempt=None) | Q(next_attempt__lte=now), active=True, owner__is_active=True)
    busy = Delivery.objects.filter(state=Delivery.State.SENDING, claimed_until__gte=now).values("webhook")
    waiting = Delivery.objects.filter(state=Delivery.State.WAITING, webhook__in=free).exclude(webhook__in=busy)
    taken = []
    for webhook in list(waiting.order_by("webhook").values_list("webhook", flat=True).distinct()[:AT_ONCE]):
        first = waiting.filter(webhook=webhook).order_by("created", "pk").values_list("pk", flat=True).first()
        claimed = Delivery.objects.filter(pk=first, state=Delivery.State.WAITING)
        if first and claimed.update(state=Delivery.State.SENDING, claimed_until=now + CLAIM):
            taken.append(Delivery.objects.select_related("webhook__owner").get(pk=first))
    return taken


def deliveries_run(*, sender: Callable[[list[Delivery]], None] | None = None) -> int:
    """Send what is due until nothing is; how many attempts."""
    total = 0
    while taken := _claim():
        (sender or _together)(taken)
        total += len(taken)
    return total


def _together(taken: list[Delivery]) -> None:
    with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="webhook") as pool:
        list(pool.map(_send_alone, taken))


def _send_alone(delivery: Delivery) -> None:
    try:
        delivery_send(delivery)
    except Exception as error:  # one that cannot be sent for whatever reason holds up no other
        log.exception("delivery %s", delivery.pk)
        Delivery.objects.filter(pk=delivery.pk).update(
            state=Delivery.State.FAILED, reason=f"{type(error).__name__}: {error}"[:1000], claimed_until=None
        )
    finally:
        connections.close_all()


def deliveries_tidy() -> None:
    """Forget old deliveries, and pause webhooks with too many waiting."""
    old = timezone.now() - KEPT
    Delivery.objects.filter(created__lt=old).exclude(
        state__in=(Delivery.State.WAITING, Delivery.State.SENDING)
    ).delete()
    for webhook in Webhook.objects.filter(active=True, failures__gt=0):
        if webhook.deliveries.filter(state=Delivery.State.WAITING).count() > MOST_WAITING:
            Webhook.objects.filter(pk=webhook.pk).update(active=False, disabled_reason=TOO_FAR_BEHIND)


_running = threading.Lock()


def deliveries_run_alone() -> int:
    """The same, by one thread of this process at a time."""
    if not _running.acquire(blocking=False):
        return 0
    try:
        return deliveries_run()
    finally:
        _running.release()


def deliveries_wake() -> None:
    """Send in a thread of this process, so that stages are not kept waiting by other people's servers."""

    def work() -> None:
        try:
            deliveries_run_alone()
        finally:
            connections.close_all()

    if not _running.locked():
        threading.Thread(target=work, name="webhooks", daemon=True).start()


def deliveries_due() -> bool:
    """Whether something could be sent now."""
    now = timezone.now()
    waiting = Delivery.objects.filter(
        Q(state=Delivery.State.WAITING) | Q(state=Delivery.State.SENDING, claimed_until__lt=now),
        Q(webhook__next_attempt=None) | Q(webhook__next_attempt__lte=now),
        webhook__active=True,
    )
    return waiting.exists()
