"""Which files of a path form which source, and which reader reads them; by content first, by name where content is silent."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ingest.contract.envelope import name_clean
from knowledge.imports.readers.aligned import aligned_read, columns_named, is_aligned
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
        if len(aligned) > 1 and _different_columns(aligned):
            found.append(Source(f"{folder.resolve().name}/*{aligned[0].suffix}", tuple(aligned), "aligned", group))
            files = [file for file in files if file not in aligned]
        prefix = "" if folder == path else f"{folder.name}/"
        found += [Source(name_clean(prefix + file.name), (file,), _reader(file), group) for file in files]
    if not found:
        raise Refused("holds no files")
    return _apart(path, found)


def _different_columns(files: list[Path]) -> bool:
    """Whether files name different columns each, as the parts of one table do."""
    names = [name for file in files for name in columns_named(file)]
    return len(set(names)) == len(names)


def _apart(root: Path, sources: list[Source]) -> list[Source]:
    """The sources, with the folders that tell files of one name apart: one must not replace what another said."""
    same: dict[str, list[Source]] = defaultdict(list)
    for source in sources:
        if source.reader != "structure":
            same[source.files[0].name.lower()].append(source)
    new: dict[Source, Source] = {}
    for members in same.values():
        if len(members) < 2:
            continue
        folders = [member.files[0].relative_to(root).parent.parts for member in members]
        levels = enumerate(zip(*folders, strict=False))
        shared = next((at for at, names in levels if len(set(names)) > 1), min(map(len, folders)))
        for member, parts in zip(members, folders, strict=True):
            name = name_clean("/".join((*parts, member.files[0].name))) if member.reader == "table" else member.name
            new[member] = replace(member, name=name, apart=" ".join(parts[shared:][-3:]))
    return [new.get(source, source) for source in sources]


def tables_read(source: Source) -> list[Table]:
    """The tables of a source, at least one. Raises Refused."""
    if source.reader == "aligned":
        return [aligned_read(source.files)]
    tables = file_tables(source.files[0])
    if not tables:
        raise Refused("holds no rows")
    return tables
