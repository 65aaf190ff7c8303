"""A person outside a project walks over every address of the site: nothing of the project shows, nothing can be changed."""

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client

from analysis.jobs.models import Job
from analysis.predictors.models import Predictor
from chat.models import Conversation
from eln.models import Attachment, Comment, Entry, Sample, User
from ingest.feeds.models import Failure
from knowledge.federation.models import FederatedSearch
from knowledge.models import ApiKey, Delivery, Export, Proposal, QualityRun, SavedSearch, TableImport, Webhook
from tests.builders.eln import a_person
from tests.builders.site import HIDDEN, Everything, addresses, filled

pytestmark = pytest.mark.django_db(transaction=True)  # the stream reads from its own thread

MARK = "Zauberwort"  # every text of the project holds it
OPEN = {  # addresses that need no login: the agents' wire has tokens, the rest shows nothing of anybody
    "ingest/", "login/", "i18n/setlang/", "language/", "knowledge/api/v1/", "optimade",
}  # fmt: skip
OWNED = (
    Entry, Comment, Attachment, Sample, Job, Predictor, ApiKey, Export, SavedSearch, Webhook, Delivery, TableImport, Proposal,
    QualityRun, FederatedSearch,
)  # fmt: skip
OPEN_TO_ALL = ("knowledge:topic", "knowledge:datasets-form", "knowledge-api:topic", "eln:language")


@pytest.fixture
def secret() -> Everything:
    return Everything(MARK)


@pytest.fixture
def stranger() -> User:
    return a_person("mallory")


@pytest.fixture
def browser(stranger: User) -> Client:
    client = Client()
    client.force_login(stranger)
    return client


def test_no_page_shows_a_stranger_anything_of_the_project(secret: Everything, browser: Client) -> None:
    walked = 0
    for route, name in addresses():
        url = filled(route, name, secret)
        answer = browser.get(url)
        said = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[arg-type]
        shown = said.decode(errors="replace")
        assert answer.status_code < 500, url
        assert MARK not in shown, url
        if "<" in route and name not in OPEN_TO_ALL and not route.startswith("ingest/"):
            empty = name in ("knowledge:material", "knowledge:material-graph") and HIDDEN not in shown
            assert answer.status_code in (403, 404, 405) or empty, (url, answer.status_code)
        walked += 1
    assert walked > 60


def test_no_form_lets_a_stranger_change_anything_of_the_project(secret: Everything, browser: Client) -> None:
    before = (
        [list(model.objects.order_by("pk").values()) for model in OWNED],
        list(Conversation.objects.values()),
        list(secret.project.memberships.values()),
        list(Failure.objects.values()),
        list(secret.instrument.enrolment_codes.values()),
    )
    sent = {
        "field": "text", "value": "mine now", "version": 1, "text": "mine now", "entry": secret.entry.pk, "title": "x",
        "username": "mallory", "role": "owner", "formulas": "NaCl", "helpful": "yes",
    }  # fmt: skip
    for route, name in addresses():
        if "<" in route and not route.startswith(("ingest/", "knowledge/api")):
            answer = browser.post(filled(route, name, secret), sent)
            found_none = name == "knowledge:search-forget" and answer.status_code == 302  # back to the search
            assert answer.status_code in (200, 400, 403, 404, 405) or found_none, (route, answer.status_code)
    after = (
        [list(model.objects.order_by("pk").values()) for model in OWNED],
        list(Conversation.objects.values()),
        list(secret.project.memberships.values()),
        list(Failure.objects.values()),
        list(secret.instrument.enrolment_codes.values()),
    )
    assert after == before


def test_every_address_but_the_named_ones_asks_for_a_login(secret: Everything, client: Client) -> None:
    for route, name in addresses():
        answer = client.get(filled(route, name, secret))
        if any(route.lstrip("^").startswith(prefix) for prefix in OPEN):
            continue
        assert answer.status_code == 302 and answer["Location"].startswith("/login/"), route
    for path in ("search", f"records/{secret.record.pk}", f"materials/{HIDDEN}", "topics"):
        assert client.get(f"/knowledge/api/v1/{path}").status_code == 401, path


def test_every_form_of_a_person_needs_its_token(secret: Everything, stranger: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(stranger)
    for route, name in addresses():
        if route.startswith(
            "ingest/"
        ):  # agents have no cookies, so nothing can be forged: they send a token of their own
            continue
        answer = browser.post(filled(route, name, secret), {"text": "x"})
        assert answer.status_code in (403, 404, 405, 415), (route, answer.status_code)  # 415: a form is no JSON


@pytest.mark.parametrize(
    "question",
    [
        f"What is the space group of {HIDDEN}?", f"What materials are similar to {HIDDEN}?", "List all TCI materials",
        "How many TCI materials have space group 166?", "Which material has the most atoms per cell?", "What data do you hold?",
        f"Compare {HIDDEN} and Bi2Se3", f"列出含有Rh的材料 {MARK}",
    ],
)  # fmt: skip
def test_an_answer_tells_a_stranger_nothing_of_the_project(
    secret: Everything, stranger: User, browser: Client, question: str
) -> None:
    page = browser.post("/chat/ask/", {"question": question}, follow=True).content.decode()
    assert secret.record.pk not in page and f"{MARK} data" not in page and "777" not in page

    async def streamed() -> str:
        client = AsyncClient()
        await client.aforce_login(stranger)
        answer = await client.post("/chat/ask/", {"question": question}, headers={"accept": "text/event-stream"})
        return "".join([part.decode() async for part in answer.streaming_content])  # type: ignore[union-attr]

    told = async_to_sync(streamed)()
    assert "event: done" in told
    assert secret.record.pk not in told and f"{MARK} data" not in told and "777" not in told


def test_the_owner_sees_what_the_stranger_does_not(secret: Everything) -> None:
    """Without this the tests above could pass because there is nothing to see."""
    client = Client()
    client.force_login(secret.owner)
    for path in (
        "", "entries/", f"entries/{secret.entry.pk}/", "inbox/", "samples/", "instruments/", "projects/", "chat/",
        f"instruments/{secret.instrument.slug}/", "knowledge/", f"knowledge/materials/{HIDDEN}/", "analysis/",
        f"knowledge/records/{secret.record.pk}/",
    ):  # fmt: skip
        page = client.get(f"/{path}").content.decode()
        assert MARK in page or secret.instrument.slug in page, path
    page = client.post("/chat/ask/", {"question": f"What is the space group of {HIDDEN}?"}, follow=True)
    assert secret.record.pk in page.content.decode()
