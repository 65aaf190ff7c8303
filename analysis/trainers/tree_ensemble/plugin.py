"""Extremely randomised trees or a random forest: the plain strong choice on small tables. Spread: that of the trees."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from analysis.datasets.domain import Task
from analysis.errors import ModelRefused
from analysis.features.spec import Matrix
from analysis.trainers.protocol import Device, Guess, Report
from analysis.trainers.tree_ensemble.params import TreeParams

# What a file of ours may hold beyond skops's own trusted types; anything else is refused.
TYPES = frozenset(
    {
        "sklearn.tree._tree.Tree",
        "sklearn.ensemble._forest.ExtraTreesClassifier",
        "sklearn.ensemble._forest.ExtraTreesRegressor",
        "sklearn.ensemble._forest.RandomForestClassifier",
        "sklearn.ensemble._forest.RandomForestRegressor",
        "sklearn.tree._classes.ExtraTreeClassifier",
        "sklearn.tree._classes.ExtraTreeRegressor",
        "sklearn.tree._classes.DecisionTreeClassifier",
        "sklearn.tree._classes.DecisionTreeRegressor",
    }
)
FILE = "forest.skops"
SELECTION_ROWS = 1000
SELECTION_TREES = 40
STEP = 25  # trees grown between two reports
LEAVE_OUT = {"all": (), "statistics": ("fraction",), "fractions": ("statistics",)}


def columns_of(matrix: Matrix, features: str) -> NDArray[np.int64]:
    """Places of the columns that a choice of features keeps."""
    kept = [at for at, block in enumerate(matrix.blocks) if block not in LEAVE_OUT[features]]
    return np.array(kept, dtype=np.int64)


@dataclass(frozen=True)
class Forest:
    """A grown ensemble and the columns it reads."""

    model: Any  # scikit-learn ships no types
    names: tuple[str, ...]
    task: Task

    def predict(self, matrix: Matrix) -> Guess:
        """Mean and standard deviation over the trees, or their mean probabilities."""
        place = {name: at for at, name in enumerate(matrix.names)}
        values = matrix.values[:, [place[name] for name in self.names]].astype(np.float32)
        if self.task == "classification":
            shares = np.asarray(self.model.predict_proba(values), dtype=np.float64)
            full = np.zeros((len(values), int(self.model.classes_.max()) + 1))
            full[:, self.model.classes_.astype(int)] = shares
            return Guess(full, 1 - full.max(axis=1))
        total = np.zeros(len(values))
        square = np.zeros(len(values))
        for tree in self.model.estimators_:
            one = tree.tree_.predict(values)[:, 0] if hasattr(tree, "tree_") else tree.predict(values)
            total += one
            square += one**2
        mean = total / len(self.model.estimators_)
        spread = np.sqrt(np.maximum(square / len(self.model.estimators_) - mean**2, 0.0))
        return Guess(mean, spread)

    def save(self, folder: Path) -> None:
        """Write forest.skops."""
        import skops.io

        skops.io.dump({"model": self.model, "names": list(self.names), "task": self.task}, folder / FILE)


class TreeEnsemble:
    """The plugin."""

    name = "tree_ensemble"
    version = "1"
    label = {"en": "Tree ensemble (scikit-learn)", "zh": "树集成（scikit-learn）"}
    params = TreeParams
    devices: tuple[Device, ...] = ("cpu",)

    def absent(self) -> str | None:
        """Always there: scikit-learn is a dependency."""
        return None

    def fit(
        self,
        matrix: Matrix,
        target: NDArray[np.float64],
        *,
        task: Task,
        classes: int,
        params: BaseModel,
        seed: int,
        device: Device,
        threads: int,
        report: Report,
    ) -> Forest:
        """Choose the features (inside these rows only), then grow the trees in steps."""
        assert isinstance(params, TreeParams)  # noqa: S101 - narrows the type; the registry validated it
        features, share = (
            self._choose(matrix, target, task, params, seed, threads)
            if params.features == "auto"
            else (params.features, params.max_features)
        )
        kept = columns_of(matrix, features)
        values = matrix.values[:, kept].astype(np.float32)
        model = _ensemble(task, params, share, seed, threads, warm=True)
        for trees in range(min(STEP, params.trees), params.trees + STEP, STEP):
            model.set_params(n_estimators=min(trees, params.trees))
            model.fit(values, target)
            report(len(model.estimators_) / params.trees, f"{len(model.estimators_)} trees")
            if len(model.estimators_) == params.trees:
                break
        return Forest(model, tuple(matrix.names[at] for at in kept), task)

    def _choose(
        self,
        matrix: Matrix,
        target: NDArray[np.float64],
        task: Task,
        params: TreeParams,
        seed: int,
        threads: int,
    ) -> tuple[str, float]:
        """The features and share that err least out of bag, on a part of the training rows."""
        rows = np.random.default_rng(seed).permutation(len(matrix))[:SELECTION_ROWS]
        best: tuple[float, str, float] | None = None
        for features in ("all", "statistics", "fractions") if "fraction" in matrix.blocks else ("all",):
            values = matrix.values[np.ix_(rows, columns_of(matrix, features))].astype(np.float32)
            for share in sorted({params.max_features, 1.0} if features == "fractions" else {params.max_features}):
                error = _out_of_bag(task, params, share, seed, threads, values, target[rows])
                if best is None or error < best[0]:
                    best = (error, features, share)
        assert best is not None  # noqa: S101 - the loop ran
        return best[1], best[2]

    def load(self, folder: Path) -> Forest:
        """The forest, if the file holds nothing but forests."""
        import skops.io

        try:
            strange = set(skops.io.get_untrusted_types(file=folder / FILE)) - TYPES
            if strange:
                raise ModelRefused(f"the model file holds types that are not on the list: {', '.join(sorted(strange))}")
            stored = skops.io.load(folder / FILE, trusted=sorted(TYPES))
        except ModelRefused:
            raise
        except Exception as error:  # a damaged file can fail anywhere inside the reader
            raise ModelRefused(
                f"the model file cannot be read ({type(error).__name__}); train the model again"
            ) from error
        return Forest(stored["model"], tuple(stored["names"]), stored["task"])


def _ensemble(
    task: Task, params: TreeParams, share: float, seed: int, threads: int, *, warm: bool, **more: object
) -> Any:  # Any: scikit-learn ships no types
    from sklearn import ensemble

    names = {"extra_trees": "ExtraTrees", "random_forest": "RandomForest"}
    kind = getattr(ensemble, names[params.kind] + ("Classifier" if task == "classification" else "Regressor"))
    return kind(
        n_estimators=1 if warm else SELECTION_TREES,
        max_features=share,
        min_samples_leaf=params.min_leaf,
        random_state=seed % 2**32,
        n_jobs=threads,
        warm_start=warm,
        **more,
    )


def _out_of_bag(
    task: Task, params: TreeParams, share: float, seed: int, threads: int, values: NDArray[Any], target: NDArray[Any]
) -> float:  # Any: float32 features, float64 targets
    """Error of trees on the rows each has not seen: mean absolute, or share of wrong classes."""
    model = _ensemble(task, params, share, seed, threads, warm=False, bootstrap=True, oob_score=True)
    model.fit(values, target)
    if task == "classification":
        return 1 - float(model.oob_score_)
    return float(np.abs(model.oob_prediction_ - target).mean())


plugin = TreeEnsemble()
__all__: Sequence[str] = ("plugin",)
