"""The radiation of a diffraction pattern: a line of a tube, a wavelength or an energy."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from knowledge.errors import QueryError

# Weighted means of K-alpha 1 and 2 in angstrom: International Tables for Crystallography C, table 4.2.2.1 (weights 2:1).
LINES = {"CuKa": 1.54184, "MoKa": 0.71073, "CoKa": 1.79026, "AgKa": 0.56087, "FeKa": 1.93735, "CrKa": 2.29100}
HC = 12.398419843320026  # keV angstrom, exact in the SI
LEAST, MOST = 0.05, 5.0  # angstrom
LARGEST_ANGLE = 90.0  # degree, for tube lines
SMALLEST_SPACING = 0.9  # angstrom: short wavelengths do not need higher angles


@dataclass(frozen=True)
class Radiation:
    """A wavelength in angstrom, its name, and the two-theta range (degree) that a pattern is computed for."""

    name: str
    wavelength: float
    low: float
    high: float

    @property
    def energy(self) -> float:
        """Photon energy in keV."""
        return HC / self.wavelength


def radiation_of(params: Mapping[str, str]) -> Radiation:
    """The radiation that `radiation`, `wavelength` (angstrom) or `energy` (keV) name; Cu K-alpha if none does.

    Raises QueryError for a name that is none, or a number out of 0.05 to 5 angstrom.
    """
    if text := params.get("wavelength", "").strip():
        return _made("", _number(text))
    if text := params.get("energy", "").strip():
        return _made("", HC / _number(text))
    name = params.get("radiation", "") or "CuKa"
    if name not in LINES:
        raise QueryError(
            _("There is no radiation '%(name)s'. Known: %(known)s.") % {"name": name[:20], "known": ", ".join(LINES)}
        )
    return _made(name, LINES[name])


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise QueryError(_("'%(text)s' is not a number.") % {"text": text[:40]}) from error
    if not 0 < value < math.inf:
        raise QueryError(_("A wavelength or energy is larger than nothing."))
    return value


def _made(name: str, wavelength: float) -> Radiation:
    if not LEAST <= wavelength <= MOST:
        told = _("The wavelength must lie between %(least)s and %(most)s angstrom.") % {"least": LEAST, "most": MOST}
        raise QueryError(told)
    sine = wavelength / (2 * SMALLEST_SPACING)
    high = LARGEST_ANGLE if sine >= math.sin(math.radians(LARGEST_ANGLE / 2)) else 2 * math.degrees(math.asin(sine))
    return Radiation(name, round(wavelength, 6), round(min(5.0, high / 10), 3), round(high, 2))
