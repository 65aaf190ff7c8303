"""What can go wrong.

ClientError
├── Unreachable         nobody answered, also not after several tries
├── ApiError            the site refused: status, code, detail
│   ├── NotAllowed          401, 403: the key is wrong, over, or lacks the right
│   ├── NotFound            404
│   └── TooManyRequests     429, also after waiting
├── ExportFailed        the export failed, was cancelled or has expired
└── ChecksumMismatch    the file that came is not the file that was made
"""

from collections.abc import Mapping
from typing import Any


class ClientError(Exception):
    """Root of what the client raises."""


class Unreachable(ClientError):
    """Nobody answered, also not after several tries."""


class ExportFailed(ClientError):
    """The export failed, was cancelled, or has expired."""


class ChecksumMismatch(ClientError):
    """The file that came is not the file that was made; it was removed."""


class ApiError(ClientError):
    """The site refused. `code` is stable, `detail` says what to do."""

    def __init__(self, status: int, code: str, detail: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.details = dict(details or {})


class NotAllowed(ApiError):
    """The key is wrong, over, or lacks the right."""


class NotFound(ApiError):
    """There is no such thing that the key may read."""


class TooManyRequests(ApiError):
    """Still too many requests after waiting."""


def refusal(status: int, document: object) -> ApiError:
    """The error of a problem document (RFC 9457), or of whatever a proxy put in its place."""
    said = document if isinstance(document, dict) else {}
    kind = {401: NotAllowed, 403: NotAllowed, 404: NotFound, 429: TooManyRequests}.get(status, ApiError)
    code, detail = str(said.get("code", "error")), str(said.get("detail", "no reason given"))
    details = said.get("details")
    return kind(status, code, detail, details if isinstance(details, dict) else None)
