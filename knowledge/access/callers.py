"""The one answer to "who asks, and what may they read": a person logged in, a key, or a visitor where the site lets them."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest

from eln.accounts.models import User
from eln.accounts.scope import Scope
from ingest.errors import NotAllowed, NotAuthorised
from knowledge.access.models import ApiKey, Right
from knowledge.access.selectors import scope_of_key
from knowledge.access.services import key_of


@dataclass(frozen=True)
class Caller:
    """Who asks. `user` none = a visitor; `key` none = a person logged in (or a visitor). `name` tells callers apart for limits."""

    name: str
    scope: Scope
    user: User | None = None
    key: ApiKey | None = None

    def may(self, right: str) -> bool:
        """Whether the caller has a right: a person has all, a visitor may read."""
        if self.user is None:
            return right == Right.READ
        return self.key is None or right in self.key.rights

    def check(self, right: str) -> None:
        """Raises NotAuthorised for a visitor, NotAllowed for a key without the right."""
        if self.user is None and right != Right.READ:
            raise NotAuthorised("Log in, or send a key: Authorization: Bearer KEY.")
        if not self.may(right):
            raise NotAllowed(f"This key lacks the right '{right}': make one that has it.")

    @property
    def bound(self) -> int | None:
        """The project that the key is bound to."""
        return self.key.project_id if self.key else None

    @property
    def per_minute(self) -> int:
        """How many requests a minute the caller has."""
        chosen = settings.KNOWLEDGE
        if self.user is None:
            return int(chosen.visitor_per_minute)
        return self.key.per_minute or chosen.api_per_minute if self.key else int(chosen.api_per_minute)


def caller_by_key(token: str) -> Caller | None:
    """The caller who sends this key; none where it opens nothing."""
    key = key_of(token)
    return None if key is None else Caller(f"key:{key.pk}", scope_of_key(key), key.user, key)


def caller_by_session(request: HttpRequest) -> Caller | None:
    """The person who logged in with this browser."""
    if not isinstance(request.user, User):
        return None
    return Caller(f"user:{request.user.pk}", Scope.of(request.user), request.user)


def visitor(request: HttpRequest) -> Caller | None:
    """Somebody unknown, where LODESTONE_OPEN_READING lets such people read what is open; else none."""
    if not settings.KNOWLEDGE.open_reading:
        return None
    return Caller(f"visitor:{request.META.get('REMOTE_ADDR', '')}", Scope.visitor())


def caller_of(request: HttpRequest) -> Caller | None:
    """Whoever asks, by key, session or as a visitor. A key that opens nothing makes nobody, not even a visitor."""
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return caller_by_key(token.strip())
    return caller_by_session(request) or (None if scheme else visitor(request))
