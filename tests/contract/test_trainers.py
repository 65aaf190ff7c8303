"""Every registered trainer keeps the protocol: learns its samples, repeats itself, survives storing, refuses damage."""

import json
from importlib.metadata import entry_points
from pathlib import Path

import numpy as np
import pytest

from analysis.datasets.table import table_dataset, table_read
from analysis.errors import ModelRefused
from analysis.features import Matrix
from analysis.predictors.model import manifest, model_load
from analysis.predictors.training import Order, train
from analysis.trainers.forms import PREFIX, form_of
from analysis.trainers.protocol import Trainer
from analysis.trainers.registry import found, params_checked, trainer_get

NAMES = sorted(point.name for point in entry_points(group="lodestone.trainers"))
QUICK: dict[str, dict[str, object]] = {
    "mlp_ensemble": {"networks": 2, "rounds": 40, "width": 32},
    "tree_ensemble": {"trees": 30},
}
ROOT = Path(__file__).resolve().parents[2] / "analysis" / "trainers"


def present(name: str) -> Trainer:
    trainer = found().trainers[name]
    if reason := trainer.absent():
        pytest.skip(reason)
    return trainer_get(name)


@pytest.mark.parametrize(
    "case", sorted(ROOT.glob("*/samples/*/expected.json")), ids=lambda path: "-".join(path.parts[-4::2])
)
def test_a_trainer_learns_its_samples_and_says_the_same_after_storing(case: Path, tmp_path: Path) -> None:
    name, expected = case.parts[-4], json.loads(case.read_text())
    present(name)
    dataset = table_dataset(table_read(case.with_name("input.csv")), target=expected["target"])
    assert (dataset.target.task, dataset.target.unit) == (expected["task"], expected["unit"])
    order = Order(name, QUICK.get(name, {}), 3, "cpu", 1, folds=3)
    shares: list[float] = []
    metrics = train(dataset, order, tmp_path / "a", lambda share, _text: shares.append(share))["validation"]["metrics"]
    assert metrics["mae"] < metrics["baseline_mae"] * (1 - expected["mae_below_baseline_by"])
    assert shares == sorted(shares)
    assert shares[-1] == 1.0

    again = train(dataset, order, tmp_path / "b", lambda _share, _text: None)["validation"]["metrics"]
    assert again == metrics
    models = [model_load(tmp_path / part, manifest(tmp_path / part)) for part in "ab"]
    said = [[item.value for item in model.predict(dataset.rows)] for model in models]
    assert said[0] == said[1]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("task", ["regression", "classification"])
def test_prediction_does_not_depend_on_order_or_company(name: str, task: str, tmp_path: Path) -> None:
    trainer = present(name)
    random = np.random.default_rng(0)
    matrix = Matrix(random.normal(size=(60, 5)), tuple("abcde"), ("column",) * 5)
    target = matrix.values[:, 0] if task == "regression" else (matrix.values[:, 0] > 0).astype(float)
    fitted = trainer.fit(
        matrix, target, task=task, classes=2, params=params_checked(trainer, QUICK.get(name, {})), seed=1, device="cpu",
        threads=1, report=lambda _share, _text: None,
    )  # fmt: skip
    together, turned = fitted.predict(matrix).values, fitted.predict(matrix.take(np.arange(59, -1, -1))).values
    np.testing.assert_allclose(together, turned[::-1], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(fitted.predict(matrix.take(np.array([7]))).values[0], together[7], rtol=1e-5, atol=1e-6)
    fitted.save(tmp_path)
    np.testing.assert_allclose(trainer.load(tmp_path).predict(matrix).values, together)


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_file_is_refused_in_words(name: str, tmp_path: Path) -> None:
    trainer = present(name)
    matrix = Matrix(np.random.default_rng(0).normal(size=(40, 3)), tuple("abc"), ("column",) * 3)
    fitted = trainer.fit(
        matrix, matrix.values[:, 0], task="regression", classes=0, params=params_checked(trainer, QUICK.get(name, {})),
        seed=1, device="cpu", threads=1, report=lambda _share, _text: None,
    )  # fmt: skip
    fitted.save(tmp_path)
    for path in tmp_path.iterdir():
        if path.suffix != ".json":
            path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ModelRefused):
        trainer.load(tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_the_form_of_a_trainer_gives_parameters_it_accepts(name: str) -> None:
    trainer = found().trainers[name]
    form = form_of(trainer.params)
    defaults = {f"{PREFIX}-{field}": info.default for field, info in trainer.params.model_fields.items()}
    bound = form(defaults, prefix=PREFIX)
    assert bound.is_valid(), bound.errors
    assert params_checked(trainer, bound.cleaned_data) == trainer.params()
    assert all(str(field.label) for field in form().fields.values())


def test_a_skops_file_with_a_type_that_is_not_on_the_list_is_refused(tmp_path: Path) -> None:
    import skops.io
    from sklearn.svm import SVR

    from analysis.trainers.tree_ensemble.plugin import FILE, plugin

    class Strange(SVR):
        pass

    skops.io.dump({"model": Strange(), "names": [], "task": "regression"}, tmp_path / FILE)
    with pytest.raises(ModelRefused, match="not on the list"):
        plugin.load(tmp_path)


def test_an_unknown_trainer_or_parameter_is_refused_with_what_there_is() -> None:
    from analysis.errors import BadTrainer

    with pytest.raises(BadTrainer, match="tree_ensemble"):
        trainer_get("magic")
    with pytest.raises(BadTrainer, match="trees"):
        params_checked(trainer_get("tree_ensemble"), {"trees": -1})
