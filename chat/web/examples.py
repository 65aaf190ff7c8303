"""Example questions in both languages, made from what is in the database."""

from dataclasses import dataclass

from chat.answering.vocabulary import lexicon
from eln.accounts.scope import Scope
from knowledge.query.executor import run
from knowledge.query.types import Aggregate, Compare, Query


@dataclass(frozen=True)
class Example:
    """A question in English and Chinese."""

    en: str
    zh: str


def examples(*, scope: Scope) -> list[Example]:
    """Questions that the present data can answer; none where there are no data."""
    topic = lexicon().main_topic
    if topic is None:
        return []
    schema = lexicon().topics.get(topic)
    first = run(Query(topic=topic, where=Compare("spacegroup_number", "known"), limit=40), scope=scope).rows
    if not first or schema is None:
        return []
    row = first[len(first) // 2]
    found = [
        Example(f"What is the space group of {row.formula}?", f"{row.formula}属于哪个空间群？"),
        Example(f"What do you hold on {row.formula}?", f"{row.formula}有哪些数据？"),
        Example(f"Which materials are similar to {row.formula}?", f"有哪些材料与{row.formula}相似？"),
    ]
    classed = next((item for item in schema.properties if item.type == "class" and item.id != "crystal_system"), None)
    if classed:
        groups = run(Query(topic=topic, limit=0, aggregate=Aggregate("count", None, classed.id)), scope=scope).groups
        names = [value for value in classed.classes if value.id in groups]
        if names:
            value = names[0]
            label, chinese = value.label["en"], value.label["zh"]
            number = row.spacegroup_number
            symbol = row.elements[0]
            found[1:1] = [
                Example(f"How many {label}s have space group {number}?", f"空间群{number}的{chinese}有多少个？"),
                Example(f"List {label}s that contain {symbol}.", f"列出含有{symbol}的{chinese}"),
                Example(f"Which {label} contains the most elements?", f"哪个{chinese}所含元素最多？"),
                Example(f"What is a {label}?", f"什么是{chinese}？"),
            ]
    return found
