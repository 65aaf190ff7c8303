"""Tokens of the API: made once, shown once, kept as a hash."""

import hashlib
import secrets

from django.utils import timezone

from eln.accounts.models import User
from knowledge.api.models import ApiToken

PREFIX = "ldk_"


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def token_create(*, user: User, name: str) -> str:
    """A new token of this person; the text is given this once only."""
    token = PREFIX + secrets.token_urlsafe(32)
    ApiToken.objects.create(user=user, name=name, token_hash=_hash(token))
    return token


def token_revoke(*, user: User, name: str) -> int:
    """Revoke the person's tokens of this name; how many there were."""
    return ApiToken.objects.filter(user=user, name=name, revoked=None).update(revoked=timezone.now())


def token_owner(token: str) -> User | None:
    """The person a token stands for; none for a wrong or revoked one, or a person who may not log in."""
    found = ApiToken.objects.filter(token_hash=_hash(token), revoked=None, user__is_active=True).select_related("user")
    owner = found.first()
    return owner.user if owner else None
