"""Errors of Lodestone and of ingest: one root, each message tells the person what to do next.

LodestoneError
└── IngestError
    ├── BadInput            what was sent cannot be used (HTTP 400, exit 2)
    ├── NotAuthorised       missing, wrong or revoked token (HTTP 401)
    ├── NotAllowed          a valid token, but not for this instrument (HTTP 403)
    ├── NotFound            no such thing here (HTTP 404)
    ├── TooLarge            over a stated limit (HTTP 413)
    ├── Conflict            contradicts what is already stored (HTTP 409)
    ├── TooMany             more comes in than can be stored now (HTTP 429)
    └── Unavailable         try again later (HTTP 503)
"""


class LodestoneError(Exception):
    """Something a person can understand and act on; `code` is stable, the message says what to do."""

    code = "error"
    status = 400

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class IngestError(LodestoneError):
    """Root of what ingest raises."""

    code = "ingest_error"


class BadInput(IngestError):
    """What was sent cannot be used; nothing was stored or the rest was kept, as the message says."""

    code = "bad_input"


class NotAuthorised(IngestError):
    """No token, a wrong token or a revoked one."""

    code = "not_authorised"
    status = 401


class NotAllowed(IngestError):
    """The token is valid, but not for this instrument or this upload."""

    code = "not_allowed"
    status = 403


class NotFound(IngestError):
    """No such thing here; begin it first."""

    code = "not_found"
    status = 404


class TooLarge(IngestError):
    """Over a stated limit."""

    code = "too_large"
    status = 413


class Conflict(IngestError):
    """Contradicts what is already stored."""

    code = "conflict"
    status = 409


class TooMany(IngestError):
    """More comes in at once than can be made durable; the sender waits and tries again."""

    code = "too_many"
    status = 429


class Unavailable(IngestError):
    """A store is full or away; the sender keeps its data and tries again."""

    code = "unavailable"
    status = 503
