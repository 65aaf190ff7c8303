"""The state of the search page, which is its address: what was typed and chosen, and the one Query that it means."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import gettext as _

from knowledge.errors import QueryError
from knowledge.index.elements import bits
from knowledge.query.properties import names
from knowledge.query.types import Query
from knowledge.query.urls import query_from_params
from knowledge.topics.schema import topics

PAGE = 25
MOST_ON_A_PAGE = 200
MOST_COMPARED = 8
MOST_NUMBERS = 8
MOST_TRAIL = 12
STATES = ("must", "any", "not")
WAYS = ("words", "formula", "elements", "ids", "filter")
VIEWS = ("table", "scatter", "distribution")
SAME = ("material", "composition", "prototype", "spacegroup", "sample")


@dataclass(frozen=True)
class Range:
    """A number property on the page with the ends that were chosen, in the topic's unit; none = open."""

    property: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Also:
    """Another record that is the `same` in some respect must (or must not) meet `text` in another topic (empty = any)."""

    topic: str
    same: str
    text: str = ""
    absent: bool = False

    def spelled(self) -> str:
        """As it stands in an address."""
        return f"{'!' if self.absent else ''}{self.topic}:{self.same}:{self.text}"


@dataclass(frozen=True)
class SearchState:
    """What the search page shows; `address` gives it back as parameters."""

    topic: str | None = None
    box: str = ""
    way: str = ""
    filter_text: str = ""
    must: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    only: bool = False
    chosen: tuple[str, ...] = ()
    presets: tuple[str, ...] = ()
    ranges: tuple[Range, ...] = ()
    also: tuple[Also, ...] = ()
    predicted: bool = False
    kinds: tuple[str, ...] = ()
    materials: bool = False
    sort_text: str = ""
    columns: tuple[str, ...] = ()
    trail: tuple[str, ...] = ()
    page: int = 1
    limit: int = PAGE
    compared: tuple[str, ...] = ()
    view: str = "table"
    axes: Mapping[str, str] = field(default_factory=dict)
    base: Query = field(default_factory=Query)

    @classmethod
    def of(cls, params: QueryDict) -> "SearchState":
        """The state that an address, or the page's form, says. Raises QueryError for one that does not read."""
        base = query_from_params(params)
        must, any_of, without, only = _elements(params)
        columns = tuple(dict.fromkeys(params.getlist("col")))
        return cls(
            topic=base.topic,
            box=params.get("q", "").strip(),
            way=_one_of(params.get("as", ""), WAYS),
            filter_text=params.get("filter", "").strip(),
            must=must,
            any_of=any_of,
            without=without,
            only=only,
            chosen=tuple(dict.fromkeys(params.getlist("f"))),
            presets=tuple(dict.fromkeys(params.getlist("preset"))),
            ranges=_ranges(params),
            also=tuple(dict.fromkeys([*map(also_of, filter(None, params.getlist("also"))), *_also_added(params)])),
            predicted=params.get("predicted") == "1",
            kinds=base.kinds,
            materials=params.get("entities") == "materials",
            sort_text=params.get("sort", ""),
            columns=() if columns == default_columns(base.topic) else columns,
            trail=tuple(params.getlist("after"))[-MOST_TRAIL:],
            page=_page_number(params.get("page", "")),
            limit=min(base.limit, MOST_ON_A_PAGE) if params.get("limit") and base.limit else PAGE,
            compared=tuple(dict.fromkeys(filter(None, params.getlist("cmp"))))[:MOST_COMPARED],
            view=_one_of(params.get("view", ""), VIEWS) or "table",
            axes={name: params.get(name, "") for name in ("x", "y", "by") if params.get(name)},
            base=base,
        )

    def params(self) -> list[tuple[str, object]]:
        """The parameters of the address, those with their usual value left out."""
        pairs: list[tuple[str, object]] = [
            ("topic", self.topic), ("q", self.box), ("as", self.way if self.box else ""), ("filter", self.filter_text),
            ("el", ",".join(self.must)), ("elany", ",".join(self.any_of)), ("elnot", ",".join(self.without)),
            ("elonly", "1" if self.only else ""),
        ]  # fmt: skip
        pairs += [("f", pair) for pair in self.chosen]
        pairs += [("preset", name) for name in self.presets]
        for one in self.ranges:
            ends = (("lo", one.low), ("hi", one.high))
            pairs += [("n", one.property)]
            pairs += [(f"{end}.{one.property}", f"{value:.12g}") for end, value in ends if value is not None]
        pairs += [("also", one.spelled()) for one in self.also]
        pairs += [("predicted", "1" if self.predicted else ""), *(("kind", kind) for kind in self.kinds)]
        pairs += [("entities", "materials" if self.materials else ""), ("sort", self.sort_text)]
        pairs += [("col", name) for name in self.columns]
        pairs += [("limit", "" if self.limit == PAGE else self.limit)]
        pairs += [("view", "" if self.view == "table" else self.view), *sorted(self.axes.items())]
        pairs += [("cmp", key) for key in self.compared]
        pairs += [("after", cursor) for cursor in self.trail]
        return [*pairs, ("page", "" if self.page == 1 else self.page)]

    def address(self, **changes: object) -> str:
        """The parameters of this state with some changed; the page starts anew unless `trail` is given."""
        changed = replace(self, **({"trail": (), "page": 1} | changes))  # type: ignore[arg-type]  # names of fields
        return urlencode([(name, str(value)) for name, value in changed.params() if value not in ("", None)])

    def toggled(self, pair: str) -> tuple[str, ...]:
        """The chosen facet values with this one added or taken away."""
        return _toggled(self.chosen, pair)

    def element_state(self, symbol: str) -> str:
        """must, any, not or empty: how the search speaks of this element."""
        named = {"must": self.must, "any": self.any_of, "not": self.without}
        return next((state for state, symbols in named.items() if symbol in symbols), "")

    def with_element(self, symbol: str, state: str) -> dict[str, object]:
        """The change of the state that gives an element another state (empty = none)."""
        fields = {"must": "must", "any": "any_of", "not": "without"}
        rest = {name: tuple(s for s in getattr(self, name) if s != symbol) for name in fields.values()}
        if state in fields and symbol in bits():
            rest[fields[state]] = (*rest[fields[state]], symbol)
        return dict(rest)

    def restarted(self) -> "SearchState":
        """The same search from its first page."""
        return replace(self, trail=(), page=1)


