"""The gateway's HTTP interface as calls; every answer is a dict or one of three errors."""

import email.utils
import ssl
import time
from datetime import UTC, datetime
from typing import Any

import httpx

from ingest.agent import VERSION
from ingest.agent.clock import ClockOffset
from ingest.agent.config import ServerSettings
from ingest.agent.errors import Refused, Unauthorised, Unreachable
from ingest.contract import CONTRACT_VERSION

PATH = "/ingest/api/v1/"
TRY_LATER = {408, 425, 429, 500, 502, 503, 504, 507}


class Wire:
    """One connection pool to one server."""

    def __init__(self, settings: ServerSettings, token: str | None) -> None:
        headers = {"User-Agent": f"lodestone-agent/{VERSION}"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        verify = ssl.create_default_context(cafile=str(settings.ca_file)) if settings.ca_file else True
        self.clock = ClockOffset()
        self._client = httpx.Client(
            base_url=settings.url.rstrip("/") + PATH,
            headers=headers,
            timeout=settings.timeout_s,
            verify=verify,
            proxy=settings.proxy,
            trust_env=False,
        )

    def close(self) -> None:
        """End all connections."""
        self._client.close()

    def ping(self) -> dict[str, Any]:
        """Is it there, and does it speak our version? Raises Refused where not."""
        answer = self._call("GET", "ping")
        if CONTRACT_VERSION not in answer.get("versions", []):
            raise Refused(
                f"the server reads versions {answer.get('versions')}, this agent writes {CONTRACT_VERSION}: update one",
                status=200,
                code="version",
            )
        return answer

    def enrol(self, *, code: str, name: str, host: str) -> dict[str, Any]:
        """Exchange a one-time code for a token."""
        return self._call("POST", "enrol", json={"code": code, "name": name, "host": host, "version": VERSION})

    def heartbeat(self, document: dict[str, Any]) -> dict[str, Any]:
        """Say that we live."""
        return self._call("POST", "heartbeat", json=document)

    def frames(self, data: bytes) -> dict[str, Any]:
        """One batch; answered when it is durable there."""
        return self._call("POST", "frames", content=data)

    def upload_open(self, envelope: dict[str, Any]) -> dict[str, Any]:
        """Begin or resume an upload; says from which byte."""
        return self._call("POST", "uploads", json=envelope)

    def upload_append(self, upload: str, offset: int, data: bytes) -> dict[str, Any]:
        """The next bytes of an upload."""
        return self._call("PATCH", f"uploads/{upload}", content=data, headers={"Upload-Offset": str(offset)})

    def tail_open(self, document: dict[str, Any]) -> dict[str, Any]:
        """Begin or resume a growing file; says from which byte."""
        return self._call("POST", "tails", json=document)

    def tail_append(self, tail: str, offset: int, data: bytes) -> dict[str, Any]:
        """The next lines of a growing file."""
        return self._call("PATCH", f"tails/{tail}", content=data, headers={"Upload-Offset": str(offset)})

    def tail_close(self, tail: str, envelope: dict[str, Any]) -> dict[str, Any]:
        """The growing file is finished; the server checks size and hash."""
        return self._call("POST", f"tails/{tail}/close", json=envelope)

    def _call(self, method: str, path: str, **how: Any) -> dict[str, Any]:  # Any: httpx's own arguments
        asked = time.time_ns()
        if "content" in how:
            how["headers"] = {"Content-Type": "application/octet-stream", **how.get("headers", {})}
        try:
            response = self._client.request(method, path, **how)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise Unreachable(f"no answer from {self._client.base_url}: {error or type(error).__name__}") from error
        answer = _document(response)
        if response.is_success and answer is not None:
            if isinstance(answer.get("time"), int):
                self.clock.observe(asked=asked, answered=time.time_ns(), server=answer["time"])
            return answer
        raise _error(response, answer or {})


def _document(response: httpx.Response) -> dict[str, Any] | None:
    try:
        answer = response.json()
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _error(response: httpx.Response, problem: dict[str, Any]) -> Exception:
    status = response.status_code
    said = str(problem.get("detail") or problem.get("title") or response.reason_phrase)
    if status == 401:
        return Unauthorised(f"the server does not accept our token ({said}); enrol this agent again")
    if status in TRY_LATER or status < 400 or "json" not in response.headers.get("content-type", ""):
        # a page instead of a problem document comes from something between us and the gateway, not from it
        return Unreachable(
            f"HTTP {status} from {response.url.path}: {said}",
            status=status,
            retry_after_s=_retry_after(response.headers.get("retry-after")),
        )
    details = problem.get("details")
    return Refused(
        f"HTTP {status}: {said}",
        status=status,
        code=str(problem.get("code", "")),
        details=details if isinstance(details, dict) else {},
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
