"""Parameters of the ensemble of networks; its form is made from them."""

from pydantic import BaseModel, ConfigDict, Field

from analysis.trainers.words import marked as _


class NetworkParams(BaseModel):
    """What can be set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    networks: int = Field(
        default=5, ge=2, le=20, title=_("Number of networks"), description=_("Their disagreement is the spread.")
    )
    width: int = Field(default=256, ge=8, le=4096, title=_("Width of a layer"))
    layers: int = Field(default=2, ge=1, le=6, title=_("Layers"))
    rounds: int = Field(default=120, ge=1, le=5000, title=_("Rounds over the data"))
    step: float = Field(default=1e-3, gt=0, le=0.1, title=_("Step size"))
    decay: float = Field(
        default=1e-4, ge=0, le=1, title=_("Weight decay"), description=_("More keeps the network simpler.")
    )
    dropout: float = Field(default=0.1, ge=0, lt=1, title=_("Share of units dropped"))
