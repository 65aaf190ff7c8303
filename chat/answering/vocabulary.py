"""The lexicon of the data sets that are there now; built anew when they change."""

from collections.abc import Mapping
from functools import lru_cache

from django.db.models import Count, Q

from chat.planner.lexicon import Lexicon, Source, build
from knowledge.records.models import Dataset
from knowledge.topics.schema import TopicSchema, topics, topics_number


def _sources() -> tuple[Source, ...]:
    return tuple(Source(*row) for row in Dataset.objects.order_by("pk").values_list("slug", "title", "topic"))


@lru_cache(maxsize=2)
def _built(sources: tuple[Source, ...], number: int) -> Lexicon:
    return build(_with_data(sources), sources, _main_topic())


def _with_data(sources: tuple[Source, ...]) -> Mapping[str, TopicSchema]:
    """The topics that hold data: to know the words of an empty one would turn 'nobody asked' into 'there is none'."""
    held = {source.topic for source in sources}
    return {name: schema for name, schema in topics().items() if name in held} or topics()


def _main_topic() -> str | None:
    """The topic with most records: meant where a question names none."""
    rows = (
        Dataset.objects.values("topic")
        .annotate(size=Count("records", filter=Q(records__withdrawn=False)))
        .order_by("-size", "topic")
    )
    return next((str(row["topic"]) for row in rows), None)


def lexicon() -> Lexicon:
    """The lexicon of the present topics and data sets."""
    return _built(_sources(), topics_number())


def titles() -> Mapping[str, str]:
    """The title of each data set by its short name."""
    return {source.slug: source.title for source in _sources()}
