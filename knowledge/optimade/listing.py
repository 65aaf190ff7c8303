"""Which entries a filter finds, in which order, from where on: keys and counts out of the index, with the asker's rights inside."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from eln.accounts.scope import Scope
from knowledge.index.reader import reader
from knowledge.index.segments import manifest_read
from knowledge.index.services import index_ensure
from knowledge.optimade.asking import Page
from knowledge.optimade.errors import BadRequest
from knowledge.optimade.fields import fields
from knowledge.optimade.filters import Condition
from knowledge.query.selection import Selection, selection_of
from knowledge.query.types import Query

KEY = "record, version, last_modified, cell_sites"  # what an entry's JSON depends on; it changes when the entry does
COMPOSED = "nelements IS NOT NULL"  # an entry of structures has a composition
BARE = "(cell_sites IS NULL)"  # without a sort, entries with sites come before bare compositions
MOST_COUNTS = 5000
Order = tuple[tuple[str, bool], ...]  # fields of the sort, and whether each falls
_counts: OrderedDict[object, int] = OrderedDict()
_lock = threading.Lock()


def state() -> tuple[int, str]:
    """Changes whenever an answer could: the index's generation and what it was built for."""
    index_ensure()
    manifest = manifest_read()
    return manifest.generation, manifest.fingerprint


def count(where: Condition, scope: Scope, at: tuple[int, str]) -> int:
    """How many entries the condition finds; remembered for one state of the index."""
    key = (at, scope, where.sql, repr(where.values))
    with _lock:
        if key in _counts:
            _counts.move_to_end(key)
            return _counts[key]
    chosen = selection_of(Query(), scope=scope)
    found = int(chosen.ask("count(*)", also=_test(where, chosen))[0][0])
    with _lock:
        _counts[key] = found
        while len(_counts) > MOST_COUNTS:
            _counts.popitem(last=False)
    return found


def available(scope: Scope, at: tuple[int, str]) -> int:
    """How many structures the asker may see in all."""
    return count(Condition(), scope, at)


def page(
    where: Condition, order: Order, wanted: Page, scope: Scope
) -> tuple[list[tuple[Any, ...]], tuple[Any, ...] | None]:
    """The keys of one page, and the key behind which the next one begins; none where this is the last."""
    if wanted.limit == 0:
        return [], None
    chosen = selection_of(Query(), scope=scope)
    put = chosen.parameters.put
    columns = [(f'"{fields("structures")[name].column}"', falls) for name, falls in order] or [(BARE, False)]
    tests = [_test(where, chosen)]
    if wanted.after is not None:
        after = wanted.after if len(wanted.after) > 1 else (*_bare(wanted.after[0], scope), *wanted.after)
        tests.append(_behind(columns, after, put))
    sorted_by = "".join(f"{name} {'DESC' if falls else 'ASC'} NULLS LAST, " for name, falls in columns)
    sliced = f"ORDER BY {sorted_by}record LIMIT {put(wanted.limit + 1)} OFFSET {put(wanted.offset)}"
    said = ", ".join([KEY, *(name for name, _falls in columns)])
    rows = chosen.ask(said, sliced, also=" AND ".join(tests))
    more = len(rows) > wanted.limit
    rows = rows[: wanted.limit]
    return [row[:4] for row in rows], ((*rows[-1][4:], rows[-1][0]) if more else None)


def _bare(record: str, scope: Scope) -> tuple[bool]:
    """Where an entry stands in the order of a listing without sort. Raises BadRequest if there is no such entry."""
    chosen = selection_of(Query(), scope=scope)
    found = chosen.ask(BARE, also=f"record = {chosen.parameters.put(record)}")
    if not found:
        raise BadRequest(f"There is no entry '{record[:80]}' to begin above.", "page_above")
    return (bool(found[0][0]),)


def _test(where: Condition, chosen: Selection) -> str:
    return f"{COMPOSED} AND {where.put(chosen.parameters.put)}"


def _behind(columns: Sequence[tuple[str, bool]], after: tuple[Any, ...], put: Callable[[object], str]) -> str:
    """The condition that a row comes behind a key: absent values come last, whichever way the sort runs."""
    tests, same = [], ""
    for (name, falls), value in zip(columns, after, strict=False):
        if value is None:
            same += f"{name} IS NULL AND "
            continue
        place = put(value)
        tests.append(f"({same}({name} {'<' if falls else '>'} {place} OR {name} IS NULL))")
        same += f"{name} = {place} AND "
    tests.append(f"({same}record > {put(after[-1])})")
    return f"coalesce({' OR '.join(tests)}, false)"


def warm() -> None:
    """Load the index, so that the first asker need not wait for it."""
    index_ensure()
    reader().cursor().close()
