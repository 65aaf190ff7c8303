"""The topics there are now: those of packages, folders that a site adds, and documents that people save on the pages.

Of two with one id the later in that order counts. What is derived from the topics is kept by `per_topics`, and forgotten
when they change. Reading the database is left to moments when that is safe (`topics_refresh`), never to a look-up.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import wraps
from itertools import count
from typing import Any, ParamSpec, TypeVar

from knowledge.topics.checking import faults
from knowledge.topics.domain import (
    ClassValue,
    FromEntry,
    Preset,
    Projection,
    Property,
    TopicSchema,
    ValueType,
    yaml_read,
)
from knowledge.topics.finding import (
    Found,
    documents_found,
    documents_number,
    folders_found,
    folders_mark,
    shipped_found,
)

__all__ = [
    "ClassValue", "Complaint", "FromEntry", "Preset", "Projection", "Property", "TopicSchema", "ValueType", "complaints",
    "dataset_texts", "found_topics", "per_topics", "topics", "topics_forget", "topics_number", "topics_refresh", "topics_trial",
    "yaml_read",
]  # fmt: skip

P = ParamSpec("P")
T = TypeVar("T")
MAX_AGE_S = 1.0
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Complaint:
    """A topic that was left out, or a part of it, and why."""

    place: str
    reason: str


@dataclass(frozen=True)
class _Now:
    """One state of the topics with everything derived from it; replaced as a whole."""

    number: int
    topics: dict[str, TopicSchema]
    found: Mapping[str, Found]
    complaints: tuple[Complaint, ...]
    mark: tuple[object, ...]
    kept: dict[Any, dict[Any, Any]] = field(default_factory=dict)  # Any: functions, their arguments and results


_numbers = count(1)
_trial: ContextVar["_Now | None"] = ContextVar("topics on trial", default=None)
_lock = threading.Lock()
_now: _Now | None = None
_looked = 0.0


def _read(documents: Mapping[str, Found], mark: tuple[object, ...]) -> _Now:
    """All topics; what a site added and cannot be used is left out and said."""
    schemas: dict[str, TopicSchema] = {}
    found: dict[str, Found] = {}
    complaints = []
    for origin in (shipped_found(), folders_found(), documents):
        for name, one in origin.items():
            try:
                if one.text:
                    schemas[name] = _checked(one, schemas)
                elif name not in schemas:
                    raise ValueError(f"describes data sets of a topic '{name}' that does not exist")
            except ValueError as error:
                complaints.append(Complaint(one.place, str(error)))
                log.warning("topic %s is left out: %s", one.place, error)
                continue
            found[name] = one.over(found.get(name))
    return _Now(next(_numbers), schemas, found, tuple(complaints), mark)


def _checked(found: Found, others: Mapping[str, TopicSchema]) -> TopicSchema:
    schema = found.schema()
    wrong = faults(schema, others) if found.origin != "shipped" else []
    if wrong:
        raise ValueError("; ".join(wrong))
    return schema


def _present() -> _Now:
    global _now
    if (trial := _trial.get()) is not None:
        return trial
    if _now is None:
        with _lock:
            if _now is None:
                _now = _read({}, (0, folders_mark()))
    return _now


def topics() -> dict[str, TopicSchema]:
    """All topics by id."""
    return _present().topics


def topics_number() -> int:
    """Another number whenever the topics are others, in this process; for caches that `per_topics` does not fit."""
    return _present().number


def found_topics() -> Mapping[str, Found]:
    """Where each topic comes from."""
    return _present().found


def complaints() -> tuple[Complaint, ...]:
    """Topics of folders and documents that are left out because they cannot be used, with the reason."""
    return _present().complaints


def dataset_texts() -> list[tuple[str, str, str]]:
    """(topic, place, YAML text) of the described data sets of all topics."""
    found = sorted(_present().found.items())
    return [(name, place, text) for name, one in found for place, text in one.datasets.items()]


def topics_refresh(*, max_age_s: float = MAX_AGE_S) -> bool:
    """Look whether folders or saved documents changed, if the last look is older than `max_age_s`; whether they had.

    Asks the database one number. Called where a request, a command or a task begins, so that all that one does sees one state.
    """
    global _now, _looked
    if time.monotonic() - _looked < max_age_s:
        return False
    with _lock:
        mark = (documents_number(), folders_mark())
        _looked = time.monotonic()
        if _now is not None and _now.mark == mark:
            return False
        _now = _read(documents_found(), mark)
    return True


@contextmanager
def topics_trial(schema: TopicSchema) -> Iterator[None]:
    """Within it this topic is as the schema says, for what runs here only; nothing is stored, and no cache is spoilt."""
    now = _present()
    token = _trial.set(replace(now, number=next(_numbers), topics={**now.topics, schema.id: schema}, kept={}))
    try:
        yield
    finally:
        _trial.reset(token)


def topics_forget() -> None:
    """Begin again with what packages and folders say; the next refresh reads the documents."""
    global _now, _looked
    with _lock:
        _now, _looked = None, 0.0


def per_topics(function: Callable[P, T]) -> Callable[P, T]:
    """A cache of results that depend on the topics, emptied when these change. Arguments must be hashable."""

    @wraps(function)
    def kept(*args: P.args, **kwargs: P.kwargs) -> T:
        results = _present().kept.setdefault(function, {})
        key = (args, tuple(sorted(kwargs.items())))
        try:
            result: T = results[key]
        except KeyError:
            # a result of newer topics may enter the old state, never the other way round: the state was taken before
            result = results[key] = function(*args, **kwargs)
        return result

    return kept
