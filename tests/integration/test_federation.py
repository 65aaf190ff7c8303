"""Federated search against real servers on loopback: the reference one, and one that hangs, lies and leads astray."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from eln.accounts.models import User
from ingest.errors import NotAllowed
from knowledge.federation.models import FederatedSearch, Part, Provider
from knowledge.federation.pulling import entries_pull
from knowledge.federation.running import patient
from knowledge.federation.selectors import crystals
from knowledge.federation.services import provider_save, search_cancel, search_retry, search_start
from knowledge.fetching import AddressRefused
from knowledge.records.models import Record
from tests.builders.eln import a_person
from tests.builders.optimade_peers import Peer, peers, reference_server
from tests.builders.structures import a_small_database

pytestmark = pytest.mark.django_db(transaction=True)  # databases are asked in threads


@pytest.fixture
def peer(settings: Any) -> Iterator[str]:
    settings.KNOWLEDGE = settings.KNOWLEDGE.model_copy(
        update={"fetch_networks": "127.0.0.0/8", "fetch_http": True, "federation_timeout_s": 30.0}
    )
    cache.clear()
    with peers() as address:
        yield address


@pytest.fixture
def ada() -> User:
    return a_person("ada", staff=True)


def listed(user: User, base: str, *manners: str) -> None:
    for manner in manners:
        provider_save(user=user, slug=manner, name=manner.title(), base_url=f"{base}/{manner}")


def asked(user: User, text: str = 'elements HAS "Cl"', **how: Any) -> FederatedSearch:
    return ended(search_start(owner=user, text=text, **how))


def ended(search: FederatedSearch) -> FederatedSearch:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        patient(search.refresh_from_db)
        if search.ended is not None:
            return search
        time.sleep(0.2)
    raise AssertionError(f"still running: {[str(part) for part in search.parts.all()]}")


def part_of(search: FederatedSearch, manner: str) -> Part:
    return search.parts.get(provider__slug=manner)


def test_honest_pages_are_gathered_and_not_sent_twice(peer: str, ada: User) -> None:
    listed(ada, peer, "honest")
    part = part_of(asked(ada), "honest")
    assert (part.state, part.found, part.stated, part.complaints) == ("answered", 3, 3, [])
    assert part_of(asked(ada), "honest").found == 3
    assert Peer.calls["honest"] == 4  # two were 304


def test_our_field_is_asked_by_the_name_the_database_has(peer: str, ada: User) -> None:
    listed(ada, peer, "honest")
    part = part_of(asked(ada, "_lodestone_density > 2"), "honest")
    assert part.asked == "_peer_density > 2"
    part = part_of(asked(ada, "_lodestone_topogivity > 2"), "honest")
    assert (part.state, "topogivity" in part.reason) == ("refused", True)


@pytest.mark.parametrize(
    ("manner", "state", "told"),
    [
        ("hanging", "late", "after 2.5 s"),
        ("broken", "failed", "no JSON"),
        ("huge", "failed", "longer"),
        ("moving", "failed", "private network"),
        ("busy", "refused", "600 s"),
    ],
)
def test_databases_that_do_not_answer_are_named_with_their_reason(
    settings: Any, peer: str, ada: User, manner: str, state: str, told: str
) -> None:
    if manner == "hanging":
        settings.KNOWLEDGE = settings.KNOWLEDGE.model_copy(update={"federation_timeout_s": 2.5})
    listed(ada, peer, manner, "honest")
    search = asked(ada)
    part = part_of(search, manner)
    assert (part.state, told in part.reason) == (state, True), part.reason
    assert part_of(search, "honest").state in ("answered", "late")  # the others do not wait


def test_lies_are_marked_and_what_does_not_match_is_left_out(peer: str, ada: User) -> None:
    listed(ada, peer, "lying", "endless", "luring")
    search = asked(ada)
    part = part_of(search, "lying")
    assert (part.state, part.found, part.doubtful) == ("answered", 2, 1)
    told = " ".join(part.complaints)
    for word in ("do not meet", "none of OPTIMADE", "nelements", "it says that it has 1"):
        assert word in told
    assert "pages do not end" in " ".join(part_of(search, "endless").complaints)
    luring = part_of(search, "luring")
    assert (luring.found, "another server" in luring.complaints[0]) == (1, True)


def test_a_shaky_one_is_asked_again_and_a_resting_one_is_not(peer: str, ada: User) -> None:
    listed(ada, peer, "shaky", "busy")
    search = asked(ada)
    part = part_of(search, "shaky")
    assert (part.state, part.tries) == ("answered", 2)
    calls = Peer.calls["busy"]
    assert part_of(asked(ada), "busy").state == "resting"
    assert Peer.calls["busy"] == calls


def test_the_breaker_opens_after_failures_and_a_person_can_close_it(peer: str, ada: User) -> None:
    listed(ada, peer, "broken")
    states = [part_of(asked(ada), "broken").state for _ in range(4)]
    assert states == ["failed", "failed", "failed", "resting"]
    search = FederatedSearch.objects.first()
    assert search is not None
    search_retry(search)
    assert part_of(ended(search), "broken").state == "failed"


def test_simpler_words_are_used_where_a_database_lacks_some(peer: str, ada: User) -> None:
    listed(ada, peer, "plain")
    part = part_of(asked(ada, 'elements HAS ONLY "Cl","Na"'), "plain")
    assert part.asked == 'elements HAS ANY "Cl","Na" AND nelements <= 2'
    assert (part.state, part.found, part.complaints) == ("answered", 1, [])


def test_a_cancelled_search_ends_early(peer: str, ada: User, settings: Any) -> None:
    settings.KNOWLEDGE = settings.KNOWLEDGE.model_copy(update={"federation_timeout_s": 2.5})
    listed(ada, peer, "hanging")
    search = search_start(owner=ada, text="nelements=2")
    search_cancel(search)
    assert part_of(ended(search), "hanging").state in ("cancelled", "late")


def test_only_administrators_list_databases_and_none_inside(ada: User, settings: Any) -> None:
    with pytest.raises(NotAllowed):
        provider_save(user=a_person("bob"), slug="x", name="X", base_url="https://example.org/optimade")
    for address in (
        "http://example.org",
        "https://127.0.0.1/optimade",
        "https://10.1.2.3",
        "https://[::1]/",
        "ftp://example.org",
    ):
        with pytest.raises(AddressRefused):
            provider_save(user=ada, slug="x", name="X", base_url=address)
    assert not Provider.objects.exists()


def test_the_reference_server_is_merged_with_this_site_and_pulled(
    peer: str, ada: User, tmp_path: Path, client: Client
) -> None:
    a_small_database()
    with reference_server(tmp_path) as base:
        provider_save(
            user=ada, slug="reference", name="Reference", base_url=base, licence="CC-BY-4.0", citation="Its paper"
        )
        search = asked(ada, "nelements >= 1 AND nelements <= 3")
        part = part_of(search, "reference")
        assert part.state == "answered", part.reason
        assert part.found == part.stated > 0
        assert search.parts.get(provider=None).found > 0
        one = next(one for one in crystals(search) if any(entry.part.provider_id for entry in one.entries))
        entry = next(entry for entry in one.entries if entry.part.provider_id)
        (key,) = entries_pull(search, [entry.pk])
        record = Record.objects.get(pk=key)
        assert (record.formula, record.external_id, record.kind) == (one.formula, entry.entry_id, "computation")
        assert (record.dataset.licence, record.dataset.citation, record.dataset.url) == ("CC-BY-4.0", "Its paper", base)
        assert record.receipt
        client.force_login(ada)
        page = client.get(f"/knowledge/federated/{search.pk}/").content.decode()
        assert "Reference" in page and entry.entry_id in page
        document = client.get(f"/knowledge/federated/api/{search.pk}/").json()
        assert {row["database"] for row in document["databases"]} == {"here", "reference"}


def test_the_pages_ask_and_show(peer: str, ada: User, client: Client) -> None:
    listed(ada, peer, "honest")
    client.force_login(ada)
    assert client.get("/knowledge/federated/").status_code == 200
    made = client.post("/knowledge/federated/", {"filter": 'elements HAS "Cl"', "provider": ["honest"]})
    search = ended(FederatedSearch.objects.get())
    assert made["Location"] == f"/knowledge/federated/{search.pk}/"
    page = client.get(made["Location"]).content.decode()
    assert "Honest" in page and "e3" in page and "NaCl" in page
    assert client.post("/knowledge/federated/", {"filter": "nelements="}).status_code == 400
    made_by_api = client.post(
        "/knowledge/federated/api/", json.dumps({"filter": "nelements=2"}), content_type="application/json"
    )
    assert made_by_api.status_code == 201
    ended(FederatedSearch.objects.get(pk=made_by_api.json()["id"]))
    client.force_login(a_person("mallory"))
    assert client.get(made["Location"]).status_code == 404
    assert (
        client.post(
            "/knowledge/federated/databases/", {"slug": "x", "name": "X", "base_url": "https://example.org"}
        ).status_code
        == 403
    )
