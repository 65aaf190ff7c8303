"""Resistance of samples against temperature and field: metals, superconductors, Kondo alloys. Pure."""

import math
from typing import Any

PIECES = 40  # of Simpson's rule, even


def resistance(sample: dict[str, Any], temperature: float, field: float) -> float:
    """ohm at K and T, of a sample as a recipe describes it: `residual`, `phonon` (ohm at the Debye temperature), `debye` (K),
    and where it has them `kondo` (ohm, with `kondo_temperature`), `magnetoresistance` (per T^2), `tc` (K, with `width` and `bc2`).
    """
    normal = float(sample["residual"]) + float(sample["phonon"]) * phonons(temperature / sample["debye"])
    if "kondo" in sample:
        normal += float(sample["kondo"]) * kondo(temperature / sample["kondo_temperature"])
    normal *= 1 + float(sample.get("magnetoresistance", 0.0)) * field**2
    if "tc" not in sample or abs(field) >= sample["bc2"]:
        return normal
    critical = float(sample["tc"]) * math.sqrt(1 - abs(field) / sample["bc2"])
    return normal / (1 + math.exp(max(-60.0, min(60.0, (critical - temperature) / float(sample["width"])))))


def phonons(reduced: float) -> float:
    """Bloch-Grüneisen law of T / Theta, 1 at 1: (T/Theta)^5 times the integral to Theta/T of x^5 / ((e^x - 1)(1 - e^-x))."""
    return reduced**5 * _integral(1 / reduced) / _UNITY


def kondo(reduced: float) -> float:
    """Share of the Kondo resistance left at T / T_K: Goldhaber-Gordon et al., Phys. Rev. Lett. 81, 5225 (1998), s = 0.22."""
    prime = 1 / (2 ** (1 / 0.22) - 1)  # square of T_K' / T_K
    return float((prime / (reduced**2 + prime)) ** 0.22)


def _integral(end: float) -> float:
    end = min(end, 50.0)  # beyond it nothing is added
    width = end / PIECES
    total = _integrand(end)
    for at in range(1, PIECES):
        total += (4 if at % 2 else 2) * _integrand(at * width)
    return total * width / 3


def _integrand(x: float) -> float:
    return x**5 / (math.expm1(x) * -math.expm1(-x))


_UNITY = _integral(1.0)
