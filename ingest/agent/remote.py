"""What the site tells this agent to collect: fetched, validated as a whole before use, the last good version kept on disk.

The local file stays the master of everything else: the address, the token, where the spool lies, which kinds of source and
which folders the site may name, and whether it may at all (`remote = false`).
"""

import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ingest.agent.config import Settings, SourceSettings, config_faults
from ingest.agent.errors import ConfigError, SourceError
from ingest.agent.wire import Wire
from ingest.contract.remote import RemoteError, remote_read

log = logging.getLogger(__name__)


@dataclass
class Remote:
    """What was fetched, what runs, and why the newest does not. `version` 0: the local file's own sources run."""

    local: Settings
    version: int = 0
    tag: str | None = None
    refused_version: int | None = None
    refused: str = ""

    @property
    def path(self) -> Path:
        """Where the last good version is kept."""
        return self.local.spool.path.with_name(self.local.spool.path.name + ".remote.json")

    def state(self) -> dict[str, Any]:
        """For the heartbeat."""
        said = {"remote": self.local.remote, "version": self.version if self.local.remote else None}
        return {**said, "refused_version": self.refused_version, "refused": self.refused}

    def start(self) -> Settings:
        """The settings to begin with: the last good version, else the local file."""
        if not self.local.remote:
            return self._local()
        try:
            kept = json.loads(self.path.read_text("utf-8"))
            version, text = int(kept["version"]), kept["text"]
        except (OSError, ValueError, KeyError, TypeError):
            return self._local()
        if text is None:
            return self._local()
        try:
            settings = merged(self.local, str(text))
        except ConfigError as error:  # the local file changed meanwhile
            self.refused_version, self.refused = version, str(error)
            log.error("version %d of the site's configuration cannot be used any more: %s", version, error)
            return self._local()
        self.version = version
        return settings

    def _local(self) -> Settings:
        if not self.local.sources:
            log.warning("no source is configured here; waiting for the site to name some")
        return self.local

    def fetch(self, wire: Wire) -> Settings | None:
        """Ask for a newer version; the settings to change to, None where all stays. Raises ServerError."""
        if not self.local.remote:
            return None
        tag, document = wire.config(self.tag)
        if document is None:
            return None
        version, text = int(document.get("version") or 0), document.get("text")
        self.tag = tag
        if version in (self.version, 0):
            return None
        try:
            settings = merged(self.local, str(text))
        except ConfigError as error:
            self.refused_version, self.refused = version, str(error)
            log.error("version %d of the site's configuration is not used: %s", version, error)
            return None
        self._keep({"version": version, "text": text})
        self.version, self.refused_version, self.refused = version, None, ""
        log.info("version %d of the site's configuration is taken over", version)
        return settings

    def _keep(self, document: dict[str, Any]) -> None:
        part = self.path.with_name(self.path.name + ".part")
        with part.open("w", encoding="utf-8") as handle:
            json.dump(document, handle, ensure_ascii=False)
            handle.flush()
            os.fsync(handle.fileno())
        part.replace(self.path)


def merged(local: Settings, text: str) -> Settings:
    """The local settings with the site's sources and limits. Raises ConfigError naming every wrong key."""
    try:
        wanted = remote_read(text)
    except RemoteError as error:
        raise ConfigError(str(error)) from error
    spool = {**local.spool.model_dump(), **wanted.spool.model_dump(exclude_none=True)}
    document = {**local.model_dump(exclude={"sources", "spool"}), "spool": spool, "folder": local.folder}
    document["server"] = local.server
    try:
        settings = Settings.model_validate({**document, "sources": wanted.sources}, context={"folder": local.folder})
    except ValidationError as error:
        raise ConfigError("; ".join(config_faults(error))) from error
    faults = [f"sources.{at}.{line}" for at, one in enumerate(settings.sources) for line in _faults(local, one)]
    if faults:
        raise ConfigError("; ".join(faults))
    return settings


def _faults(local: Settings, one: SourceSettings) -> list[str]:
    """Why this agent does not let the site have such a source."""
    kinds = local.remote_types if local.remote_types is not None else tuple({own.type for own in local.sources})
    if one.type not in kinds:
        return [
            f"type: {one.type!r} is not allowed here; the agent's own file allows {', '.join(sorted(kinds)) or 'none'} (remote_types)"
        ]
    instruments = {local.instrument, *(own.instrument for own in local.sources)}
    if one.instrument is not None and one.instrument not in instruments:
        return [f"instrument: {one.instrument!r} is not an instrument of this agent"]
    faults = one.faults(local.folder)
    return faults or [f"{key}: {why}" for key, path in one.paths(local.folder) if (why := _path_fault(local, path))]


def _path_fault(local: Settings, path: Path) -> str | None:
    """Only below the allowed folders, and never where this agent keeps its own files."""
    place = path.resolve()
    folders = local.remote_folders
    if folders is None:
        folders = tuple(own for one in local.sources for _, own in _paths(local, one))
    if not any(place.is_relative_to(folder.resolve()) for folder in folders):
        return f"{path} is outside the folders that the agent's own file allows (remote_folders)"
    own = [local.spool.path, local.server.token_file, local.folder / "agent.toml"]
    if any(one is not None and one.resolve().is_relative_to(place) for one in own):
        return f"{path} holds this agent's own files"
    return None


def _paths(local: Settings, one: SourceSettings) -> list[tuple[str, Path]]:
    try:
        return one.paths(local.folder)
    except (SourceError, ValidationError):
        return []
