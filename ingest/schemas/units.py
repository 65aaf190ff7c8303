"""Units: what laboratories write, made canonical (no pint needed), and conversion by pint (imported when first used)."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, overload

import yaml

from ingest.errors import BadInput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_DEFAULT_PREFIXES = ("G", "M", "k", "m", "u", "n", "p", "f")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_TOKEN = re.compile(
    r"\s*(?:(?P<open>\()|(?P<close>\))|(?P<per>/|\bper\b)|(?P<times>[*·⋅×.]|-(?=[^\W\d]))|(?P<one>1(?=\s*/))|"
    r"(?P<atom>%|°[CF]?|[^\W\d_°]+\.?(?=\s|$|[*·/)^\d-])|[^\W\d_°]+)\s*(?:\^|\*\*)?\s*(?P<power>\(?-?\d+(?:\.\d+)?\)?)?)"
)


class UnknownUnit(BadInput):
    """A spelling that stands for no unit Lodestone knows, or two units of different kinds."""

    code = "unknown_unit"


@cache
def _definitions() -> dict[str, Any]:  # Any: YAML
    text = (files("ingest.schemas") / "definitions" / "units.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 (safe loader)
    return loaded


def _prefixed(symbol: str, atom: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(spelling, canonical) of an atom with each prefix it may carry."""
    definitions = _definitions()
    allowed = definitions["prefixes_of"].get(symbol, _DEFAULT_PREFIXES)
    for written, prefix in definitions["prefixes"].items():
        if prefix not in allowed:
            continue
        for spelling in [symbol, *(s for s in atom["spellings"] if len(s) <= 5 and " " not in s)]:
            yield written + spelling, prefix + symbol
    for word, prefix in {"milli": "m", "micro": "u", "kilo": "k", "nano": "n", "mega": "M"}.items():
        if prefix in allowed:
            for spelling in (s for s in atom["spellings"] if len(s) > 2 and s.isascii()):
                yield word + spelling.lower(), prefix + symbol
                yield word.title() + spelling.lower(), prefix + symbol


@cache
def _table() -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    """Spelling -> canonical symbol, and canonical symbol -> (kind, pint name)."""
    spellings: dict[str, str] = {}
    symbols: dict[str, tuple[str, str]] = {}
    for symbol, atom in _definitions()["atoms"].items():
        symbols[symbol] = (atom["of"], atom.get("pint", symbol))
        for spelling in (symbol, *atom["spellings"]):
            spellings[spelling] = symbol
    for symbol, atom in _definitions()["atoms"].items():
        if not atom.get("prefixes"):
            continue
        for spelling, canonical in _prefixed(symbol, atom):
            pint_name = atom.get("pint", symbol)
            symbols.setdefault(canonical, (atom["of"], canonical[0] + pint_name))
            spellings.setdefault(spelling, canonical)
    return spellings, symbols


@cache
def _lowered() -> dict[str, str]:
    """Lower-case spelling -> canonical, for spellings of three letters and more that stay unambiguous."""
    found: dict[str, set[str]] = {}
    for spelling, canonical in _table()[0].items():
        if len(spelling) >= 3:
            found.setdefault(spelling.lower(), set()).add(canonical)
    return {spelling: next(iter(names)) for spelling, names in found.items() if len(names) == 1}


def _whole(text: str) -> str | None:
    return _table()[0].get(text) or (_lowered().get(text.lower()) if len(text) >= 3 else None)


def _alone(text: str, name: str) -> str | None:
    """The meaning of a spelling that stands alone."""
    ambiguous = _definitions()["ambiguous"]
    if text in ambiguous:
        for choice in ambiguous[text]:
            if re.search(choice["name"], name or " ", re.IGNORECASE):
                return str(choice["unit"])
        return None
    return _whole(text)


