"""From what a person types and clicks on the search page to a Query: the page's state is its address."""

import re
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import gettext as _

from knowledge.errors import QueryError
from knowledge.formula import NotAFormula, parse_formula
from knowledge.index.elements import bits
from knowledge.query.filters import parse_filter
from knowledge.query.properties import column_of
from knowledge.query.types import And, Compare, Filter, HasElements, Or, Query, Scalar, Words
from knowledge.query.urls import query_from_params
from knowledge.records.models import Kind
from knowledge.topics.schema import topics

PAGE = 25
LONGEST = 2000
MODES = ("all", "any", "only", "exactly", "none")
_FILTER = re.compile(
    r"(<|>|=|\bHAS\b|\bIS (UN)?KNOWN\b|\bCONTAINS\b|\bSTARTS\b|\bENDS\b|\bIN *\(|\bLENGTH\b|\bWORDS *\")"
)
_SYSTEM = re.compile(r"[A-Z][a-z]?(?:-[A-Z][a-z]?)+")


def box_filter(text: str) -> Filter | None:
    """What the one box means: filter text, a formula, a chemical system such as Bi-Se, or words."""
    text = text.strip()
    if not text:
        return None
    if len(text) > LONGEST:
        raise QueryError(_("The search box takes at most %(most)s characters.") % {"most": LONGEST})
    if _FILTER.search(text):
        return parse_filter(text)
    if _SYSTEM.fullmatch(text) and all(symbol in bits() for symbol in text.split("-")):
        return HasElements(tuple(text.split("-")), "exactly")
    try:
        return Or((Compare("formula", "=", parse_formula(text).reduced), Compare("external_id", "=", text)))
    except NotAFormula:
        return Words(text)


def elements_filter(text: str, mode: str) -> Filter | None:
    """Symbols separated by anything, with a mode."""
    symbols = tuple(dict.fromkeys(re.findall(r"[A-Za-z]+", text)))
    if not symbols:
        return None
    symbols = tuple(symbol.capitalize() for symbol in symbols)
    return HasElements(symbols, mode if mode in MODES else "all")  # type: ignore[arg-type]  # checked


def facet_filter(pair: str, topic: str | None) -> Filter:
    """`property:value` as clicked; the value's type is that of the property."""
    name, _, text = pair.partition(":")
    column = column_of(name, topic)
    if name == "elements":
        return HasElements((text,))
    value: Scalar = text
    if column.family == "number":
        try:
            value = float(text)
        except ValueError as error:
            raise QueryError(f"'{text}' is not a number.", property=name) from error
    elif column.family == "boolean":
        value = text == "true"
    return Compare(name, "contains" if column.family == "list" else "=", value)


@dataclass(frozen=True)
class SearchState:
    """What the search page shows; `address` gives it back as parameters."""

    base: Query
    box: str = ""
    symbols: str = ""
    mode: str = "all"
    chosen: tuple[str, ...] = ()
    predicted: bool = False
    filter_text: str = ""
    sort_text: str = ""

    @classmethod
    def of(cls, params: QueryDict) -> "SearchState":
        """The state that an address says. Raises QueryError for one that does not read."""
        return cls(
            base=query_from_params(params),
            box=params.get("q", "").strip(),
            symbols=params.get("el", "").strip(),
            mode=params.get("elmode", "all"),
            chosen=tuple(dict.fromkeys(params.getlist("f"))),
            predicted=params.get("predicted") == "1",
            filter_text=params.get("filter", "").strip(),
            sort_text=params.get("sort", ""),
        )

    def query(self) -> Query:
        """The one Query of the page."""
        parts = [
            self.base.where,
            box_filter(self.box),
            elements_filter(self.symbols, self.mode),
            *(facet_filter(pair, self.base.topic) for pair in self.chosen),
        ]
        found = tuple(part for part in parts if part is not None)
        where = found[0] if len(found) == 1 else (And(found) if found else None)
        kinds = tuple(Kind.values) if self.predicted else self.base.kinds
        limit = self.base.limit if self.base.limit != Query().limit else PAGE
        return replace(self.base, where=where, kinds=kinds, limit=min(limit, 200), facets=facets_of(self.base.topic))

    def address(self, **changes: object) -> str:
        """The parameters of this state with some changed; the page number is dropped unless given."""
        pairs: list[tuple[str, str]] = []
        state: dict[str, object] = {
            "q": self.box,
            "topic": self.base.topic or "",
            "filter": self.filter_text,
            "el": self.symbols,
            "elmode": self.mode if self.symbols and self.mode != "all" else "",
            "f": self.chosen,
            "predicted": "1" if self.predicted else "",
            "kind": self.base.kinds,
            "sort": self.sort_text,
            "offset": "",
        } | changes
        for name, value in state.items():
            for one in value if isinstance(value, tuple) else (value,):
                if one not in ("", None, 0):
                    pairs.append((name, str(one)))
        return urlencode(pairs)

    def toggled(self, pair: str) -> tuple[str, ...]:
        """The chosen facet values with this one added or taken away."""
        if pair in self.chosen:
            return tuple(one for one in self.chosen if one != pair)
        return (*self.chosen, pair)


def facets_of(topic: str | None) -> tuple[str, ...]:
    """The facets of a page: those that the topic's schema declares, and those of every record."""
    schema = topics().get(topic) if topic else None
    own = tuple(item.id for item in schema.properties if item.facet and item.searchable) if schema else ()
    return (*own, "elements", "spacegroup_number", "nelements", *(() if topic else ("topic",)), "dataset", "kind")
