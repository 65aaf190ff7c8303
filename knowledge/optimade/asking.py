"""A request to the OPTIMADE server as a value: where it goes, what its parameters say. No Django, no data."""

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson

from eln.accounts.scope import Scope
from knowledge.optimade.errors import BadRequest, NoSuchThing, NotImplementedHere, NotPermitted, VersionNotSupported
from knowledge.optimade.fields import PREFIX, fields
from knowledge.optimade.filters import foreign

API_VERSION = "1.2.0"
VERSIONS = ("v1", "v1.2", "v1.2.0")
PAGE_LIMIT = 20
MOST_OFFSET = 10**12
FORMATS = ("json", "jsonl", "cif", "poscar")
LISTING = frozenset({
    "filter", "response_format", "response_fields", "sort", "include", "api_hint", "email_address",
    "page_limit", "page_offset", "page_number", "page_cursor", "page_above", "page_below",
})  # fmt: skip
SINGLE = frozenset({"response_format", "response_fields", "include", "api_hint", "email_address"})
PAGING = ("page_offset", "page_number", "page_cursor", "page_above", "page_below")


@dataclass(frozen=True)
class Asked:
    """One GET. `path` below /optimade without slashes at its ends, `query` as sent, `base` the address of /optimade itself."""

    path: str
    query: str
    base: str
    scope: Scope
    if_none_match: str = ""


@dataclass(frozen=True)
class Place:
    """Where a request goes: the version as it was named (empty = none), the endpoint, and what follows it."""

    version: str
    endpoint: str
    rest: str


@dataclass(frozen=True)
class Page:
    """Which part of a listing: by number of entries to skip, or by key (`after`: the sort's values and the id)."""

    limit: int = PAGE_LIMIT
    offset: int = 0
    after: tuple[Any, ...] | None = None


@dataclass(frozen=True)
class Parameters:
    """What the parameters of a listing or of a single entry say. `fields` none = all."""

    filter: str = ""
    format: str = "json"
    fields: tuple[str, ...] | None = None
    sort: tuple[tuple[str, bool], ...] = ()
    include: tuple[str, ...] = ("references",)
    page: Page = field(default_factory=Page)
    warnings: tuple[str, ...] = ()


def place_of(path: str) -> Place:
    """The place of a path. Raises VersionNotSupported for another major version."""
    first, _, rest = path.partition("/")
    version = ""
    if re.fullmatch(r"v\d+(\.\d+){0,2}", first):
        if first not in VERSIONS:
            if re.match(r"v1(\.|$)", first):
                raise NoSuchThing(f"There is no {first} here, only {', '.join(VERSIONS)}.")
            raise VersionNotSupported(f"Version {first} is not served here, only {', '.join(VERSIONS)}.")
        version, (first, _, rest) = first, rest.partition("/")
    return Place(version, first, rest)


