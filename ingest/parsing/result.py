"""What leaves the sandbox: result.json, and arrays.npy with one array after the other; numbers and text only, never pickle."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ingest.parsers.protocol import Channel, GridAxis, Parsed, Parser, Status

MAX_JSON_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Outcome:
    """What became of a file: the contract's `parse` document and the channels with their arrays."""

    document: dict[str, Any]
    channels: tuple[Channel, ...] = ()
    parser_version: str = ""

    @property
    def status(self) -> Status:
        """`parsed`, or `kept` with the document's reason."""
        return "parsed" if self.document["status"] == "parsed" else "kept"


def plain(value: Any) -> Any:  # Any: whatever a parser puts into metadata
    """JSON without NaN, of any value: numbers become finite or none, the unknown becomes text."""
    if isinstance(value, str):
        return (
            value.replace("\0", "").encode("utf-8", errors="replace").decode("utf-8")
        )  # no database keeps a zero character
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | np.ndarray):
        return [plain(item) for item in list(value)[:10_000]]
    return str(value)


def _extreme(channel: Channel, which: str) -> float | None:
    if channel.values is None:
        return None
    finite = channel.values[np.isfinite(channel.values)]
    return float(getattr(finite, which)()) if len(finite) else None


def described(channel: Channel) -> dict[str, Any]:
    """One entry of the contract's `channels`."""
    return {
        "name": channel.name,
        "quantity": channel.quantity,
        "unit": channel.unit,
        "rows": channel.rows,
        "min": _extreme(channel, "min"),
        "max": _extreme(channel, "max"),
        "confidence": round(channel.confidence, 3),
        "axis": channel.axis,
        "kind": "text" if channel.values is None else "number",
        **({"grid": [asdict(axis) for axis in channel.grid]} if channel.grid else {}),
    }


def kept(reason: str, parser: str | None = None) -> dict[str, Any]:
    """The document of a file that is kept unread."""
    return {
        "status": "kept", "parser": parser, "technique": None, "confidence": None, "metadata": {}, "channels": [],
        "steps": [], "warnings": [], "reason": reason,
    }  # fmt: skip


def _document(parser: Parser, parsed: Parsed, confidence: float) -> dict[str, Any]:
    steps = [{"name": s.name, "start": s.start, "end": s.end, "values": s.values} for s in parsed.steps]
    return {
        "status": "parsed",
        "parser": parser.name,
        "technique": parsed.technique or None,
        "confidence": round(float(parsed.metadata.get("confidence", confidence)), 3),
        "metadata": {key: value for key, value in parsed.metadata.items() if key != "confidence"},
        "channels": [described(channel) for channel in parsed.channels],
        "steps": steps,
        "warnings": list(parsed.warnings),
        "reason": None,
    }


def write_result(
    out: Path,
    parser: Parser | None,
    parsed: Parsed | None,
    confidence: float,
    reasons: list[str],
    considered: list[dict[str, Any]],
) -> None:
    """Called inside the sandbox: write the outcome into the folder `out`."""
    if parser is None or parsed is None:
        body: dict[str, Any] = {"document": kept("; ".join(reasons)), "refused": bool(reasons)}
    else:
        names = [(channel.values is not None, channel.times is not None) for channel in parsed.channels]
        texts = [list(channel.texts) if channel.texts is not None else None for channel in parsed.channels]
        body = {
            "document": _document(parser, parsed, confidence),
            "version": parser.version,
            "arrays": names,
            "texts": texts,
        }
        with (out / "arrays.npy").open("wb") as stream:
            for channel in parsed.channels:
                for array, kind in ((channel.values, np.float64), (channel.times, np.int64)):
                    if array is not None:
                        np.save(stream, np.ascontiguousarray(array, dtype=kind), allow_pickle=False)
    body["document"]["considered"] = considered
    encoded = json.dumps(plain_body(body), ensure_ascii=False, allow_nan=False).encode("utf-8", errors="replace")
    (out / "result.json").write_bytes(encoded)


def plain_body(body: dict[str, Any]) -> dict[str, Any]:
    """The body with plain metadata; texts may be longer than other lists."""
    texts = body.pop("texts", None)
    made: dict[str, Any] = plain(body)
    return {**made, "texts": texts} if texts is not None else made


def read_result(out: Path) -> tuple[Outcome, bool]:
    """Called outside: the outcome, and whether a parser tried and refused. Raises OSError, ValueError or KeyError."""
    file = out / "result.json"
    if file.stat().st_size > MAX_JSON_BYTES:
        raise ValueError("the parser's answer is too large")
    body = json.loads(file.read_bytes())
    if body["document"]["status"] != "parsed":
        return Outcome(body["document"]), bool(body.get("refused"))
    channels = []
    with (out / "arrays.npy").open("rb") as stream:
        for entry, (has_values, has_times), texts in zip(
            body["document"]["channels"], body["arrays"], body["texts"], strict=True
        ):
            values = np.load(stream, allow_pickle=False) if has_values else None
            times = np.load(stream, allow_pickle=False) if has_times else None
            channels.append(
                Channel(
                    entry["name"], values, tuple(texts) if texts is not None else None, entry["unit"], entry["quantity"],
                    entry["confidence"], entry["axis"], times, tuple(GridAxis(**axis) for axis in entry.get("grid", ())),
                )
            )  # fmt: skip
    return Outcome(body["document"], tuple(channels), str(body["version"])), False