def _toggled(chosen: tuple[str, ...], one: str) -> tuple[str, ...]:
    return tuple(other for other in chosen if other != one) if one in chosen else (*chosen, one)


def toggled(chosen: Iterable[str], one: str) -> tuple[str, ...]:
    """The values with one added, or taken away if it is there."""
    return _toggled(tuple(chosen), one)


def _one_of(text: str, allowed: tuple[str, ...]) -> str:
    return text if text in allowed else ""


def _page_number(text: str) -> int:
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 8 else 1


def _symbols(text: str) -> tuple[str, ...]:
    """Symbols separated by anything; capitals do not matter."""
    found = tuple(dict.fromkeys(symbol.capitalize() for symbol in re.findall(r"[A-Za-z]+", text)))
    wrong = next((symbol for symbol in found if symbol not in bits()), None)
    if wrong is not None:
        raise QueryError(_("'%(symbol)s' is not the symbol of an element.") % {"symbol": wrong}, element=wrong)
    return found


def _elements(params: QueryDict) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], bool]:
    """must, any, not, only; `elmode` says of `el` what these parameters say by themselves."""
    must, any_of, without = (_symbols(params.get(name, "")) for name in ("el", "elany", "elnot"))
    mode = params.get("elmode", "")
    if mode in ("any", "only"):
        must, any_of = (), (*must, *any_of)
    elif mode == "none":
        must, without = (), (*must, *without)
    return must, any_of, without, params.get("elonly") == "1" or mode in ("only", "exactly")


def _number(text: str, name: str) -> float | None:
    text = text.strip().replace("−", "-").replace("×10^", "e")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError as error:
        raise QueryError(_("'%(text)s' is not a number.") % {"text": text[:40]}, property=name) from error
    return value if abs(value) < float("inf") else None


def _ranges(params: QueryDict) -> tuple[Range, ...]:
    shown = [*params.getlist("n"), *(key[3:] for key in params if key.startswith(("lo.", "hi.")))]
    found = []
    for name in list(dict.fromkeys(filter(None, shown)))[:MOST_NUMBERS]:
        low, high = (_number(params.get(f"{end}.{name}", ""), name) for end in ("lo", "hi"))
        found.append(Range(name, low, high))
    return tuple(found)


def also_of(text: str) -> Also:
    """`topic:same:text`, with ! before it for 'must not'."""
    absent = text.startswith("!")
    topic, _colon, rest = text.removeprefix("!").partition(":")
    same, _colon, words = rest.partition(":")
    if same not in SAME:
        told = _("A search in another topic is written topic:same:words; same is one of %(ways)s.")
        raise QueryError(told % {"ways": ", ".join(SAME)})
    return Also(topic, same, words.strip(), absent)


def _also_added(params: QueryDict) -> tuple[Also, ...]:
    """The row of the form in which a person adds one; nothing where no topic was chosen."""
    topic = params.get("also.topic", "")
    if not topic:
        return ()
    same = _one_of(params.get("also.same", ""), SAME) or "material"
    return (Also("" if topic == "*" else topic, same, params.get("also.q", "").strip(), params.get("also.not") == "1"),)


def default_columns(topic: str | None) -> tuple[str, ...]:
    """The properties that stand as columns unless others are chosen: the topic's facts, then classes and numbers."""
    schema = topics().get(topic) if topic else None
    if schema is None:
        return ()
    rank = {"class": 0, "boolean": 3, "number": 1, "integer": 2, "string": 4}
    listed = [item for item in schema.properties if item.searchable and item.type in rank and not item.condition]
    ranked = sorted(listed, key=lambda item: (rank[item.type], not item.facet))
    facts = [name for name in schema.facts if any(item.id == name for item in listed)]
    return tuple(dict.fromkeys([*facts, *(item.id for item in ranked)]))[:6]


def known_property(text: str, topic: str | None, called: Mapping[str, str]) -> str:
    """The id of a property called by id or label; raises QueryError with what is near."""
    from difflib import get_close_matches

    bare = re.sub(r"\s*[(（][^()（）]*[)）]\s*$", "", text.strip())
    found = called.get(text.strip().casefold()) or called.get(bare.casefold())
    if found in names(topic):
        return found
    near = get_close_matches(bare.casefold(), list(called), n=4, cutoff=0.5)
    told = (
        _("There is no property '%(name)s'. Did you mean %(near)s?") if near else _("There is no property '%(name)s'.")
    )
    raise QueryError(told % {"name": bare[:60], "near": ", ".join(near)})
