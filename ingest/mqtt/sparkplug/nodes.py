"""Edge nodes and their devices: births name the metrics, sequence numbers show what was lost, deaths are events."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from ingest.mqtt.sparkplug.wire import BOOLEAN, DATETIME, Metric, Payload, payload_read, rebirth_command, value_of
from ingest.readings.errors import Garbled
from ingest.readings.gather import Gatherer

NAMESPACE = "spBv1.0"
MS = 10**6
PATIENCE_NS = 10 * 10**9  # between two requests for a rebirth of one node
GOOD = 192
OWN = ("bdSeq", "Node Control/", "Device Control/", "Node Info/")  # metrics about the node, not of the machine


@dataclass
class Node:
    """What is known of one edge node; JSON."""

    alive: bool = False
    bd_seq: int | None = None
    seq: int | None = None
    aliases: dict[str, list[Any]] = field(default_factory=dict)  # alias -> [device, name, data type]
    types: dict[str, int] = field(default_factory=dict)  # "device\0name" -> data type
    last: dict[str, int] = field(default_factory=dict)  # "device\0name" -> ms of its newest value


class Nodes:
    """All nodes. `live` takes readings, `replay` those that the node itself sends late."""

    def __init__(
        self, live: Gatherer, replay: Gatherer, *, template: str, rebirth: bool, saved: dict[str, Any] | None = None
    ) -> None:
        self._live, self._replay, self._template, self._rebirth = live, replay, template, rebirth
        self._nodes = {key: Node(**one) for key, one in (saved or {}).items()}
        self._asked: dict[str, int] = {}
        self.changed = False

    def dump(self) -> dict[str, Any]:
        """As JSON, for a checkpoint."""
        self.changed = False
        return {key: asdict(node) for key, node in self._nodes.items()}

    def take(self, topic: str, data: bytes, now: int) -> list[tuple[str, bytes]]:
        """One message; the commands to publish (at most a request to be born again). Raises Garbled."""
        parts = topic.split("/")
        if len(parts) < 4 or parts[0] != NAMESPACE or parts[2].endswith("CMD"):
            return []
        group, kind, name, device = parts[1], parts[2], parts[3], "/".join(parts[4:])
        if kind not in ("NBIRTH", "DBIRTH", "NDATA", "DDATA", "NDEATH", "DDEATH"):
            return []
        payload = payload_read(data)
        node = self._nodes.setdefault(f"{group}/{name}", Node())
        self.changed = True
        if kind == "NDEATH":
            self._node_death(node, name, payload, now)
            return []
        lost = self._count(node, kind, payload, name, now)
        if kind == "NBIRTH":
            node.alive, node.aliases, node.types = True, {}, {}
            node.bd_seq = next(
                (int(m.raw) for m in payload.metrics if m.name == "bdSeq" and isinstance(m.raw, int)), None
            )
        if kind in ("NBIRTH", "DBIRTH"):
            self._born(node, device, payload.metrics)
            self._live.event(
                _ns(payload.timestamp, now),
                "birth",
                "/".join(filter(None, (name, device))),
                {"metrics": len(payload.metrics)},
            )
        if kind == "DDEATH":
            self._live.event(_ns(payload.timestamp, now), "death", f"{name}/{device}")
        else:
            unknown = self._values(node, name, device, payload, now, birth=kind.endswith("BIRTH"))
            lost = lost or unknown
        return self._ask(group, name, now) if lost and kind != "NBIRTH" else []

    def _count(self, node: Node, kind: str, payload: Payload, name: str, now: int) -> bool:
        """Whether messages were lost before this one, or the node was never born for us."""
        before, node.seq = node.seq, payload.seq
        if kind == "NBIRTH":
            return False
        if not node.alive or before is None:
            return True
        wanted = (before + 1) % 256
        if payload.seq == wanted:
            return False
        value = {"expected": wanted, "got": payload.seq, "lost": ((payload.seq or 0) - wanted) % 256}
        self._live.event(_ns(payload.timestamp, now), "gap", name, value)
        return True

    def _node_death(self, node: Node, name: str, payload: Payload, now: int) -> None:
        """A last will of an older session, which the broker sends late, says nothing about the present one."""
        bd_seq = next((m.raw for m in payload.metrics if m.name == "bdSeq"), None)
        if bd_seq is not None and node.bd_seq is not None and bd_seq != node.bd_seq:
            return
        if node.alive:
            self._live.event(now, "death", name)
        node.alive, node.seq = False, None

    def _born(self, node: Node, device: str, metrics: Iterable[Metric]) -> None:
        for metric in metrics:
            if metric.alias is not None:
                node.aliases[str(metric.alias)] = [device, metric.name, metric.datatype]
            node.types[f"{device}\0{metric.name}"] = metric.datatype

    def _values(self, node: Node, name: str, device: str, payload: Payload, now: int, *, birth: bool) -> bool:
        """Take all values; whether an alias was unknown."""
        unknown = False
        for metric in payload.metrics:
            label, kind = metric.name, metric.datatype
            if not label:
                known = node.aliases.get(str(metric.alias))
                if known is None:
                    unknown = True
                    self._live.fault("unknown_alias", f"{name}/{device}", now, f"alias {metric.alias} was in no birth")
                    continue
                label, kind = str(known[1]), kind or int(known[2])
            if label.startswith(OWN):
                continue
            key = f"{device}\0{label}"
            at = metric.timestamp or payload.timestamp or now // MS
            channel = self._channel(name, device, label)
            if birth:
                self._describe(channel, metric, kind, at * MS)
            if metric.is_historical:
                self._value(self._replay, channel, metric, kind, at * MS)
            elif not birth or at > node.last.get(key, -1):  # a birth repeats values that may be known already
                self._value(self._live, channel, metric, kind or node.types.get(key, 0), at * MS)
                node.last[key] = max(at, node.last.get(key, 0))
        return unknown

    def _channel(self, node: str, device: str, metric: str) -> str:
        return self._template.format(node=node, device=device, metric=metric).replace("//", "/").strip("/")

    def _describe(self, channel: str, metric: Metric, kind: int, at: int) -> None:
        said = metric.properties
        unit, low, high = (said.get(key) for key in ("engUnit", "engLow", "engHigh"))
        self._live.describe(
            channel,
            time_ns=at,
            unit=str(unit)[:60] if unit else None,
            kind="state" if kind == BOOLEAN else "analog",
            low=float(low) if isinstance(low, int | float) else None,
            high=float(high) if isinstance(high, int | float) else None,
        )

    def _value(self, gatherer: Gatherer, channel: str, metric: Metric, kind: int, at: int) -> None:
        quality = metric.properties.get("Quality")
        if isinstance(quality, int) and quality != GOOD:
            gatherer.event(at, "quality", channel, {"quality": "bad", "code": quality})
            return
        try:
            if metric.raw is None and not metric.is_null:
                raise Garbled("it holds no single number or text (a data set, template, file or array)")
            value = None if metric.is_null else value_of(metric.raw, kind)
        except Garbled as error:
            gatherer.fault("not_collected", channel, at, str(error))
            return
        if value is None:
            gatherer.event(at, "quality", channel, {"quality": "bad", "code": "null"})
        elif kind == DATETIME and isinstance(value, int | float):
            gatherer.state(channel, at, datetime.fromtimestamp(min(value, 2**47) / 1000, UTC).isoformat())
        elif isinstance(value, str):
            gatherer.state(channel, at, value)
        else:
            gatherer.reading(channel, at, float(value))

    def _ask(self, group: str, name: str, now: int) -> list[tuple[str, bytes]]:
        key = f"{group}/{name}"
        if not self._rebirth or now - self._asked.get(key, -PATIENCE_NS) < PATIENCE_NS:
            return []
        self._asked[key] = now
        self._live.event(now, "message", name, "asked to be born again")
        return [(f"{NAMESPACE}/{group}/NCMD/{name}", rebirth_command(now // MS))]


def _ns(timestamp_ms: int | None, now: int) -> int:
    return now if timestamp_ms is None else timestamp_ms * MS
