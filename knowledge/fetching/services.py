"""Ask one address: within a policy, within a time, up to a length."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import httpx
from django.conf import settings
from django.utils.translation import gettext as _

from knowledge.fetching.domain import AddressRefused, NoAnswer, Policy, TooMuch, url_checked
from knowledge.fetching.transport import checked_client

Method = Literal["GET", "POST", "HEAD"]
MOVED = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class Fetched:
    """An answer: any status; `content` unpacked, `url` after redirects. `headers` by lower-case name."""

    status: int
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""

    @property
    def ok(self) -> bool:
        """Whether the other side says that it went well."""
        return 200 <= self.status < 300


def policy_of_site(
    *,
    hosts: frozenset[str] | None = None,
    timeout_s: float = 10.0,
    total_s: float = 30.0,
    max_bytes: int = 2**20,
    redirects: int = 0,
) -> Policy:
    """What this site allows: public addresses by https, and what LODESTONE_KNOWLEDGE_FETCH_* adds to that."""
    chosen = settings.KNOWLEDGE
    return Policy(chosen.networks(), chosen.fetch_http, hosts, timeout_s, total_s, max_bytes, redirects)


async def fetch_async(
    url: str,
    *,
    policy: Policy,
    method: Method = "GET",
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    client: httpx.AsyncClient | None = None,
    trust: ssl.SSLContext | None = None,
) -> Fetched:
    """The answer to one request. `client`: one of `checked_client`, when many are asked. `trust`: certificates beside the system's.

    Raises AddressRefused, NoAnswer (also when the time is over) or TooMuch; a status such as 500 is an answer.
    """
    target = url_checked(url, policy)
    try:
        async with asyncio.timeout(policy.total_s):
            if client is not None:
                return await _follow(client, target, policy, method, headers or {}, content)
            async with checked_client(policy, trust=trust) as own:
                return await _follow(own, target, policy, method, headers or {}, content)
    except (TimeoutError, httpx.TimeoutException) as error:
        raise NoAnswer(_("%(host)s did not answer in time.") % {"host": target.host}) from error
    except httpx.HTTPError as error:
        told = _("%(host)s could not be asked: %(reason)s")
        raise NoAnswer(told % {"host": target.host, "reason": str(error) or type(error).__name__}) from error


async def _follow(
    client: httpx.AsyncClient,
    url: httpx.URL,
    policy: Policy,
    method: Method,
    headers: Mapping[str, str],
    content: bytes | None,
) -> Fetched:
    for left in range(policy.redirects, -1, -1):
        async with client.stream(method, url, headers=dict(headers), content=content) as answer:
            place = answer.headers.get("location")
            if left == 0 or answer.status_code not in MOVED or place is None or method == "POST":
                body = await _content(answer, policy.max_bytes)
                return Fetched(answer.status_code, str(url), dict(answer.headers), body)
            moved = url_checked(str(url.join(place)), policy)
            if (moved.scheme, moved.host, moved.port) != (url.scheme, url.host, url.port):
                raise AddressRefused(_("%(host)s leads to another server; name that one instead.") % {"host": url.host})
            url = moved
    raise AssertionError("the last round answers")


async def _content(answer: httpx.Response, most: int) -> bytes:
    parts, length = [], 0
    async for part in answer.aiter_bytes(2**16):
        length += len(part)
        if length > most:
            raise TooMuch(_("The answer is longer than %(most)s bytes.") % {"most": most})
        parts.append(part)
    return b"".join(parts)


def fetch(
    url: str,
    *,
    policy: Policy,
    method: Method = "GET",
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    trust: ssl.SSLContext | None = None,
) -> Fetched:
    """The same for code without an event loop: a stage, a command, a view in a thread."""
    return asyncio.run(fetch_async(url, policy=policy, method=method, headers=headers, content=content, trust=trust))
