"""Print every stored value about a material or an entry, one line each."""

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from eln.accounts.scope import Scope
from ingest.commands import LodestoneCommand
from knowledge.records.models import Record
from knowledge.records.selectors import formulas_named, records_named


def facts_of(record: Record) -> Iterator[dict[str, Any]]:
    """The values of a record, each with what is needed to find it again; the space group counts as a value."""
    common = {
        "formula": record.formula,
        "formula_source": record.formula_source,
        "entry": record.external_id or record.pk,
        "kind": record.kind,
        "topic": record.topic,
        "source": record.dataset.title,
        "dataset": record.dataset.slug,
        "citation": record.dataset.citation,
        "file": record.file_name or None,
        "locator": record.locator or None,
        "record": record.pk,
        "version": record.version,
    }
    values: list[dict[str, Any]] = list(record.values)
    if record.spacegroup_number is not None:
        values.insert(0, {"property": "spacegroup_number", "value": record.spacegroup_number})
    for value in values:
        yield {
            **common,
            "property": value["property"],
            "value": ", ".join(map(str, value["value"])) if isinstance(value["value"], list) else value["value"],
            "unit": value.get("unit"),
            "uncertainty": value.get("uncertainty"),
            "conditions": value.get("conditions") or {},
            "method": value.get("method"),
            "column": value.get("column"),
            **{end: value[end] for end in ("bound", "low", "high", "reference") if value.get(end) is not None},
        }


def fact_text(fact: dict[str, Any]) -> str:
    """One line for people: limits and ranges as such, with uncertainty, conditions and source."""
    value = f"{fact['bound']} {fact['value']}" if "bound" in fact else f"{fact['value']}"
    if "low" in fact and "high" in fact:
        value = f"{fact['low']} to {fact['high']}"
    spread = f" ± {fact['uncertainty']:g}" if fact["uncertainty"] is not None else ""
    unit = f" {fact['unit']}" if fact["unit"] else ""
    at = ", ".join(f"{name} {told}" for name, told in fact["conditions"].items())
    return (
        f"{fact['formula']}  {fact['property']} = {value}{spread}{unit}{f' at {at}' if at else ''}  [{fact['source']}]"
    )


class Command(LodestoneCommand):
    """facts FORMULA|ID... [--json]: nothing known is no error: no lines and exit 0."""

    help = __doc__

    def arguments(self, parser: CommandParser) -> None:
        """What to look up."""
        parser.add_argument("names", nargs="+", metavar="FORMULA|ID")

    def run(self, **options: Any) -> int:  # Any: argparse's own
        """Print the values of all records found."""
        for name in options["names"]:
            if len(meant := formulas_named(name)) > 1:
                self.stderr.write(f"{name} may be {', '.join(meant)}: the records of all follow")
            for record in records_named(scope=Scope.system(), name=name):
                for fact in facts_of(record):
                    self.emit(fact, fact_text(fact))
        return 0
