"""The index on disk: small changes, merges and what changes of topics do to it."""

import random
from dataclasses import replace

import pytest

from eln.accounts.scope import Scope
from knowledge.index import bases, segments
from knowledge.index.columns import fingerprint, layout
from knowledge.index.reader import reader
from knowledge.index.services import index_ensure, index_rebuild, index_update
from knowledge.query.executor import run
from knowledge.query.filters import parse_filter
from knowledge.query.types import Evidence, Histogram, Query, Sort
from knowledge.records.models import Record
from tests.builders.knowledge import a_record
from tests.unit.knowledge.worlds import a_world

QUERIES = [
    Query(limit=100, facets=("elements", "dataset", "nelements"), histograms=(Histogram("nsites"),)),
    Query(where=parse_filter('elements HAS "Bi" AND NOT nsites > 2'), sort=(Sort("nsites", True),), limit=100),
    Query(where=parse_filter("LINKED material IN crystal_structures (nsites > 0)"), limit=100),
    Query(entities="materials", limit=100, facets=("spacegroup_number",)),
]


def answers() -> list[Evidence]:
    found = [run(query, scope=Scope.system()) for query in QUERIES]
    return [replace(answer, elapsed_ms=0.0) for answer in found]


@pytest.mark.django_db
def test_many_small_changes_say_the_same_as_an_index_built_anew() -> None:
    a_world(11, size=40)
    index_rebuild(most_fresh=0)
    dice, keys = random.Random(5), [f"r{number:03}" for number in range(40)]  # noqa: S311 - a reproducible course
    seen = set()
    for _step in range(10):
        changed = dice.sample(keys, 2)
        Record.objects.filter(pk__in=changed).update(
            spacegroup_number=dice.randint(1, 230), withdrawn=dice.random() < 0.3
        )
        index_update(records=changed, most_fresh=3)
        seen.add(tuple(name[:4] for name in segments.manifest_read().segments))
    assert any(kinds.count("base") > 1 for kinds in seen)  # several bases lay over each other on the way
    assert len(segments.manifest_read().segments) < 8
    followed = answers()
    index_rebuild(most_fresh=0)
    assert answers() == followed


@pytest.mark.django_db
def test_a_state_stays_as_it_is_for_who_is_reading_it() -> None:
    a_record("NaCl", id="first")
    index_rebuild(most_fresh=0)
    held = reader().snapshot()
    cursor = held.cursor()
    a_record("KCl", id="second")
    index_update(records=["second"])
    assert run(Query(), scope=Scope.system()).count == 2
    assert cursor.execute("SELECT record FROM entries").fetchall() == [("first",)]


@pytest.mark.django_db
def test_a_record_that_is_gone_stays_gone_when_segments_are_merged() -> None:
    for number in range(9):
        a_record("NaCl", id=f"old{number}")
    index_rebuild(most_fresh=0)
    Record.objects.filter(pk="old3").delete()
    index_update(records=["old3"], most_fresh=0)
    a_record("KCl", id="new")
    index_update(records=["new"], most_fresh=0)
    assert run(Query(), scope=Scope.system()).count == 9
    assert run(Query(where=parse_filter('record = "old3"')), scope=Scope.system()).count == 0


@pytest.mark.django_db
def test_a_topic_more_or_less_leaves_the_index_and_a_changed_one_builds_it_anew() -> None:
    a_record("NaCl", id="salt")
    index_rebuild()
    manifest = segments.manifest_read()
    fewer = {name: held for name, held in layout().items() if name != "material_facts"}
    segments.manifest_write(replace(manifest, fingerprint="other", layout=fewer))
    index_ensure()
    after = segments.manifest_read()
    assert (after.segments, after.fingerprint) == (manifest.segments, fingerprint())
    changed = layout() | {"material_facts": [["p_band_gap", "band_gap", "text", None]]}
    segments.manifest_write(replace(after, fingerprint="other", layout=changed))
    index_ensure()
    assert segments.manifest_read().segments != manifest.segments
    assert run(Query(), scope=Scope.system()).count == 1


@pytest.mark.django_db
@pytest.mark.parametrize("size", [0, 1, 60])
def test_a_base_sorted_in_stretches_is_the_same_as_one_sorted_at_once(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_world(7, size=size)
    index_rebuild(most_fresh=0)
    whole = answers()
    monkeypatch.setattr(bases, "SORTED", 7)
    index_rebuild(most_fresh=0)
    assert answers() == whole
    assert whole[0].count == Record.objects.exclude(kind="prediction").count()
