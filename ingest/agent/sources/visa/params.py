"""What can be set on the VISA source."""

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Query(BaseModel):
    """One question asked again and again, and how to read the answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channel: str = Field(min_length=1, max_length=120)
    query: str = Field(min_length=1, description="as the instrument wants it: MEAS:VOLT?")
    period_s: float = Field(default=1.0, gt=0)
    unit: str | None = Field(default=None, max_length=60)
    quantity: str | None = Field(default=None, max_length=120, description="name in the registry of quantities")
    pattern: str = Field(
        default=r"([+-]?\d*\.?\d+(?:[eE][+-]?\d+)?)", description="its first group is the number; none of it = garbled"
    )
    scale: float = 1.0
    offset: float = Field(default=0.0, description="value = number * scale + offset")
    minimum: float | None = Field(default=None, description="a value below is an event and no reading")
    maximum: float | None = Field(default=None, description="a value above is an event and no reading")
    low: float | None = Field(default=None, description="below this the reading is out of range")
    high: float | None = None

    @field_validator("pattern")
    @classmethod
    def _groups(cls, pattern: str) -> str:
        try:
            groups = re.compile(pattern).groups
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from error
        if groups < 1:
            raise ValueError("put the number into brackets: its first group is the number")
        return pattern


class Instrument(BaseModel):
    """One instrument and its queries."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=80)
    resource: str = Field(
        min_length=1,
        description="GPIB0::12::INSTR, TCPIP::host::INSTR, TCPIP::host::5025::SOCKET, ASRL/dev/ttyUSB0::INSTR",
    )
    queries: tuple[Query, ...] = Field(min_length=1)
    init: tuple[str, ...] = Field(default=(), description="written after each opening")
    timeout_s: float = Field(default=2.0, gt=0, le=300)
    read_termination: str | None = Field(default="\n", description="none = as the interface says")
    write_termination: str = "\n"
    baud_rate: int | None = Field(default=None, gt=0, description="of serial ports")
    data_bits: Literal[5, 6, 7, 8] | None = Field(default=None, description="of serial ports")
    parity: Literal["none", "odd", "even"] | None = Field(default=None, description="of serial ports")


class VisaParams(BaseModel):
    """Keys of a source of type `visa`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    backend: str = Field(
        default="@py", description="@py = pyvisa-py, @ivi = an installed VISA library, FILE@sim = simulated"
    )
    instruments: tuple[Instrument, ...] = Field(min_length=1)
    batch_s: float = Field(default=0.5, gt=0, le=60, description="readings are stored this often")
    max_waiting: int = Field(
        default=200_000,
        gt=0,
        description="readings in memory while the spool is full; what comes beyond is lost, and a gap says how many",
    )
    retry_max_s: float = Field(default=60, gt=0, description="longest wait before an instrument is opened again")

    @field_validator("instruments")
    @classmethod
    def _names_differ(cls, instruments: tuple[Instrument, ...]) -> tuple[Instrument, ...]:
        names = [one.name for one in instruments]
        channels = [query.channel for one in instruments for query in one.queries]
        for what in (names, channels):
            twice = sorted({one for one in what if what.count(one) > 1})
            if twice:
                raise ValueError(f"given twice: {', '.join(twice)}")
        return instruments
