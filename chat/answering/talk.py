"""Answers about the data themselves: what a class means, what is held, and why a question is refused or sent back."""

from chat.answering.lookup import held
from chat.answering.stores import Desk
from chat.composer import phrases
from chat.composer.writer import Table
from chat.planner.filters import class_property
from knowledge.query.types import Aggregate, Compare, Query
from knowledge.topics.schema import topics


def defining(desk: Desk) -> None:
    """What classes mean, from the schema, with how many records have them."""
    for word, id_ in desk.plan.classes:
        name = class_property(word, "")
        item = phrases.property_of(name, desk.plan.topic)
        value = next((value for value in item.classes if value.id == id_), None) if item else None
        if value is None:
            continue
        query, source, _ = desk.narrowed(Query(topic=desk.plan.topic, where=Compare(name, "=", id_), limit=3))
        evidence = desk.ask(query)
        note = value.note.get(desk.language, "")
        desk.writer.hold(note)
        note = note + (" " if desk.language == "en" else "")
        desk.writer.say(
            "define",
            label=value.label[desk.language],
            id=id_,
            note=note,
            count=str(evidence.count),
            source=source,
            marks=desk.writer.cite(evidence.rows),
        )
        desk.draft.classes.append(id_)
        desk.draft.count = evidence.count
    schema = topics().get(desk.plan.topic or "")
    if schema and (text := schema.limits.get(desk.language)):
        desk.draft.notes.append(text)


def inventory(desk: Desk) -> None:
    """Which topics, properties and sources there are, with their sizes."""
    found = False
    rows = []
    for schema in topics().values():
        evidence = desk.ask(Query(topic=schema.id, limit=1, aggregate=Aggregate("count", None, "dataset")))
        if not evidence.count or (desk.plan.topic and desk.plan.topic != schema.id):
            continue
        found = True
        properties = desk.join(desk.label(item.id, schema.id) for item in schema.properties if item.searchable)
        sources = desk.join(
            desk.writer.text("inventory_source", title=desk.writer.title(slug), count=str(int(count)))
            for slug, count in list(evidence.groups.items())[:8]
        )
        marks = desk.writer.cite(evidence.rows)
        desk.writer.say(
            "inventory",
            topic=schema.label[desk.language],
            count=str(evidence.count),
            properties=properties,
            sources=sources,
            marks=marks,
        )
        rows += [
            ("", schema.label[desk.language], desk.writer.title(slug), str(int(count)))
            for slug, count in evidence.groups.items()
        ]
    if not found:
        desk.writer.fixed("inventory_empty")
        return
    desk.draft.table = Table(("", desk.label("dataset"), "n"), tuple(rows))


def refuse(desk: Desk) -> None:
    """Say what the data do not hold, and what is near."""
    plan = desk.plan
    desk.draft.status = "refused"
    rows = (
        [row for material in plan.materials for row in desk.rows_of(material, placed=True)]
        if plan.reason in ("foreign", "property", "words")
        else []
    )
    about = ", ".join(plan.about)
    if plan.materials and rows and about:
        names = ", ".join(dict.fromkeys(material.label() for material in plan.materials))
        desk.writer.hold(names, about)
        desk.writer.say("refuse_property", property=about, material=names)
        return held(desk, rows)
    if plan.materials and plan.reason in ("foreign", "property", "words") and not rows:
        names = ", ".join(dict.fromkeys(material.label() for material in plan.materials))
        desk.writer.hold(names)
        desk.writer.say("refuse_none", material=names)
        return
    if plan.reason in ("foreign", "property") or (plan.reason == "words" and about):
        desk.writer.hold(about)
        desk.writer.say("refuse_words" if plan.reason == "words" else "refuse_foreign", about=about)
    elif plan.reason == "words":
        desk.writer.fixed("refuse_off_topic")
    else:
        desk.writer.fixed(f"refuse_{plan.reason}")
    _topics(desk)


def _topics(desk: Desk) -> None:
    counts = desk.ask(Query(limit=0, aggregate=Aggregate("count", None, "topic"))).groups
    labels = [topics()[name].label[desk.language] for name in counts if name in topics()]
    if labels:
        desk.writer.say("refuse_topics", topics=desk.join(labels))


def clarify(desk: Desk) -> None:
    """Ask back."""
    desk.draft.status = "clarify"
    about = ", ".join(desk.plan.about)
    desk.writer.hold(about)
    if desk.plan.reason in ("words", "number", "topic", "unit"):
        place = {"topic": "topics", "unit": "text"}.get(desk.plan.reason, "about")
        desk.writer.say(f"clarify_{desk.plan.reason}", **{place: about})
    else:
        desk.writer.fixed(f"clarify_{desk.plan.reason}")
