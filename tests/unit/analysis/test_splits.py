"""No composition is on both sides of a fold, and folds from a file are taken as they are."""

import json

import numpy as np
import pytest

from analysis.datasets import Dataset, Rows, Target
from analysis.datasets.splits import folds_of, folds_read, grouped_folds, groups_of
from analysis.errors import BadDataset


def a_dataset(rows: int = 40, groups: int = 12) -> Dataset:
    names = [f"A{at % groups}" for at in range(rows)]
    ids = tuple(str(at + 1) for at in range(rows))
    return Dataset(
        "t",
        Target("y", "regression"),
        Rows(ids, tuple(names), ({"H": 1.0},) * rows, (None,) * rows),
        tuple(float(at) for at in range(rows)),
        "v",
        fold_keys={"mbid": tuple(f"mb-{at:03}" for at in range(rows))},
    )


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_no_group_is_on_both_sides(seed: int) -> None:
    dataset = a_dataset()
    groups = groups_of(dataset, "composition")
    folds = folds_of(dataset, folds=4, seed=seed)
    for train, test in folds:
        assert not {groups[at] for at in train} & {groups[at] for at in test}
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(40))


def test_the_same_seed_gives_the_same_folds_and_another_gives_others() -> None:
    dataset = a_dataset()
    tests = [[list(test) for _, test in folds_of(dataset, folds=4, seed=seed)] for seed in (3, 3, 4)]
    assert tests[0] == tests[1] != tests[2]


def test_classes_are_spread_over_the_folds() -> None:
    labels = ["rare" if at % 10 == 0 else "common" for at in range(100)]
    folds = grouped_folds([str(at) for at in range(100)], labels, folds=5, seed=0)
    assert {sum(labels[at] == "rare" for at in fold) for fold in folds} == {2}


def test_fewer_groups_than_folds_is_refused() -> None:
    with pytest.raises(BadDataset, match="3 different"):
        folds_of(a_dataset(30, 3), folds=5, seed=0)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"fold_0": {"train": [f"mb-{at:03}" for at in range(20, 40)], "test": ["mb-000", "mb-001"]}}),
        json.dumps([{"train": list(range(20, 40)), "test": [0, 1]}]),
        json.dumps([["1", "2"]]),
        json.dumps({"mb-000": 0, "mb-001": 0}),
        "mbid,fold\nmb-000,0\nmb-001,0\n",
        "fold,mbid\n0,mb-000\n0,mb-001\n1000,\n",
        "fold\n" + "0\n0\n" + "-1\n" * 38,
        "0\n0\n" + "-1\n" * 38,
    ],
)
def test_folds_are_read_in_any_usual_form(text: str) -> None:
    train, test = folds_read(text, a_dataset())[0]
    assert list(test) == [0, 1]
    assert not set(train) & {0, 1}
    if "train" in text:
        assert list(train) == list(range(20, 40))


@pytest.mark.parametrize("text", ["", "{}", "[]", "fold\n", '{"x": 1}', '[["nobody"]]', "a,b\nc,d"])
def test_a_folds_file_without_folds_is_refused(text: str) -> None:
    with pytest.raises(BadDataset):
        folds_read(text, a_dataset())
