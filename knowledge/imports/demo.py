"""The demo's own data: the prototype crystals that pymatgen carries, and our small table of facts."""

import json
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from importlib.resources import as_file, files
from pathlib import Path

from knowledge.imports.mappings import ColumnMapping
from knowledge.imports.models import Import
from knowledge.imports.rows import Read, fingerprint
from knowledge.imports.services import table_import
from knowledge.imports.storing import READING_VERSION, bytes_accept, dataset_of, file_sha256, import_store
from knowledge.imports.structures.drafts import structure_draft
from knowledge.imports.structures.pool import structures_read
from knowledge.imports.tables import Source

Progress = Callable[[str], None]
PROTOTYPES = ColumnMapping(
    topic="crystal_structures",
    slug="aflow-prototypes",
    title="AFLOW library of crystallographic prototypes, as bundled with pymatgen",
    kind="computation",
    rules={},
    citation=(
        "M. J. Mehl, D. Hicks, C. Toher, O. Levy, R. M. Hanson, G. Hart, S. Curtarolo, The AFLOW Library of "
        "Crystallographic Prototypes: Part 1, Comput. Mater. Sci. 136, S1 (2017)"
    ),
    licence="MIT (pymatgen)",
    url="https://aflow.org/prototype-encyclopedia",
)
FILE_NAME = "aflow_prototypes.json"


def facts_load() -> None:
    """The table of facts, through the importer like any other table."""
    with as_file(files("knowledge.topics.material_facts") / "lodestone_facts.csv") as path:
        table_import(Source("lodestone_facts.csv", (Path(path),), "table", "material_facts"), topic="material_facts")


def prototypes_load(progress: Progress) -> None:
    """The prototype crystals with symmetry, density and powder pattern, computed by worker processes."""
    mark = fingerprint(READING_VERSION, version("pymatgen"))
    if Import.objects.filter(dataset__slug=PROTOTYPES.slug, part="", fingerprint=mark).exists():
        return
    (count,) = (answer["count"] for answer in structures_read([{"prototypes": True}]))

    def tell(done: int) -> None:
        if done % 24 == 0 or done == count:
            progress(f"prototype crystals: {done} of {count}")

    requests = [{"prototype": number, "diffraction": True} for number in range(count)]
    answers = list(structures_read(requests, progress=tell))
    # The bytes that enter are what pymatgen's library says, so that each record can be traced to a kept file.
    text = "\n".join(json.dumps(answer, sort_keys=True) for answer in answers)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILE_NAME
        path.write_text(text, encoding="utf-8")
        receipt = bytes_accept(path, kind=PROTOTYPES.kind, dataset=PROTOTYPES.slug, sha256=file_sha256(path))
    read = Read()
    for number, answer in enumerate(answers, 1):
        if "error" in answer:
            read.refuse(number, answer["error"])
            continue
        found = answer["structures"][0]
        prototype = found["tags"].get("aflow", str(number))
        draft = structure_draft(
            found, key=f"{prototype}|{number}", receipt=receipt, file_name=FILE_NAME, locator=f"structure {number}"
        )
        read.drafts.append(draft)
    source = Source(FILE_NAME, (), "prototypes")
    import_store(dataset_of(PROTOTYPES), source, read, part="", mark=mark, receipts=[receipt], mapping={})


def demo_load(progress: Progress) -> None:
    """Load the demo's knowledge; a second call does nothing new. `progress` is given a line now and then."""
    progress("table of facts")
    facts_load()
    prototypes_load(progress)
    progress("demo data are loaded")