def parameters_of(
    query: str, *, kind: str, known: frozenset[str], most: int, formats: tuple[str, ...] = FORMATS
) -> tuple[Parameters, dict[str, str]]:
    """The parameters, and the same as sent. Raises BadRequest, NotPermitted or NotImplementedHere naming the parameter."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=60, errors="strict")
    except (ValueError, UnicodeDecodeError) as error:
        raise BadRequest("The parameters do not read: they are UTF-8, escaped, and at most 60.") from error
    given, warnings = dict(pairs), []
    if len(given) < len(pairs):
        raise BadRequest("A parameter is given twice.")
    if "\0" in query or "%00" in query:
        raise BadRequest("A zero character is in no entry; remove it.")
    for name in sorted(set(given) - known):
        if foreign(name):
            warnings.append(f"The parameter '{name}' is another provider's and is passed over.")
        elif name in LISTING:
            raise BadRequest(f"'{name}' is for listings.", name)
        else:
            raise BadRequest(f"There is no parameter '{name}'.", name)
    check_hint(given.get("api_hint", ""))
    wanted, more = _fields(given, kind)
    sort = _sort(given.get("sort", ""), kind)
    read = Parameters(
        filter=given.get("filter", "").strip(),
        format=_format(given.get("response_format", ""), formats),
        fields=wanted,
        sort=sort,
        include=_include(given.get("include"), kind),
        page=_page(given, len(sort), most),
        warnings=(*warnings, *more),
    )
    return read, given


def check_hint(hint: str) -> None:
    """api_hint: v1 and v1.2 are this server, a later minor version is answered as well as it can be."""
    if not hint:
        return
    match = re.fullmatch(r"v(\d+)(\.\d+)?", hint)
    if match is None:
        raise BadRequest("api_hint is written v1 or v1.2.", "api_hint")
    if int(match[1]) > 1:
        raise VersionNotSupported(f"Version {hint} is not served here, only {API_VERSION}.", "api_hint")


def _format(text: str, formats: tuple[str, ...]) -> str:
    name = text.removeprefix(PREFIX) or "json"
    name = {"jsonlines": "jsonl"}.get(name, name)
    if name not in formats:
        raise BadRequest(
            f"There is no response_format '{text[:40]}': there are {', '.join(formats)}.", "response_format"
        )
    return name


def _fields(given: dict[str, str], kind: str) -> tuple[tuple[str, ...] | None, list[str]]:
    text = given.get("response_fields", "").strip()
    if not text:
        return None, []
    wanted, warnings = [], []
    for name in (part.strip() for part in text.split(",")):
        if foreign(name):
            warnings.append(f"The property '{name}' is another provider's: it is null for every entry here.")
        elif name not in fields(kind):
            raise BadRequest(f"There is no property '{name[:80]}': /info/{kind} lists them.", "response_fields")
        wanted.append(name)
    return tuple(dict.fromkeys(wanted)), warnings


def _sort(text: str, kind: str) -> tuple[tuple[str, bool], ...]:
    found = []
    for part in (part.strip() for part in text.split(",") if part.strip()):
        name = part.removeprefix("-")
        one = fields(kind).get(name)
        if one is None:
            raise BadRequest(f"There is no property '{name[:80]}': /info/{kind} lists them.", "sort")
        if not one.sortable:
            raise NotImplementedHere(
                f"Entries cannot be sorted by '{name}': /info/{kind} says what is sortable.", "sort"
            )
        found.append((name, part.startswith("-")))
    return tuple(found)


def _include(text: str | None, kind: str) -> tuple[str, ...]:
    if text is None:
        return ("references",) if kind == "structures" else ()
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    wrong = next((name for name in names if name != "references" or kind != "structures"), None)
    if wrong is not None:
        raise BadRequest(f"'{wrong[:80]}' cannot be included: {kind} are related to nothing of this name.", "include")
    return names


def _page(given: dict[str, str], sorted_by: int, most: int) -> Page:
    limit = _whole(given, "page_limit", PAGE_LIMIT)
    if limit > most and "page_limit" in given:
        raise NotPermitted(f"page_limit is at most {most}.", "page_limit")
    named = [name for name in PAGING if given.get(name)]
    if len(named) > 1:
        raise BadRequest(f"{' and '.join(named)} contradict each other: give one.", named[1])
    if given.get("page_below"):
        raise NotImplementedHere("page_below is not answered: links.next leads on, page_offset anywhere.", "page_below")
    if number := given.get("page_number"):
        return Page(limit, (max(_whole(given, "page_number", 1), 1) - 1) * limit) if number else Page(limit)
    if above := given.get("page_above"):
        if sorted_by:
            raise BadRequest("page_above is an id, and goes without sort: with sort follow links.next.", "page_above")
        return Page(limit, after=(above,))
    if cursor := given.get("page_cursor"):
        return Page(limit, after=cursor_read(cursor, sorted_by))
    return Page(limit, _whole(given, "page_offset", 0))


def _whole(given: dict[str, str], name: str, default: int) -> int:
    text = given.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 13):
        raise BadRequest(f"{name} is a whole number from 0.", name)
    return int(text)


def cursor_write(values: tuple[Any, ...]) -> str:
    """The key behind which the next page begins, as text for an address."""
    return base64.urlsafe_b64encode(orjson.dumps(values)).decode().rstrip("=")


def cursor_read(text: str, sorted_by: int) -> tuple[Any, ...]:
    """The key of a cursor. Raises BadRequest for one that was made for another sort, or by nobody."""
    try:
        values = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error) as error:
        raise BadRequest("page_cursor does not read: take it from links.next.", "page_cursor") from error
    plain = isinstance(values, list) and all(one is None or isinstance(one, str | int | float | bool) for one in values)
    if not plain or len(values) != max(sorted_by, 1) + 1 or not isinstance(values[-1], str):
        raise BadRequest("page_cursor belongs to another sort: take it from links.next.", "page_cursor")
    return tuple(values)
