"""One kept-alive HTTP connection to one server, from the standard library: small, and quick for many small calls."""

import base64
import http.client
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from ingest.agent.errors import ConfigError, Unreachable

PORTS = {"http": 80, "https": 443}
STALE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError, http.client.CannotSendRequest)


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    reason: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes


class Connection:
    """Opens when it is first used and again when the server closed it in between. For one thread at a time."""

    def __init__(self, url: str, *, timeout_s: float, ca_file: Path | None = None, proxy: str | None = None) -> None:
        self._url = urlsplit(url)
        self._proxy = urlsplit(proxy if "://" in proxy else f"http://{proxy}") if proxy else None
        self._timeout_s = timeout_s
        self._context = _context(ca_file) if self._url.scheme == "https" else None
        self._open: http.client.HTTPConnection | None = None

    @property
    def where(self) -> str:
        """The address without a path."""
        return f"{self._url.scheme}://{self._url.netloc}"

    def close(self) -> None:
        """End the connection."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def request(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        """One call; a connection that went stale while it rested is opened once more. Raises Unreachable."""
        rested = self._open is not None and self._open.sock is not None
        try:
            try:
                return self._once(method, path, body, headers)
            except STALE:
                self.close()
                if not rested:
                    raise
                return self._once(method, path, body, headers)
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise Unreachable(
                f"the certificate of {self.where} is not trusted ({error.verify_message}); set server.ca_file to the "
                "certificate of who issued it, and use the host name that it was issued for"
            ) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise Unreachable(f"no answer from {self.where}: {error or type(error).__name__}") from error

    def _once(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        if self._open is None:
            self._open = self._connect()
        plain_proxy = self._proxy is not None and self._url.scheme == "http"
        self._open.request(method, f"{self.where}{path}" if plain_proxy else path, body, dict(headers))
        answer = self._open.getresponse()
        data = answer.read()
        return Answer(answer.status, answer.reason, {k.lower(): v for k, v in answer.getheaders()}, data)

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._url.hostname or "", self._url.port or PORTS[self._url.scheme]
        proxy = self._proxy
        through = (host, port) if proxy is None else (proxy.hostname or "", proxy.port or 3128)
        if self._context is None:
            return http.client.HTTPConnection(*through, timeout=self._timeout_s)
        made = http.client.HTTPSConnection(*through, timeout=self._timeout_s, context=self._context)
        if proxy is not None:
            made.set_tunnel(host, port, _proxy_login(proxy))
        return made


def _context(ca_file: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"server.ca_file: {ca_file} holds no certificates in PEM form ({error})") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _proxy_login(proxy: SplitResult) -> dict[str, str]:
    if not proxy.username:
        return {}
    secret = base64.b64encode(f"{proxy.username}:{proxy.password or ''}".encode()).decode()
    return {"Proxy-Authorization": f"Basic {secret}"}
