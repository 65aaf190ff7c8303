"""OPTIMADE on 1e5 structures by one worker, beside the reference server with its own 17, in turns on the same machine."""

import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from statistics import median
from urllib.parse import quote

from deploy.services import free_port, listens, wait_for
from tests.performance.http_load import Load

ROWS, ROUNDS, SECONDS = 100_000, 3, 2.0
FILTERS = {
    "has_all": ('elements HAS ALL "{0}","{1}"', ""),
    "anonymous": ('nelements>=3 AND chemical_formula_anonymous="ABC"', "response_fields=chemical_formula_reduced,nelements"),
    "contains": ('chemical_formula_reduced CONTAINS "{0}" AND NOT elements HAS "{2}"', "page_limit=10"),
}  # fmt: skip
SYMBOLS = (
    "Ag",
    "Br",
    "Cl",
    "Al",
    "As",
    "Au",
    "Ba",
    "Bi",
    "Ca",
    "Cd",
    "Co",
    "Cr",
    "Cs",
    "Cu",
    "Fe",
    "Ga",
    "Ge",
    "O",
    "S",
    "Se",
    "Te",
)
ALIASES = {
    "id": "task_id", "immutable_id": "_id", "chemical_formula_descriptive": "pretty_formula",
    "chemical_formula_reduced": "pretty_formula", "chemical_formula_anonymous": "formula_anonymous",
}  # fmt: skip


def structures_fill(rows: int, seed: int = 1) -> None:
    """So many invented structures of one to five elements, each with its sites; records, geometries and the index."""
    from knowledge.geometry.models import Geometry
    from knowledge.index.services import index_rebuild
    from knowledge.records.models import Dataset, Record
    from knowledge.records.services import dataset_ensure, record_id

    dice = random.Random(seed)  # noqa: S311 - invented data
    dataset = dataset_ensure(
        slug="invented", topic="crystal_structures", title="Invented", kind="computation", version="1"
    )
    for start in range(0, rows, 5000):
        records, shapes = [], []
        for number in range(start, min(start + 5000, rows)):
            record, shape = _structure(dataset, record_id("invented", str(number)), dice)
            records.append(record)
            shapes.append(shape)
        Record.objects.bulk_create(records)
        Geometry.objects.bulk_create(shapes)
    assert Dataset.objects.count() == 1
    index_rebuild()


def _structure(dataset: object, key: str, dice: random.Random) -> tuple[object, object]:
    from knowledge.geometry.models import Geometry
    from knowledge.records.models import Record

    symbols = sorted(dice.sample(SYMBOLS, dice.choice((1, 2, 2, 3, 3, 3, 4, 5))))
    amounts = [dice.choice((1, 1, 1, 2, 3)) for _ in symbols]
    formula = "".join(
        f"{symbol}{amount if amount > 1 else ''}" for symbol, amount in zip(symbols, amounts, strict=True)
    )
    sites = [symbol for symbol, amount in zip(symbols, amounts, strict=True) for _ in range(amount)]
    values = [{"property": "density", "value": round(dice.uniform(1, 12), 3), "unit": "g/cm^3"}]
    values += [
        {"property": name, "value": round(dice.uniform(3, 9), 4), "unit": "angstrom"} for name in ("a", "b", "c")
    ]
    document = {
        "lattice_vectors": [[5.0, 0.0, 0.0], [0.0, 5.0, 0.0], [0.0, 0.0, 5.0]],
        "cartesian_site_positions": [[round(dice.uniform(0, 5), 6) for _ in "xyz"] for _ in sites],
        "species": [{"name": one, "chemical_symbols": [one], "concentration": [1.0]} for one in symbols],
        "species_at_sites": sites,
    }
    record = Record(
        pk=key, dataset=dataset, topic="crystal_structures", kind="computation", formula=formula, formula_source=formula,
        elements=symbols, spacegroup_number=dice.randint(1, 230), values=values, file_name="invented", locator=key,
    )  # fmt: skip
    return record, Geometry(record=record, digest="invented", nsites=len(sites), document=json.dumps(document))


@contextlib.contextmanager
def running(app: str, port: int, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """One uvicorn worker with an application."""
    command = [sys.executable, "-m", "uvicorn", app, "--port", str(port), "--log-level", "warning", "--no-access-log"]
    process = subprocess.Popen(
        command, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(lambda: listens(port), app, timeout_s=120)
        yield process
    finally:
        process.terminate()
        process.wait(30)


def load(port: int, connections: int, paths: list[str], seconds: float = SECONDS) -> Load:
    """What the load generator measures in a process of its own."""
    command = [sys.executable, "-m", "tests.performance.http_load", str(port), str(connections), str(seconds)]
    done = subprocess.run(command, input="\n".join(paths), capture_output=True, text=True, check=True)
    found = Load(**json.loads(done.stdout))
    assert not found.wrong, f"{found.wrong} answers were no 200: {paths[0]}"
    return found


def paths_of(name: str, base: str, varied: bool) -> list[str]:
    """Addresses of one filter: the same again and again, or with other elements each time."""
    text, more = FILTERS[name]
    dice = random.Random(3)  # noqa: S311 - which elements to ask for
    chosen = [dice.sample(SYMBOLS, 3) for _ in range(2000)] if varied else [["Ag", "Br", "Cl"]]
    return [f"{base}/structures?filter={quote(text.format(*symbols))}&{more}".rstrip("&") for symbols in chosen]


def figures() -> Iterator[tuple[str, float, str]]:
    """Requests a second of both servers in turns, their ratio, and our slowest 1 %."""
    structures_fill(ROWS)
    ours, theirs = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.json"
        config.write_text(json.dumps({"insert_test_data": True, "aliases": {"structures": ALIASES}, "log_dir": folder}))
        reference = {"OPTIMADE_CONFIG_FILE": str(config), "OPTIMADE_BASE_URL": f"http://127.0.0.1:{theirs}"}
        with (
            running("deploy.config.asgi:application", ours),
            running("optimade.server.main:app", theirs, **reference),
        ):
            for port, base in ((ours, "/optimade/v1"), (theirs, "/v1")):
                for name in FILTERS:  # load, compile, connect
                    load(port, 1, paths_of(name, base, False), 1.0)
            yield from _compared(ours, theirs)


def _compared(ours: int, theirs: int) -> Iterator[tuple[str, float, str]]:
    for name, connections, varied in product(FILTERS, (1, 8), (False, True)):
        if varied and name == "anonymous":
            continue
        own, other = [], []
        for _round in range(ROUNDS):
            other.append(load(theirs, connections, paths_of(name, "/v1", varied)))
            own.append(load(ours, connections, paths_of(name, "/optimade/v1", varied)))
        what = f"optimade_{name}{'_varied' if varied else ''}_c{connections}"
        yield f"{what}_ours", median(one.per_s for one in own), "req/s"
        yield f"{what}_reference", median(one.per_s for one in other), "req/s"
        yield f"{what}_ratio", median(a.per_s / b.per_s for a, b in zip(own, other, strict=True)), "times"
        yield f"{what}_p99", 1000 * median(one.p99 for one in own), "ms"
