"""What a server may tell an agent to collect: a TOML document with sources and limits, no addresses and no secrets."""

import tomllib
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

SECTIONS = ("sources", "spool")


class RemoteError(ValueError):
    """The text is no such document; the message names each wrong key."""


class RemoteSpool(BaseModel):
    """Limits of the spool; where it lies is the agent's own matter."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_bytes: int | None = Field(default=None, ge=2**16)
    min_free_bytes: int | None = Field(default=None, ge=0)
    live_window_s: float | None = Field(default=None, gt=0)


class RemoteConfig(BaseModel):
    """The document. Keys of a source but `name`, `type` and `instrument` are judged by the agent, which has the plugin."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sources: list[dict[str, Any]] = Field(min_length=1)  # keys of plugins, validated by the agent
    spool: RemoteSpool = RemoteSpool()

    @field_validator("sources")
    @classmethod
    def _named(cls, sources: list[dict[str, Any]]) -> list[dict[str, Any]]:
        names = [source.get("name") for source in sources]
        for at, source in enumerate(sources):
            for key in ("name", "type"):
                if not isinstance(source.get(key), str) or not source[key]:
                    raise ValueError(f"sources.{at}.{key}: give a text")
        twice = sorted({str(name) for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"names must differ; given twice: {', '.join(twice)}")
        return sources


def remote_read(text: str) -> RemoteConfig:
    """The document in a TOML text. Raises RemoteError."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RemoteError(f"not valid TOML: {error}") from error
    foreign = sorted(set(document) - set(SECTIONS))
    if foreign:
        raise RemoteError(
            f"{', '.join(foreign)}: only {' and '.join(SECTIONS)} can be set from here; the rest is set beside the instrument"
        )
    try:
        return RemoteConfig.model_validate(document)
    except ValidationError as error:
        lines = []
        for fault in error.errors(include_url=False, include_context=False, include_input=False):
            key = ".".join(str(part) for part in fault["loc"])
            lines.append(f"{key}: {fault['msg'].removeprefix('Value error, ')}")
        raise RemoteError("; ".join(lines)) from error
