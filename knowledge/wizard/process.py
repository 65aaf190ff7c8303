"""The process of one import: `python -m knowledge.wizard.process UID`; bounded, and gone with whoever started it."""

import os
import resource
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from knowledge.imports.decisions import About, Decision, Suggested
    from knowledge.imports.tables import Source
    from knowledge.wizard.models import TableImport

REFUSED, NO_MEMORY, ORPHANED = 65, 71, 70
EVERY_S = 0.3
SHOWN_ROWS, SHOWN_CELLS, SHOWN_REFUSED = 8, 4, 30


class Progress:
    """Tells how far it is, not more often than a person can read."""

    def __init__(self, uid: str) -> None:
        self._uid, self._last = uid, 0.0

    def __call__(self, message: str, share: float | None = None) -> None:
        """Store it."""
        from knowledge.wizard.models import TableImport

        if time.monotonic() - self._last < EVERY_S and share is None:
            return
        self._last = time.monotonic()
        fields: dict[str, Any] = {"message": message[:200]} | ({} if share is None else {"progress": share})
        TableImport.objects.filter(pk=self._uid).update(**fields)


def _decision(made: "TableImport", key: str) -> "Decision | None":
    from knowledge.imports.decisions import Chosen, Decision

    said = made.decisions.get(key)
    if said is None:
        return None
    columns = {name: Chosen(one.get("property"), one.get("unit")) for name, one in said.get("columns", {}).items()}
    return Decision(said.get("topic") or "", columns, bool(said.get("skip")))


def _about(made: "TableImport") -> "About":
    from knowledge.imports.decisions import About

    return About(**made.about, project_id=made.project_id)


def _suggestions(made: "TableImport", source: "Source") -> "list[tuple[str, Suggested]]":
    """The tables of a file with what was said of them. Raises Refused for a file that holds none."""
    from knowledge.imports.decisions import decided, key_of, suggested
    from knowledge.imports.sources import tables_read
    from knowledge.imports.tables import Refused

    found = []
    for table in tables_read(source):
        key = key_of(source, table)
        decision = _decision(made, key)
        one = suggested(source, table, decision.topic if decision and decision.topic else None)
        try:
            one = decided(source, one, decision, _about(made))
        except Refused as error:
            from dataclasses import replace

            one = replace(one, mapping=None, error=str(error))
        found.append((key, one))
    return found


def _sources(made: "TableImport") -> "tuple[list[Source], list[Source]]":
    """Tables and crystal structures among the files."""
    from knowledge.imports.sources import sources_in
    from knowledge.wizard.services import import_folder

    found = sources_in(import_folder(made.pk))
    return [one for one in found if one.reader != "structure"], [one for one in found if one.reader == "structure"]


def _read(made: "TableImport", tell: Progress) -> None:
    """Understand all files and read every row, with nothing stored."""
    from knowledge.imports.decisions import parts_of, previewed
    from knowledge.imports.tables import Refused
    from knowledge.wizard.preview import refused_shown, structures_shown, table_shown

    tables, structures = _sources(made)
    shown: list[dict[str, Any]] = []
    for number, source in enumerate(tables):
        tell(source.name, number / max(len(tables), 1))
        try:
            found = _suggestions(made, source)
        except (Refused, OSError, ValueError) as error:
            shown.append(refused_shown(source, str(error)))
            continue
        parts = previewed(parts_of([one for _, one in found]), source)
        pairs = zip(found, parts, strict=True)
        shown += [table_shown(source, key, one, part) for (key, one), part in pairs]
    if structures:
        shown.append(structures_shown(structures))
    made.preview = shown
    made.save(update_fields=["preview"])


def _import(made: "TableImport", tell: Progress) -> None:
    """Write what was decided, file by file, and note what was there before."""
    from django.utils import timezone

    from knowledge.imports.decisions import parts_of
    from knowledge.imports.reports import Report
    from knowledge.imports.services import parts_import
    from knowledge.imports.storing import imports_noted
    from knowledge.imports.structures.importing import structures_import
    from knowledge.imports.tables import Refused

    slugs = [table["dataset"] for table in made.preview if table.get("dataset")]
    made.before, made.imported, made.reports = imports_noted(slugs), timezone.now(), []
    made.save(update_fields=["before", "imported", "reports"])
    tables, structures = _sources(made)
    for number, source in enumerate(tables):
        tell(source.name, number / max(len(tables), 1))
        try:
            parts = parts_of([one for _, one in _suggestions(made, source)])
            if not any(part.mapping for part in parts):
                raise Refused("; ".join(part.error for part in parts if part.error) or "holds no table")
            report = parts_import(source, parts, progress=tell)
        except (Refused, OSError, ValueError) as error:
            report = Report(file=source.name, error=str(error))
        _note(made, report.document())
    for report in structures_import(structures, progress=tell):
        _note(made, report.document())


def _undo(made: "TableImport", tell: Progress) -> None:
    """Bring the data sets back to what they were; the same again goes on where it was ended."""
    from knowledge.imports.storing import import_undo
    from knowledge.records.models import Dataset

    for number, slug in enumerate(made.before):
        dataset = Dataset.objects.filter(slug=slug).first()
        if dataset is not None and made.imported is not None:
            tell(dataset.title, number / len(made.before))
            import_undo(dataset, since=made.imported, before=made.before[slug])


def _note(made: "TableImport", document: dict[str, Any]) -> None:
    """Keep a report; long lists of refusals stay with the data set, here are the first."""
    rejected = document.get("rejected", [])
    document |= {"rejected": rejected[:SHOWN_REFUSED], "lost": len(rejected)} if "rejected" in document else {}
    made.reports.append(document)
    made.save(update_fields=["reports"])


def _bounded(memory_mb: int) -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (memory_mb * 2**20, memory_mb * 2**20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end_with(parent: int) -> None:
    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(ORPHANED)

    threading.Thread(target=watch, daemon=True, name="parent").start()


STEPS = {"read": _read, "import": _import, "undo": _undo}


def work(uid: str) -> int:
    """Do the step that the import waits for; the status says how it ended."""
    from ingest.errors import LodestoneError
    from knowledge.wizard.models import TableImport

    made = TableImport.objects.select_related("project").get(pk=uid)
    try:
        STEPS[made.step](made, Progress(uid))
    except LodestoneError as error:
        print(error.message, file=sys.stderr)
        return REFUSED
    except MemoryError:
        return NO_MEMORY
    return 0


def main(uid: str) -> int:
    """The whole process; the exit status is that of the step."""
    _end_with(os.getppid())
    import django

    django.setup()
    from django.conf import settings

    _bounded(settings.KNOWLEDGE.import_memory_mb)
    return work(uid)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
