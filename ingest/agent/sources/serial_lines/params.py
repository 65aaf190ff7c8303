"""What can be set on the serial listener."""

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ingest.readings.times import zone_check


class Pattern(BaseModel):
    """A kind of line: its named groups are channels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pattern: str = Field(description="regular expression; each named group is a channel, the group `time` the time")
    units: dict[str, str] = Field(default={}, description="unit of each group")
    ignore: bool = Field(default=False, description="lines like this are of no interest")

    @field_validator("pattern")
    @classmethod
    def _regular(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from error
        return pattern


class SerialParams(BaseModel):
    """Keys of a source of type `serial`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    port: str = Field(min_length=1, description="/dev/ttyUSB0, COM3, or socket://host:port")
    baud_rate: int = Field(default=9600, gt=0)
    data_bits: Literal[5, 6, 7, 8] = 8
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1
    encoding: str = Field(default="ascii", description="of the lines")
    terminator: Literal["\n", "\r", "\r\n"] = Field(default="\n", description="\\r alone for old devices")
    init: tuple[str, ...] = Field(default=(), description="lines written after each opening")
    patterns: tuple[Pattern, ...] = Field(
        min_length=1, description="the first that fits reads a line; none = a garbled event"
    )
    zone: str | None = Field(default=None, description="time zone of the group `time`; none = this computer's")
    silence_s: float = Field(default=60, gt=0, description="silent for so long: a gap, and the port is opened anew")
    max_line: int = Field(default=4096, ge=16, description="bytes; longer is garbled")
    batch_s: float = Field(default=0.5, gt=0, le=60, description="readings are stored this often")
    max_waiting: int = Field(
        default=200_000,
        gt=0,
        description="readings in memory while the spool is full; what comes beyond is lost, and a gap says how many",
    )
    retry_max_s: float = Field(default=30, gt=0, description="longest wait before the port is opened again")

    @field_validator("zone")
    @classmethod
    def _zone(cls, zone: str | None) -> str | None:
        return zone_check(zone)

    @field_validator("encoding")
    @classmethod
    def _encoding(cls, encoding: str) -> str:
        try:
            "".encode(encoding)
        except LookupError as error:
            raise ValueError(f"encoding {encoding!r} is not known") from error
        return encoding
