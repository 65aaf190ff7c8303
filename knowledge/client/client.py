"""The client: one method for each thing that can be asked."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from types import TracebackType
from typing import Any
from urllib.parse import quote

import httpx

from .answers import Dataset, Histogram, Material, Record, Topic
from .connection import Connection
from .exports import Export

PAGE = 500
AT_ONCE = 1000  # ids of one look-up


class Client:
    """A Lodestone site as its API gives it, with the rights of `key` (your page “API keys” makes one).

    timeout_s: for each step of a request. tries: how often a request is sent before it counts as failed; between two tries it
    waits, as long as the site says, at most most_wait_s. Use it as a context manager, or close it.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        timeout_s: float = 60.0,
        tries: int = 6,
        most_wait_s: float = 70.0,
        sleep: Callable[[float], None] = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._connection = Connection(
            url, key=key, timeout_s=timeout_s, tries=tries, most_wait_s=most_wait_s, sleep=sleep, transport=transport
        )

    @classmethod
    def from_environment(cls) -> "Client":
        """From LODESTONE_URL and LODESTONE_KEY, so that no key stands in a notebook."""
        return cls(os.environ["LODESTONE_URL"], key=os.environ.get("LODESTONE_KEY"))

    def close(self) -> None:
        """Let go of all connections."""
        self._connection.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_why: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def me(self) -> dict[str, Any]:
        """Who the key stands for and what it may do."""
        found: dict[str, Any] = self._connection.ask("GET", "me")
        return found

    def search(
        self,
        filter: str = "",
        *,
        topic: str | None = None,
        sort: str = "",
        select: Sequence[str] = (),
        kinds: Sequence[str] = (),
        query: Mapping[str, Any] | None = None,
        page: int = PAGE,
    ) -> Iterator[Record]:
        """All records that match, page by page as they are taken. `query`: a whole Query as JSON instead of the rest."""
        if query is not None:
            asked: dict[str, Any] = {**query, "limit": page}
        else:
            asked = {**_filtered(filter, topic, kinds), "sort": sort, "select": list(select), "limit": page}
        while True:
            found = self._connection.ask("POST", "search", json={"query": asked} if query is not None else asked)
            yield from map(Record.of, found["items"])
            if found["next"] is None:
                return
            asked["after"] = found["next"]

    def rows(
        self, filter: str = "", *, properties: Sequence[str] = (), most: int | None = None, **more: Any
    ) -> list[dict[str, Any]]:
        """Records as flat rows for `pandas.DataFrame(rows)`: the first value of each property, in the topic's unit."""
        found = self.search(filter, select=properties, **more)
        return [record.row(*properties) for record in islice(found, most)]

    def count(self, filter: str = "", *, topic: str | None = None, kinds: Sequence[str] = ()) -> int:
        """How many records match, exactly."""
        asked = {**_filtered(filter, topic, kinds), "limit": 0}
        return int(self._connection.ask("POST", "search", json=asked)["count"])

    def facets(
        self, *properties: str, filter: str = "", topic: str | None = None, kinds: Sequence[str] = ()
    ) -> dict[str, dict[str, int]]:
        """Values of properties with the number of matches that state them, the commonest first."""
        asked = {**_filtered(filter, topic, kinds), "limit": 0, "facet": list(properties)}
        return dict(self._connection.ask("POST", "search", json=asked)["facets"])

    def aggregate(
        self,
        function: str,
        property: str | None = None,
        *,
        by: str | None = None,
        filter: str = "",
        topic: str | None = None,
        kinds: Sequence[str] = (),
    ) -> float | dict[str, float] | None:
        """count, count_distinct, min, max, mean, median or sum over the matches; with `by` one figure per value of it."""
        params = {**_filtered(filter, topic, kinds), "function": function, "property": property, "by": by}
        found = self._connection.ask("GET", "aggregate", params=_said(params))
        return dict(found["groups"]) if by else found["value"]

    def histogram(
        self,
        property: str,
        *,
        bins: int = 40,
        low: float | None = None,
        high: float | None = None,
        log: bool = False,
        by: str | None = None,
        filter: str = "",
        topic: str | None = None,
        kinds: Sequence[str] = (),
    ) -> Histogram:
        """How a number property is distributed over the matches."""
        params = {
            **_filtered(filter, topic, kinds), "property": property, "bins": bins, "low": low, "high": high, "log": log, "by": by
        }  # fmt: skip
        return Histogram.of(self._connection.ask("GET", "histogram", params=_said(params)))

    def record(self, id: str) -> Record:
        """One record by its id. Raises NotFound."""
        return Record.of(self._connection.ask("GET", f"records/{_part(id)}"))

    def versions(self, id: str) -> list[dict[str, Any]]:
        """What a record says and said: {version, replaced, record}, the present first."""
        return list(self._connection.ask("GET", f"records/{_part(id)}/versions"))

    def structure(self, id: str) -> str:
        """The CIF of a record. Raises NotFound where its source gives none."""
        with self._connection.answer("GET", f"records/{_part(id)}/structure", headers={"Accept": "*/*"}) as answer:
            return answer.read().decode()

    def material(self, formula: str, *, predictions: bool = False) -> Material:
        """All records of a formula in any spelling. Raises NotFound."""
        return Material.of(
            self._connection.ask("GET", f"materials/{_part(formula)}", params={"predictions": predictions})
        )

    def materials(self, filter: str = "", *, topic: str | None = None, kinds: Sequence[str] = ()) -> Iterator[str]:
        """Each reduced formula once that has a record matching the filter."""
        params = _said({**_filtered(filter, topic, kinds), "limit": PAGE})
        while True:
            found = self._connection.ask("GET", "materials", params=params)
            yield from (item["formula"] for item in found["items"])
            if found["next"] is None:
                return
            params["after"] = found["next"]

    def lookup(self, ids: Iterable[str]) -> Iterator[tuple[str, list[Record]]]:
        """Records by any number of ids, the record's own or the source's: (id, records) in their order, none for unknown ones."""
        return self._looked_up("records/lookup", ids)

    def lookup_materials(self, formulae: Iterable[str]) -> Iterator[tuple[str, list[Record]]]:
        """The records of any number of formulae in any spelling, as `lookup`."""
        return self._looked_up("materials/lookup", formulae)

    def _looked_up(self, path: str, names: Iterable[str]) -> Iterator[tuple[str, list[Record]]]:
        left = iter(names)
        while chunk := list(islice(left, AT_ONCE)):
            found = self._connection.ask("POST", path, json={"ids": chunk})
            by_name = {item["asked"]: [Record.of(record) for record in item["records"]] for item in found["items"]}
            yield from ((name, by_name.get(name, [])) for name in chunk)

    def topics(self) -> list[Topic]:
        """Topics and what they can be asked."""
        return [Topic.of(item) for item in self._connection.ask("GET", "topics")]

    def properties(self, topic: str | None = None) -> list[dict[str, Any]]:
        """What a filter may name: {id, type, unit, topics, label}."""
        return list(self._connection.ask("GET", "properties", params=_said({"topic": topic})))

    def datasets(self, topic: str | None = None) -> list[Dataset]:
        """Sources with licence and citation."""
        return [Dataset.of(item) for item in self._connection.ask("GET", "datasets", params=_said({"topic": topic}))]

    def export(
        self,
        filter: str = "",
        *,
        format: str = "csv",
        units: str = "header",
        layout: str = "wide",
        topic: str | None = None,
        sort: str = "",
        select: Sequence[str] = (),
        kinds: Sequence[str] = (),
        query: Mapping[str, Any] | None = None,
        title: str = "",
    ) -> Export:
        """Ask for all matches as a file: csv, jsonl, parquet or cif-zip. Then `.wait().download("folder")`."""
        form = {"format": format, "units": units, "layout": layout, "title": title}
        asked = {"query": dict(query)} if query is not None else {
            **_filtered(filter, topic, kinds), "sort": sort, "select": list(select)
        }  # fmt: skip
        return Export(self._connection, self._connection.make("exports", {**asked, **form}))

    def export_of(self, id: str) -> Export:
        """An export asked for before. Raises NotFound."""
        return Export(self._connection, self._connection.ask("GET", f"exports/{_part(id)}"))

    def exports(self) -> list[Export]:
        """The exports of the key's owner, newest first."""
        return [Export(self._connection, item) for item in self._connection.ask("GET", "exports")]

    def webhook(
        self, url: str, *, name: str, topic: str = "", filter: str = "", events: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Subscribe an address; keep the `secret` of the answer, it is given once. End it with `webhook_end`."""
        asked = {"url": url, "name": name, "topic": topic, "filter": filter} | (
            {"events": list(events)} if events else {}
        )
        found: dict[str, Any] = self._connection.make("webhooks", asked)
        return found

    def webhook_end(self, id: str) -> None:
        """Unsubscribe."""
        self._connection.ask("DELETE", f"webhooks/{_part(id)}")


def _filtered(filter: str, topic: str | None, kinds: Sequence[str]) -> dict[str, Any]:
    return _said({"filter": filter or None, "topic": topic, "kind": list(kinds)})


def _said(params: Mapping[str, Any]) -> dict[str, Any]:
    """Without what was not said."""
    return {name: value for name, value in params.items() if value is not None and value != []}


def _part(text: str) -> str:
    return quote(text, safe="")
