"""Sentences that pure code writes in English (progress, notes of a data set), in the reader's language."""

from collections.abc import Sequence

from django.utils.translation import gettext_noop

from eln.ui import wording

PATTERNS: Sequence[tuple[str, str]] = (
    (r"fold (?P<fold>\d+) of (?P<folds>\d+): (?P<rest>.*)", gettext_noop("fold {fold} of {folds}: {rest}")),
    (r"final model: (?P<rest>.*)", gettext_noop("final model: {rest}")),
    (r"(?P<n>\d+) trees", gettext_noop("{n} trees")),
    (r"(?P<n>\d+) features of (?P<m>\d+) rows", gettext_noop("{n} features of {m} rows")),
    (
        r"(?P<n>\d+) rows to train on, (?P<m>\d+) to judge by",
        gettext_noop("{n} rows to train on, {m} to judge by"),
    ),
    (r"features of the compositions", gettext_noop("features of the compositions")),
    (r"model stored", gettext_noop("model stored")),
    (r"reading the model", gettext_noop("reading the model")),
    (r"(?P<n>\d+) rows predicted", gettext_noop("{n} rows predicted")),
    (r"network (?P<n>\d+) of (?P<m>\d+), round (?P<k>\d+)", gettext_noop("network {n} of {m}, round {k}")),
    (r"inputs: (?P<rest>.*)", gettext_noop("inputs: {rest}")),
    (
        r"column '(?P<name>.*)' restates the target and was left out",
        gettext_noop("column '{name}' restates the target and was left out"),
    ),
    (r"(?P<n>\d+) rows of class '(?P<name>.*)' left out", gettext_noop("{n} rows of class '{name}' left out")),
    (
        r"(?P<n>\d+) of (?P<m>\d+) records left out: no composition, or no value of (?P<name>.*)",
        gettext_noop("{n} of {m} records left out: no composition, or no value of {name}"),
    ),
    (
        r"(?P<n>\d+) rows left out, the composition cannot be read: (?P<rest>.*)",
        gettext_noop("{n} rows left out, the composition cannot be read: {rest}"),
    ),
    (
        r"(?P<n>\d+) rows left out, no value of (?P<name>.*?): (?P<rest>.*)",
        gettext_noop("{n} rows left out, no value of {name}: {rest}"),
    ),
    (
        r"(?P<n>\d+) rows left out, (?P<name>.*?) is not a number: (?P<rest>.*)",
        gettext_noop("{n} rows left out, {name} is not a number: {rest}"),
    ),
    (
        r"(?P<n>\d+) folds, no composition on both sides",
        gettext_noop("{n} folds, no composition on both sides"),
    ),
    (
        r"(?P<n>\d+) folds, no chemical system on both sides",
        gettext_noop("{n} folds, no chemical system on both sides"),
    ),
    (r"(?P<n>\d+) folds, random rows, on both sides", gettext_noop("{n} folds of random rows")),
    (r"(?P<n>\d+) folds from a file", gettext_noop("{n} folds from a file")),
)


def worded(text: str) -> str:
    """The sentence in the reader's language; one that is not known stays as it is."""
    return wording.worded(text, PATTERNS)
