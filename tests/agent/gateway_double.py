"""A small real HTTP server that speaks the gateway's wire and stores durably in SQLite; faults can be ordered."""

import hashlib
import json
import sqlite3
import ssl
import struct
import threading
import time
from collections import deque
from contextlib import closing
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from ingest.contract import Batch, BatchError, decode_batch

TOKEN = "right-token"
SCHEMA = """
CREATE TABLE IF NOT EXISTS batches (agent, source, epoch, sequence INTEGER, historical, data BLOB,
                                    PRIMARY KEY (source, epoch, sequence));
CREATE TABLE IF NOT EXISTS payloads (id PRIMARY KEY, kind, state, envelope, data BLOB);
"""


@dataclass
class Fault:
    """Answer one request badly. `after_commit`: the work is done, but the agent never hears of it."""

    status: int = 503
    path: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    after_commit: bool = False


class GatewayDouble:
    """Start, stop, start again: the store stays."""

    def __init__(self, folder: Path) -> None:
        self.store, self.token = folder / "server.sqlite3", TOKEN
        self.faults: deque[Fault] = deque()
        self.requests: list[tuple[str, str]] = []
        self.beats: list[dict[str, Any]] = []
        self.lock = threading.Lock()
        self.skew_ns = 0
        self.next_token: str | None = None
        self.token_issued: float | None = None
        self.token_expires: float | None = None
        self.configs: list[str | None] = []
        self.certificate: Path | None = None  # PEM with key: speaks TLS then
        self.versions, self.modern, self.limits = [1], True, dict[str, int]()
        self.poisoned = True  # batches of the source `poison` are refused
        self.port = 0
        with closing(sqlite3.connect(self.store)) as db:
            db.executescript(SCHEMA)
            db.execute("PRAGMA journal_mode = WAL")

    @property
    def url(self) -> str:
        return f"http{'s' if self.certificate else ''}://127.0.0.1:{self.port}"

    def start(self) -> "GatewayDouble":
        owner = self

        class Bound(Handler):
            gateway = owner

        self.http = ThreadingHTTPServer(("127.0.0.1", self.port), Bound)
        self.http.daemon_threads = True
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate)
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.http.server_address[1]
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,))
        self.thread.start()
        return self

    def stop(self) -> None:
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()

    def batches(self) -> list[Batch]:
        with closing(sqlite3.connect(self.store)) as db:
            return [decode_batch(data) for (data,) in db.execute("SELECT data FROM batches ORDER BY rowid")]

    def payloads(self) -> dict[str, dict[str, Any]]:
        with closing(sqlite3.connect(self.store)) as db:
            rows = db.execute("SELECT id, kind, state, envelope, data FROM payloads ORDER BY rowid").fetchall()
        return {r[0]: {"kind": r[1], "state": r[2], "envelope": json.loads(r[3]), "data": r[4]} for r in rows}

    def times(self) -> list[int]:
        """Times of all rows ever stored, as stored."""
        return [one for batch in self.batches() for block in batch.blocks for one in block.times]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    gateway: GatewayDouble

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.serve()

    do_POST = do_PATCH = do_GET  # noqa: N815 - the standard library's names

    def serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.removeprefix("/ingest/api/v1/")
        owner = self.gateway
        with owner.lock:
            owner.requests.append((self.command, path))
            fault = owner.faults[0] if owner.faults and path.startswith(owner.faults[0].path) else None
            if fault:
                owner.faults.popleft()
            if fault and not fault.after_commit:
                self.answer(fault.status, {"code": "ordered", "detail": "ordered by the test"}, fault.headers)
                return
            with closing(sqlite3.connect(owner.store, isolation_level=None)) as db:
                db.execute("PRAGMA synchronous = FULL")
                status, document = self.work(db, path, body)
        if fault:
            self.close_connection = True
            self.connection.close()
            return
        self.answer(status, document, {})

    def answer(self, status: int, document: dict[str, Any], headers: dict[str, str]) -> None:
        data = json.dumps({"time": time.time_ns() + self.gateway.skew_ns, "status": status, **document}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if status < 400 else "application/problem+json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def work(self, db: sqlite3.Connection, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        parts = path.strip("/").split("/")
        if parts == ["ping"]:
            limits = {"limits": {"files": 2**24, **self.gateway.limits}} if self.gateway.modern else {}
            return 200, {"versions": self.gateway.versions, **limits}
        if parts == ["enrol"]:
            asked = json.loads(body)
            if asked["code"] != "good-code":
                return 400, {"detail": "the code is unknown or spent", "code": "bad_input"}
            return 200, {"agent": asked["name"], "token": self.gateway.token, "instrument": "mbe"}
        if self.gateway.next_token and self.headers.get("Authorization") == f"Bearer {self.gateway.next_token}":
            self.gateway.token, self.gateway.next_token = self.gateway.next_token, None
        if self.headers.get("Authorization") != f"Bearer {self.gateway.token}":
            return 401, {"detail": "no such token", "code": "not_authorised"}
        match parts:
            case ["heartbeat"]:
                self.gateway.beats.append(json.loads(body))
                return 200, {
                    "config": len(self.gateway.configs) or None,
                    "token_issued": self.gateway.token_issued,
                    "token_expires": self.gateway.token_expires,
                }
            case ["frames"]:
                return self.frames(db, body)
            case ["rotate"]:
                self.gateway.next_token = f"rotated-{len(self.gateway.requests)}"
                return 200, {"token": self.gateway.next_token, "expires": self.gateway.token_expires}
            case ["config"]:
                return 200, {"version": len(self.gateway.configs), "text": (self.gateway.configs or [None])[-1]}
            case ["files"]:
                return 200, {"files": self.small_files(db, body)}
            case ["uploads"] | ["tails"]:
                return self.open(db, parts[0], json.loads(body))
            case ["uploads" | "tails", number]:
                return self.append(db, number, int(self.headers["Upload-Offset"]), body)
            case ["tails", number, "close"]:
                return self.tail_close(db, number, json.loads(body))
        return 404, {"detail": "no such page"}

    def frames(self, db: sqlite3.Connection, body: bytes) -> tuple[int, dict[str, Any]]:
        try:
            batch = decode_batch(body)
        except BatchError as error:
            return 400, {"detail": str(error), "code": "bad_input"}
        if batch.source == "poison" and self.gateway.poisoned:
            return 400, {"detail": "the server never takes this", "code": "bad_input"}
        done = db.execute(
            "INSERT OR IGNORE INTO batches VALUES ('agent', ?, ?, ?, ?, ?)",
            (batch.source, batch.epoch, batch.sequence, batch.historical, body),
        )
        return 200, {"accepted": True, "duplicate": done.rowcount == 0, "points": batch.points}

    def small_files(self, db: sqlite3.Connection, body: bytes) -> dict[str, Any]:
        said, at = {}, 0
        while at < len(body):
            (length,) = struct.unpack_from("<I", body, at)
            text = body[at + 4 : at + 4 + length]
            envelope = json.loads(text)
            data = body[at + 4 + length : at + 4 + length + envelope["size"]]
            at += 4 + length + envelope["size"]
            if hashlib.sha256(data).hexdigest() != envelope["sha256"]:
                said[envelope["id"]] = {"code": "hash_mismatch", "detail": "hash differs"}
                continue
            db.execute(
                "INSERT OR IGNORE INTO payloads VALUES (?, 'uploads', 'done', ?, ?)", (envelope["id"], text, data)
            )
            said[envelope["id"]] = {"state": "done"}
        return said

    def open(self, db: sqlite3.Connection, kind: str, envelope: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        db.execute(
            "INSERT OR IGNORE INTO payloads VALUES (?, ?, ?, ?, X'')",
            (envelope["id"], kind, "open" if kind == "uploads" else "growing", json.dumps(envelope)),
        )
        if kind == "uploads":  # of a log that failed: the whole file takes its place
            db.execute(
                "UPDATE payloads SET state = 'open', envelope = ?, data = X'' WHERE id = ? AND state = 'failed'",
                (json.dumps(envelope), envelope["id"]),
            )
        state, size = self.present(db, envelope["id"])
        return 200, {"upload": envelope["id"], "receipt": envelope["id"], "offset": size, "state": state}

    def present(self, db: sqlite3.Connection, number: str) -> tuple[str, int]:
        row = db.execute("SELECT state, LENGTH(data) FROM payloads WHERE id = ?", (number,)).fetchone()
        return (row[0], row[1]) if row else ("", -1)

    def append(self, db: sqlite3.Connection, number: str, offset: int, body: bytes) -> tuple[int, dict[str, Any]]:
        state, size = self.present(db, number)
        if size < 0:
            return 404, {"detail": "no such upload"}
        if offset != size:
            return 409, {"detail": "another offset", "code": "conflict", "details": {"offset": size}}
        db.execute(
            "UPDATE payloads SET state = 'growing' WHERE id = ? AND kind = 'tails' AND state = 'done'", (number,)
        )  # it may go on
        db.execute("UPDATE payloads SET data = CAST(data || ? AS BLOB) WHERE id = ?", (body, number))
        row = db.execute("SELECT state, envelope, data FROM payloads WHERE id = ?", (number,)).fetchone()
        envelope = json.loads(row[1])
        if row[0] == "open" and len(row[2]) >= envelope["size"]:
            if hashlib.sha256(row[2]).hexdigest() != envelope["sha256"]:
                db.execute("UPDATE payloads SET data = X'' WHERE id = ?", (number,))
                return 409, {"detail": "hash differs", "code": "hash_mismatch", "details": {"offset": 0}}
            db.execute("UPDATE payloads SET state = 'done' WHERE id = ?", (number,))
        state, size = self.present(db, number)
        return 200, {"offset": size, "state": state, "receipt": number}

    def tail_close(self, db: sqlite3.Connection, number: str, envelope: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        row = db.execute("SELECT data FROM payloads WHERE id = ?", (number,)).fetchone()
        if row is None:
            return 404, {"detail": "no such tail"}
        if len(row[0]) != envelope["size"] or hashlib.sha256(row[0]).hexdigest() != envelope["sha256"]:
            db.execute("UPDATE payloads SET state = 'failed' WHERE id = ?", (number,))
            return 409, {"detail": "hash differs", "code": "hash_mismatch", "details": {"offset": len(row[0])}}
        db.execute("UPDATE payloads SET state = 'done', envelope = ? WHERE id = ?", (json.dumps(envelope), number))
        return 200, {"receipt": number}
