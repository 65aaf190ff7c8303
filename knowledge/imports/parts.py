"""Which part of its data set a file is: a newer version of one that came before, or rows that were not there yet."""

from dataclasses import replace

from knowledge.imports.models import Import
from knowledge.imports.rows import Read
from knowledge.records.models import Record
from knowledge.records.services import record_id

SAME = 0.3  # of the smaller of two files' rows: from here on one is the other's newer version


def part_named(part: str, file_name: str) -> str:
    """The name of a further part."""
    return f"{part} file={file_name}".strip()[:200]


def parts_of(slug: str, part: str) -> list[Import]:
    """The imports of a data set that are this part, or further files of it, the first one first."""
    rows = Import.objects.filter(dataset__slug=slug).order_by("pk")
    return [row for row in rows if row.part == part or row.part.startswith(f"{part} file=".strip())]


def part_settled(slug: str, part: str, file_name: str, read: Read) -> tuple[str, Read]:
    """The part that a file is, and its rows with the keys they have there.

    A file most of whose rows are known under their keys supersedes the part that has them. One whose rows are new is a
    further part: two halves of one table stand side by side, whichever comes first.
    """
    known = parts_of(slug, part)
    if not known:
        return part, read
    likeness = [(_likeness(slug, row, part, read), row) for row in known]
    best, like = max(likeness, key=lambda pair: pair[0])
    if best >= SAME or not read.drafts:
        return like.part, _keyed(read, like.part, part)
    taken = {row.part for row in known}
    name, number = part_named(part, file_name), 2
    while name in taken:
        name, number = part_named(part, f"{file_name[:150]} ({number})"), number + 1
    return name, _keyed(read, name, part)


def _likeness(slug: str, row: Import, part: str, read: Read) -> float:
    held = Record.objects.filter(dataset__slug=slug, file_name=row.file_name, withdrawn=False)
    count = held.count()
    ids = [record_id(slug, _key(draft.key, row.part, part)) for draft in read.drafts]
    if not count or not ids:
        return 0.0
    same = sum(held.filter(pk__in=ids[at : at + 500]).count() for at in range(0, len(ids), 500))
    return same / min(count, len(ids))


def _key(key: str, here: str, part: str) -> str:
    return key if here == part else f"{here}|{key}"


def _keyed(read: Read, here: str, part: str) -> Read:
    if here == part:
        return read
    drafts = [replace(draft, key=_key(draft.key, here, part)) for draft in read.drafts]
    return replace(read, drafts=drafts)
