"""What can be set on the simulated machine."""

from pathlib import Path
from typing import Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from ingest.agent.sources.simulated.machines import Description, describe


class Fault(BaseModel):
    """Something goes wrong on purpose. Times are seconds of this computer's clock since the machine was made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["stuck", "burst", "drift", "gap", "vanish"]
    channel: str | None = Field(
        default=None,
        description="none only for `gap`: the whole machine falls silent, and `vanish`: its connection is away",
    )
    at_s: float = Field(ge=0)
    duration_s: float = Field(default=20, gt=0)
    repeat_s: float | None = Field(default=None, gt=0, description="again and again with this period")
    size: float = Field(default=30, description="burst: factor at its peak; drift: units reached at its end")

    @model_validator(mode="after")
    def _channel_fits(self) -> "Fault":
        if self.kind == "vanish" and self.channel is not None:
            raise ValueError("channel: a machine vanishes as a whole, so name none")
        if self.channel is None and self.kind not in ("gap", "vanish"):
            raise ValueError(f"channel: a fault of kind {self.kind} needs one")
        if self.repeat_s is not None and self.repeat_s <= self.duration_s:
            raise ValueError("repeat_s: must be longer than duration_s")
        return self

    def phase(self, elapsed: float) -> float | None:
        """How far the fault is at this time, 0 to 1; None while all is well."""
        since = elapsed - self.at_s
        if since >= 0 and self.repeat_s is not None:
            since %= self.repeat_s
        return since / self.duration_s if 0 <= since < self.duration_s else None


class SimulatedParams(BaseModel):
    """Keys of a source of type `simulated`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    machine: str = Field(default="oxide_mbe", description="`oxide_mbe`, `tube_furnace` or `cryostat`")
    folder: Path | None = Field(
        default=None, description="where a machine that writes data files (`cryostat`) writes them; none = no files"
    )
    seed: int = 1
    rate_hz: float = Field(default=1.0, gt=0, le=100_000, description="rows per second")
    time_factor: float = Field(default=10.0, gt=0, description="seconds of process per second of clock")
    run_s: float | None = Field(
        default=None, gt=0, description="length of a run, seconds of process; none = as the machine's kind says"
    )
    pause_s: float | None = Field(
        default=None, ge=0, description="between runs, seconds of process; none = as the machine's kind says"
    )
    people: tuple[str, ...] = Field(default=("operator",), min_length=1, description="take turns")
    faults: tuple[Fault, ...] = ()
    batch_s: float = Field(default=0.5, gt=0, le=60, description="rows are handed over this often")
    start: AwareDatetime | None = Field(default=None, description="time of the first row; none = now")
    rows: int | None = Field(default=None, gt=0, description="stop after so many; none = never")
    paced: bool = Field(default=True, description="false = as fast as the spool takes it; needs `start`")

    @field_validator("machine")
    @classmethod
    def _known(cls, machine: str) -> str:
        return describe(machine).name

    @field_validator("folder")
    @classmethod
    def _place(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        """Relative paths are meant from the folder of the configuration."""
        return None if path is None else Path((info.context or {}).get("folder", Path())) / path.expanduser()

    @model_validator(mode="after")
    def _machine_has_them(self) -> "SimulatedParams":
        known = self.description.channels
        for at, fault in enumerate(self.faults):
            if fault.channel is not None and fault.channel not in known:
                raise ValueError(f"faults.{at}.channel: {fault.channel!r} is none of {', '.join(known)}")
        if self.folder is not None and not self.description.writes_files:
            raise ValueError(f"folder: the machine {self.machine} writes no files")
        return self

    @property
    def description(self) -> Description:
        """The machine."""
        return describe(self.machine)

    @property
    def length_s(self) -> float:
        """Of a run, seconds of process."""
        return self.run_s if self.run_s is not None else float(self.description.data["run_s"])

    @property
    def between_s(self) -> float:
        """From run to run, seconds of process."""
        return self.pause_s if self.pause_s is not None else float(self.description.data["pause_s"])

    @model_validator(mode="after")
    def _unpaced_needs_start(self) -> "SimulatedParams":
        if not self.paced and self.start is None:
            raise ValueError("paced: false needs a `start`, for its rows would lie in the future")
        return self
