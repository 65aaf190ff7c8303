"""Who the caller is, and the caller's own keys."""

from datetime import datetime
from typing import Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema, Status
from pydantic import ConfigDict, Field

from eln.accounts.models import Project, User
from eln.accounts.selectors import projects_readable
from ingest.errors import NotAllowed
from knowledge.access.callers import Caller
from knowledge.access.deeds import once
from knowledge.access.models import ApiKey, Right
from knowledge.access.selectors import key_list
from knowledge.access.services import KeyRefused, key_create, key_revoke, key_rotate
from knowledge.api.application import reading
from knowledge.api.problems import NothingHere

router = Router(tags=["me"])


class MeOut(Schema):
    """Who asks, and what the answer to a search can hold."""

    username: str | None = Field(description="null for a visitor")
    rights: list[str]
    projects: list[str] = Field(description="short names of the projects that can be read")
    everything: bool = Field(description="an administrator reads all projects")
    requests_per_minute: int


class KeyIn(Schema):
    """A key to be made."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=120, examples=["analysis on my laptop"])
    rights: list[Literal["read", "export", "write:webhooks", "write:keys"]] = Field(["read", "export"], min_length=1)
    project: str | None = Field(
        None, max_length=50, description="only this project (short name) and what is open to all"
    )
    expires: datetime | None = Field(None, description="ISO time; without: never")


class KeyOut(Schema):
    """A key without its secret."""

    id: int
    name: str
    prefix: str = Field(description="how the key begins")
    rights: list[str]
    project: str | None
    created: datetime
    expires: datetime | None
    last_used: datetime | None = Field(description="to the minute")
    revoked: datetime | None


class KeyMade(KeyOut):
    """A new key. `key` is given this once only; it is null when the same request is repeated."""

    key: str | None


def person(request: HttpRequest, right: str) -> tuple[Caller, User]:
    """The caller with this right, who is somebody. Raises NotAuthorised for visitors."""
    caller = reading(request, right)
    if caller.user is None:
        caller.check(Right.KEYS)
        raise AssertionError("a visitor has no keys")
    return caller, caller.user


def key_out(key: ApiKey) -> dict[str, object]:
    """A key as the API gives it."""
    return {
        "id": key.pk, "name": key.name, "prefix": key.prefix, "rights": key.rights, "created": key.created,
        "project": key.project.slug if key.project else None, "expires": key.expires, "last_used": key.last_used,
        "revoked": key.revoked,
    }  # fmt: skip


def _own(user: User, key: int) -> ApiKey:
    found = key_list(user=user).filter(pk=key).first()
    if found is None:
        raise NothingHere("There is no such key among yours.")
    return found


def _no_more_than(caller: Caller, rights: list[str], project: Project | None, expires: datetime | None) -> None:
    """A key never makes one that can do more, reach further or live longer than itself. Raises NotAllowed."""
    own = caller.key
    if own is None:
        return
    wider = own.project_id is not None and (project is None or project.pk != own.project_id)
    longer = own.expires is not None and (expires is None or expires > own.expires)
    if not set(rights) <= set(own.rights) or wider or longer:
        raise NotAllowed("A key makes and rotates only keys with no more rights, projects and time than its own.")


@router.get("/me", response=MeOut, operation_id="me", summary="Who I am")
def me(request: HttpRequest) -> MeOut:
    """Who the key or the session stands for, and what it may do."""
    caller = reading(request)
    projects = [] if caller.user is None else projects_readable(scope=caller.scope).values_list("slug", flat=True)
    return MeOut(
        username=caller.user.username if caller.user else None,
        rights=[right for right in Right.values if caller.may(right)],
        projects=list(projects),
        everything=caller.scope.everything,
        requests_per_minute=caller.per_minute,
    )


@router.get("/me/keys", response=list[KeyOut], operation_id="keys", summary="My keys")
def keys(request: HttpRequest) -> list[dict[str, object]]:
    """The caller's keys, newest first, without their secrets."""
    _caller, user = person(request, Right.READ)
    return [key_out(key) for key in key_list(user=user)]


@router.post("/me/keys", response={201: KeyMade}, operation_id="key_create", summary="Make a key")
def create(request: HttpRequest, response: HttpResponse, asked: KeyIn) -> Status[dict[str, object]]:
    """A new key. With an Idempotency-Key the same request makes no second one, but the secret is not told again."""
    caller, user = person(request, Right.KEYS)
    project = None
    if asked.project:
        project = projects_readable(scope=caller.scope).filter(slug=asked.project).first()
        if project is None:
            raise KeyRefused(f"You belong to no project '{asked.project}'.")
    expires = asked.expires.astimezone() if asked.expires else None
    _no_more_than(caller, list(asked.rights), project, expires)
    secret: list[str] = []

    def make() -> str:
        key, token = key_create(user=user, name=asked.name, rights=asked.rights, project=project, expires=expires)
        secret.append(token)
        return str(key.pk)

    made, again = once(request, user=user, make=make)
    if again:
        response.headers["Idempotent-Replayed"] = "true"
    return Status(201, {**key_out(_own(user, int(made))), "key": secret[0] if secret else None})


@router.post("/me/keys/{int:key}/rotate", response=KeyMade, operation_id="key_rotate", summary="Change a key's secret")
def rotate(request: HttpRequest, key: int) -> dict[str, object]:
    """A new secret for the same key; the old one opens nothing from now on."""
    caller, user = person(request, Right.KEYS)
    found = _own(user, key)
    _no_more_than(caller, found.rights, found.project, found.expires)
    token = key_rotate(key=found)
    return {**key_out(found), "key": token}


@router.delete("/me/keys/{int:key}", response={204: None}, operation_id="key_revoke", summary="Revoke a key")
def revoke(request: HttpRequest, key: int) -> Status[None]:
    """It opens nothing from now on. A key may always revoke itself."""
    caller, user = person(request, Right.READ)
    if caller.key is None or caller.key.pk != key:
        caller.check(Right.KEYS)
    key_revoke(key=_own(user, key))
    return Status(204, None)
