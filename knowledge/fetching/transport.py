"""Connections for httpx whose address is looked up once, checked, and then used: no second look-up can change it."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import httpcore
import httpx
from django.utils.translation import gettext as _

from knowledge.fetching.domain import AddressRefused, NoAnswer, Policy, address_allowed, refused


async def addresses_of(host: str, port: int) -> list[str]:
    """All IP addresses of a host name, in the order the system gives them. Raises NoAnswer for an unknown name."""
    try:
        return [str(ipaddress.ip_address(host.partition("%")[0]))]
    except ValueError:
        pass
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NoAnswer(_("There is no host called %(host)s.") % {"host": host}) from error
    return list(dict.fromkeys(str(item[4][0]) for item in found))


class CheckedNetwork(httpcore.AnyIOBackend):
    """Connects to a host only if every address it stands for is allowed, and to just that address."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to the first address that answers. Raises AddressRefused before any byte is sent."""
        found = await addresses_of(host, port)
        if not all(address_allowed(address, self._policy.networks) for address in found):
            raise refused(host)
        last: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in found:
            try:
                return await super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
        raise last

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Never: a file of this machine is no address to ask."""
        raise AddressRefused(_("The address must begin with https://."))


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _told():
            async for piece in self._response.aiter_stream():
                yield piece

    async def aclose(self) -> None:
        await self._response.aclose()


class _told:  # noqa: N801 - used as a statement
    """Says httpcore's errors in httpx's words."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, httpcore.TimeoutException):
            raise httpx.TimeoutException(str(error)) from error
        if isinstance(error, httpcore.NetworkError | httpcore.ProtocolError | httpcore.UnsupportedProtocol):
            raise httpx.TransportError(str(error)) from error


class CheckedTransport(httpx.AsyncBaseTransport):
    """httpx over connections of a CheckedNetwork; proxies of the environment are not asked."""

    def __init__(self, policy: Policy, *, trust: ssl.SSLContext | None = None) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=trust or httpx.create_ssl_context(), http1=True, network_backend=CheckedNetwork(policy)
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; its answer is read as it comes."""
        plain = httpcore.Request(
            request.method,
            httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _told():
            answer = await self._pool.handle_async_request(plain)
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


@asynccontextmanager
async def checked_client(policy: Policy, *, trust: ssl.SSLContext | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """An httpx client under this policy, for whoever asks a server many times. It follows no redirect.

    Addresses are checked at each connection; the form of a URL is the caller's to check (`url_checked`).
    """
    limits = httpx.Timeout(policy.timeout_s)
    headers = {"User-Agent": "Lodestone/1", "Accept-Encoding": "gzip, deflate"}
    transport = CheckedTransport(policy, trust=trust)
    async with httpx.AsyncClient(transport=transport, timeout=limits, headers=headers, trust_env=False) as client:
        yield client