def _factors(text: str) -> list[tuple[str, int]] | None:
    """The factors of a compound unit: (symbol, power). None when a part is no unit."""
    factors: list[tuple[str, int]] = []
    sign, nested, at = 1, [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.end() == at:
            return None
        at = match.end()
        if match["open"]:
            nested.append(sign)
        elif match["close"]:
            if not nested:
                return None
            nested.pop()
            sign = 1
        elif match["per"]:
            sign = -1 if not nested or nested[-1] == 1 else 1
        elif match["atom"]:
            symbol = _whole(match["atom"]) or _whole(match["atom"].rstrip("."))
            power = (match["power"] or "1").strip("()")
            if symbol is None or "." in power:
                return None
            inherited = nested[-1] if nested else 1
            factors.append((symbol, int(power) * (sign if sign == -1 else inherited)))
            sign = nested[-1] if nested else 1
    return factors or None


def _spell(factors: list[tuple[str, int]]) -> str:
    powers: dict[str, int] = {}
    for symbol, power in factors:
        powers[symbol] = powers.get(symbol, 0) + power
    over = "*".join(s if p == 1 else f"{s}^{p}" for s, p in powers.items() if p > 0) or "1"
    return over + "".join("/" + (s if p == -1 else f"{s}^{-p}") for s, p in powers.items() if p < 0)


@cache
def parse_unit(text: str, name: str = "") -> str | None:
    """The canonical spelling of a unit as a laboratory writes it (`°C` -> `degC`, `mA/cm²` -> `mA/cm^2`), or none.

    `name` is the channel's, which decides where one letter means two things: `C` is degC, but coulomb for a charge.
    """
    text = text.strip().strip("[]").strip()
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1].strip()
    text = re.sub(_definitions()["trailers"], "", text)
    text = re.sub(r"^d\.(?=[nuµμ]m$)", "", text)  # d.nm: nanometres of a diameter
    if not text or len(text) > 60 or text.isdigit():
        return None
    if (alone := _alone(text, name)) is not None or text in _definitions()["ambiguous"]:
        return alone
    factors = _factors(re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+", lambda m: m[0].translate(_SUPERSCRIPTS), text))
    if factors is None or (sum(power > 0 for _, power in factors) > 1 and any(symbol == "%" for symbol, _ in factors)):
        return None  # %T is a transmittance, no percent times tesla
    return (
        None
        if len(factors) == 1 and factors[0][1] == 1 and factors[0][0] in _definitions()["ambiguous"]
        else _spell(factors)
    )


@cache
def kinds_of(unit: str) -> tuple[tuple[str, int], ...] | None:
    """What a canonical unit measures, as ((kind, power), ...): `mA/cm^2` -> (("current", 1), ("length", -2))."""
    symbols = _table()[1]
    factors = [(unit, 1)] if unit in symbols else _factors(unit)
    if factors is None:
        return None
    kinds: dict[str, int] = {}
    for symbol, power in factors:
        kind = symbols[symbol][0]
        kinds[kind] = kinds.get(kind, 0) + power
    kinds = {kind: power for kind, power in kinds.items() if power}
    for product in _definitions()["products"]:
        if kinds == product["of"]:
            return ((str(product["is"]), 1),)
    return tuple(sorted(kinds.items()))


@cache
def registry() -> Any:  # Any: pint ships no complete types
    """The one pint registry, with the laboratory's own units."""
    import pint

    made: Any = pint.UnitRegistry(autoconvert_offset_to_baseunit=True, on_redefinition="ignore")
    made.define("standard_cubic_centimeter = [standard_volume]")
    made.define("sccm = standard_cubic_centimeter / minute")
    made.define("slm = 1000 * sccm")
    made.define("monolayer = [monolayer] = ML")
    made.define("arbitrary_unit = [arbitrary] = arb")
    made.define("emu = 1e-3 * ampere * meter ** 2")
    made.define("ppb = 1e-9")
    made.define("dpa = [displacement_damage]")
    made.define("atom = [atom]")
    made.define(
        "laboratory_oersted = 1e-4 * tesla"
    )  # laboratories plot mu_0 H: 10 kOe beside 1 T; pint's own is of another system
    made.define("laboratory_gauss = 1e-4 * tesla")
    made.define("sun = 1000 * watt / meter ** 2")
    return made


@cache
def _pint_unit(unit: str) -> Any:  # Any: a pint unit
    symbols = _table()[1]
    canonical = unit if unit in symbols else parse_unit(unit)
    if canonical is None:
        raise UnknownUnit(f"{unit!r} is no unit known here; write it like mbar, degC, mA/cm^2 or add it to units.yaml")
    factors = [(canonical, 1)] if canonical in symbols else _factors(canonical)
    expression = "*".join(f"({symbols[symbol][1]})**({power})" for symbol, power in factors or ())
    return registry().parse_units(expression)


@overload
def convert(value: float, from_unit: str, to_unit: str) -> float: ...
@overload
def convert(value: "NDArray[np.float64]", from_unit: str, to_unit: str) -> "NDArray[np.float64]": ...
def convert(value: "float | NDArray[np.float64]", from_unit: str, to_unit: str) -> "float | NDArray[np.float64]":
    """The value in another unit; temperatures as points on their scale (25 degC = 298.15 K). Raises UnknownUnit."""
    import pint

    try:
        made = registry().Quantity(value, _pint_unit(from_unit)).to(_pint_unit(to_unit)).magnitude
    except pint.DimensionalityError as error:
        raise UnknownUnit(f"{from_unit} cannot be converted to {to_unit}: they measure different things") from error
    return made  # type: ignore[no-any-return]  # pint is untyped
