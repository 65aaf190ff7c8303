"""API keys: what they open, for how long, how often; and requests that act once."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from eln.accounts.models import Membership, Project, User
from knowledge.access.callers import Caller, caller_by_key
from knowledge.access.limits import TooOften, allow
from knowledge.access.models import ApiKey
from knowledge.access.services import KeyRefused, key_create, key_revoke, key_rotate
from knowledge.index.services import index_rebuild
from tests.builders.knowledge import a_dataset, a_record

pytestmark = pytest.mark.django_db
API = "/knowledge/api/v1/"


@pytest.fixture(autouse=True)
def _counts_from_nought() -> None:
    cache.clear()


def a_member(name: str, *projects: Project) -> User:
    user = User.objects.create_user(name)
    for project in projects:
        Membership.objects.create(user=user, project=project, role=Membership.Role.WRITER)
    return user


def call(token: str | None, method: str, path: str, body: Any = None, **headers: str) -> Any:
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return getattr(Client(), method)(API + path, body, content_type="application/json", headers=headers)


def test_only_a_hash_of_a_key_is_kept() -> None:
    key, token = key_create(user=a_member("ada"), name="laptop")
    stored = ApiKey.objects.values().get()
    assert token.startswith(key.prefix)
    assert all(token not in str(value) for value in stored.values())
    assert key_create(user=key.user, name="laptop")[1] != token


def test_a_key_ends_when_it_expires_is_revoked_rotated_or_its_owner_leaves() -> None:
    user = a_member("ada")
    key, token = key_create(user=user, name="one", expires=timezone.now() + timedelta(hours=1))
    assert caller_by_key(token) is not None
    renewed = key_rotate(key=key)
    assert (caller_by_key(token), caller_by_key(renewed) is not None) == (None, True)
    ApiKey.objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert caller_by_key(renewed) is None
    with pytest.raises(KeyRefused):
        key_rotate(key=ApiKey.objects.get())
    other, second = key_create(user=user, name="two")
    key_revoke(key=other)
    assert caller_by_key(second) is None
    _, third = key_create(user=user, name="three")
    User.objects.update(is_active=False)
    assert caller_by_key(third) is None


def test_a_key_of_one_project_reads_that_and_what_is_open_only() -> None:
    first, second = (Project.objects.create(slug=name, title=name) for name in ("first", "second"))
    a_record(id="open")
    for project in (first, second):
        a_record(id=f"in-{project.slug}", dataset=a_dataset(slug=f"set-{project.slug}", project=project))
    index_rebuild()
    user = a_member("ada", first, second)
    _, bound = key_create(user=user, name="bound", project=first)
    _, free = key_create(user=user, name="free")

    def seen(token: str) -> set[str]:
        return {item["id"] for item in call(token, "get", "search").json()["items"]}

    assert seen(free) == {"open", "in-first", "in-second"}
    assert seen(bound) == {"open", "in-first"}
    Membership.objects.filter(project=first).delete()
    assert seen(bound) == {"open"}  # rights are those of now, not of the day the key was made
    root = User.objects.create_superuser("root")
    assert seen(key_create(user=root, name="all", project=second)[1]) == {"open", "in-second"}


def test_a_key_can_do_what_its_rights_say() -> None:
    user = a_member("ada")
    _, token = key_create(user=user, name="reader", rights=["read"])
    assert call(token, "get", "me").json()["rights"] == ["read"]
    refused = call(token, "post", "me/keys", {"name": "more"})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    _, writer = key_create(user=user, name="writer", rights=["read", "write:keys"])
    assert call(writer, "post", "me/keys", {"name": "more", "rights": ["read", "export"]}).status_code == 403
    made = call(writer, "post", "me/keys", {"name": "more", "rights": ["read"]})
    assert made.status_code == 201
    assert call(made.json()["key"], "get", "me").status_code == 200
    assert call(writer, "delete", f"me/keys/{made.json()['id']}").status_code == 204
    assert call(made.json()["key"], "get", "me").status_code == 401
    with pytest.raises(KeyRefused, match="no right"):
        key_create(user=user, name="x", rights=["everything"])


def test_a_key_makes_none_that_outlives_or_outreaches_it() -> None:
    project = Project.objects.create(slug="p", title="P")
    user = a_member("ada", project)
    soon = timezone.now() + timedelta(days=1)
    _, token = key_create(user=user, name="k", rights=["read", "write:keys"], project=project, expires=soon)
    for body in (
        {"rights": ["read"]},
        {"rights": ["read"], "project": "p"},
        {"rights": ["read"], "expires": soon.isoformat()},
    ):
        assert call(token, "post", "me/keys", {"name": "wider", **body}).status_code == 403
    free = key_create(user=user, name="free")[0]
    assert call(token, "post", f"me/keys/{free.pk}/rotate").status_code == 403
    body = {"name": "same", "rights": ["read"], "project": "p", "expires": soon.isoformat()}
    assert call(token, "post", "me/keys", body).status_code == 201


def test_keys_of_others_do_not_exist() -> None:
    key, _ = key_create(user=a_member("ada"), name="hers")
    _, token = key_create(user=a_member("bob"), name="his", rights=["read", "write:keys"])
    assert [item["name"] for item in call(token, "get", "me/keys").json()] == ["his"]
    assert call(token, "delete", f"me/keys/{key.pk}").status_code == 404
    assert call(token, "post", f"me/keys/{key.pk}/rotate").status_code == 404


def test_requests_are_counted_and_refused_with_the_time_to_wait() -> None:
    caller = Caller("key:1", caller_by_key(key_create(user=a_member("ada"), name="k")[1]).scope)  # type: ignore[union-attr]
    for left in range(59, -1, -1):
        assert allow(caller, now=120.0).remaining == left
    with pytest.raises(TooOften) as refused:
        allow(caller, now=130.0)
    assert refused.value.allowance.reset_s == 50
    assert allow(caller, now=180.0).remaining == 59  # the next minute


def test_an_answer_says_how_many_requests_are_left() -> None:
    key, token = key_create(user=a_member("ada"), name="k", per_minute=3)
    left = [call(token, "get", "me").headers["RateLimit-Remaining"] for _ in range(3)]
    assert sorted(left)[0] in ("0", "2")  # "2" only where a minute began in between
    refused = [call(token, "get", "me") for _ in range(8)][3]
    if refused.status_code == 429:
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        assert refused.json()["code"] == "too_many"
        assert refused.headers["RateLimit-Limit"] == "3"
    assert call(key_create(user=key.user, name="other")[1], "get", "me").status_code == 200


def test_a_visitor_reads_what_is_open_only_where_the_site_lets_them(settings: Any) -> None:
    closed = a_dataset(slug="closed", project=Project.objects.create(slug="secret", title="Secret"))
    a_record(id="hidden", dataset=closed)
    a_record(id="open")
    index_rebuild()
    assert call(None, "get", "search").status_code == 401
    settings.KNOWLEDGE = settings.KNOWLEDGE.model_copy(update={"open_reading": True, "visitor_per_minute": 1000})
    assert [item["id"] for item in call(None, "get", "search").json()["items"]] == ["open"]
    assert call(None, "get", "records/hidden").status_code == 404
    assert call(None, "get", "me").json()["rights"] == ["read"]
    assert call(None, "get", "me/keys").status_code == 401
    assert call(None, "post", "me/keys", {"name": "x"}).status_code == 401
    assert call("wrong", "get", "search").status_code == 401  # a key that opens nothing makes no visitor


def test_the_same_request_makes_one_key() -> None:
    user = a_member("ada")
    _, token = key_create(user=user, name="k", rights=["read", "write:keys"])
    first = call(token, "post", "me/keys", {"name": "once", "rights": ["read"]}, **{"Idempotency-Key": "a"})
    again = call(token, "post", "me/keys", {"name": "once", "rights": ["read"]}, **{"Idempotency-Key": "a"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (again.json()["id"], again.json()["key"]) == (first.json()["id"], None)
    other = call(token, "post", "me/keys", {"name": "other", "rights": ["read"]}, **{"Idempotency-Key": "a"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert ApiKey.objects.count() == 2


def test_the_page_shows_a_new_key_once_and_ends_it() -> None:
    user = a_member("ada", Project.objects.create(slug="p", title="P"))
    client = Client()
    client.force_login(user)
    made = client.post("/knowledge/keys/", {"name": "laptop", "right": ["read"], "days": "30", "project": "p"})
    key = ApiKey.objects.get()
    token = made.context["token"]
    assert token in made.content.decode()
    assert key.project is not None
    assert key.expires is not None
    assert token not in client.get("/knowledge/keys/").content.decode()
    renewed = client.post(f"/knowledge/keys/{key.pk}/rotate/").context["token"]
    assert renewed != token
    client.post(f"/knowledge/keys/{key.pk}/revoke/")
    assert caller_by_key(renewed) is None
    assert client.post("/knowledge/keys/", {"name": "", "right": ["read"]}).status_code == 400
    assert client.post("/knowledge/keys/", {"name": "x", "project": "other"}).status_code == 404
    assert "/knowledge/keys/" in client.get("/projects/").content.decode()
