"""Which topic and data set each table of a file belongs to: a known data set, what its columns say, or nobody's."""

from collections.abc import Sequence
from dataclasses import replace

from knowledge.imports.columns import guessed_mapping, slug_of
from knowledge.imports.combining import Part, mapping_shown
from knowledge.imports.mappings import ColumnMapping, known_mapping
from knowledge.imports.models import Import
from knowledge.imports.readers.cells import is_formula
from knowledge.imports.readers.shapes import long_as_wide
from knowledge.imports.rows import fingerprint
from knowledge.imports.stated import StatedMapping, describes, stated_mapping
from knowledge.imports.tables import Refused, Source, Table


def holds_materials(table: Table) -> bool:
    """Whether a column holds formulae in most of its filled cells: the rows are about materials, whoever claims them."""
    for at in range(len(table.columns)):
        filled = [row[at] for row in table.rows[:200] if row[at]]
        words = [cell for cell in filled if any(character.isalpha() for character in cell)]
        if len(words) > len(table.rows[:200]) / 2 and sum(map(is_formula, words)) > len(words) / 2:
            return True
    return False


def _part(source: Source, table: Table, topic: str | None) -> Part:
    try:
        if (known := known_mapping(source, table, topic)) is not None:
            return Part(*known, known=True)
        table = long_as_wide(table)
        return Part(table, _named(guessed_mapping(source, table, topic), source))
    except Refused as error:
        if table.structures and topic is None and (found := _of_structures(source, table)):
            return found
        return Part(table, error=str(error), materials=holds_materials(table))


def _of_structures(source: Source, table: Table) -> Part | None:
    """Rows that carry crystal structures belong to that topic where no other claims their columns."""
    try:
        return Part(table, _named(guessed_mapping(source, table, "crystal_structures"), source))
    except Refused:
        return None


def _named(mapping: ColumnMapping, source: Source) -> ColumnMapping:
    """The mapping of a file that shares its name with others of the import: its folders tell its data set apart."""
    if not source.apart:
        return mapping
    return replace(mapping, slug=slug_of(f"{source.apart} {mapping.slug}"), title=f"{source.apart} {mapping.title}")


def _stated(source: Source, table: Table, stated: StatedMapping) -> Part:
    """A table read as a person says; where the mapping is meant for the table as it stands or turned wide."""
    for form in (table, long_as_wide(table)):
        if describes(stated, form):
            return Part(form, _named(stated_mapping(stated, source, form), source))
    try:
        stated_mapping(stated, source, table)
    except Refused as error:
        return Part(table, error=str(error), materials=holds_materials(table))
    return Part(table, error="the mapping does not describe it")


def tables_claimed(
    source: Source, tables: Sequence[Table], topic: str | None, stated: StatedMapping | None = None
) -> list[Part]:
    """How each table of a file is to be read. Tables of one topic form one data set, other topics get one of their own.

    `stated` is what a person says the columns mean; nothing is guessed then.
    Raises Refused when no topic claims any of them.
    """
    parts = [_stated(source, table, stated) if stated else _part(source, table, topic) for table in tables]
    guessed = [part for part in parts if part.mapping is not None and not part.known]
    if all(part.error for part in parts):
        raise Refused(_reason(parts))
    for number, name in enumerate(dict.fromkeys(part.mapping.topic for part in guessed if part.mapping)):
        members = [part for part in guessed if part.mapping and part.mapping.topic == name]
        slugs = {_slug(part.mapping, number) for part in members if part.mapping}
        slug = _apart(min(slugs), members)
        for part in members:
            if part.mapping:
                part.mapping = replace(part.mapping, slug=slug)
    return parts


def _slug(mapping: ColumnMapping, number: int) -> str:
    return mapping.slug if number == 0 else f"{mapping.slug[:55]}-{mapping.topic}"[:80].replace("_", "-")


def _apart(slug: str, members: Sequence[Part]) -> str:
    """A slug of its own where another table of this name has other columns."""
    known = Import.objects.filter(dataset__slug=slug).first()
    columns = set(mapping_shown(members))
    if known is None or set(known.mapping) == columns:
        return slug
    return f"{slug[:70]}-{fingerprint(*sorted(columns))[:8]}"


def _reason(parts: Sequence[Part]) -> str:
    if len(parts) == 1:
        return parts[0].error
    reasons = [f"{part.table.place}: {part.error}" for part in parts[:8]]
    more = [f"and {len(parts) - 8} more"] if len(parts) > 8 else []
    return f"none of its {len(parts)} tables can be imported: " + "; ".join([*reasons, *more])
