"""Writes of the graph database: derived, idempotent, in batches of one transaction each."""

import time
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import groupby
from operator import itemgetter

from django.conf import settings

from knowledge.index import rows
from knowledge.neo4j.connection import read, write
from knowledge.neo4j.projection import LABELS, Row, node_of, ties_of

BATCH = 1000
SORTED = ("topic", "dataset", "formula", "spacegroup_number", "external_id", "stamp")

# what a later change has written stays: a rebuild carries the time at which it began
_RECORDS = (
    "UNWIND $rows AS row MERGE (r:Record {record: row.record}) "
    "WITH r, row WHERE coalesce(r.stamp, 0) <= row.stamp SET r = row"
)
_UNTIE = "UNWIND $records AS record MATCH (:Record {record: record})-[tie]->() DELETE tie"
_TIE = (
    "UNWIND $ties AS tie MATCH (r:Record {{record: tie.record}}) MERGE (n:{label} {{key: tie.key}}) "
    "ON CREATE SET n.name = tie.name, n.property = tie.property MERGE (r)-[:{relation}]->(n)"
)
_FORGET = "UNWIND $records AS record MATCH (r:Record {record: record}) DETACH DELETE r"
_OLD = "MATCH (r:Record) WHERE r.stamp < $stamp WITH r LIMIT $most DETACH DELETE r"
_LOOSE = "MATCH (n:{label}) WHERE NOT (n)<--() WITH n LIMIT $most DELETE n"


@cache
def _prepared(uri: str) -> bool:
    """Constraints and indexes, once for each process and server; the same again changes nothing."""
    write("CREATE CONSTRAINT record_once IF NOT EXISTS FOR (r:Record) REQUIRE r.record IS UNIQUE")
    for label, _ in LABELS.values():
        write(f"CREATE CONSTRAINT {label.lower()}_once IF NOT EXISTS FOR (n:{label}) REQUIRE n.key IS UNIQUE")
    for name in SORTED:
        write(f"CREATE INDEX record_{name} IF NOT EXISTS FOR (r:Record) ON (r.{name})")
    return True


def _store(found: Sequence[Row], stamp: int) -> None:
    nodes = [node_of(row) | {"stamp": stamp} for row in found]
    write(_RECORDS, {"rows": nodes})
    write(_UNTIE, {"records": [row["record"] for row in found]})
    ties = [{**tie, "record": row["record"]} for row in found for tie in ties_of(row)]
    for kind, group in groupby(sorted(ties, key=itemgetter("kind")), key=itemgetter("kind")):
        label, relation = LABELS[kind]
        write(_TIE.format(label=label, relation=relation), {"ties": list(group)})


def graph_update(*, records: Sequence[str]) -> int:
    """Say anew what these records say; those that are gone leave. The number stored."""
    _prepared(settings.NEO4J["uri"])
    stamp, stored = time.time_ns(), 0
    for at in range(0, len(records), BATCH):
        keys = list(records[at : at + BATCH])
        found = list(rows.rows_of(keys))
        if found:
            _store(found, stamp)
        if gone := sorted(set(keys) - {row["record"] for row in found}):
            write(_FORGET, {"records": gone})
        stored += len(found)
    return stored


def graph_rebuild() -> int:
    """Store all records anew, then remove what none of them says; the number stored. Readers never meet a gap."""
    _prepared(settings.NEO4J["uri"])
    stamp, stored = time.time_ns(), 0
    for found in _batches(rows.chunks()):
        _store(found, stamp)
        stored += len(found)
    while read("MATCH (r:Record) WHERE r.stamp < $stamp RETURN 1 LIMIT 1", {"stamp": stamp}):
        write(_OLD, {"stamp": stamp, "most": BATCH})
    for label, _ in LABELS.values():
        while read(f"MATCH (n:{label}) WHERE NOT (n)<--() RETURN 1 LIMIT 1", {}):
            write(_LOOSE.format(label=label), {"most": BATCH})
    return stored


def _batches(chunks: Iterable[Sequence[Row]]) -> Iterator[Sequence[Row]]:
    for chunk in chunks:
        for at in range(0, len(chunk), BATCH):
            yield chunk[at : at + BATCH]
