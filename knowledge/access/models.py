"""Tables of access: keys by which a person's programs ask (only their hash is kept), and requests that must not act twice."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from eln.accounts.models import Project


class Right(models.TextChoices):
    """What a key may do; never more than its owner may."""

    READ = "read", _("read records")
    EXPORT = "export", _("make and download exports")
    WEBHOOKS = "write:webhooks", _("manage webhooks")
    KEYS = "write:keys", _("manage keys of no greater rights")


class ApiKey(models.Model):
    """Reads what its owner may read, as far as its rights and its project go, until it expires or is revoked."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=16, help_text="the beginning of the key, by which a person tells keys apart")
    token_hash = models.CharField(max_length=64, unique=True)
    rights = models.JSONField(default=list, help_text="values of Right")
    project = models.ForeignKey(
        Project, null=True, blank=True, on_delete=models.CASCADE, help_text="only this project and what is open to all"
    )
    per_minute = models.PositiveIntegerField(null=True, blank=True, help_text="requests a minute; empty = the site's")
    created = models.DateTimeField(auto_now_add=True)
    expires = models.DateTimeField(null=True, blank=True)
    last_used = models.DateTimeField(null=True, blank=True, help_text="to the minute")
    revoked = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def is_expired(self) -> bool:
        """Whether its time is over."""
        return self.expires is not None and self.expires <= timezone.now()

    @property
    def is_valid(self) -> bool:
        """Whether it opens anything now."""
        return self.revoked is None and not self.is_expired


class Deed(models.Model):
    """A request that made something, by its Idempotency-Key: the same request again finds what was made."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="hash of method, path and body")
    made = models.CharField(max_length=64, blank=True, help_text="id of what it made")
    created = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="deed_once")]
