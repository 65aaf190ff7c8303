"""Asks one OPTIMADE database: pages, retries, rest when it asks for it, and a check of everything it says."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from django.core.cache import cache

from knowledge.fetching import AddressRefused, Fetched, FetchError, NoAnswer, Policy, TooMuch, fetch
from knowledge.query.truth import meets
from knowledge.query.types import Filter

Json = dict[str, Any]
PAGE, MOST_PAGES, MOST_BYTES, TRIES = 50, 20, 8 * 2**20, 3
PAUSE_S, KEPT_S, MOST_KEPT = 0.4, 3600, 2**20
RETRIED = (429, 500, 502, 503, 504)


class Refusal(Exception):
    """The database will not answer this; asking again at once does not help. `rest_s`: how long it wants to be left alone."""

    def __init__(self, reason: str, *, rest_s: float = 0.0, status: int = 0) -> None:
        super().__init__(reason)
        self.rest_s, self.status = rest_s, status


class Late(Exception):
    """The time for this database is over."""


class Broken(Exception):
    """What came is no answer of OPTIMADE."""


@dataclass
class Told:
    """What a database says with its entries, and what cannot be true of it."""

    stated: int | None = None
    complaints: list[str] = field(default_factory=list)
    tries: int = 0
    rest_s: float = 0.0

    def complain(self, text: str) -> None:
        """Note a complaint, each once."""
        if text not in self.complaints:
            self.complaints.append(text)


@dataclass
class Client:
    """One conversation with one database, over at `deadline` (of time.monotonic). `stop` tells whether it was cancelled."""

    base: str
    policy: Policy
    deadline: float
    stop: Callable[[], bool] = lambda: False
    told: Told = field(default_factory=Told)

    def info(self) -> Json:
        """The properties of structures by name, as /info/structures describes them; remembered for an hour."""
        document = self._json(f"{self.base}/info/structures")
        data = document.get("data")
        found = data.get("properties") if isinstance(data, dict) else None
        return found if isinstance(found, dict) else {}

    def entries(self, text: str, part: Filter, most: int) -> Iterator[tuple[Json, bool]]:
        """The entries for a filter, each with whether it meets it; ends after `most`. Raises Refusal, Late, Broken, FetchError."""
        query = urlencode({"filter": text, "page_limit": min(PAGE, most), "response_format": "json"})
        url: str | None = f"{self.base}/structures?{query}"
        seen: set[str] = set()
        pages = 0
        while url is not None and len(seen) < most:
            pages += 1
            if pages > MOST_PAGES:
                self.told.complain("its pages do not end")
                return
            document = self._json(url)
            url = self._next(document, url)
            fresh = 0
            for entry in self._data(document):
                if entry["id"] in seen:
                    self.told.complain("it gives the same entry twice")
                    continue
                seen.add(entry["id"])
                fresh += 1
                yield entry, self._checked(entry, part)
                if len(seen) >= most:
                    break
            if not fresh:
                if url is not None:
                    self.told.complain("its pages do not end")
                break
            if url is not None:
                self._rest(document)
        stated = self.told.stated
        if url is None and stated is not None and stated != len(seen):
            self.told.complain(f"it says that it has {stated} matches, and gives {len(seen)}")
        if stated is not None and stated < len(seen):
            self.told.complain(f"it says that it has {stated} matches, and gives more")

    def _checked(self, entry: Json, part: Filter) -> bool:
        said = entry["attributes"]
        values = said | {"id": entry["id"], "type": entry["type"]}
        related = ((entry.get("relationships") or {}).get("references") or {}).get("data") or []
        values["references.id"] = [one.get("id") for one in related if isinstance(one, dict)]
        elements, count = said.get("elements"), said.get("nelements")
        if isinstance(elements, list) and isinstance(count, int) and len(elements) != count:
            self.told.complain("its nelements is not the number of its elements")
        try:
            truth = meets(part, values)
        except (TypeError, ValueError, AttributeError):
            truth = False
        return truth is not False

    def _data(self, document: Json) -> list[Json]:
        data = document.get("data")
        if not isinstance(data, list):
            raise Broken("its answer has no list of entries")
        stated = (document.get("meta") or {}).get("data_returned")
        if isinstance(stated, int) and not isinstance(stated, bool) and stated >= 0:
            self.told.stated = stated
        good = []
        for entry in data:
            plain = isinstance(entry, dict) and isinstance(entry.get("attributes"), dict)
            if plain and isinstance(entry.get("id"), str) and entry["id"] and entry.get("type") == "structures":
                good.append(entry)
            else:
                self.told.complain("some of its entries are none of OPTIMADE's structures")
        return good

    def _next(self, document: Json, url: str) -> str | None:
        links = document.get("links")
        link = links.get("next") if isinstance(links, dict) else None
        link = link.get("href") if isinstance(link, dict) else link
        if not isinstance(link, str) or not link:
            return None
        target = urljoin(url, link)
        one, other = urlsplit(url), urlsplit(target)
        if (one.scheme, one.netloc) != (other.scheme, other.netloc):
            if one.hostname == other.hostname and one.port == other.port:
                return target
            self.told.complain("its next page lies on another server, which is not asked")
            return None
        return target

    def _rest(self, document: Json) -> None:
        delay = (document.get("meta") or {}).get("request_delay")
        if isinstance(delay, int | float) and not isinstance(delay, bool) and delay > 0:
            self._wait(float(delay), f"it wants {delay:g} s between requests")

    def _wait(self, seconds: float, reason: str) -> None:
        if time.monotonic() + seconds >= self.deadline:
            raise Refusal(reason, rest_s=seconds)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._alive()
            time.sleep(min(0.1, max(0.0, until - time.monotonic())))

    def _alive(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise Late
        if self.stop():
            raise InterruptedError
        return left

    def _json(self, url: str) -> Json:
        answer = self._got(url)
        try:
            document = json.loads(answer.content)
        except (ValueError, RecursionError) as error:
            raise Broken("its answer is no JSON") from error
        if not isinstance(document, dict):
            raise Broken("its answer is no document of OPTIMADE")
        if answer.status != 200:
            raise Refusal(_errors(document) or f"status {answer.status}", status=answer.status)
        return document

    def _got(self, url: str) -> Fetched:
        """One answer, asked for again after a pause where that may help. An unchanged one comes out of the cache."""
        key = f"federation:{hashlib.sha256(url.encode()).hexdigest()}"
        kept = cache.get(key)
        headers = {"Accept": "application/vnd.api+json, application/json"}
        headers |= {"If-None-Match": kept[0]} if kept else {}
        for attempt in range(TRIES):
            left = self._alive()
            self.told.tries += 1
            try:
                answer = fetch(url, policy=replace(self.policy, total_s=left, timeout_s=left), headers=headers)
            except (AddressRefused, TooMuch):
                raise
            except NoAnswer:
                if self.deadline - time.monotonic() <= PAUSE_S * 2**attempt:
                    raise Late from None
                if attempt == TRIES - 1:
                    raise
                self._wait(PAUSE_S * 2**attempt, "it does not answer")
                continue
            if answer.status == 304 and kept:
                return Fetched(200, url, answer.headers, kept[1])
            if answer.status in RETRIED:
                asked = _retry_after(answer)
                if attempt < TRIES - 1 or asked:
                    self._wait(
                        asked or PAUSE_S * 2**attempt,
                        f"it asks to be left alone for {asked:g} s (status {answer.status})",
                    )
                    continue
            mark = answer.headers.get("etag")
            if answer.status == 200 and mark and len(answer.content) < MOST_KEPT:
                cache.set(key, (mark, answer.content), KEPT_S)
            return answer
        raise FetchError(f"it answered {answer.status} {TRIES} times")


def _retry_after(answer: Fetched) -> float:
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isdigit() else 0.0


def _errors(document: Json) -> str:
    errors = document.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    return str(first.get("detail") or first.get("title") or "")[:300]
