"""A million invented materials in the columns of the index: what large benches ask about. Reproducible, not real."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from knowledge.index import columns as layout
from knowledge.index import rows, segments
from knowledge.index.bases import base_build, database
from knowledge.index.elements import bits, mask
from knowledge.index.segments import Manifest

CHUNK = 50_000
CLASSES = ("TI", "TCI", "HSP_SM", "HSL_SM", "GM_SM", "SM", "Triv_Ins", "Unknown")
SYSTEMS = ("triclinic", "monoclinic", "orthorhombic", "tetragonal", "trigonal", "hexagonal", "cubic")
TOPICS = ("crystal_structures", "topological_materials", "material_facts")


def index_fill(size: int, seed: int = 1) -> None:
    """Make the index of the present data folder one of `size` invented records; the database stays as it is."""
    import pyarrow.parquet as pq

    segments.folder().mkdir(parents=True, exist_ok=True)
    parts, writer = segments.folder() / "invented.parquet", None
    dice = np.random.default_rng(seed)
    for start in range(0, size, CHUNK):
        table = rows.table(_rows(dice, start, min(start + CHUNK, size)))
        writer = writer or pq.ParquetWriter(parts, table.schema, compression="zstd")
        writer.write_table(table)
    if writer is None:
        return
    writer.close()
    opened = database()
    name = base_build(opened, f"SELECT * FROM read_parquet('{parts}')", ())  # noqa: S608 - our own path
    opened.close()
    parts.unlink()
    before = segments.manifest_read()
    segments.manifest_write(Manifest(before.generation + 1, layout.fingerprint(), (name,), layout.layout()))


SYMBOLS = sorted(bits(), key=bits().__getitem__)[:94]
WEIGHTS = np.array([1 / (1 + at % 30) for at in range(len(SYMBOLS))])
WEIGHTS /= WEIGHTS.sum()


def _drawn(dice: np.random.Generator, size: int) -> dict[str, list[Any]]:
    """The chance in `size` records, drawn together."""
    drawn = {
        "symbols": dice.choice(len(SYMBOLS), size=(size, 5), p=WEIGHTS), "number": dice.integers(1, 6, size),
        "amounts": dice.integers(1, 5, (size, 5)), "group": np.minimum(230, 1 + dice.exponential(60, size).astype(int)),
        "topic": dice.choice(3, size, p=[0.6, 0.3, 0.1]), "dataset": dice.integers(20, size=size),
        "project": np.where(dice.random(size) < 0.05, dice.integers(1, 4, size), 0),
        "gap": np.where(dice.random(size) < 0.7, dice.exponential(1.5, size), 0.0).round(3),
        "density": dice.normal(6, 1.5, size).round(2), "nsites": dice.integers(1, 200, size),
        "class": dice.integers(len(CLASSES), size=size), "prototype": dice.integers(300, size=size),
    }  # fmt: skip
    return {name: array.tolist() for name, array in drawn.items()}


def _rows(dice: np.random.Generator, start: int, stop: int) -> list[dict[str, Any]]:
    drawn = _drawn(dice, stop - start)
    names = list(drawn)
    return [
        _row(start + at, dict(zip(names, each, strict=True)))
        for at, each in enumerate(zip(*drawn.values(), strict=True))
    ]


def _row(number: int, drawn: dict[str, Any]) -> dict[str, Any]:
    symbols = sorted({SYMBOLS[at] for at in drawn["symbols"][: drawn["number"]]})
    amounts = drawn["amounts"][: len(symbols)]
    formula = "".join(
        f"{symbol}{amount if amount > 1 else ''}" for symbol, amount in zip(symbols, amounts, strict=True)
    )
    values = _values(number, drawn)
    low, high = mask(symbols)
    total = sum(amounts)
    stated = [
        f'{{"property": "{name}", "value": {json.dumps(value)}, "column": "{name}"}}' for name, value in values.items()
    ]
    texts = " ".join(value for value in values.values() if isinstance(value, str))
    falling = sorted(amounts, reverse=True)
    return {
        "record": f"{(number * 2654435761) % 2**32:08x}{number:08x}", "version": 1, "topic": TOPICS[drawn["topic"]],
        "dataset": f"invented-{drawn['dataset']}", "kind": "computation", "project_id": drawn["project"] or None,
        "formula": formula, "formula_source": formula, "formula_alphabetical": formula,
        "formula_anonymous": "".join(f"{'ABCDE'[at]}{one if one > 1 else ''}" for at, one in enumerate(falling)),
        "chemsys": "-".join(symbols), "elements": symbols, "elements_ratios": [one / total for one in amounts],
        "nelements": len(symbols), "e0": low, "e1": high, "spacegroup_number": drawn["group"],
        "external_id": f"inv-{number}", "last_modified": "2026-01-01T00:00:00Z", "file_name": "invented.csv",
        "locator": f"row {number}", "words": f"{formula} inv-{number} {texts}".casefold(),
        "stated": f"[{', '.join(stated)}]", "deleted": False,
    } | {f"p_{name}": value for name, value in values.items()}  # fmt: skip


def _values(number: int, drawn: dict[str, Any]) -> dict[str, Any]:
    if TOPICS[drawn["topic"]] == "material_facts":
        return {"band_gap": drawn["gap"], "density": drawn["density"], "melting_point": 10.0 * drawn["nsites"]}
    if TOPICS[drawn["topic"]] == "topological_materials":
        name = CLASSES[drawn["class"]]
        held = {"nsites": float(drawn["nsites"]), "mp_id": f"mp-{number}", "topological_class_soc": name}
        return held | {"nontrivial_soc": name not in ("Triv_Ins", "Unknown")}
    found = {"nsites": float(drawn["nsites"]), "density": drawn["density"], "band_gap": drawn["gap"]}
    return found | {"crystal_system": SYSTEMS[drawn["group"] % 7], "prototype": f"prototype-{drawn['prototype']}"}


def filters(seed: int = 2) -> Iterator[str]:
    """Filters as people write them, no two the same, without end."""
    dice = np.random.default_rng(seed)
    while True:
        one, two, three = (SYMBOLS[at] for at in dice.choice(len(SYMBOLS), size=3, p=WEIGHTS, replace=False))
        low, group, sites = round(float(dice.uniform(0, 3)), 3), int(dice.integers(1, 230)), int(dice.integers(5, 190))
        yield f'elements HAS "{one}" AND nsites < {sites}'
        yield f'elements HAS ALL "{one}","{two}" AND nelements = {int(dice.integers(2, 5))} AND band_gap > {low}'
        yield f'NOT elements HAS "{one}" AND band_gap >= {low}'
        yield f"spacegroup_number = {group} AND nsites >= {sites}"
        yield f'elements HAS ANY "{one}","{two}","{three}" AND spacegroup_number < {group}'
        yield f"band_gap > {low} AND band_gap < {low + 0.8} AND density > 5"
        yield f'topological_class_soc = "TI" AND NOT elements HAS ANY "{one}","{two}" AND nsites != {sites}'
        yield f'elements HAS ONLY "{one}","{two}","{three}","O","H" AND nsites > {sites}'
        yield f"nsites > {sites} OR band_gap > {low}"
        yield f'crystal_system = "cubic" AND density < {3 + low}'
