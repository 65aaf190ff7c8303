"""Which entries a filter finds, in which order, from where on: keys and counts, with the asker's rights inside."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from eln.accounts.scope import Scope
from knowledge.optimade.asking import Page
from knowledge.optimade.errors import BadRequest
from knowledge.optimade.fields import fields
from knowledge.optimade.filters import Condition
from knowledge.optimade.snapshot import BARE, Snapshot

KEY = (
    "record",
    "version",
    "last_modified",
    "cell_sites",
)  # what an entry's JSON depends on; it changes when the entry does
MOST_COUNTS = 5000
Order = tuple[tuple[str, bool], ...]  # fields of the sort, and whether each falls
Row = tuple[Any, ...]  # the columns asked for
_counts: OrderedDict[object, int] = OrderedDict()
_lock = threading.Lock()


def count(where: Condition, scope: Scope, held: Snapshot) -> int:
    """How many entries the condition finds; remembered for one state of the index."""
    key = (held.mark, scope, where.sql, repr(where.values))
    with _lock:
        if key in _counts:
            _counts.move_to_end(key)
            return _counts[key]
    found = int(held.ask("count(*)", where.sql, dict(where.values), scope)[0][0])
    with _lock:
        _counts[key] = found
        while len(_counts) > MOST_COUNTS:
            _counts.popitem(last=False)
    return found


def available(scope: Scope, held: Snapshot) -> int:
    """How many structures the asker may see in all."""
    return count(Condition(), scope, held)


def page(
    where: Condition, order: Order, wanted: Page, scope: Scope, held: Snapshot, *, told: Sequence[str] = KEY
) -> tuple[list[Row], tuple[Any, ...] | None]:
    """The columns `told` of one page, the record's id first; and the key behind which the next page begins, none at the end."""
    if wanted.limit == 0:
        return [], None
    columns = [(f'"{fields("structures")[name].column}"', falls) for name, falls in order]
    test, values = where.sql, dict(where.values)
    if wanted.after is not None:
        after = wanted.after if len(wanted.after) > 1 else (*_bare(wanted.after[0], scope, held), *wanted.after)
        test = f"{test} AND {_behind(columns or [(BARE, False)], after, values)}"
    # the snapshot lies in the order of a listing without sort; a LIMIT that is no parameter ends the scan when it is full
    by = ", ".join(f"{name} {'DESC' if falls else 'ASC'} NULLS LAST" for name, falls in columns)
    skipped = f" OFFSET {int(wanted.offset)}" if wanted.offset else ""
    sliced = f"{f'ORDER BY {by}, record' if by else ''} LIMIT {int(wanted.limit) + 1}{skipped}"
    said = ", ".join([*(f'"{name}"' for name in told), *(name for name, _falls in columns or [(BARE, False)])])
    rows = held.ask(said, test, values, scope, sliced)
    more = len(rows) > wanted.limit
    rows = rows[: wanted.limit]
    count = len(told)
    return [row[:count] for row in rows], ((*rows[-1][count:], rows[-1][0]) if more else None)


def _bare(record: str, scope: Scope, held: Snapshot) -> tuple[bool]:
    """Where an entry stands in the order of a listing without sort. Raises BadRequest if there is no such entry."""
    found = held.ask(BARE, "record = $id", {"id": record}, scope)
    if not found:
        raise BadRequest(f"There is no entry '{record[:80]}' to begin above.", "page_above")
    return (bool(found[0][0]),)


def _behind(columns: Sequence[tuple[str, bool]], after: tuple[Any, ...], values: dict[str, object]) -> str:
    """The condition that a row comes behind a key: absent values come last, whichever way the sort runs."""
    tests, same = [], ""
    for at, ((name, falls), value) in enumerate(zip(columns, after, strict=False)):
        if value is None:
            same += f"{name} IS NULL AND "
            continue
        values[f"after{at}"] = value
        tests.append(f"({same}({name} {'<' if falls else '>'} $after{at} OR {name} IS NULL))")
        same += f"{name} = $after{at} AND "
    values["after"] = after[-1]
    tests.append(f"({same}record > $after)")
    return f"coalesce({' OR '.join(tests)}, false)"
