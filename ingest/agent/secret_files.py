"""Secrets of sources come from files, so that a configuration can be shown to others."""

from pathlib import Path

from pydantic import ValidationInfo

from ingest.agent.errors import SourceError


def beside_config(path: Path | None, info: ValidationInfo) -> Path | None:
    """Relative paths are meant from the folder of the TOML file."""
    return None if path is None else Path((info.context or {}).get("folder", Path())) / path.expanduser()


def secret_read(path: Path, key: str) -> str:
    """The one line of a secret's file. Raises SourceError that names the key."""
    try:
        secret = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(
            f"{key}: {path} cannot be read ({error}); put the secret into it, readable by you only"
        ) from error
    if not secret:
        raise SourceError(f"{key}: {path} is empty; put the secret into it")
    return secret
