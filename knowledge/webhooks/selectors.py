"""Reads of webhooks: a subscription and its log belong to the person who made it."""

from django.db.models import QuerySet

from eln.accounts.models import User
from eln.accounts.scope import Scope
from knowledge.access.selectors import scope_bound
from knowledge.webhooks.models import Delivery, Webhook


def webhook_list(*, user: User, bound: int | None = None) -> QuerySet[Webhook]:
    """The person's subscriptions, newest first; through a key `bound` to a project only those made for that project."""
    found = Webhook.objects.filter(owner=user).select_related("owner")
    return found if bound is None else found.filter(project_id=bound)


def webhook_scope(webhook: Webhook) -> Scope:
    """What may be told to it now."""
    return scope_bound(Scope.of(webhook.owner), webhook.project_id)


def delivery_list(*, webhook: Webhook) -> QuerySet[Delivery]:
    """Its log, newest first."""
    return webhook.deliveries.select_related("webhook")
