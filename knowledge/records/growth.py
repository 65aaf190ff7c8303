"""A finished growth run -> the values of its record: statistics of its channels by quantity. Pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.schemas.registry import quantities, quantity_of, techniques
from ingest.schemas.units import convert, parse_unit
from knowledge.formula import Formula, NotAFormula, find_formulas, parse_formula
from knowledge.records.drafts import Value

TOPIC = "thin_film_growth"
_SET_POINT = re.compile(r"(?i)(^|[\s_.])(sp|set|setpoint|target|wsp)($|[\s_.])")
_CHAMBER = re.compile(r"(?i)chamber|growth|main|reactor")
_ELSEWHERE = re.compile(r"(?i)load|lock|fore|buffer|transfer|line|bep|beam|prep")


@dataclass(frozen=True)
class Statistic:
    """One property computed from the channel of a quantity; `unit` is the topic's."""

    property: str
    quantity: str
    unit: str
    how: Callable[[NDArray[np.float64]], float]
    method: str


def _lowest(values: NDArray[np.float64]) -> float:
    return float(values.min())


def _highest(values: NDArray[np.float64]) -> float:
    return float(values.max())


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean())


STATISTICS = (
    Statistic("max_substrate_temperature", "substrate_temperature", "degC", _highest, "largest value of the run"),
    Statistic("mean_substrate_temperature", "substrate_temperature", "degC", _mean, "mean over the run's points"),
    Statistic("base_pressure", "pressure", "Pa", _lowest, "smallest value of the run"),
    Statistic("max_growth_pressure", "pressure", "Pa", _highest, "largest value of the run"),
    Statistic("max_laser_energy", "laser_energy", "mJ", _highest, "largest value of the run"),
    Statistic("max_film_thickness", "thickness", "nm", _highest, "largest value of the run"),
)


@dataclass(frozen=True)
class Described:
    """A channel as its instrument describes it."""

    name: str
    unit: str | None
    quantity: str | None


def is_growth(technique: str, channels: Sequence[Described]) -> bool:
    """Whether an entry is a film growth: by its technique's name, or because a substrate was heated."""
    wanted = technique.strip().lower()
    for known in techniques().values():
        names = {known.id, *known.label.values(), *known.synonyms}
        if known.topic == TOPIC and wanted in {name.lower() for name in names}:
            return True
    return any(_quantity(channel) == "substrate_temperature" for channel in channels)


def _quantity(channel: Described) -> str | None:
    """The registry's quantity: as described, or by the described word or the name where that is none of the registry's."""
    if channel.quantity in quantities():
        return channel.quantity
    words = (channel.quantity.replace("_", " "), channel.name) if channel.quantity else (channel.name,)
    return next((found for word in words if (found := quantity_of(word, channel.unit)[0])), None)


def channel_for(quantity: str, channels: Sequence[Described]) -> Described | None:
    """The channel that stands for a quantity: a reading rather than a set point, the chamber rather than a side line."""
    fitting = [c for c in channels if _quantity(c) == quantity and not _SET_POINT.search(c.name)]

    def rank(channel: Described) -> tuple[bool, bool, bool, str]:
        other = quantity not in re.sub(r"\W+", "_", channel.name.lower())
        return bool(_ELSEWHERE.search(channel.name)), not _CHAMBER.search(channel.name), other, channel.name

    return min(fitting, key=rank, default=None)


def channels_needed(channels: Sequence[Described]) -> list[str]:
    """The names of all channels that could serve the statistics; which of them does shows when their points are there."""
    wanted = {statistic.quantity for statistic in STATISTICS}
    return [c.name for c in channels if _quantity(c) in wanted and not _SET_POINT.search(c.name)]


def statistics_values(channels: Sequence[Described], points: Mapping[str, NDArray[np.float64]]) -> list[Value]:
    """The statistics of a run. points[name]: shape (n,), in the channel's unit; NaN and infinities are passed over."""
    values = []
    recorded = [channel for channel in channels if len(points.get(channel.name, ()))]
    for statistic in STATISTICS:
        channel = channel_for(statistic.quantity, recorded)
        series = points.get(channel.name) if channel else None
        unit = parse_unit(channel.unit) if channel and channel.unit else None
        if channel is None or series is None or unit is None:
            continue
        finite = series[np.isfinite(series)]
        if not len(finite):
            continue
        raw = statistic.how(finite)
        value = float(convert(raw, unit, statistic.unit))
        stated = float(f"{value:.6g}")
        values.append(
            Value(
                statistic.property,
                stated,
                statistic.unit,
                channel.name,
                f"{raw:.6g} {channel.unit}",
                method=statistic.method,
            )
        )
    return values


def film_formula(stated: str, *texts: str) -> Formula | None:
    """The film's material: the sample's stated formula, else that of the first text naming exactly one compound.

    'SrTiO3 on LaAlO3' names SrTiO3; a lone element's symbol, such as the sample name B12, is no claim.
    """
    if stated.strip():
        with suppress(NotAFormula):
            return parse_formula(stated)
    for text in texts:
        head = re.split(r"(?i)\son\s|/| @ ", text)[0]
        found = [formula for _, _, formula in find_formulas(head.replace("_", " ")) if len(formula.elements) > 1]
        named = {formula.reduced: formula for formula in found}
        if len(named) == 1:
            return next(iter(named.values()))
    return None
