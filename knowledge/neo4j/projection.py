"""What of a record stands in the graph database: one node with the index's columns, and the nodes it is tied to. Pure."""

import json
import math
from collections.abc import Mapping
from typing import Any

from knowledge.graph.domain import Facts, targets

# the label of each kind of node, and what the tie from a record to it is called
LABELS = {
    "material": ("Material", "DESCRIBES"),
    "element": ("Element", "CONTAINS"),
    "spacegroup": ("SpaceGroup", "HAS_SPACEGROUP"),
    "class": ("Class", "HAS_CLASS"),
    "prototype": ("Prototype", "HAS_PROTOTYPE"),
    "dataset": ("Dataset", "FROM"),
}
LEFT_OUT = frozenset({"deleted", "e0", "e1"})  # marks of segments, and bit masks wider than Neo4j's whole numbers
Row = Mapping[str, Any]


def ends(column: str) -> tuple[str, str]:
    """The two lists in which the graph keeps a column of intervals."""
    return f"{column}_lo", f"{column}_hi"


def node_of(row: Row) -> dict[str, Any]:
    """The properties of a record's node: the row of the index, intervals as two lists, nothing absent."""
    made: dict[str, Any] = {}
    for name, value in row.items():
        if value is None or name in LEFT_OUT:
            continue
        if isinstance(value, list) and value and isinstance(value[0], dict):
            low, high = ends(name)
            made[low], made[high] = [one["lo"] for one in value], [one["hi"] for one in value]
        elif not (isinstance(value, float) and math.isnan(value)):
            made[name] = value
    return made


def ties_of(row: Row) -> list[dict[str, str]]:
    """The nodes a record is tied to: {label, tie, key, name, property}."""
    found = [("dataset", f"dataset:{row['dataset']}", str(row["dataset"]), "")]
    if row["formula"]:
        found.append(("material", f"material:{row['formula']}", str(row["formula"]), ""))
    facts = Facts(
        row["record"], row["topic"], row["formula"] or "", tuple(row["elements"] or ()), row["spacegroup_number"],
        tuple(json.loads(row["stated"] or "[]")),
    )  # fmt: skip
    found += [(node.kind, node.key, node.label, node.property) for _, node in targets(facts)]
    return [
        {"kind": kind, "key": key, "name": name, "property": name_of}
        for kind, key, name, name_of in dict.fromkeys(found)
        if kind in LABELS
    ]
