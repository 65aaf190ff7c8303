"""The chat page: streamed, without scripts, and nobody else's."""

import json

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client
from django.urls import reverse

from chat.models import Conversation, Message
from chat.web.shown import shown
from eln.models import User
from knowledge.index.services import index_rebuild
from tests.builders.knowledge import a_dataset, a_record

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def person() -> User:
    a_record(
        "ZrSiS",
        dataset=a_dataset(slug="materiae-2019"),
        spacegroup_number=129,
        values={"topological_class_soc": "TCI", "nsites": 6},
    )
    index_rebuild()
    return User.objects.create_user("ada", password="a long password")


def test_a_question_works_without_scripts_and_is_escaped(client: Client, person: User) -> None:
    client.force_login(person)
    answer = client.post(
        reverse("chat:ask"), {"question": "<script>alert(1)</script> space group of ZrSiS?"}, follow=True
    )
    page = answer.content.decode()
    assert "P4/nmm" in page and "<script>alert" not in page and "&lt;script&gt;" in page
    message = Message.objects.get()
    assert reverse("knowledge:record", args=[message.citations.get().record]) in page
    assert reverse("knowledge:search") in page


def test_a_follow_up_remembers_the_material(client: Client, person: User) -> None:
    client.force_login(person)
    client.post(reverse("chat:ask"), {"question": "ZrSiS的空间群？"})
    conversation = Conversation.objects.get()
    client.post(reverse("chat:ask"), {"question": "它的拓扑分类呢？", "conversation": conversation.pk})
    assert conversation.messages.last().document["classes"] == ["TCI"]  # type: ignore[union-attr]  # two messages


def test_each_condition_of_the_plan_can_be_taken_out(client: Client, person: User) -> None:
    client.force_login(person)
    client.post(reverse("chat:ask"), {"question": "How many TCIs contain Zr?"})
    message = Message.objects.get()
    _intent, first, second = shown(message).parts
    assert (first.text, second.text) == (
        "contains Zr",
        "topological class with spin-orbit coupling = topological crystalline insulator (TCI)",
    )
    assert "TCI" in first.without and "Zr" not in first.without and "Zr" in second.without
    page = client.get(reverse("chat:conversation", args=[message.conversation_id])).content.decode()
    assert 'aria-label="Search without the condition: contains Zr"' in page
    assert "ZrSiS" in client.get(second.without).content.decode()


async def streamed(person: User, question: str) -> str:
    """The events of an answer as text."""
    client = AsyncClient()
    await client.aforce_login(person)
    answer = await client.post(reverse("chat:ask"), {"question": question}, headers={"accept": "text/event-stream"})
    return b"".join([part async for part in answer.streaming_content]).decode()  # type: ignore[attr-defined]


def test_the_answer_is_streamed_plan_first(person: User) -> None:
    events = async_to_sync(streamed)(person, "Space group of ZrSiS?").strip().split("\n\n")
    names = [event.split("\n")[0].removeprefix("event: ") for event in events]
    assert names[0] == "plan" and names[-1] == "done" and "sentence" in names
    assert "P4/nmm" in json.loads(events[-1].split("data: ", 1)[1])["html"]
    assert "event: error" in async_to_sync(streamed)(person, " ")


def test_conversations_are_their_owners_alone(client: Client, person: User) -> None:
    client.force_login(person)
    client.post(reverse("chat:ask"), {"question": "Space group of ZrSiS?"})
    conversation, message = Conversation.objects.get(), Message.objects.get()
    client.force_login(User.objects.create_superuser("head", password="a long password"))
    assert client.get(reverse("chat:conversation", args=[conversation.pk])).status_code == 404
    assert client.post(reverse("chat:feedback", args=[message.pk]), {"helpful": "yes"}).status_code == 404
    assert client.post(reverse("chat:delete", args=[conversation.pk])).status_code == 404
    client.force_login(person)
    client.post(reverse("chat:feedback", args=[message.pk]), {"helpful": "no"})
    message.refresh_from_db()
    assert message.feedback.helpful is False
    client.post(reverse("chat:delete", args=[conversation.pk]))
    assert not Conversation.objects.exists()


@pytest.mark.parametrize("question", ["", "x" * 100_000])
def test_a_bad_question_is_answered_on_the_page(client: Client, person: User, question: str) -> None:
    client.force_login(person)
    answer = client.post(reverse("chat:ask"), {"question": question})
    assert answer.status_code == 400 and 'role="alert"' in answer.content.decode()
