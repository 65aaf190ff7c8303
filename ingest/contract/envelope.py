"""The envelope around one file or one data set that enters Lodestone."""

from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from ingest.contract.versions import CONTRACT_VERSION

EnvelopeKind = Literal["measurement", "literature", "computation", "prediction"]


def name_clean(name: str) -> str:
    """A name as it can be stored and sent: a disk's bytes that are no UTF-8 become U+FFFD, NUL is left out."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace").replace("\0", "")


class Envelope(BaseModel):
    """What is known of a payload before anybody reads it; the payload itself travels beside it.

    `id` makes the hand-over idempotent: the same id with the same `sha256` is the same receipt.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(
        min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$", description="unique, chosen by the sender"
    )
    version: int = CONTRACT_VERSION
    kind: EnvelopeKind = "measurement"
    instrument: str | None = Field(
        default=None, max_length=80, description="slug of the instrument, none for data sets"
    )
    source: str = Field(default="", max_length=200, description="the agent source or the page it came from")
    file_name: str = Field(min_length=1, max_length=400, description="name only, as the sender's disk spells it")
    media_type: str = "application/octet-stream"
    size: int = Field(ge=0, description="bytes")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    created: AwareDatetime | None = Field(default=None, description="modification time at the sender")
    sample: str | None = Field(default=None, max_length=120, description="the sender's hint")
    person: str | None = Field(default=None, max_length=120, description="the sender's hint")
    run: str | None = Field(
        default=None, max_length=64, description="uid of the run it belongs to, where the sender knows"
    )
    metadata: dict[str, Any] = Field(default_factory=dict)  # free key-value pairs of the sender, JSON only

    def observed(self) -> datetime | None:
        """The best time known to the sender."""
        return self.created
