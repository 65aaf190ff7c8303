"""The gateway's HTTP interface as calls; every answer is a dict or one of four errors."""

import email.utils
import json
import struct
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from ingest.agent import VERSION
from ingest.agent.clock import ClockOffset
from ingest.agent.config import ServerSettings
from ingest.agent.connection import Answer, Connection
from ingest.agent.errors import ConfigError, Incompatible, Refused, Unauthorised, Unreachable
from ingest.contract import CONTRACT_VERSION

PATH = "/ingest/api/v1/"
TRY_LATER = {408, 425, 429, 500, 502, 503, 504, 507}


class Wire:
    """One connection to one server. `limits`: what the server takes at once, known after `ping`."""

    def __init__(self, settings: ServerSettings, token: str | None) -> None:
        self._settings, self._token = settings, token
        self.clock = ClockOffset()
        self.limits: dict[str, int] = {}
        self._path = urlsplit(settings.url).path.rstrip("/") + PATH
        self._connection = Connection(
            settings.url, timeout_s=settings.timeout_s, ca_file=settings.ca_file, proxy=settings.proxy
        )

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def ping(self) -> dict[str, Any]:
        """Is it there, does it speak our version, how much does it take? Raises Incompatible."""
        answer = self._call("GET", "ping")
        versions = answer.get("versions", [CONTRACT_VERSION])
        if CONTRACT_VERSION not in versions:
            raise Incompatible(
                f"the server reads versions {versions} of the wire, this agent ({VERSION}) writes {CONTRACT_VERSION}: "
                f"update the {'agent' if versions and min(versions) > CONTRACT_VERSION else 'server'}"
            )
        limits = answer.get("limits")
        self.limits.clear()  # the same dict: sources look into it
        self.limits.update({k: v for k, v in limits.items() if isinstance(v, int)} if isinstance(limits, dict) else {})
        return answer

    def enrol(self, *, code: str, name: str, host: str) -> dict[str, Any]:
        """Exchange a one-time code for a token."""
        return self._call("POST", "enrol", document={"code": code, "name": name, "host": host, "version": VERSION})

    def rotate(self) -> dict[str, Any]:
        """A new token; the present one stays valid until the new one is used."""
        return self._call("POST", "rotate", document={})

    def config(self, tag: str | None) -> tuple[str | None, dict[str, Any] | None]:
        """What we should collect: its tag, and the document, None where `tag` is still the newest."""
        answer = self._answer("GET", "config", headers={"If-None-Match": tag} if tag else {})
        if answer.status == 304:
            return tag, None
        return answer.headers.get("etag"), self._document(answer, "config")

    def heartbeat(self, document: dict[str, Any]) -> dict[str, Any]:
        """Say that we live."""
        return self._call("POST", "heartbeat", document=document)

    def frames(self, data: bytes) -> dict[str, Any]:
        """One batch; answered when it is durable there."""
        return self._call("POST", "frames", data=data)

    def files(self, files: Sequence[tuple[dict[str, Any], bytes]]) -> dict[str, Any]:
        """Small files, each envelope with its bytes, in one call; `files` says of each `done`, or why not."""
        parts: list[bytes] = []
        for envelope, data in files:
            head = json.dumps(envelope, ensure_ascii=False).encode()
            parts += [struct.pack("<I", len(head)), head, data]
        return self._call("POST", "files", data=b"".join(parts))

    def upload_open(self, envelope: dict[str, Any]) -> dict[str, Any]:
        """Begin or resume an upload; says from which byte."""
        return self._call("POST", "uploads", document=envelope)

    def upload_append(self, upload: str, offset: int, data: bytes) -> dict[str, Any]:
        """The next bytes of an upload."""
        return self._call("PATCH", f"uploads/{upload}", data=data, headers={"Upload-Offset": str(offset)})

    def tail_open(self, document: dict[str, Any]) -> dict[str, Any]:
        """Begin or resume a growing file; says from which byte."""
        return self._call("POST", "tails", document=document)

    def tail_append(self, tail: str, offset: int, data: bytes) -> dict[str, Any]:
        """The next lines of a growing file."""
        return self._call("PATCH", f"tails/{tail}", data=data, headers={"Upload-Offset": str(offset)})

    def tail_close(self, tail: str, envelope: dict[str, Any]) -> dict[str, Any]:
        """The growing file is finished; the server checks size and hash."""
        return self._call("POST", f"tails/{tail}/close", document=envelope)

    def _call(self, method: str, path: str, **how: Any) -> dict[str, Any]:  # Any: as `_answer` takes them
        asked = time.time_ns()
        document = self._document(self._answer(method, path, **how), path)
        if isinstance(document.get("time"), int):
            self.clock.observe(asked=asked, answered=time.time_ns(), server=document["time"])
        return document

    def _answer(
        self,
        method: str,
        path: str,
        *,
        data: bytes | None = None,
        document: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send; where the token is refused and another lies in its file by now (rotated), once more with that."""
        kind = "application/octet-stream" if document is None else "application/json"
        body = data if document is None else json.dumps(document, ensure_ascii=False).encode()
        sent = {"User-Agent": f"lodestone-agent/{VERSION}", **(headers or {})}
        if body is not None:
            sent["Content-Type"] = kind
        for last in (False, True):
            if self._token is not None:
                sent["Authorization"] = f"Bearer {self._token}"
            answer = self._connection.request(method, self._path + path, body, sent)
            if answer.status != 401 or last or not self._token_reload():
                break
        return answer

    def _token_reload(self) -> bool:
        if self._token is None or self._settings.token_file is None:
            return False
        before = self._token
        with suppress(ConfigError):
            self._token = self._settings.secret()
        return before != self._token

    def _document(self, answer: Answer, path: str) -> dict[str, Any]:
        document = _json(answer.body)
        if 200 <= answer.status < 300 and document is not None:
            return document
        raise _error(answer, document or {}, path)


def _json(body: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(body)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _error(answer: Answer, problem: dict[str, Any], path: str) -> Exception:
    status = answer.status
    said = str(problem.get("detail") or problem.get("title") or answer.reason)
    code, details = str(problem.get("code", "")), problem.get("details")
    if status == 401:
        return Unauthorised(f"the server does not accept our token ({said}); enrol this agent again")
    if status in TRY_LATER or status < 400 or "json" not in answer.headers.get("content-type", ""):
        # a page instead of a problem document comes from something between us and the gateway, not from it
        return Unreachable(
            f"HTTP {status} from {PATH}{path}: {said}",
            status=status,
            retry_after_s=_retry_after(answer.headers.get("retry-after")),
        )
    if code == "unsupported_version":
        return Incompatible(f"HTTP {status}: {said}: update the agent ({VERSION}) or the server")
    return Refused(
        f"HTTP {status}: {said}", status=status, code=code, details=details if isinstance(details, dict) else {}
    )


def _retry_after(value: str | None) -> float | None:
    """Seconds, from either spelling of the header."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (moment - datetime.now(UTC)).total_seconds()) if moment.tzinfo else None
