"""The only writer of geometries: from the CIF of a record to its sites, in a process of its own where symmetry must be applied."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from knowledge.chemistry.sites import sites_of_plain_cif
from knowledge.geometry.models import Geometry
from knowledge.imports.structures.pool import structures_read
from knowledge.records.models import Record

READING = "1"  # raise when the same CIF shall give another document
CHUNK = 500


def _digest(structure: str, elements: Iterable[str]) -> str:
    return hashlib.sha256("\n".join((READING, *elements, structure)).encode()).hexdigest()


def hill_formula(counts: dict[str, int]) -> str:
    """Carbon, hydrogen, then the alphabet; without carbon the alphabet alone."""
    first = [symbol for symbol in ("C", "H") if "C" in counts and symbol in counts]
    order = [*first, *sorted(set(counts) - set(first))]
    return "".join(f"{symbol}{counts[symbol] if counts[symbol] > 1 else ''}" for symbol in order)


def _geometry(record: str, digest: str, elements: Sequence[str], found: dict[str, Any]) -> Geometry:
    if "error" in found:
        return Geometry(record_id=record, digest=digest, error=found["error"][:400])
    sites, species = found["species_at_sites"], {item["name"]: item["chemical_symbols"] for item in found["species"]}
    seen = {symbol for symbols in species.values() for symbol in symbols}
    features = ["disorder"] if found["disorder"] else []
    features += ["implicit_atoms"] if set(elements) - seen else []
    counts = Counter(sites)
    return Geometry(
        record_id=record,
        digest=digest,
        nsites=len(sites),
        features=features,
        hill="" if found["disorder"] else hill_formula(dict(counts))[:400],
        document=orjson.dumps(found).decode(),
    )


def geometry_update(*, records: Sequence[str]) -> int:
    """Bring the geometries of these records up to date; the number that was computed. Same structure again computes nothing."""
    computed = 0
    for at in range(0, len(records), CHUNK):
        keys = list(records[at : at + CHUNK])
        rows = Record.objects.filter(pk__in=keys, withdrawn=False).exclude(structure="").order_by("pk")
        present = {pk: (text, elements) for pk, text, elements in rows.values_list("pk", "structure", "elements")}
        Geometry.objects.filter(record_id__in=set(keys) - set(present)).delete()
        known = dict(Geometry.objects.filter(record_id__in=present).values_list("record_id", "digest"))
        marks = {pk: _digest(*said) for pk, said in present.items()}
        due = [pk for pk, mark in marks.items() if known.get(pk) != mark]
        computed += _compute({pk: (*present[pk], marks[pk]) for pk in due})
    return computed


def _compute(due: dict[str, tuple[str, list[str], str]]) -> int:
    found: dict[str, dict[str, Any] | None] = {pk: sites_of_plain_cif(text) for pk, (text, _e, _m) in due.items()}
    hard = [pk for pk, document in found.items() if document is None]
    answers = structures_read([{"cif": due[pk][0], "sites": True} for pk in hard]) if hard else ()
    found |= dict(zip(hard, answers, strict=True))
    rows = [_geometry(pk, due[pk][2], due[pk][1], document) for pk, document in found.items() if document is not None]
    Geometry.objects.bulk_create(
        rows,
        batch_size=CHUNK,
        update_conflicts=True,
        unique_fields=["record"],
        update_fields=["digest", "nsites", "features", "hill", "document", "error"],
    )
    return len(rows)


def geometry_rebuild() -> int:
    """Compute every geometry anew; the number of records that have one."""
    Geometry.objects.all().delete()
    keys = Record.objects.filter(withdrawn=False).exclude(structure="").order_by("pk").values_list("pk", flat=True)
    return geometry_update(records=list(keys))
