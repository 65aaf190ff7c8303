"""What can be set on the HTTP door."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from ingest.agent.secret_files import beside_config, secret_read
from ingest.readings.times import zone_check


class HttpPushParams(BaseModel):
    """Keys of a source of type `http_push`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(default="127.0.0.1", description="address to listen on; only this computer unless changed")
    port: int = Field(default=8765, ge=0, le=65535, description="0 = any free port, which the log names")
    token: str | None = Field(default=None, min_length=8, repr=False, description="what clients must send")
    token_file: Path | None = Field(default=None, description="file that holds the token")
    zone: str | None = Field(
        default=None, description="time zone of times without offset, e.g. Europe/Berlin; none = this computer's"
    )
    max_body_bytes: int = Field(default=8 * 2**20, ge=1024, le=256 * 2**20, description="of one request")
    max_connections: int = Field(default=16, ge=1, le=1000, description="at the same time; more are answered 503")
    retry_after_s: int = Field(default=5, ge=1, description="said to clients while the spool is full")

    @field_validator("token_file")
    @classmethod
    def _place(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        return beside_config(path, info)

    @field_validator("zone")
    @classmethod
    def _zone(cls, zone: str | None) -> str | None:
        return zone_check(zone)

    @model_validator(mode="after")
    def _one_token(self) -> "HttpPushParams":
        if (self.token is None) == (self.token_file is None):
            raise ValueError("give either token or token_file: whoever knows it may push")
        return self

    def secret(self) -> str:
        """The token. Raises SourceError where its file cannot be read."""
        return self.token if self.token is not None else secret_read(self.token_file or Path(), "token_file")
