"""Tokens by which a person's programs ask the API; only their hash is kept."""

from django.conf import settings
from django.db import models


class ApiToken(models.Model):
    """Reads what its owner may read, until it is revoked."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=120)
    token_hash = models.CharField(max_length=64, unique=True)
    created = models.DateTimeField(auto_now_add=True)
    revoked = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name
