"""What narrows a search down: facets with counts, the periodic table, number properties with their distribution."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from eln.accounts.scope import Scope
from eln.ui.quantity import pretty_number, pretty_unit
from knowledge.chemistry.elements import elements
from knowledge.errors import QueryError
from knowledge.materials import presentation as show
from knowledge.materials.conditions import Condition, choice_label, joined, kinds_of, unit_of
from knowledge.materials.search import STATES, Range, SearchState
from knowledge.materials.wording import dataset_title
from knowledge.query.executor import run
from knowledge.query.properties import column_of, names
from knowledge.query.types import Aggregate, Binned, Evidence, Histogram, Query
from knowledge.records.models import Dataset
from knowledge.topics.schema import topics

SHOWN = 8
MORE = 200
BINS = 40
SPREAD_FOR_LOG = 1000  # largest by smallest value, from which on a log scale says more


@dataclass(frozen=True)
class Choice:
    """One value of a facet: how often it occurs among the matches, and the address that chooses or drops it."""

    label: str
    count: int
    address: str
    chosen: bool
    hint: str = ""


@dataclass(frozen=True)
class Facet:
    """A property with its commonest values among the matches."""

    name: str
    label: str
    choices: tuple[Choice, ...]
    more: tuple[Choice, ...]
    opened: bool = False


def facets_of(topic: str | None) -> tuple[str, ...]:
    """The facets of a page: those that the topic's schema declares, and those of every record."""
    schema = topics().get(topic) if topic else None
    own = tuple(item.id for item in schema.properties if item.facet and item.searchable) if schema else ()
    return (*own, "kind", "dataset", "spacegroup_number", "nelements")


def counts_of(state: SearchState, found: Sequence[Condition], scope: Scope) -> Mapping[str, Mapping[str, int]]:
    """Counts by property and value; those of a property are taken without the choice made in it."""
    wanted = facets_of(state.topic)
    own = [one.key for one in found if one.key.startswith("f:") and one.key[2:] in wanted]
    rest = tuple(name for name in wanted if f"f:{name}" not in own)
    asked = _asked(state, found)
    counts = dict(run(replace(asked, facets=(*rest, "elements")), scope=scope).facets)
    if state.any_of and not state.only:  # what else could stand beside those already named
        counts["elements"] = run(replace(asked, where=joined(found, "any"), facets=("elements",)), scope=scope).facets[
            "elements"
        ]
    for key in own:
        freed = replace(asked, where=joined(found, key), facets=(key[2:],))
        counts[key[2:]] = run(freed, scope=scope).facets[key[2:]]
    return counts


def _asked(state: SearchState, found: Sequence[Condition]) -> Query:
    return Query(
        topic=state.topic,
        where=joined(found),
        limit=0,
        kinds=kinds_of(state),
        entities="materials" if state.materials else "records",
    )


def dataset_titles() -> dict[str, str]:
    """The title of each data set by its slug."""
    return {slug: dataset_title(title) for slug, title in Dataset.objects.values_list("slug", "title")}


def facets(state: SearchState, counts: Mapping[str, Mapping[str, int]]) -> list[Facet]:
    """The facets that could still narrow the search down, the topic's own first."""
    titles = dataset_titles()
    chosen = {pair.partition(":")[0] for pair in state.chosen}
    found = []
    for name in facets_of(state.topic):
        values = dict(counts.get(name, {}))
        for pair in state.chosen:
            if pair.startswith(f"{name}:"):
                values.setdefault(pair.partition(":")[2], 0)
        if not values or (len(values) == 1 and name not in chosen):
            continue
        choices = tuple(_choice(state, name, value, number, titles) for value, number in values.items())
        found.append(
            Facet(
                name,
                show.property_label(state.topic, name),
                choices[:SHOWN],
                choices[SHOWN : SHOWN + MORE],
                any(choice.chosen for choice in choices),
            )
        )
    return found


def _choice(state: SearchState, name: str, value: str, number: int, titles: Mapping[str, str]) -> Choice:
    pair = f"{name}:{value}"
    label = titles.get(value, value) if name == "dataset" else choice_label(state.topic, name, value)
    item = show.property_of(state.topic, name)
    noted = next((one for one in item.classes if one.id == value), None) if item else None
    hint = show.said(noted.note) if noted and noted.note else ""
    return Choice(label, number, state.address(chosen=state.toggled(pair)), pair in state.chosen, hint)


@dataclass(frozen=True)
class ElementCell:
    """One element of the periodic table. `next` is what a click makes of it: must, any, not or none."""

    symbol: str
    number: int
    name: str
    row: int
    column: int
    count: int
    state: str
    next: str
    told: str


def place(number: int) -> tuple[int, int]:
    """Row and column (from 1) of an element in the long form with the f block below (rows 9 and 10)."""
    if 57 <= number <= 71:
        return 9, number - 57 + 3
    if 89 <= number <= 103:
        return 10, number - 89 + 3
    if number <= 2:
        return 1, 1 if number == 1 else 18
    if number <= 18:
        row, first = (2, 3) if number <= 10 else (3, 11)
        at = number - first
        return row, at + 1 if at < 2 else at + 11
    first, row = next((start, row) for start, row in ((87, 7), (55, 6), (37, 5), (19, 4)) if number >= start)
    at = number - first
    return row, at + 1 if row < 6 or at < 2 else at - 13


