"""From a request to an answer: one function for each endpoint; no HTTP server and no Django request in sight."""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from django.conf import settings

from ingest.errors import LodestoneError
from knowledge.errors import NotAnswered, QueryError
from knowledge.index.columns import fingerprint
from knowledge.optimade import catalogue, entries, listing, writing
from knowledge.optimade.asking import (
    FORMATS,
    LISTING,
    PAGING,
    SINGLE,
    Asked,
    Page,
    Parameters,
    Place,
    cursor_write,
    parameters_of,
    place_of,
)
from knowledge.optimade.errors import NoSuchThing, NotImplementedHere, OptimadeError
from knowledge.optimade.filters import Condition, condition
from knowledge.optimade.meta import meta_of
from knowledge.optimade.snapshot import snapshot

log = logging.getLogger(__name__)
JSON_API = "application/vnd.api+json"
TITLES = {401: "Unauthorized", 403: "Forbidden", 429: "Too Many Requests", 501: "Not Implemented"}
TYPES = {
    "json": JSON_API, "jsonl": "application/jsonl", "cif": "chemical/x-cif; charset=utf-8",
    "poscar": "text/plain; charset=utf-8",
}  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What goes back: everything of an HTTP response."""

    status: int
    body: bytes
    content_type: str = JSON_API
    headers: tuple[tuple[str, str], ...] = ()


def answer(asked: Asked) -> Answer:
    """The answer to any GET below /optimade; refusals are OPTIMADE error documents."""
    try:
        return _answered(asked)
    except (OptimadeError, QueryError) as error:
        return refusal(error, asked)
    except Exception:
        log.exception("OPTIMADE %s?%s", asked.path, asked.query[:500])
        return refusal(_Fault("This is a fault of the server; it is noted."), asked)


class _Fault(OptimadeError):
    code = "server_error"
    status = 500
    title = "Internal Server Error"


def refusal(error: LodestoneError, asked: Asked) -> Answer:
    """An error as OPTIMADE writes it."""
    status = 501 if isinstance(error, NotAnswered) else error.status
    said: dict[str, Any] = {
        "status": str(status),
        "title": getattr(error, "title", TITLES.get(status, "Bad Request")),
        "detail": error.message,
        "code": error.code,
    }
    parameter = getattr(error, "parameter", None) or ("filter" if isinstance(error, QueryError) else None)
    if parameter:
        said["source"] = {"parameter": parameter}
    meta = meta_of(asked, data_returned=0, more=False)
    headers = (("WWW-Authenticate", "Bearer"),) if status == 401 else ()
    retry = getattr(error, "details", {}).get("retry_after_s")
    if retry is not None:
        meta["request_delay"] = retry
        headers = (*headers, ("Retry-After", str(retry)))
    return Answer(status, orjson.dumps({"errors": [said], "meta": meta}), headers=headers)


def _answered(asked: Asked) -> Answer:
    place = place_of(asked.path)
    if place.endpoint == "versions":
        if place.version or place.rest:
            raise NoSuchThing("/versions stands below the unversioned address only.")
        return Answer(200, b"version\n1\n", "text/csv; header=present")
    endpoint = ENDPOINTS.get(place.endpoint)
    if endpoint is None:
        raise NoSuchThing(
            f"There is no endpoint '{place.endpoint[:80]}'. There are: {', '.join(name for name in ENDPOINTS if name)}."
        )
    return endpoint(asked, place)


def _mark(asked: Asked, at: tuple[int, str]) -> str:
    """An ETag of the request and the state that answers it; the time of day in the answer is no difference."""
    parts = (
        asked.base,
        asked.path,
        asked.query,
        repr(asked.scope),
        repr(at),
        str(settings.KNOWLEDGE.optimade_page_limit),
    )
    return f'W/"{hashlib.blake2b(chr(10).join(parts).encode(), digest_size=12).hexdigest()}"'


def _unchanged(asked: Asked, mark: str) -> bool:
    return bool(asked.if_none_match) and any(mark == one.strip() for one in asked.if_none_match.split(","))


def _structures(asked: Asked, place: Place) -> Answer:
    if place.rest:
        return _structure(asked, place)
    read, given = parameters_of(
        asked.query, kind="structures", known=LISTING, most=settings.KNOWLEDGE.optimade_page_limit
    )
    held = snapshot()
    mark = _mark(asked, held.mark)
    if _unchanged(asked, mark):
        return Answer(304, b"", headers=(("ETag", mark),))
    where = condition(read.filter, fingerprint()) if read.filter else Condition()
    page = partial(listing.page, where, read.sort, read.page, asked.scope, held)
    rows, last = page(told=_columns(read))
    following = _following(asked, "structures", given, last)
    meta = meta_of(
        asked,
        data_returned=listing.count(where, asked.scope, held),
        data_available=listing.available(asked.scope, held),
        more=last is not None,
        warnings=(*read.warnings, *where.warnings),
    )
    return _listed(read, rows, lambda: page(told=entries.TOLD)[0], following, meta, mark)


def _following(asked: Asked, endpoint: str, given: dict[str, str], last: tuple[Any, ...] | None) -> str | None:
    if last is None:
        return None
    kept = {name: value for name, value in given.items() if name not in PAGING}
    place = place_of(asked.path)
    base = f"{asked.base}/{place.version}" if place.version else asked.base
    return f"{base}/{endpoint}?{urlencode(kept | {'page_cursor': cursor_write(last)}, quote_via=quote)}"


def _columns(read: Parameters) -> tuple[str, ...]:
    return entries.columns_for(writing.WANTED if read.format in ("cif", "poscar") else read.fields)


def _listed(
    read: Parameters,
    rows: list[listing.Row],
    whole: Callable[[], list[listing.Row]],
    following: str | None,
    meta: dict[str, Any],
    mark: str,
) -> Answer:
    headers = (("ETag", mark),)
    if read.format in ("cif", "poscar"):
        text = writing.files(entries.structures(rows, writing.WANTED), read.format)
        more = (("Link", f'<{following}>; rel="next"'),) if following else ()
        return Answer(200, text.encode(), TYPES[read.format], (*headers, *more))
    found = entries.structures_json(rows, read.fields, whole)
    if read.format == "jsonl":
        return Answer(200, writing.lines("structures", found), TYPES["jsonl"], headers)
    included = b""
    if "references" in read.include:
        sources = entries.references_json(_sources(found))
        included = b',"included":[' + b",".join(sources) + b"]"
    parts = (
        b'{"data":[', b",".join(found), b'],"links":', orjson.dumps({"next": following}), b',"meta":', orjson.dumps(meta),
        included, b"}",
    )  # fmt: skip
    return Answer(200, b"".join(parts), headers=headers)


def _sources(found: list[bytes]) -> set[str]:
    """The data sets of entries: each ends with its relationship, as `entries` writes it."""
    return {entry.rsplit(b'"id":"', 1)[1].split(b'"', 1)[0].decode() for entry in found}


def _structure(asked: Asked, place: Place) -> Answer:
    read, _given = parameters_of(asked.query, kind="structures", known=SINGLE, most=1)
    held = snapshot()
    mark = _mark(asked, held.mark)
    if _unchanged(asked, mark):
        return Answer(304, b"", headers=(("ETag", mark),))
    where = Condition("(record = $id)", (("id", place.rest),))
    page = partial(listing.page, where, (), Page(1), asked.scope, held)
    rows, _last = page(told=_columns(read))
    if not rows:
        raise NoSuchThing(f"There is no structure '{place.rest[:80]}' that you may see.")
    available = listing.available(asked.scope, held)
    meta = meta_of(asked, data_returned=1, data_available=available, more=False, warnings=read.warnings)
    if read.format != "json":
        return _listed(read, rows, lambda: page(told=entries.TOLD)[0], None, meta, mark)
    found = entries.structures_json(rows, read.fields, lambda: page(told=entries.TOLD)[0])
    included = entries.references_json(_sources(found)) if "references" in read.include else []
    body = b'{"data":' + found[0] + b',"links":{"next":null},"meta":' + orjson.dumps(meta)
    body += b',"included":[' + b",".join(included) + b"]}" if "references" in read.include else b"}"
    return Answer(200, body, headers=(("ETag", mark),))


def _document(asked: Asked, data: Any, **said: Any) -> Answer:
    meta = meta_of(asked, **said)
    body = orjson.dumps({"data": data, "meta": meta})
    mark = f'W/"{hashlib.blake2b(orjson.dumps(data), digest_size=12).hexdigest()}"'
    if _unchanged(asked, mark):
        return Answer(304, b"", headers=(("ETag", mark),))
    return Answer(200, body, headers=(("ETag", mark),))


def _references(asked: Asked, place: Place) -> Answer:
    known, most = (SINGLE if place.rest else LISTING), settings.KNOWLEDGE.optimade_page_limit
    read, given = parameters_of(asked.query, kind="references", known=known, most=most, formats=FORMATS[:2])
    found = catalogue.references(asked.scope)
    if place.rest:
        one = next((entry for entry in found if entry["id"] == place.rest), None)
        if one is None:
            raise NoSuchThing(f"There is no reference '{place.rest[:80]}' that you may see.")
        chosen: Any = entries.limited(one, read.fields)
        return _document(asked, chosen, data_returned=1, data_available=len(found), more=False, warnings=read.warnings)
    chosen, warnings = catalogue.chosen(found, read, "references")
    rows, last = catalogue.page(chosen, read)
    meta = meta_of(
        asked, data_returned=len(chosen), data_available=len(found), more=last is not None,
        warnings=(*read.warnings, *warnings),
    )  # fmt: skip
    shown = [entries.limited(entry, read.fields) for entry in rows]
    if read.format == "jsonl":
        return Answer(200, writing.lines("references", [orjson.dumps(entry) for entry in shown]), TYPES["jsonl"])
    following = _following(asked, "references", given, last)
    return Answer(200, orjson.dumps({"data": shown, "links": {"next": following}, "meta": meta}))


def _info(asked: Asked, place: Place) -> Answer:
    _plain_checked(asked)
    if not place.rest:
        return _document(asked, catalogue.base_info(asked.base), more=False)
    if place.rest not in ("structures", "references"):
        raise NoSuchThing(f"There is no entry type '{place.rest[:80]}': there are structures and references.")
    return _document(asked, catalogue.entry_info(place.rest), more=False)


def _links(asked: Asked, place: Place) -> Answer:
    if place.rest:
        raise NoSuchThing("/links holds no single entries.")
    read, _given = parameters_of(
        asked.query, kind="links", known=LISTING, most=settings.KNOWLEDGE.optimade_page_limit, formats=("json",)
    )
    if read.sort or read.include:
        raise NotImplementedHere("/links is neither sorted nor related to anything.", "sort")
    found = catalogue.links(asked.base)
    chosen, warnings = catalogue.chosen(found, read, "links")
    shown = [entries.limited(entry, read.fields) for entry in chosen[read.page.offset :][: read.page.limit]]
    said = {"data_returned": len(chosen), "data_available": len(found), "more": False}
    return _document(asked, shown, **said, warnings=(*read.warnings, *warnings))


def _extensions(asked: Asked, place: Place) -> Answer:
    if place.rest not in ("", "docs"):
        raise NoSuchThing("Of extensions there is /extensions/docs.")
    return Answer(200, catalogue.documentation(asked.base).encode(), "text/html; charset=utf-8")


def _plain_checked(asked: Asked) -> None:
    """/info takes only what every endpoint takes."""
    parameters_of(
        asked.query,
        kind="links",
        known=frozenset({"api_hint", "response_format", "email_address"}),
        most=1,
        formats=("json",),
    )


ENDPOINTS: dict[str, Callable[[Asked, Place], Answer]] = {
    "": _info, "info": _info, "structures": _structures, "references": _references, "links": _links,
    "extensions": _extensions,
}  # fmt: skip
__all__ = ["Answer", "answer", "refusal"]
