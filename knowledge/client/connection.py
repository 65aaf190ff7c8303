"""One connection to a site: keys, time limits, and patience with a site that is busy."""

import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from .errors import Unreachable, refusal

AGAIN = (429, 502, 503, 504)
API = "/knowledge/api/v1/"
VERSION = "0.1.0"


class Connection:
    """Sends requests; asks again after 429, 502, 503, 504 and broken connections, `tries` times in all, waiting longer each time.

    What a site says in Retry-After is waited, up to `most_wait_s`. Requests that make something carry an Idempotency-Key,
    so that asking again makes nothing twice.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str | None,
        timeout_s: float,
        tries: int,
        most_wait_s: float,
        sleep: Callable[[float], None] = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {"User-Agent": f"lodestone-client/{VERSION}", "Accept": "application/json"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        self._tries, self._most_wait_s, self._sleep = tries, most_wait_s, sleep
        self._http = httpx.Client(
            base_url=url.rstrip("/") + API,
            headers=headers,
            timeout=timeout_s,
            transport=transport,
            follow_redirects=False,
        )

    def close(self) -> None:
        """Let go of all connections."""
        self._http.close()

    def ask(self, method: str, path: str, **more: Any) -> Any:  # Any: what httpx takes; JSON
        """The JSON of an answer; none for an empty one. Raises ApiError, Unreachable."""
        with self.answer(method, path, **more) as response:
            content = response.read()
        return None if not content else response.json()

    def make(self, path: str, document: Mapping[str, Any]) -> Any:
        """POST what makes something, once however often it is sent."""
        return self.ask("POST", path, json=document, headers={"Idempotency-Key": uuid.uuid4().hex})

    @contextmanager
    def answer(self, method: str, path: str, **more: Any) -> Iterator[httpx.Response]:
        """A good answer whose body is still to be read. Raises ApiError, Unreachable."""
        response = self._patiently(method, path, more)
        try:
            if response.status_code >= 300:
                response.read()
                raise refusal(response.status_code, _json(response))
            yield response
        except httpx.TransportError as error:
            raise Unreachable(f"the connection to {self._http.base_url.host} broke: {error}") from error
        finally:
            response.close()

    def _patiently(self, method: str, path: str, more: dict[str, Any]) -> httpx.Response:
        for attempt in range(1, self._tries + 1):
            last = attempt == self._tries
            try:
                response = self._http.send(self._http.build_request(method, path, **more), stream=True)
            except httpx.TransportError as error:
                if last:
                    raise Unreachable(f"{self._http.base_url.host} does not answer: {error}") from error
                self._wait(attempt, "")
                continue
            if response.status_code not in AGAIN or last:
                return response
            response.close()
            self._wait(attempt, response.headers.get("Retry-After", ""))
        raise AssertionError("the last attempt returns or raises")

    def _wait(self, attempt: int, asked: str) -> None:
        wait = 0.5 * 2 ** (attempt - 1) * random.uniform(0.75, 1.25)  # noqa: S311 - spreads clients in time, keeps no secret
        if asked.isascii() and asked.isdigit():
            wait = max(wait, float(asked))
        self._sleep(min(wait, self._most_wait_s))


def _json(response: httpx.Response) -> object:
    try:
        found: object = response.json()
    except ValueError:
        return None
    return found
