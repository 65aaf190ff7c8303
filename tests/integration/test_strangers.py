"""A person outside a project walks over every address of the site: nothing of the project shows, nothing can be changed."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from analysis.jobs.models import Job
from analysis.predictors.models import Predictor
from chat.models import Conversation, Message
from eln.models import Attachment, Comment, Entry, Project, Sample, User
from ingest.feeds.models import Failure
from ingest.gateway.models import Instrument
from ingest.stream.models import Alert
from knowledge.graph.services import graph_rebuild
from knowledge.index.services import index_rebuild
from knowledge.models import Dataset, Record
from tests.builders.analysis import a_job
from tests.builders.eln import a_parsed_file, a_person, a_project, a_receipt, a_run, an_instrument
from tests.builders.knowledge import a_dataset, a_record

pytestmark = pytest.mark.django_db(transaction=True)  # the stream reads from its own thread

MARK = "Zauberwort"  # every text of the project holds it
HIDDEN = "HfRh7"  # and no open record is of this material
OPEN = {  # addresses that need no login: the agents' wire has tokens, the rest shows nothing of anybody
    "ingest/", "login/", "i18n/setlang/", "language/", "knowledge/api/v1/",
}  # fmt: skip
OPEN_TO_ALL = ("knowledge:topic", "eln:language")


def addresses(resolver: URLResolver | None = None, prefix: str = "", space: str = "") -> Iterator[tuple[str, str]]:
    """(route, name) of every pattern of the site."""
    for item in (resolver or get_resolver()).url_patterns:
        route = prefix + str(item.pattern)
        if isinstance(item, URLResolver):
            yield from addresses(item, route, f"{item.namespace}:" if item.namespace else space)
        elif isinstance(item, URLPattern):
            yield route, f"{space}{item.name}"


class Secret:
    """A project with one of everything, and the person who owns it."""

    def __init__(self) -> None:
        self.owner = a_person("ada")
        self.project: Project = a_project(title=f"{MARK} project", owner=self.owner)
        self.instrument: Instrument = an_instrument(slug=f"mbe-{MARK.lower()}", project=self.project)
        self.instrument.title = f"{MARK} machine"
        self.instrument.save()
        now = timezone.now()
        run = a_run(self.instrument, start=now - timedelta(hours=1), hours=None, title=f"{MARK} run")
        self.sample = Sample.objects.create(project=self.project, name=f"{MARK} sample", formula=HIDDEN)
        self.entry = Entry.objects.create(
            project=self.project, title=f"{MARK} entry", text=MARK, words=MARK.lower(), technique=f"{MARK}XRD",
            instrument=self.instrument, run=run, sample=self.sample, person=self.owner, started=now,
        )  # fmt: skip
        Comment.objects.create(entry=self.entry, author=self.owner, text=f"{MARK} remark")
        Alert.objects.create(
            instrument=self.instrument, run=run, channel=f"{MARK} gauge", kind="stuck", score=1, started=now
        )
        self.filed, self.waiting = self._file(self.entry), self._file(None)
        self.records()
        self.conversation = Conversation.objects.create(owner=self.owner, title=f"{MARK} talk")
        self.message = Message.objects.create(
            conversation=self.conversation, question=MARK, status="answered", language="en", document={}, sentences=[]
        )
        self.job: Job = a_job(owner=self.owner)
        Job.objects.update(title=f"{MARK} job", state="done")
        self.model = Predictor.objects.create(
            job=self.job, owner=self.owner, title=f"{MARK} model", target="x", task="regression", trainer="t",
            score=1, baseline=2, card={"data": {"origin": {}}},
        )  # fmt: skip
        self.failure = Failure.objects.create(
            stage="s", key=f"{MARK} key", reason=f"{MARK} reason", next_attempt=now + timedelta(days=1)
        )

    def _file(self, entry: Entry | None) -> Attachment:
        receipt = a_receipt(MARK.encode(), name=f"{MARK}.csv", source="upload page", person="ada")
        return Attachment.objects.create(
            entry=entry, project=self.project, receipt=receipt, file_name=receipt.file_name, status="parsed",
            parsed=a_parsed_file(receipt),
        )  # fmt: skip

    def records(self) -> None:
        self.dataset: Dataset = a_dataset(slug=f"{MARK.lower()}-set", title=f"{MARK} data", project=self.project)
        values = {"topological_class_soc": "TCI", "nsites": 777}
        self.record: Record = a_record(HIDDEN, dataset=self.dataset, spacegroup_number=166, values=values, title=MARK)
        a_record("Bi2Se3", spacegroup_number=166, values={"topological_class_soc": "TCI"})  # open to all
        index_rebuild()
        graph_rebuild()

    def arguments(self, name: str) -> dict[str, str]:
        """What fills an address's places, for each parameter name."""
        file = self.waiting if name == "eln:inbox-file" else self.filed
        pk = {
            "eln:entry": self.entry.pk, "eln:entry-change": self.entry.pk, "eln:entry-comment": self.entry.pk,
            "eln:entry-plot": self.entry.pk, "eln:sample": self.sample.pk, "eln:receipt": self.filed.receipt_id,
            "eln:failure-again": self.failure.pk, "knowledge:record": self.record.pk,
            "knowledge:record-peaks": self.record.pk,
        }.get(name, file.pk)  # fmt: skip
        uid = self.job.pk if name in ("analysis:job", "analysis:cancel", "analysis:retry") else self.model.pk
        slug = self.project.slug if name == "eln:project" else self.instrument.slug
        return {
            "pk": str(pk), "slug": slug, "uid": uid, "topic": self.dataset.topic, "formula": HIDDEN,
            "conversation": str(self.conversation.pk), "message": str(self.message.pk), "record": self.record.pk,
            "upload_id": self.filed.receipt_id, "tail_id": self.filed.receipt_id,
        }  # fmt: skip


