"""The only writer of API keys: made once, shown once, kept as a hash; rotated, revoked, marked as used."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from eln.accounts.models import Project, User
from eln.accounts.scope import Scope
from knowledge.access.models import ApiKey, Right
from knowledge.errors import KnowledgeError

PREFIX = "ldk_"
SHOWN = 10  # characters of a key that stay visible; 37 more are secret
LONGEST = timedelta(days=3660)
MOST_KEYS = 100
USED_EVERY = timedelta(minutes=1)


class KeyRefused(KnowledgeError):
    """A key cannot be made like this."""

    code = "key_refused"


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def rights_checked(rights: Sequence[str]) -> list[str]:
    """The rights in a fixed order, each once. Raises KeyRefused."""
    if wrong := set(rights) - set(Right.values):
        told = _("There is no right “%(right)s”. Rights: %(all)s.")
        raise KeyRefused(told % {"right": min(wrong)[:40], "all": ", ".join(Right.values)})
    if not rights:
        raise KeyRefused(_("Choose at least one right."))
    return [right for right in Right.values if right in rights]


@transaction.atomic
def key_create(
    *,
    user: User,
    name: str,
    rights: Sequence[str] = (Right.READ, Right.EXPORT),
    project: Project | None = None,
    expires: datetime | None = None,
    per_minute: int | None = None,
) -> tuple[ApiKey, str]:
    """A new key of this person, and its text, which is given this once only. Raises KeyRefused."""
    name = name.strip()
    if not name or len(name) > 120:
        raise KeyRefused(_("A key needs a name of at most 120 characters that says what it is for."))
    now = timezone.now()
    if expires is not None and not now < expires <= now + LONGEST:
        raise KeyRefused(_("The end must lie in the future, within ten years."))
    if project is not None and not Scope.of(user).may_read(project.pk):
        raise KeyRefused(_("You do not belong to this project."))
    if ApiKey.objects.filter(Q(expires=None) | Q(expires__gt=now), user=user, revoked=None).count() >= MOST_KEYS:
        raise KeyRefused(_("There are %(most)s valid keys already: revoke some first.") % {"most": MOST_KEYS})
    token = PREFIX + secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        user=user, name=name, prefix=token[:SHOWN], token_hash=_hash(token), rights=rights_checked(rights),
        project=project, expires=expires, per_minute=per_minute,
    )  # fmt: skip
    return key, token


@transaction.atomic
def key_rotate(*, key: ApiKey) -> str:
    """A new text for the same key; the old one opens nothing from now on. Raises KeyRefused for a key that is over."""
    if not key.is_valid:
        raise KeyRefused(_("This key is over: make a new one."))
    token = PREFIX + secrets.token_urlsafe(32)
    key.prefix, key.token_hash, key.last_used = token[:SHOWN], _hash(token), None
    key.save(update_fields=["prefix", "token_hash", "last_used"])
    return token


def key_revoke(*, key: ApiKey) -> None:
    """End a key; it stays in the list with the time. Again changes nothing."""
    ApiKey.objects.filter(pk=key.pk, revoked=None).update(revoked=timezone.now())


def keys_revoke_named(*, user: User, name: str) -> int:
    """Revoke the person's keys of this name; how many there were."""
    return ApiKey.objects.filter(user=user, name=name, revoked=None).update(revoked=timezone.now())


def key_of(token: str) -> ApiKey | None:
    """The valid key of this text, with its owner; none for a wrong or ended one, or a person who may not log in."""
    key = (
        ApiKey.objects.filter(token_hash=_hash(token), revoked=None, user__is_active=True)
        .select_related("user", "project")
        .first()
    )
    if key is None or not key.is_valid:
        return None
    _mark_used(key)
    return key


def _mark_used(key: ApiKey) -> None:
    """At most once a minute, so that reading writes next to nothing."""
    now = timezone.now()
    if key.last_used is None or now - key.last_used > USED_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used=now)
