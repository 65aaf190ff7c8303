"""Which broker, and how to be known there."""

import ssl
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator


class Broker(BaseModel):
    """Keys of the connection."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(default="127.0.0.1", min_length=1)
    port: int | None = Field(default=None, ge=1, le=65535, description="none = 1883, or 8883 with tls")
    client_id: str = Field(
        default="",
        max_length=120,
        description="the broker keeps messages for it; must be its own; none = lodestone-<instrument>-<source>",
    )
    username: str | None = None
    password_file: Path | None = Field(default=None, description="file that holds the password")
    tls: bool = False
    ca_file: Path | None = Field(default=None, description="certificates to trust instead of the system's")
    cert_file: Path | None = Field(default=None, description="our own certificate, where the broker asks for one")
    key_file: Path | None = Field(default=None, description="its private key")
    protocol: Literal["5", "3.1.1"] = Field(default="5", description="3.1.1 for old brokers")
    keepalive_s: int = Field(default=30, ge=2, le=3600)
    session_s: int = Field(
        default=7 * 86400, ge=0, description="how long the broker keeps messages for us while we are away (MQTT 5)"
    )
    timeout_s: float = Field(default=10, gt=0, le=120)

    @field_validator("password_file", "ca_file", "cert_file", "key_file")
    @classmethod
    def _places(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        """Relative paths are meant from the folder of the configuration."""
        return None if path is None else Path((info.context or {}).get("folder", Path())) / path.expanduser()

    @model_validator(mode="after")
    def _tls_files(self) -> "Broker":
        if not self.tls and (self.ca_file or self.cert_file or self.key_file):
            raise ValueError("tls: certificates are named, so say tls = true")
        return self

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return self.host, self.port or (8883 if self.tls else 1883)

    def password(self) -> str | None:
        """The password. Raises OSError where its file cannot be read."""
        return None if self.password_file is None else self.password_file.read_text("utf-8").strip()

    def tls_context(self) -> ssl.SSLContext:
        """Whom to trust and who we are. Raises OSError where a certificate cannot be read."""
        context = ssl.create_default_context(cafile=None if self.ca_file is None else str(self.ca_file))
        context.sslsocket_class = _TidySocket
        if self.cert_file is not None:
            context.load_cert_chain(self.cert_file, self.key_file)
        return context


class _TidySocket(ssl.SSLSocket):
    """Closes itself when the handshake fails, which paho leaves to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except (OSError, ValueError):
            self.close()
            raise
