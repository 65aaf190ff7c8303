"""Errors of webhooks."""

from knowledge.errors import KnowledgeError


class WebhookRefused(KnowledgeError):
    """A subscription or a delivery that cannot be asked like this."""

    code = "webhook_refused"
