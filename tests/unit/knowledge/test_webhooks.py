"""Webhooks: who hears of what, signed, once each, again after failures, never more than the owner may read."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from eln.accounts.models import Membership, Project, User
from ingest.feeds.models import Cursor
from ingest.feeds.services import stages_drain
from knowledge.access.services import key_create
from knowledge.fetching import AddressRefused
from knowledge.records.drafts import Draft, Value
from knowledge.records.models import Dataset, Record
from knowledge.records.services import records_write
from knowledge.webhooks.domain import DELAYS, delay_after, signature
from knowledge.webhooks.matching import changes_note
from knowledge.webhooks.models import Delivery, Event, Webhook
from knowledge.webhooks.sending import deliveries_run, delivery_send
from knowledge.webhooks.services import webhook_change, webhook_create
from tests.builders.knowledge import a_dataset

pytestmark = pytest.mark.django_db
API = "/knowledge/api/v1/"


@dataclass
class Receiver:
    """What a receiving program got; `answers` are the statuses it gives, the last for ever."""

    url: str = ""
    answers: list[int] = field(default_factory=lambda: [200])
    headers: dict[str, str] = field(default_factory=dict)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _headers, body in self.got]

    @property
    def events(self) -> list[tuple[str, str]]:
        return [(event["type"], event["record"]["record"]) for message in self.messages for event in message["events"]]


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.KNOWLEDGE = settings.KNOWLEDGE.model_copy(update={"fetch_networks": "127.0.0.0/8", "fetch_http": True})
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            return

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status = found.answers.pop(0) if len(found.answers) > 1 else found.answers[0]
            self.send_response(status)
            for name, value in found.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada")


def write(*formulae: str, source: Dataset | None = None, **more: Any) -> list[str]:
    """Records of these formulae, as an import writes them; the ids of all that changed."""
    from knowledge.formula import parse_formula

    source = source or a_dataset(slug="source")
    before = dict(Record.objects.values_list("pk", "version"))
    drafts = [
        Draft(
            key=formula, formula=formula, formula_source=formula, elements=tuple(parse_formula(formula).elements),
            values=(Value(property="nsites", value=more.get("nsites", 1)),),
        )
        for formula in formulae
    ]  # fmt: skip
    records_write(source, drafts, complete=True)
    return [pk for pk, version in Record.objects.values_list("pk", "version") if before.get(pk) != version]


def send_all() -> int:
    """Send what is due in this thread."""

    def here(taken: list[Delivery]) -> None:
        for delivery in taken:
            delivery_send(delivery)

    return deliveries_run(sender=here)


def happen(keys: list[str]) -> None:
    changes_note(keys)
    send_all()


def test_a_message_is_signed_as_standard_webhooks_say(ada: User, receiver: Receiver) -> None:
    hook = webhook_create(owner=ada, name="h", url=receiver.url)
    happen(write("Bi2Se3"))
    [(headers, body)] = receiver.got
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(hook.secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(headers["webhook-timestamp"]) - timezone.now().timestamp()) < 60
    assert receiver.messages[0]["events"][0]["record"]["values"][0]["value"] == 1


def test_the_signature_is_that_of_the_specification() -> None:
    # https://github.com/standard-webhooks/standard-webhooks: id, timestamp, payload, secret and signature of its example
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    found = signature(secret, uid="msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp=1614265330, body=body)
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_new_changed_and_withdrawn_records_are_told_once_each(ada: User, receiver: Receiver) -> None:
    webhook_create(owner=ada, name="h", url=receiver.url)
    keys = write("Bi2Se3", "NaCl")
    happen(keys)
    happen(keys)  # the feed came again, nothing else happened
    assert sorted(kind for kind, _ in receiver.events) == ["record.created"] * 2
    happen(write("Bi2Se3", "NaCl", nsites=2))
    assert [kind for kind, _ in receiver.events[2:]] == ["record.changed"] * 2
    happen(write("Bi2Se3", nsites=2))
    assert [kind for kind, _ in receiver.events[4:]] == ["record.withdrawn"]
    assert "values" not in receiver.messages[-1]["events"][0]["record"]
    ids = [event["id"] for message in receiver.messages for event in message["events"]]
    assert len(set(ids)) == len(ids) == 5


def test_only_what_matches_and_is_wanted_is_told(ada: User, receiver: Receiver) -> None:
    bismuth = 'elements HAS "Bi" AND nsites < 3'
    webhook_create(owner=ada, name="h", url=receiver.url, filter_text=bismuth, events=[Event.CHANGED])
    happen(write("Bi2Se3", "NaCl"))
    assert receiver.got == []
    happen(write("Bi2Se3", "NaCl", nsites=2))
    [(kind, pk)] = receiver.events
    assert (kind, Record.objects.get(pk=pk).formula) == ("record.changed", "Bi2Se3")
    happen(write("Bi2Se3", "NaCl", nsites=3))
    assert len(receiver.events) == 1


def test_a_subscription_hears_of_what_happens_after_it(ada: User, receiver: Receiver) -> None:
    keys = write("Bi2Se3")
    webhook_create(owner=ada, name="h", url=receiver.url)
    happen(keys)
    assert receiver.got == []
    happen(write("Bi2Se3", nsites=2))
    assert [kind for kind, _ in receiver.events] == ["record.changed"]


def test_rights_are_those_at_the_time_of_delivery(ada: User, receiver: Receiver) -> None:
    project = Project.objects.create(slug="p", title="P")
    source = a_dataset(slug="closed", project=project)
    webhook_create(owner=ada, name="h", url=receiver.url)
    happen(write("Bi2Se3", source=source))
    assert receiver.got == []
    membership = Membership.objects.create(user=ada, project=project)
    changes_note(write("Bi2Se3", source=source, nsites=2))
    membership.delete()  # between the change and the delivery
    send_all()
    assert receiver.got == []
    assert Delivery.objects.get().state == Delivery.State.EMPTY
    Membership.objects.create(user=ada, project=project)
    happen(write("Bi2Se3", source=source, nsites=3))
    assert len(receiver.events) == 1
    User.objects.update(is_active=False)
    happen(write("Bi2Se3", source=source, nsites=4))
    assert len(receiver.events) == 1


def test_a_failed_delivery_comes_again_later_with_the_same_ids(ada: User, receiver: Receiver) -> None:
    receiver.answers = [500, 302, 200]
    hook = webhook_create(owner=ada, name="h", url=receiver.url)
    happen(write("Bi2Se3"))
    for seen in (1, 2):
        hook.refresh_from_db()
        assert (hook.failures, len(receiver.got)) == (seen, seen)
        assert hook.next_attempt is not None
        assert hook.next_attempt > timezone.now()
        send_all()
        assert len(receiver.got) == seen  # not before its time
        Webhook.objects.update(next_attempt=timezone.now())
        send_all()
    hook.refresh_from_db()
    assert (hook.failures, hook.failing_since, hook.next_attempt) == (0, None, None)
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts, delivery.status) == (Delivery.State.DELIVERED, 3, 200)
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert len({event["id"] for message in receiver.messages for event in message["events"]}) == 1


def test_waiting_grows_and_what_the_other_side_asks_for_counts() -> None:
    assert [delay_after(n) for n in range(1, 9)] == list(DELAYS)
    assert delay_after(1, retry_after="90") == timedelta(seconds=90)
    assert delay_after(1, retry_after="999999999") == timedelta(hours=6)
    assert delay_after(3, retry_after="soon") == DELAYS[2]


def test_a_webhook_that_fails_for_days_is_paused_with_the_reason(ada: User, receiver: Receiver) -> None:
    receiver.answers = [503]
    hook = webhook_create(owner=ada, name="h", url=receiver.url)
    happen(write("Bi2Se3"))
    Webhook.objects.update(failing_since=timezone.now() - timedelta(days=4), next_attempt=None)
    send_all()
    hook.refresh_from_db()
    assert (hook.active, "503" in hook.disabled_reason) == (False, True)
    receiver.answers = [200]
    happen(write("Bi2Se3", nsites=2))
    assert len(receiver.got) == 2
    webhook_change(webhook=hook, changes={"active": True})
    send_all()
    assert len(receiver.got) == 3  # what waited is sent


def test_an_address_that_is_gone_for_good_is_asked_no_more(ada: User, receiver: Receiver) -> None:
    receiver.answers = [410]
    hook = webhook_create(owner=ada, name="h", url=receiver.url)
    happen(write("Bi2Se3"))
    hook.refresh_from_db()
    assert not hook.active


def test_a_large_import_comes_in_few_messages(ada: User, receiver: Receiver) -> None:
    webhook_create(owner=ada, name="h", url=receiver.url)
    metals = [f"Bi{n}Se{m}" for n in range(1, 20) for m in range(1, 20)]
    keys = write(*metals)
    happen(keys)
    assert len(receiver.events) == len(keys) == len(set(receiver.events))
    assert len(receiver.got) <= 5


def test_an_address_inside_the_network_is_refused_unless_the_site_opens_it(ada: User) -> None:
    for url in (
        "http://127.0.0.1/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://10.0.0.1/",
        "ftp://example.org/",
    ):
        with pytest.raises(AddressRefused):
            webhook_create(owner=ada, name="h", url=url)
    hook = webhook_create(owner=ada, name="h", url="https://localhost/x")  # names are looked up when they are used
    happen(write("Bi2Se3"))
    hook.refresh_from_db()
    assert hook.failures == 1
    assert "private" in Delivery.objects.get().reason


@pytest.mark.django_db(transaction=True)  # PostgreSQL shows a feed what is committed
def test_the_stages_tell_after_the_index_has_it(ada: User, receiver: Receiver) -> None:
    stages_drain()
    webhook_create(owner=ada, name="h", url=receiver.url, filter_text='formula = "Bi2Se3"')
    write("Bi2Se3")
    stages_drain(only=["knowledge.webhooks"])  # before the index's own stage: still nothing is missed
    assert Delivery.objects.count() == 1
    assert Cursor.objects.filter(stage="knowledge.webhooks").exists()


def call(token: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
    headers["Authorization"] = f"Bearer {token}"
    return getattr(Client(), method)(API + path, body, content_type="application/json", headers=headers)


def test_a_program_subscribes_tests_reads_the_log_and_ends(ada: User, receiver: Receiver) -> None:
    _, token = key_create(user=ada, name="k", rights=["read", "write:webhooks"])
    made = call(token, "post", "webhooks", {"name": "h", "url": receiver.url}, **{"Idempotency-Key": "1"})
    assert made.status_code == 201
    assert made.json()["secret"].startswith("whsec_")
    again = call(token, "post", "webhooks", {"name": "h", "url": receiver.url}, **{"Idempotency-Key": "1"})
    assert (again.json()["id"], again.json()["secret"]) == (made.json()["id"], None)
    path = f"webhooks/{made.json()['id']}"
    assert "secret" not in call(token, "get", path).json()
    assert call(token, "post", f"{path}/ping").json()["state"] == "delivered"
    assert receiver.messages[0]["type"] == "ping"
    happen(write("Bi2Se3"))
    log = call(token, "get", f"{path}/deliveries").json()
    assert [(item["type"], item["status"]) for item in log] == [("records", 200), ("ping", 200)]
    sent = call(token, "post", f"{path}/deliveries/{log[0]['id']}/send").json()
    assert sent["state"] == "waiting"
    send_all()
    assert len(receiver.events) == 2
    assert call(token, "patch", path, {"active": False}).json()["active"] is False
    assert call(token, "post", f"{path}/deliveries/{log[0]['id']}/send").status_code == 400
    assert call(token, "patch", path, {"filter": "nonsense = 1"}).status_code == 400
    assert call(token, "patch", path, {"url": "http://10.0.0.1/"}).status_code == 400
    assert call(token, "post", f"{path}/secret").json()["secret"] != made.json()["secret"]
    _, other = key_create(user=User.objects.create_user("bob"), name="k", rights=["read", "write:webhooks"])
    assert call(other, "get", path).status_code == 404
    _, reader = key_create(user=ada, name="r", rights=["read"])
    assert call(reader, "get", "webhooks").status_code == 403
    assert call(token, "delete", path).status_code == 204
    assert call(token, "get", "webhooks").json() == []


def test_the_page_shows_secret_once_log_and_reason(ada: User, receiver: Receiver) -> None:
    client = Client()
    client.force_login(ada)
    said = {"name": "dashboard", "url": receiver.url, "topic": "", "filter": 'elements HAS "Bi"', "event": Event.values}
    made = client.post("/knowledge/webhooks/", said)
    hook = Webhook.objects.get()
    assert hook.secret in made.content.decode()
    page = f"/knowledge/webhooks/{hook.pk}/"
    assert hook.secret not in client.get(page).content.decode()
    assert client.post(f"{page}ping/").status_code == 302
    happen(write("Bi2Se3"))
    assert client.get(page).content.decode().count("badge--ok") >= 2
    client.post(f"{page}deliveries/{Delivery.objects.filter(events=[]).get().pk}/")
    send_all()
    assert [message["type"] for message in receiver.messages] == ["ping", "records", "ping"]
    client.post(f"{page}pause/")
    hook.refresh_from_db()
    assert not hook.active
    client.post(f"{page}resume/")
    assert client.post(page, {**said, "filter": "elements HAS"}).status_code == 400
    assert client.post(page, {**said, "name": "other"}).status_code == 302
    assert client.post("/knowledge/webhooks/", {**said, "url": "http://10.0.0.1/"}).status_code == 400
    assert "other" in client.get("/knowledge/webhooks/").content.decode()
    stranger = Client()
    stranger.force_login(User.objects.create_user("bob"))
    assert stranger.get(page).status_code == 404
    client.post(f"{page}end/")
    assert not Webhook.objects.exists()
