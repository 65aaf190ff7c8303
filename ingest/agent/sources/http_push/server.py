"""A small HTTP server of the standard library: token, limits, one address for rows and one to ask whether it is there."""

import hmac
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from ingest.agent.errors import SourceError, Stopping
from ingest.agent.sources.http_push.errors import Full
from ingest.agent.sources.http_push.params import HttpPushParams
from ingest.readings.errors import Garbled

IDLE_S = 30.0


class Taker(Protocol):
    """What stores a request."""

    def __call__(self, body: bytes, *, is_json: bool, key: str) -> tuple[int, bool]:
        """Rows stored, and whether they were stored before."""
        ...


class Door:
    """Listens from the start; raises SourceError where it cannot."""

    def __init__(self, params: HttpPushParams, token: str, take: Taker) -> None:
        class Bound(_Handler):
            door = self

        self.params, self.token, self.take = params, token, take
        self.free = threading.BoundedSemaphore(params.max_connections)
        kind = type(
            "_Server", (_Server,), {"address_family": socket.AF_INET6 if ":" in params.host else socket.AF_INET}
        )
        try:
            self._http = kind((params.host, params.port), Bound)
        except OSError as error:
            raise SourceError(
                f"cannot listen on {params.host}:{params.port} ({error.strerror}); choose another host or port"
            ) from error
        self._serving = False

    @property
    def address(self) -> str:
        """Where it listens."""
        host = f"[{self.params.host}]" if ":" in self.params.host else self.params.host
        return f"http://{host}:{self._http.server_address[1]}"

    def serve(self) -> None:
        """Answer until `stop`."""
        self._serving = True
        self._http.serve_forever(0.2)

    def stop(self) -> None:
        """Take no new requests."""
        if self._serving:
            self._http.shutdown()

    def close(self) -> None:
        """Let go of the port."""
        self._http.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True  # a client that keeps its connection open must not keep the agent from ending
    block_on_close = False
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:  # Any: the standard library's
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "lodestone-agent"
    sys_version = ""
    timeout = IDLE_S
    door: Door

    def handle(self) -> None:
        """All requests of one connection, while there is room for another connection."""
        if not self.door.free.acquire(blocking=False):
            self.wfile.write(
                b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
            return
        try:
            super().handle()
        finally:
            self.door.free.release()

    def log_message(self, format: str, *args: Any) -> None:
        """The agent's log is for the agent."""

    def do_GET(self) -> None:
        """Whether it is there."""
        if self.path == "/v1/ping":
            self._answer(200, {"ready": True})
        else:
            self._answer(404, {"error": "rows go to POST /v1/rows"})

    def do_POST(self) -> None:
        """Take rows."""
        body = self._body()
        if body is None:
            return
        try:
            rows, again = self.door.take(body, is_json=self._is_json(body), key=self._key())
        except Garbled as error:
            self._answer(400, {"error": f"{error}; nothing was stored"})
        except Full as error:
            self._answer(429, {"error": f"{error}; nothing was stored, send it again"}, self.door.params.retry_after_s)
        except Stopping:
            self._answer(
                503, {"error": "the agent ends; nothing was stored, send it again"}, self.door.params.retry_after_s
            )
        else:
            self._answer(200, {"stored": rows, "duplicate": again})

    def _key(self) -> str:
        return (self.headers.get("Idempotency-Key") or "").strip()[:100]

    def _is_json(self, body: bytes) -> bool:
        kind = self.headers.get_content_type()
        return kind == "application/json" or (kind != "text/csv" and body.lstrip()[:1] in (b"{", b"["))

    def _body(self) -> bytes | None:
        """The body of a request that may be taken; else it is answered here."""
        length = self.headers.get("Content-Length", "")
        wrong: tuple[int, str] | None = None
        if not self._known():
            wrong = 401, "send the token as `Authorization: Bearer TOKEN`"
        elif self.path != "/v1/rows":
            wrong = 404, "rows go to POST /v1/rows"
        elif not (length.isascii() and length.isdigit()):
            wrong = 411, "say the length of the body with Content-Length"
        elif int(length) > self.door.params.max_body_bytes:
            wrong = 413, f"at most {self.door.params.max_body_bytes} bytes at once; send fewer rows"
        if wrong is not None:
            self.close_connection = True  # the body was not read
            self._answer(wrong[0], {"error": wrong[1]})
            return None
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True
            return None
        return body

    def _known(self) -> bool:
        scheme, _, token = (self.headers.get("Authorization") or "").partition(" ")
        given = token.strip() if scheme.lower() == "bearer" else ""
        return bool(self.door.token) and hmac.compare_digest(given.encode(), self.door.token.encode())

    def _answer(self, status: int, document: dict[str, Any], retry_after_s: int | None = None) -> None:
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if retry_after_s is not None:
            self.send_header("Retry-After", str(retry_after_s))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)
