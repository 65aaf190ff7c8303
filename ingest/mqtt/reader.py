"""Messages into readings: the first mapping that fits a topic reads it; what is wrong becomes an event, never a value."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ingest.mqtt.mapping import Channel, Sparkplug, Topic
from ingest.mqtt.sparkplug.nodes import Nodes
from ingest.readings.errors import Garbled
from ingest.readings.gather import Gatherer
from ingest.readings.payloads import json_of, leaves, lookup, name_and_unit, numeric, table, text_of
from ingest.readings.times import time_ns

KEEP = 1000  # messages remembered, so that one that is delivered again is not stored twice


@dataclass(frozen=True)
class Message:
    """One message as the broker gave it; `mid` is 0 for QoS 0."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    dup: bool = False
    mid: int = 0
    arrived: int = 0  # ns since 1970


class Reader:
    """Reads messages into `live` and `replay`; remembers what a restart must not forget."""

    def __init__(
        self, topics: Sequence[Topic], sparkplug: Sequence[Sparkplug], saved: dict[str, dict[str, Any]] | None = None
    ) -> None:
        saved = saved or {}
        self.live = Gatherer(saved.get("channels"))
        self.replay = Gatherer()
        self._topics = topics
        self._seen: dict[str, None] = dict.fromkeys(saved.get("messages", {}).get("seen", []))
        known = saved.get("nodes", {})
        self._sparkplug = [
            (one, Nodes(self.live, self.replay, template=one.channel, rebirth=one.rebirth, saved=known.get(str(at))))
            for at, one in enumerate(sparkplug)
        ]

    def state(self) -> dict[str, dict[str, Any]]:
        """The checkpoints that changed."""
        found: dict[str, dict[str, Any]] = {"messages": {"seen": list(self._seen)}}
        if self.live.changed:
            found["channels"] = self.live.known()
        if any(nodes.changed for _, nodes in self._sparkplug):
            found["nodes"] = {str(at): nodes.dump() for at, (_, nodes) in enumerate(self._sparkplug)}
        return found

    def wants(self, topic: str) -> bool:
        """Whether a mapping fits."""
        return any(one.matches(topic) for one in self._topics) or any(one.matches(topic) for one, _ in self._sparkplug)

    def take(self, message: Message) -> list[tuple[str, bytes]]:
        """One message; what to publish in return."""
        topic = next((one for one in self._topics if one.matches(message.topic)), None)
        nodes = next((nodes for one, nodes in self._sparkplug if one.matches(message.topic)), None)
        timed = nodes is not None or (topic is not None and self._has_time(topic))
        if self._again(message, timed=timed):
            return []
        try:
            if nodes is not None:
                return nodes.take(message.topic, message.payload, message.arrived)
            if topic is not None:
                self._plain(topic, message, timed=timed)
        except Garbled as error:
            self.live.fault("garbled", message.topic, message.arrived, f"{error} ({message.payload[:80]!r})")
        return []

    def _has_time(self, topic: Topic) -> bool:
        return topic.time is not None or any(
            name_and_unit(one)[0].lower() in ("time", "timestamp") for one in topic.columns
        )

    def _again(self, message: Message, *, timed: bool) -> bool:
        """Whether this very message was taken before: same content with its own time, or delivered again by the broker."""
        content = hashlib.sha256(message.topic.encode() + b"\0" + message.payload).hexdigest()[:20]
        key = content if timed or message.retain else f"{message.mid}:{content}"
        before = key in self._seen and (timed or message.retain or message.dup)
        if timed or message.retain or message.qos:
            self._seen.pop(key, None)
            self._seen[key] = None
            while len(self._seen) > KEEP:
                del self._seen[next(iter(self._seen))]
        return before

    # -- plain topics -----------------------------------------------------------------------------------------------

    def _plain(self, topic: Topic, message: Message, *, timed: bool) -> None:
        found = list(self._readings(topic, message))  # all of it first: a garbled message leaves nothing behind
        if message.retain and not timed:
            values = {name: value for name, _, value, _ in found}
            self.live.event(message.arrived, "retained", message.topic, values)  # of unknown age: no reading
            return
        for name, at, value, channel in found:
            if channel is not None:
                self._describe(name, at, channel, is_state=isinstance(value, bool))
            number = numeric(value) if topic.format != "text" else None
            if number is None:
                self.live.state(name, at, str(value))
            else:
                scaled = number if channel is None else number * channel.scale + channel.offset
                self.live.reading(name, at, scaled)

    def _describe(self, name: str, at: int, channel: Channel, *, is_state: bool) -> None:
        said = channel.model_dump(include={"unit", "quantity", "low", "high"})
        if is_state or any(value is not None for value in said.values()):
            self.live.describe(name, time_ns=at, kind="state" if is_state else "analog", **said)

    def _readings(self, topic: Topic, message: Message) -> Iterator[tuple[str, int, Any, Channel | None]]:
        """Name, time, value and description of each reading. Raises Garbled."""
        whole = Channel(**topic.model_dump(include={"unit", "quantity", "low", "high"}))
        if topic.format == "csv":
            yield from self._csv(topic, message)
        elif topic.format == "json":
            yield from self._json(topic, message)
        else:
            text = text_of(message.payload).strip()
            if topic.format == "number" and numeric(text) is None:
                raise Garbled(f"{text[:60]!r} is no number")
            yield _name(topic, message.topic), message.arrived, text, whole

    def _csv(self, topic: Topic, message: Message) -> Iterator[tuple[str, int, Any, Channel | None]]:
        header, rows = table(text_of(message.payload), columns=topic.columns, delimiter=topic.delimiter)
        columns = [name_and_unit(one) for one in header]
        clock = next((at for at, (name, _) in enumerate(columns) if name.lower() in ("time", "timestamp")), None)
        for row in rows:
            at = message.arrived if clock is None else time_ns(row[clock], unit=topic.time_unit, zone=topic.zone)
            for number, ((name, unit), cell) in enumerate(zip(columns, row, strict=True)):
                if number != clock and cell:
                    yield _name(topic, message.topic, name), at, cell, Channel(unit=unit)

    def _json(self, topic: Topic, message: Message) -> Iterator[tuple[str, int, Any, Channel | None]]:
        document = json_of(message.payload)
        inside = document if topic.rows is None else lookup(document, topic.rows)
        for row in inside if isinstance(inside, list) else [inside]:
            at = message.arrived
            if topic.time is not None:
                at = time_ns(lookup(row, topic.time), unit=topic.time_unit, zone=topic.zone)
            if not topic.channels:
                clock = topic.time if isinstance(topic.time, str) else ".".join(map(str, topic.time or ()))
                for path, value in leaves(row):
                    if path != clock or not clock:
                        yield (
                            _name(topic, message.topic, path),
                            at,
                            value,
                            Channel() if isinstance(value, bool) else None,
                        )
                continue
            for name, channel in topic.channels.items():
                value = lookup(row, channel.path or name)
                if channel.unit_path is not None:
                    channel = channel.model_copy(update={"unit": str(lookup(row, channel.unit_path))[:60] or None})
                if value is not None:
                    yield _named(name, message.topic), at, value, channel


def _name(topic: Topic, of: str, path: str = "") -> str:
    template = topic.channel or ("{topic}.{path}" if path else "{topic}")
    return _named(template, of, path)


def _named(template: str, of: str, path: str = "") -> str:
    """A template filled with a topic's levels; missing levels are empty."""
    if "{" not in template:
        return template
    levels = of.split("/") + [""] * 20
    try:
        return template.format(*levels, topic=of.replace("/", "."), path=path)
    except (IndexError, KeyError, ValueError):
        return template
