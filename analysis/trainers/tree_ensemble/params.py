"""Parameters of the tree ensemble; its form is made from them."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from analysis.trainers.words import marked as _


class TreeParams(BaseModel):
    """What can be set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["extra_trees", "random_forest"] = Field(
        default="extra_trees",
        title=_("Kind of trees"),
        description=_("Extra trees cut at random places and are faster."),
    )
    trees: int = Field(
        default=120, ge=10, le=2000, title=_("Number of trees"), description=_("More is steadier and slower.")
    )
    features: Literal["auto", "all", "statistics", "fractions"] = Field(
        default="auto",
        title=_("Features of the composition"),
        description=_("auto compares them inside the training rows of each fold."),
    )
    max_features: float = Field(
        default=0.4,
        gt=0,
        le=1,
        title=_("Share of features tried at each cut"),
        description=_("Less makes the trees more different from each other."),
    )
    min_leaf: int = Field(
        default=1, ge=1, le=50, title=_("Fewest rows in a leaf"), description=_("More smooths noisy data.")
    )
