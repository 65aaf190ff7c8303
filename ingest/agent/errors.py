"""Errors of the agent; each message tells the person at the instrument what to do next.

AgentError
├── ConfigError         the TOML file is wrong: the start stops
├── SourceError         a source cannot work now: reported, tried again
│   └── SourceAway      what it watches is not there (share unplugged, folder gone)
├── Stopping            the agent ends while a source waits: nothing was half done
├── SpoolError
│   ├── SpoolBusy       another agent holds the spool
│   ├── SpoolWriteFailed  the disk refuses (full, gone): nothing was half done
│   └── SpoolCorrupt    the spool file is damaged: it is moved aside and kept
└── ServerError
    ├── Unreachable     no usable answer: try again later, perhaps after `retry_after_s`
    ├── Unauthorised    the token is missing, wrong or revoked
    ├── Incompatible    agent and server share no version of the wire: wait until one is updated
    └── Refused         the server will never take this as it is (400, 409, 413, ...)
"""

from typing import Any


class AgentError(Exception):
    """Root of what the agent raises."""


class ConfigError(AgentError):
    """The configuration is wrong; the message names the key."""


class SourceError(AgentError):
    """A source cannot work now."""


class SourceAway(SourceError):
    """What the source watches is not there; it may come back."""


class Stopping(AgentError):
    """The agent ends; the caller leaves without committing."""


class SpoolError(AgentError):
    """The spool cannot be used."""


class SpoolBusy(SpoolError):
    """Another agent works on this spool."""


class SpoolWriteFailed(SpoolError):
    """The disk did not take a write; the transaction was undone."""


class SpoolCorrupt(SpoolError):
    """The spool file is damaged."""


class ServerError(AgentError):
    """The server did not take what was sent."""


class Unreachable(ServerError):
    """No usable answer: away, overloaded or broken; `status` is None when nothing answered."""

    def __init__(self, message: str, *, status: int | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after_s = retry_after_s


class Unauthorised(ServerError):
    """The token is missing, wrong or revoked."""


class Incompatible(ServerError):
    """Agent and server share no version of the wire; everything is kept until one of them is updated."""


class Refused(ServerError):
    """A final no with its reason; `details` is the problem document's."""

    def __init__(self, message: str, *, status: int, code: str = "", details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.details = details or {}
