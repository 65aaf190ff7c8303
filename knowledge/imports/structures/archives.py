"""ZIP archives of crystal structures: one archive is one file of one data set, each member a row of it."""

import re
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from knowledge.imports.columns import slug_of
from knowledge.imports.mappings import ColumnMapping
from knowledge.imports.reports import Report
from knowledge.imports.rows import Read, fingerprint
from knowledge.imports.sources import is_structure_name
from knowledge.imports.storing import (
    READING_VERSION,
    bytes_accept,
    dataset_of,
    file_sha256,
    import_store,
    stored_report,
)
from knowledge.imports.structures.drafts import structure_draft
from knowledge.imports.structures.pool import structures_read
from knowledge.imports.tables import Refused, Source

MOST_MEMBERS = 20_000
MOST_BYTES = 10 * 2**20  # of one structure
_MAPPING = {"structure": {"property": "structure", "unit": None, "confidence": 1.0}}


def structure_members(path: Path) -> list[str]:
    """The names of the structure files in a ZIP archive that holds mostly such; empty for any other file."""
    if not zipfile.is_zipfile(path):
        return []
    with zipfile.ZipFile(path) as archive:
        names = [
            info.filename
            for info in archive.infolist()
            if not info.is_dir() and "__MACOSX" not in info.filename and not Path(info.filename).name.startswith(".")
        ]
    found = [name for name in names if is_structure_name(Path(name).name)]
    return found if len(found) * 2 > len(names) else []


def archive_import(source: Source, members: list[str], progress: Callable[[str], None] | None = None) -> Report:
    """Import the structures of an archive; one that cannot be read is a rejected row with its reason. Raises Refused."""
    if len(members) > MOST_MEMBERS:
        raise Refused(f"holds {len(members)} structures, more than {MOST_MEMBERS}: split it")
    path = source.files[0]
    slug = slug_of(re.sub(r"(?i)\.zip$", "", path.name))
    mapping = ColumnMapping("crystal_structures", slug, slug.replace("_", " "), "literature", rules={})
    sha256 = file_sha256(path)
    mark = fingerprint(READING_VERSION, sha256)
    if report := stored_report(slug, source, mark):
        return report
    receipt = bytes_accept(path, kind=mapping.kind, dataset=slug, sha256=sha256)
    with tempfile.TemporaryDirectory() as folder:
        requests = _unpacked(path, members, Path(folder))

        def tell(count: int) -> None:
            if progress and count % 50 == 0:
                progress(f"{count} of {len(members)} structures of {path.name}")

        answers = list(structures_read(requests, progress=tell))
    read = Read()
    for number, (name, answer) in enumerate(zip(members, answers, strict=True), 1):
        if "error" in answer:
            read.refuse(number, f"{name}: {answer['error']}")
            continue
        # a member of several blocks is still one row: its first structure; the others would break the count of rows
        found = answer["structures"][0]
        stem = Path(name).stem
        draft = structure_draft(found, key=name, receipt=receipt, file_name=source.name, locator=name, name=stem)
        read.drafts.append(draft)
    if not read.drafts:
        raise Refused(f"none of its {len(members)} structures can be read; the first: {read.rejected[0]['reason']}")
    return import_store(dataset_of(mapping), source, read, part="", mark=mark, receipts=[receipt], mapping=_MAPPING)


def _unpacked(path: Path, members: list[str], folder: Path) -> list[dict[str, object]]:
    """A request for each member, unpacked under a number so that no name of the archive becomes a path."""
    requests: list[dict[str, object]] = []
    with zipfile.ZipFile(path) as archive:
        for number, name in enumerate(members):
            place = folder / str(number)
            with archive.open(name) as file:
                data = file.read(MOST_BYTES + 1)
            place.write_bytes(data[:MOST_BYTES])
            requests.append({"path": str(place), "name": Path(name).name, "diffraction": len(members) <= 400})
    return requests