def periodic_table(state: SearchState, counts: Mapping[str, int]) -> list[ElementCell]:
    """All elements with the number of records that have them besides what is asked already."""
    chinese = (get_language() or "").startswith("zh")
    words = {"must": _("must be there"), "any": _("one of several"), "not": _("must not be there"), "": ""}
    cells = []
    for facts in elements().values():
        now = state.element_state(facts.symbol)
        after = ([*STATES, "none"])[STATES.index(now) + 1] if now else STATES[0]
        name = facts.chinese if chinese else facts.english
        count = counts.get(facts.symbol, 0)
        told = f"{facts.symbol}, {name}, {count}" + (f", {words[now]}" if now else "")
        row, column = place(facts.number)
        cells.append(ElementCell(facts.symbol, facts.number, name, row, column, count, now, after, told))
    return cells


@dataclass(frozen=True)
class Bar:
    """One bin of a histogram, in hundredths of its picture's width and height."""

    x: float
    width: float
    height: float
    inside: bool
    told: str


@dataclass(frozen=True)
class Slider:
    """A number property on the page: its distribution over the matches of all other conditions, and the chosen ends."""

    property: str
    label: str
    unit: str
    low: float | None
    high: float | None
    least: float | None
    most: float | None
    log: bool
    bars: tuple[Bar, ...]
    stated: int
    dropped: str
    hint: str


def sliders(state: SearchState, found: Sequence[Condition], scope: Scope) -> list[Slider]:
    """The number properties that stand on the page."""
    return [_slider(state, one, found, scope) for one in state.ranges]


def _slider(state: SearchState, one: Range, found: Sequence[Condition], scope: Scope) -> Slider:
    column = column_of(one.property, state.topic)
    if column.family != "number":
        told = _("'%(name)s' has no numbers to choose a range of.") % {"name": one.property}
        raise QueryError(told, property=one.property)
    asked = replace(_asked(state, found), where=joined(found, f"n:{one.property}"))
    least, most = (_extreme(asked, name, one.property, scope) for name in ("min", "max"))
    log = least is not None and most is not None and spread_is_wide([least, most])
    binned = _binned(asked, one.property, log, scope) if least is not None and most != least else None
    item = show.property_of(state.topic, one.property)
    return Slider(
        property=one.property,
        label=show.property_label(state.topic, one.property),
        unit=pretty_unit(unit_of(state.topic, one.property)),
        low=one.low,
        high=one.high,
        least=least,
        most=most,
        log=log,
        bars=bars(binned, one.low, one.high) if binned else (),
        stated=sum(binned.counts) if binned else 0,
        dropped=state.address(ranges=tuple(r for r in state.ranges if r.property != one.property)),
        hint=show.said(item.description) if item else "",
    )


def spread_is_wide(values: Sequence[float]) -> bool:
    """Whether positive values span decades, so that a log scale says more."""
    return bool(values) and min(values) > 0 and max(values) / min(values) >= SPREAD_FOR_LOG


def _extreme(asked: Query, function: str, name: str, scope: Scope) -> float | None:
    return run(replace(asked, aggregate=Aggregate(function, name)), scope=scope).aggregate  # type: ignore[arg-type]  # min or max


def _binned(asked: Query, name: str, log: bool, scope: Scope) -> Binned | None:
    evidence: Evidence = run(replace(asked, histograms=(Histogram(name, BINS, log=log),)), scope=scope)
    return next(iter(evidence.histograms), None)


def bars(binned: Binned, low: float | None, high: float | None) -> tuple[Bar, ...]:
    """The bins as a picture 100 wide and 100 high; the fullest bin is as high as the picture, one record is seen."""
    most = max(binned.counts, default=0)
    width = 100 / max(len(binned.counts), 1)
    unit = pretty_unit(binned.unit)
    found = []
    for at, count in enumerate(binned.counts):
        left, right = binned.edges[at], binned.edges[at + 1]
        inside = (low is None or right >= low) and (high is None or left <= high)
        height = round(max(100 * count / most, 4), 2) if count else 0.0
        told = f"{pretty_number(left, 4)} – {pretty_number(right, 4)} {unit}: {count}"
        found.append(Bar(round(at * width, 3), round(width * 0.86, 3), height, inside, told))
    return tuple(found)


def number_choices(topic: str | None) -> list[tuple[str, str]]:
    """(id, label with unit) of every number property that can be asked here, by label."""
    found = []
    for name in names(topic):
        try:
            column = column_of(name, topic)
        except QueryError:  # topics mean different things by it
            continue
        if column.family == "number":
            unit = pretty_unit(unit_of(topic, name))
            found.append((name, show.property_label(topic, name) + (f" ({unit})" if unit else "")))
    return sorted(found, key=lambda pair: pair[1].casefold())
