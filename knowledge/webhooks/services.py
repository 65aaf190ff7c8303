"""Writes of webhooks that people ask for: subscribe, change, pause, end, renew the secret, test, send again."""

import secrets
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from eln.accounts.models import Project, User
from eln.accounts.scope import Scope
from ingest.feeds.services import feed_append
from knowledge.access.selectors import scope_bound
from knowledge.fetching import policy_of_site, url_checked
from knowledge.query.executor import run
from knowledge.query.filters import parse_filter
from knowledge.query.types import Query
from knowledge.webhooks.domain import secret_text
from knowledge.webhooks.errors import WebhookRefused
from knowledge.webhooks.models import Delivery, Event, Webhook

FEED = "webhooks"
MOST = 20


def webhook_query(topic: str, text: str, **more: Any) -> Query:  # Any: fields of a Query
    """The Query of a subscription. Raises FilterError."""
    return Query(topic=topic or None, where=parse_filter(text) if text.strip() else None, **more)


def _checked(*, owner: User, project_id: int | None, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields as they are stored. Raises WebhookRefused, AddressRefused, QueryError."""
    fields = {name: value.strip() if isinstance(value, str) else value for name, value in fields.items()}
    if not fields["name"] or len(fields["name"]) > 120:
        raise WebhookRefused(_("A webhook needs a name of at most 120 characters."))
    if len(fields["url"]) > 1000:
        raise WebhookRefused(_("The address is too long."))
    url_checked(fields["url"], policy_of_site())
    if not fields["events"] or set(fields["events"]) - set(Event.values):
        raise WebhookRefused(_("Choose at least one of %(events)s.") % {"events": ", ".join(Event.values)})
    fields["events"] = [event for event in Event.values if event in fields["events"]]
    run(webhook_query(fields["topic"], fields["filter"], limit=0), scope=scope_bound(Scope.of(owner), project_id))
    return fields


def webhook_create(
    *, owner: User, name: str, url: str, topic: str = "", filter_text: str = "",
    events: Sequence[str] = tuple(Event.values), project: Project | None = None,
) -> Webhook:  # fmt: skip
    """A subscription to what happens from now on; its `secret` is to be shown to the person once."""
    project_id = project.pk if project else None
    given = {"name": name, "url": url, "topic": topic, "filter": filter_text, "events": list(events)}
    fields = _checked(owner=owner, project_id=project_id, fields=given)
    with transaction.atomic():
        if Webhook.objects.filter(owner=owner).count() >= MOST:
            raise WebhookRefused(_("You have %(most)s webhooks already: end one first.") % {"most": MOST})
        return Webhook.objects.create(owner=owner, project=project, secret=new_secret(), **fields)


def new_secret() -> str:
    """A secret of 32 random bytes."""
    return secret_text(secrets.token_bytes(32))


def webhook_change(*, webhook: Webhook, changes: dict[str, Any]) -> None:  # Any: its own fields
    """Change name, url, topic, filter or events, or pause it with `active`; made active again, it begins anew."""
    names = ("name", "url", "topic", "filter", "events")
    fields = {name: changes.get(name, getattr(webhook, name)) for name in names}
    stored = _checked(owner=webhook.owner, project_id=webhook.project_id, fields=fields)
    active = bool(changes.get("active", webhook.active))
    if (active and not webhook.active) or stored["url"] != webhook.url:
        stored |= {"disabled_reason": "", "failures": 0, "failing_since": None, "next_attempt": None}
    with transaction.atomic():
        Webhook.objects.filter(pk=webhook.pk).update(active=active, **stored)
        feed_append(FEED, webhook.pk)


def webhook_secret_renew(*, webhook: Webhook) -> str:
    """A new secret, to be shown once; deliveries are signed with it from now on."""
    secret = new_secret()
    Webhook.objects.filter(pk=webhook.pk).update(secret=secret)
    return secret


def webhook_end(*, webhook: Webhook) -> None:
    """Forget the subscription with its log."""
    Webhook.objects.filter(pk=webhook.pk).delete()


@transaction.atomic
def delivery_again(*, delivery: Delivery) -> None:
    """Send it once more, now. Raises WebhookRefused while it is being sent, or for a webhook that is paused."""
    if not delivery.webhook.active:
        raise WebhookRefused(_("The webhook is paused: make it active first."))
    changed = Delivery.objects.filter(pk=delivery.pk).exclude(state=Delivery.State.SENDING)
    if not changed.update(state=Delivery.State.WAITING, attempts=0, reason="", status=None, created=timezone.now()):
        raise WebhookRefused(_("It is being sent just now."))
    Webhook.objects.filter(pk=delivery.webhook_id).update(next_attempt=None)
    feed_append(FEED, delivery.webhook_id)