@pytest.fixture
def secret() -> Secret:
    return Secret()


@pytest.fixture
def stranger() -> User:
    return a_person("mallory")


@pytest.fixture
def browser(stranger: User) -> Client:
    client = Client()
    client.force_login(stranger)
    return client


def filled(route: str, name: str, secret: Secret) -> str:
    known = secret.arguments(name)
    return "/" + re.sub(
        r"<(?:\w+:)?(\w+)>|\{(\w+)\}", lambda place: known[place[1] or place[2]], route.replace("^", "").rstrip("$")
    )


def test_no_page_shows_a_stranger_anything_of_the_project(secret: Secret, browser: Client) -> None:
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


def test_no_form_lets_a_stranger_change_anything_of_the_project(secret: Secret, browser: Client) -> None:
    before = (
        [list(model.objects.order_by("pk").values()) for model in (Entry, Comment, Attachment, Sample, Job, Predictor)],
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
            assert answer.status_code in (200, 400, 403, 404, 405), (route, answer.status_code)
    after = (
        [list(model.objects.order_by("pk").values()) for model in (Entry, Comment, Attachment, Sample, Job, Predictor)],
        list(Conversation.objects.values()),
        list(secret.project.memberships.values()),
        list(Failure.objects.values()),
        list(secret.instrument.enrolment_codes.values()),
    )
    assert after == before


def test_every_address_but_the_named_ones_asks_for_a_login(secret: Secret, client: Client) -> None:
    for route, name in addresses():
        answer = client.get(filled(route, name, secret))
        if any(route.startswith(prefix) for prefix in OPEN):
            continue
        assert answer.status_code == 302 and answer["Location"].startswith("/login/"), route
    for path in ("search", f"records/{secret.record.pk}", f"materials/{HIDDEN}", "topics"):
        assert client.get(f"/knowledge/api/v1/{path}").status_code == 401, path


def test_every_form_of_a_person_needs_its_token(secret: Secret, stranger: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(stranger)
    for route, name in addresses():
        if route.startswith(
            "ingest/"
        ):  # agents have no cookies, so nothing can be forged: they send a token of their own
            continue
        answer = browser.post(filled(route, name, secret), {"text": "x"})
        assert answer.status_code in (403, 404, 405), (route, answer.status_code)


@pytest.mark.parametrize(
    "question",
    [
        f"What is the space group of {HIDDEN}?", f"What materials are similar to {HIDDEN}?", "List all TCI materials",
        "How many TCI materials have space group 166?", "Which material has the most atoms per cell?", "What data do you hold?",
        f"Compare {HIDDEN} and Bi2Se3", f"列出含有Rh的材料 {MARK}",
    ],
)  # fmt: skip
def test_an_answer_tells_a_stranger_nothing_of_the_project(
    secret: Secret, stranger: User, browser: Client, question: str
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


def test_the_owner_sees_what_the_stranger_does_not(secret: Secret) -> None:
    """Without this the tests above could pass because there is nothing to see."""
    client = Client()
    client.force_login(secret.owner)
    for path in (
        "", "entries/", f"entries/{secret.entry.pk}/", "inbox/", "samples/", "instruments/", "projects/", "chat/",
        f"instruments/{secret.instrument.slug}/", "knowledge/", f"knowledge/materials/{HIDDEN}/", "analysis/",
        f"knowledge/records/{secret.record.pk}/", "knowledge/api/v1/search",
    ):  # fmt: skip
        page = client.get(f"/{path}").content.decode()
        assert MARK in page or MARK.lower() in page, path
    page = client.post("/chat/ask/", {"question": f"What is the space group of {HIDDEN}?"}, follow=True)
    assert secret.record.pk in page.content.decode()
