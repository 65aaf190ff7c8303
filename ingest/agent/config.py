"""The agent's one TOML file, validated as a whole before anything starts."""

import tomllib
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from ingest.agent.errors import ConfigError, SourceError
from ingest.agent.sources.protocol import Source
from ingest.agent.sources.registry import source_type

Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _beside_config(path: Path | None, info: ValidationInfo) -> Path | None:
    """Relative paths are meant from the folder of the TOML file, so that the agent may start anywhere."""
    if path is None:
        return None
    return Path((info.context or {}).get("folder", Path())) / path.expanduser()


class ServerSettings(_Table):
    """Where to send, and how to be known there."""

    url: str = Field(pattern=r"^https?://[^/\s]+", description="address of the Lodestone site")
    token: str | None = Field(default=None, min_length=8, repr=False)
    token_file: Path | None = Field(default=None, description="written by `lodestone-agent enrol`, mode 0600")
    ca_file: Path | None = Field(default=None, description="certificates to trust instead of the system's")
    timeout_s: float = Field(default=30, gt=0, le=600)
    retry_max_s: float = Field(default=60, gt=0, description="longest wait between two tries")
    heartbeat_s: float = Field(default=15, gt=0)
    proxy: str | None = None

    _paths = field_validator("token_file", "ca_file")(_beside_config)

    @model_validator(mode="after")
    def _one_token(self) -> "ServerSettings":
        if (self.token is None) == (self.token_file is None):
            raise ValueError("give either token or token_file")
        if self.ca_file is not None and not self.ca_file.is_file():
            raise ValueError(f"ca_file: {self.ca_file} does not exist")
        return self

    @property
    def is_open(self) -> bool:
        """Whether the token crosses the network for all to read."""
        return self.url.startswith("http:") and urlsplit(self.url).hostname not in ("127.0.0.1", "localhost", "::1")

    def secret(self) -> str:
        """The token. Raises ConfigError with what to do where there is none yet."""
        if self.token is not None:
            return self.token
        path = self.token_file or Path()
        try:
            token = path.read_text("utf-8").strip()
        except OSError as error:
            raise ConfigError(
                f"server.token_file: {path} cannot be read ({error.strerror}); run `lodestone-agent enrol` first"
            ) from error
        if not token:
            raise ConfigError(f"server.token_file: {path} is empty; run `lodestone-agent enrol` again")
        return token


class StatusSettings(_Table):
    """The page on this computer that says how the agent is; nothing of it can be reached from elsewhere."""

    port: int = Field(default=8410, ge=0, le=65535, description="on 127.0.0.1; 0: no page")


class SpoolSettings(_Table):
    """The file that holds what was not delivered yet, and how far each source is."""

    path: Path = Path("agent.spool")
    max_bytes: int = Field(default=2 * 2**30, ge=2**16, description="beyond this the sources pause until it empties")
    min_free_bytes: int = Field(
        default=64 * 2**20, ge=0, description="free disk left to others; below it sources pause"
    )
    live_window_s: float = Field(default=30, gt=0, description="what waits longer is backlog, sent after live data")

    _paths = field_validator("path")(_beside_config)


class SourceSettings(BaseModel):
    """One source; all keys but these belong to its plugin and are validated by it."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: Name
    type: Name = Field(description="the plugin, by its entry point")
    instrument: str | None = Field(default=None, min_length=1, max_length=80, description="slug, as on the site")

    @property
    def params(self) -> dict[str, Any]:
        """The plugin's own keys, as TOML gave them."""
        return dict(self.model_extra or {})

    def faults(self, folder: Path) -> list[str]:
        """What is wrong with the plugin or its keys, each with the key's name."""
        try:
            self.build(folder)
        except SourceError as error:
            return [f"type: {error}"]
        except ValidationError as error:
            return config_faults(error)
        return []

    def build(self, folder: Path) -> Source:
        """The source, ready to run; `folder` is where relative paths begin."""
        return source_type(self.type)(self.name, self._validated(folder))

    def paths(self, folder: Path) -> list[tuple[str, Path]]:
        """Every path among the plugin's keys."""
        params = self._validated(folder)
        return [(key, value) for key in type(params).model_fields if isinstance(value := getattr(params, key), Path)]

    def _validated(self, folder: Path) -> BaseModel:
        return source_type(self.type).Params.model_validate(self.params, context={"folder": folder})


class Settings(_Table):
    """The whole file."""

    instrument: str | None = Field(default=None, min_length=1, max_length=80, description="of sources that name none")
    server: ServerSettings
    spool: SpoolSettings = SpoolSettings()
    status: StatusSettings = StatusSettings()
    remote: bool = Field(default=True, description="whether the site may name the sources")
    remote_types: tuple[Name, ...] | None = Field(
        default=None, description="kinds of source the site may name; not given: those named in this file"
    )
    remote_folders: tuple[Path, ...] | None = Field(
        default=None, description="folders the site may name, and what is below; not given: those named in this file"
    )
    sources: tuple[SourceSettings, ...] = ()
    folder: Path = Field(default=Path(), exclude=True, description="of the TOML file; set when it is read")

    @field_validator("sources")
    @classmethod
    def _names_differ(cls, sources: tuple[SourceSettings, ...]) -> tuple[SourceSettings, ...]:
        names = [source.name for source in sources]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"names must differ; given twice: {', '.join(twice)}")
        return sources

    @field_validator("remote_folders")
    @classmethod
    def _beside(cls, folders: tuple[Path, ...] | None, info: ValidationInfo) -> tuple[Path, ...] | None:
        return folders and tuple(one for folder in folders if (one := _beside_config(folder, info)))

    @model_validator(mode="after")
    def _instruments_known(self) -> "Settings":
        if not self.sources and not (self.remote and self.remote_types):
            raise ValueError("name at least one [[sources]], or the remote_types that the site may name")
        for at, source in enumerate(self.sources):
            if source.instrument is None and self.instrument is None:
                raise ValueError(f"sources.{at}.instrument: give the slug of the instrument, here or at the top")
        return self

    def instrument_of(self, source: SourceSettings) -> str:
        """Slug of the instrument a source belongs to."""
        return source.instrument or self.instrument or ""


def config_read(path: Path) -> Settings:
    """The settings in a TOML file. Raises ConfigError naming every wrong key."""
    path = path.absolute()
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
    if "folder" in document:
        raise ConfigError(f"{path}:\n  folder: Extra inputs are not permitted")
    spool = document.setdefault("spool", {})
    if isinstance(spool, dict):
        spool.setdefault("path", "agent.spool")
    try:
        settings = Settings.model_validate({**document, "folder": path.parent}, context={"folder": path.parent})
    except ValidationError as error:
        raise ConfigError("\n  ".join([f"{path}:", *config_faults(error)])) from error
    faults = [f"sources.{at}.{line}" for at, one in enumerate(settings.sources) for line in one.faults(path.parent)]
    if faults:
        raise ConfigError("\n  ".join([f"{path}:", *faults]))
    return settings


def config_faults(error: ValidationError) -> list[str]:
    """One line for each wrong key, with its name."""
    lines = []
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        key = ".".join(str(part) for part in fault["loc"])
        lines.append(f"{key + ': ' if key else ''}{fault['msg'].removeprefix('Value error, ')}")
    return lines
