"""The only writer of saved topics: each save is a new version, checked before; undoing is saving an older one again."""

import shutil
from pathlib import Path

from django.db import transaction
from django.db.models import Max

from eln.accounts.models import User
from ingest.errors import LodestoneError
from ingest.feeds.services import feed_append
from knowledge.editor.checks import folder_checked, schema_checked
from knowledge.errors import KnowledgeError
from knowledge.topics.finding import folder as topics_folder
from knowledge.topics.models import TopicDocument
from knowledge.topics.schema import topics, topics_refresh


class TopicRefused(KnowledgeError):
    """A topic that cannot be used as it is; `details["faults"]` names each fault."""

    code = "bad_topic"


class NotSteward(LodestoneError):
    """Topics are changed by stewards only."""

    code = "not_allowed"
    status = 403


def _allowed(person: User) -> None:
    if not person.is_staff:
        raise NotSteward("Only a steward may change topics. Ask a person who administers this site.")


def _refuse(faults: list[str]) -> None:
    if faults:
        raise TopicRefused("The topic cannot be used yet: " + "; ".join(faults[:8]), faults=faults)


@transaction.atomic
def topic_save(*, topic: str | None, text: str, person: User, note: str = "") -> TopicDocument:
    """Save a schema as the newest version of its topic. Raises TopicRefused with every fault, NotSteward.

    `topic` none = a new one, whose id must be free.
    """
    _allowed(person)
    schema, faults = schema_checked(text, topic)
    if schema is not None and topic is None and schema.id in topics():
        faults.append(f"id: there is a topic '{schema.id}' already; edit that one or choose another id")
    _refuse(faults)
    assert schema is not None  # noqa: S101 - without a schema there are faults
    return _next(schema.id, text=text, person=person, note=note)


@transaction.atomic
def topic_withdraw(*, topic: str, person: User) -> TopicDocument:
    """Take saved texts of a topic out of use: it becomes what package or folder say, or none. Its records stay."""
    _allowed(person)
    if not TopicDocument.objects.filter(topic=topic, dataset="").exists():
        raise KnowledgeError(f"Topic '{topic}' was never saved here, so there is nothing to take back.")
    return _next(topic, text="", person=person, note="", withdrawn=True)


def topic_restore(*, topic: str, version: int, person: User) -> TopicDocument:
    """Save an older version again as the newest one."""
    old = TopicDocument.objects.filter(topic=topic, dataset="", version=version, withdrawn=False).first()
    if old is None:
        raise KnowledgeError(f"There is no version {version} of topic '{topic}'.")
    return topic_save(topic=topic, text=old.text, person=person, note=f"as version {version}")


def _next(topic: str, *, text: str, person: User, note: str, withdrawn: bool = False) -> TopicDocument:
    last = TopicDocument.objects.filter(topic=topic, dataset="").aggregate(last=Max("version"))["last"] or 0
    saved = TopicDocument.objects.create(
        topic=topic, version=last + 1, text=text, person=person, note=note[:200], withdrawn=withdrawn
    )
    feed_append("topics", topic)
    transaction.on_commit(lambda: topics_refresh(max_age_s=0))
    return saved


def folder_add(*, folder: Path) -> str:
    """Copy a topic's folder to the site's own topics; its id. Raises TopicRefused with every fault of every file."""
    if not folder.is_dir():
        raise KnowledgeError(f"{folder} is no folder: give the folder that holds schema.yaml")
    folder = folder.resolve()
    found, faults = folder_checked(folder)
    _refuse(faults)
    place = topics_folder() / found.topic
    if place.resolve() != folder:
        fresh = place.with_name(f".{place.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        (fresh / "datasets").mkdir(parents=True)
        for file in [folder / "schema.yaml", folder / "README.md", *sorted((folder / "datasets").glob("*.yaml"))]:
            if file.is_file():
                shutil.copyfile(file, fresh / file.relative_to(folder))
        shutil.rmtree(place, ignore_errors=True)
        fresh.rename(place)
    topics_refresh(max_age_s=0)
    feed_append("topics", found.topic)
    return found.topic
