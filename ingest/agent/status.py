"""What waits in a spool and how the agent was last: read without disturbing it."""

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from ingest.agent.config import Settings
from ingest.agent.errors import SpoolError
from ingest.agent.health import state_path

STALE_S = 15.0


def status_read(settings: Settings, *, now: int) -> dict[str, Any]:
    """The document `status --json` prints. Raises SpoolError where the spool cannot be read."""
    path = settings.spool.path
    document: dict[str, Any] = {"spool": str(path), "running": False, **_queue(path, now=now)}
    state = _state(path)
    if state:
        age = (now - int(state["time"])) / 1e9
        offset = state.get("clock_offset_ns")
        document |= {
            "running": age < STALE_S and any(one["state"] != "stopped" for one in state["sources"]),
            "seen": age,
            "epoch": state["epoch"],
            "server": state["server"],
            "clock_offset_s": None if offset is None else offset / 1e9,
            "disk_free": state["disk_free"],
            "token_expires": state.get("token_expires"),
            "config": state.get("config"),
            "metrics": state.get("metrics"),
        }
    document["sources"] = _sources(settings, document.pop("waiting"), state)
    document["max_bytes"] = settings.spool.max_bytes
    damaged = sorted(path.parent.glob(path.name + ".damaged-*"))
    document["damaged"] = [str(one) for one in damaged if not one.name.endswith(("-wal", "-shm"))]
    return document


def checkpoints_read(path: Path, source: str) -> dict[str, dict[str, Any]]:
    """How far a source is, by the spool; nothing where there is none yet."""
    if not path.exists():
        return {}
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)) as db:
            rows = db.execute("SELECT key, value FROM checkpoints WHERE source = ?", (source,)).fetchall()
    except sqlite3.Error as error:
        raise SpoolError(f"the spool {path} cannot be read ({error})") from error
    return {key: json.loads(value) for key, value in rows}


def _queue(path: Path, *, now: int) -> dict[str, Any]:
    if not path.exists():
        return {"queue_rows": 0, "queue_bytes": 0, "oldest": None, "lag_s": 0.0, "rejected": [], "waiting": {}}
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)) as db:
            rows = db.execute(
                "SELECT source, COUNT(*), SUM(rows), SUM(LENGTH(payload)), MIN(created) FROM outbox GROUP BY source"
            ).fetchall()
            rejected = db.execute(
                "SELECT id, kind, source, created, rows, head, LENGTH(payload), refused, reason FROM rejected ORDER BY id"
            ).fetchall()
    except sqlite3.Error as error:
        raise SpoolError(
            f"the spool {path} cannot be read ({error}); when the agent runs it will repair this"
        ) from error
    oldest = min((row[4] for row in rows), default=None)
    return {
        "queue_rows": sum(row[2] for row in rows),
        "queue_bytes": sum(row[3] for row in rows),
        "oldest": oldest,
        "lag_s": 0.0 if oldest is None else max(0.0, (now - oldest) / 1e9),
        "rejected": [_rejected(row) for row in rejected],
        "waiting": {row[0]: {"items": row[1], "rows": row[2], "bytes": row[3], "oldest": row[4]} for row in rows},
    }


def rejected_requeue(path: Path) -> int:
    """Put everything that was refused back into the queue, under its old number; how many. Safe while the agent runs."""
    if not path.exists():
        return 0
    fields = "id, lane, kind, source, key, created, rows, sequence, head, payload"
    try:
        with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as db:
            db.execute("PRAGMA synchronous = FULL")
            db.execute("BEGIN IMMEDIATE")
            moved = db.execute(f"INSERT INTO outbox ({fields}) SELECT {fields} FROM rejected").rowcount  # noqa: S608
            db.execute("DELETE FROM rejected")
            db.execute("COMMIT")
    except sqlite3.Error as error:
        raise SpoolError(f"the spool {path} cannot be changed now ({error}); nothing was") from error
    return moved


def _rejected(row: tuple[Any, ...]) -> dict[str, Any]:
    number, kind, source, created, rows, head, size, refused, reason = row
    return {
        "id": number,
        "kind": kind,
        "source": source,
        "created": created,
        "rows": rows,
        "path": json.loads(head).get("path"),
        "bytes": size,
        "refused": refused,
        "reason": reason,
    }


def _state(path: Path) -> dict[str, Any] | None:
    try:
        state = json.loads(state_path(path).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return state if isinstance(state, dict) else None


def _sources(settings: Settings, waiting: dict[str, Any], state: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The configured sources, and any other that still has rows waiting."""
    seen = {one["name"]: one for one in (state or {}).get("sources", [])}
    names = [one.name for one in settings.sources]
    nothing = {"items": 0, "rows": 0, "bytes": 0, "oldest": None}
    return [
        {
            "name": name,
            "state": seen.get(name, {}).get("state", "not started"),
            "error": seen.get(name, {}).get("error", ""),
            "restarts": seen.get(name, {}).get("restarts", 0),
            **waiting.get(name, nothing),
        }
        for name in [*names, *sorted(set(waiting) - set(names))]
    ]


def status_text(document: dict[str, Any], *, now: int) -> str:
    """The same for a person."""
    server = document.get("server") or {"state": "unknown", "reason": ""}
    lines = [
        f"agent     {'running' if document['running'] else 'not running'}",
        f"server    {server['state']} {server['reason']}".rstrip(),
        f"queue     {document['queue_rows']} rows, {document['queue_bytes']} of {document['max_bytes']} bytes",
        f"lag       {document['lag_s']:.1f} s",
    ]
    if document["oldest"] is not None:
        oldest = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(document["oldest"] / 1e9))
        lines.append(f"oldest    {oldest} UTC")
    if document.get("token_expires"):
        ends = time.strftime("%Y-%m-%d", time.gmtime(document["token_expires"]))
        lines.append(f"token     ends on {ends}; it is rotated before, or by `lodestone-agent rotate`")
    config = document.get("config") or {}
    if config.get("version"):
        lines.append(f"config    version {config['version']} of the site")
    if config.get("refused"):
        lines.append(f"config    version {config['refused_version']} of the site is not used: {config['refused']}")
    for one in document["sources"]:
        lines.append(f"source    {one['name']}: {one['state']}, {one['rows']} rows waiting {one['error']}".rstrip())
    for one in document["rejected"]:
        lines.append(
            f"rejected  #{one['id']} {one['source']} {one['path'] or one['kind']}, {one['rows']} rows: {one['reason']}"
        )
    lines.extend(f"damaged   {path} (kept; send it to whoever looks after Lodestone)" for path in document["damaged"])
    return "\n".join(lines)
