"""Which files of a path form which source, and which reader reads them; by content first, by name where content is silent."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from ingest.contract.envelope import name_clean
from knowledge.imports.readers.aligned import aligned_read, is_aligned
from knowledge.imports.readers.content import file_tables
from knowledge.imports.tables import Refused, Source, Table

_ABOUT = re.compile(r"(?i)(readme|sources|licen[cs]e|citation|changelog|contributing|authors|notice)(\..*)?")
_STRUCTURE = re.compile(r"(?i).*\.(cif|mcif|vasp|poscar)|s?(poscar|contcar)([-_.].*)?")


def is_structure_name(name: str) -> bool:
    """Whether a file of this name holds a crystal structure: CIF, magnetic CIF, POSCAR."""
    return bool(_STRUCTURE.fullmatch(name))


def _reader(path: Path) -> str:
    return "structure" if is_structure_name(path.name) else "table"


def _folders(root: Path) -> Iterator[tuple[Path, list[Path]]]:
    by_folder: dict[Path, list[Path]] = defaultdict(list)
    for path in sorted(root.rglob("*")):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(root).parts):
            by_folder[path.parent].append(path)
    yield from sorted(by_folder.items())


def sources_in(path: Path) -> list[Source]:
    """The sources of a file or folder in a stable order. Raises Refused when there is nothing."""
    if not path.exists():
        raise Refused("does not exist: check the path")
    if path.is_file():
        return [Source(name_clean(path.name), (path,), _reader(path), path.resolve().parent.name)]
    found = []
    for folder, files in _folders(path):
        group = "-".join(folder.relative_to(path).parts) or path.resolve().name
        files = [file for file in files if not _ABOUT.fullmatch(file.name)]
        aligned = [file for file in files if file.suffix in (".txt", ".dat") and is_aligned(file)]
        if len(aligned) > 1:
            found.append(Source(f"{folder.resolve().name}/*{aligned[0].suffix}", tuple(aligned), "aligned", group))
            files = [file for file in files if file not in aligned]
        prefix = "" if folder == path else f"{folder.name}/"
        found += [Source(name_clean(prefix + file.name), (file,), _reader(file), group) for file in files]
    if not found:
        raise Refused("holds no files")
    return found


def tables_read(source: Source) -> list[Table]:
    """The tables of a source, at least one. Raises Refused."""
    if source.reader == "aligned":
        return [aligned_read(source.files)]
    tables = file_tables(source.files[0])
    if not tables:
        raise Refused("holds no rows")
    return tables
