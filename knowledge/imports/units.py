"""Units as tables write them: LaTeX and HTML spellings, powers of ten, 'per atom', mixture percentages; and the way to a wanted unit."""

import html
import re
from dataclasses import dataclass
from functools import lru_cache

from ingest.schemas.units import UnknownUnit, convert, parse_unit

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: " "}
_TEX: list[tuple[re.Pattern[str], str]] = [
    (re.compile(r"<sup>\s*(.*?)\s*</sup>", re.IGNORECASE), r"^\1"),
    (re.compile(r"<sub>\s*(.*?)\s*</sub>", re.IGNORECASE), r"_\1"),
    (re.compile(r"</?(?:i|b|em|strong|span|a|br|p|font)\b[^<>]*>", re.IGNORECASE), ""),
    (re.compile(r"\\(?:mathrm|mathit|mathbf|rm|textrm|textit|text|operatorname|ensuremath|unit|si|SI|it|bf)\b\s*"), ""),
    (re.compile(r"\\(?:AA|angstrom|r\{?A\}?)(?![a-z])"), "Å"),
    (re.compile(r"\^?\s*\{?\s*(?:\\circ|∘)\s*\}?|\\degree|\\textdegree"), "°"),
    (re.compile(r"\\(?:micro|mu|upmu|textmu|muup)(?![a-z])\s*"), "μ"),
    (re.compile(r"\\(?:Omega|ohm|textohm)(?![a-z])"), "Ω"),
    (re.compile(r"\\(?:cdot|bullet)(?![a-z])"), "·"),
    (re.compile(r"\\times(?![a-z])"), "×"),
    (re.compile(r"\\pm(?![a-z])"), "±"),
    (re.compile(r"\\(?:approx|sim|simeq)(?![a-z])"), "~"),
    (re.compile(r"\\(?:leq?|leqslant)(?![a-z])"), "≤"),
    (re.compile(r"\\(?:geq?|geqslant)(?![a-z])"), "≥"),
    (re.compile(r"\\lt(?![a-z])"), "<"),
    (re.compile(r"\\gt(?![a-z])"), ">"),
    (re.compile(r"\\([a-zA-Z]+)"), r"\1"),
    (re.compile(r"\\[,;:! ]"), " "),
    (re.compile(r"\\([%_$&#])"), r"\1"),
]
_NOTHING = frozenset(
    {
        "-",
        "1",
        "dimensionless",
        "unitless",
        "none",
        "n/a",
        "no unit",
        "no units",
        "ratio",
        "无量纲",
        "无",
        "--",
        "—",
        "–",
        "/",
    }
)
_OF = {"weight": "wt", "mass": "wt", "atomic": "at", "atom": "at", "mole": "mol", "volume": "vol", "m": "wt", "w": "wt"}
_MIXTURE = re.compile(
    r"(?i)^(?P<of>wt|weight|mass|at|atom|atomic|mol|mole|vol|volume|m|w)[\s.,_-]*(?P<what>%|％|percent|percentage|pct|per\s*cent|fraction|frac\.?|ppm)$"
)
_MIXTURE_AFTER = re.compile(r"(?i)^(?P<what>%|percent|ppm)\s*\(?(?P<of>wt|weight|mass|at|atomic|mol|vol)\.?\)?$")
_CHINESE_MIXTURE = {
    "质量分数": "wt.%",
    "质量百分比": "wt.%",
    "重量百分比": "wt.%",
    "原子百分比": "at.%",
    "原子分数": "at.%",
    "摩尔百分比": "mol.%",
    "体积分数": "vol.%",
}
_POWER_OF_TEN = re.compile(
    r"^[×xX*·]?\s*(?:10\s*(?:\^|\*\*|(?=[-+]\d))\s*\(?\{?(?P<power>[-+]?\d+)\}?\)?|1(?:\.0*)?[eE](?P<exponent>[-+]?\d+))\s*[·*×]?\s*(?P<rest>.*)$"
)
_POWER_BEHIND = re.compile(r"^(?P<rest>.+?)\s*[×x*·]\s*10\s*(?:\^|\*\*|(?=[-+]\d))\s*\(?\{?(?P<power>[-+]?\d+)\}?\)?$")
_PER = re.compile(
    r"(?i)(?:\s*/\s*|\s*\bper\b\s*|[\s·*.]+(?=\S+\s*\^?-1$))(?P<what>atoms?|at|f\.?\s?u\.?|formula(?:\s*unit)?|unit\s*cell|u\.?c\.?|cell|sites?|ions?|molecules?|layer)\.?(?:\s*\^?\s*-1)?$"
)
_PER_NAMES = {"at": "atom", "fu": "f.u.", "formula": "f.u.", "formulaunit": "f.u.", "unitcell": "cell", "uc": "cell"}
_COUNTED = re.compile(
    r"(?i)^(?:n|neutrons?|ions?|electrons?|e-?|particles?|protons?|atoms?|carriers?|holes?|states?|个)\s*(?:/\s*|·\s*|\s+(?=[a-zA-Zµμ]+\s*\^?-\d))(?=\S)"
)
_ALIKE = {
    "muB": ("μb", "µb", "mub", "mu_b", "μ_b", "ub", "bohr magneton", "bohr magnetons", "bohr_magneton", "玻尔磁子"),
    "m_e": ("m_e", "m0", "m_0", "me", "electron mass", "electron_mass", "电子质量"),
    "degC": ("deg c", "deg_c", "degc", "℃", "° c", "oc", "°c", "摄氏度", "degrees c", "degree c"),
    "deg": ("deg.", "°", "o", "度", "degree", "degrees"),
    "g/cm^3": ("g/cc", "g/ccm", "g/c.c.", "gm/cc", "gm/cm3", "g/cm³", "g cc-1", "克/立方厘米"),
    "dpa": ("dpa", "dpas", "d.p.a.", "displacements per atom"),
    "angstrom": ("å", "aa", "埃"),
    "K": ("开尔文", "开", "kelvins"),
    "eV": ("electronvolt", "electron volt", "electron volts", "电子伏特", "电子伏", "ev"),
    "GPa": ("吉帕", "gpa"), "MPa": ("兆帕", "mpa"),
    "nm": ("纳米",), "mm": ("毫米",), "um": ("微米",), "%": ("％", "percent", "pct", "percentage", "百分比"),
}  # fmt: skip
_ALIKE_OF = {spelling: unit for unit, spellings in _ALIKE.items() for spelling in spellings}
# One photon's or particle's energy: E = h f = h c / lambda; per mole divided by the Avogadro constant (CODATA 2018).
_PARTICLE = {"eV": 1.0, "THz": 4.135667696e-3, "1/cm": 1.239841984e-4, "kJ/mol": 1.0364269656e-2}


def tidied(text: str) -> str:
    """A text without HTML and LaTeX: `$\\mu$V K$^{-1}$` -> `μV K^-1`; full-width signs and typographic minus as ASCII."""
    if text.isascii() and not any(sign in text for sign in "\\$<&{"):
        return text.strip()
    text = html.unescape(text).translate(_WIDE)
    for pattern, replacement in _TEX:
        text = pattern.sub(replacement, text)
    text = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+", lambda found: "^" + found[0].translate(_SUPERSCRIPTS), text)
    text = text.translate(_SUBSCRIPTS).replace("−", "-").replace("‐", "-").replace("‑", "-")
    text = re.sub(r"[\u00a0\u2000-\u200a\u202f]", " ", text)
    return text.replace("$", "").replace("{", "").replace("}", "").replace("\u200b", "").replace("\ufeff", "").strip()


@dataclass(frozen=True)
class Unit:
    """A unit as written: `name` canonical (empty for a pure number), `factor` a power of ten before it, `per` what it counts by."""

    name: str
    factor: float = 1.0
    per: str = ""

    @property
    def text(self) -> str:
        """As the mapping shows it."""
        shown = f"{self.name}/{self.per}" if self.per else self.name or "1"
        return shown if self.factor == 1.0 else f"{self.factor:g} {shown}"


def _mixture(text: str) -> Unit | None:
    if text in _CHINESE_MIXTURE:
        return Unit(_CHINESE_MIXTURE[text])
    found = _MIXTURE.match(text) or _MIXTURE_AFTER.match(text)
    if not found:
        return None
    of, what = found["of"].lower(), found["what"].lower()
    if of in ("m", "w") and what not in ("%", "％"):
        return None
    factor = 100.0 if what.startswith("frac") else 1e-4 if what == "ppm" else 1.0
    return Unit(f"{_OF.get(of, of)}.%", factor)


def _wrapped(text: str) -> str | None:
    """`W/m K` as `W/(m K)`: what stands behind a slash is mostly all below it."""
    head, slash, tail = text.partition("/")
    if (
        not slash
        or "/" in tail
        or "(" in tail
        or re.search(r"\^?-\d", tail)
        or not re.search(r"[\s·*.-]", tail.strip())
    ):
        return None
    return f"{head}/({re.sub(r'[-.]', ' ', tail.strip())})"


def _unglued(text: str) -> str | None:
    """`W/mK` as `W/(m K)`, `J/molK` as `J/(mol K)`: a kelvin written at the end of what it follows."""
    found = re.fullmatch(r"([^/]+)/\s*\(?\s*(c?m|mol|k?g|V)(\^?\d)?\s*(K|°C|s)(\^?\d)?\s*\)?", text)
    if not found or (found[4] == "s") != (found[2] == "V"):
        return None
    return f"{found[1]}/({found[2]}{found[3] or ''} {found[4].replace('°C', 'K')}{found[5] or ''})"


def _parsed(text: str) -> list[str]:
    """Canonical spellings of one text, the likeliest first; C and K in compounds are differences of temperature."""
    if (alike := _ALIKE_OF.get(text.lower())) and text not in ("O", "ME", "UB"):
        return [alike]
    if text in ("A", "A3", "A^3", "A2", "A^2"):
        power = text[1:].lstrip("^")
        return ["angstrom" + (f"^{power}" if power else ""), *(["A"] if not power else [])]
    if re.search(r"[/\s·^*-]", text):
        text = re.sub(r"°\s*C\b|deg\s*C\b|℃", "K", text)
    text = re.sub(r"\bcc\b", "cm^3", text)
    text = re.sub(r"(?i)\bohms?\b", "ohm", text)
    text = re.sub(r"(?<=[a-zA-ZΩ)])-(?=\d)", "^-", text)
    found = []
    for spelling in (_unglued(text), _wrapped(text), text):
        if spelling and (unit := parse_unit(spelling)) and unit not in found:
            found.append(unit)
    return found


@lru_cache(maxsize=4096)
def units_read(text: str) -> tuple[Unit, ...]:
    """What a text can mean as a unit, the likeliest first; none if it is no unit."""
    text = tidied(text).strip(" ,;:")
    while len(text) > 1 and (text[0] + text[-1] in ("()", "[]")) and not re.search(r"\).*\(", text):
        text = text[1:-1].strip()
    if not text or len(text) > 60:
        return ()
    if text.lower() in _NOTHING:
        return (Unit(""),)
    factor, per = 1.0, ""
    if found := _POWER_OF_TEN.match(text) or _POWER_BEHIND.match(text):
        groups = found.groupdict()
        factor = 10.0 ** int(groups.get("power") or groups.get("exponent") or 0)
        text = (
            found["rest"].strip().removeprefix("/").strip()
            if not found["rest"].strip().startswith("/")
            else "1" + found["rest"].strip()
        )
        if not text:
            return (Unit("", factor),)
    if mixture := _mixture(text):
        return (Unit(mixture.name, mixture.factor * factor),)
    if found := _PER.search(text):
        name = re.sub(r"[\s.]", "", found["what"].lower())
        per = _PER_NAMES.get(name, name.rstrip("s"))
        text = text[: found.start()]
    elif found := _COUNTED.match(text):
        text = "1/" + text[found.end() :] if "/" in found[0] else text[found.end() :]
    return tuple(Unit(name, factor, per) for name in _parsed(text))


def unit_is(text: str) -> bool:
    """Whether a text is a unit in some reading."""
    return bool(units_read(text))


@dataclass(frozen=True)
class Way:
    """From a written unit to the wanted one: wanted = scale * written + offset."""

    unit: Unit
    scale: float = 1.0
    offset: float = 0.0

    def __call__(self, number: float) -> float:
        """A number in the wanted unit."""
        return number * self.scale + self.offset if self.offset else number * self.scale


def _between(unit: str, wanted: str) -> tuple[float, float] | None:
    if unit == wanted:
        return 1.0, 0.0
    try:
        zero, one = float(convert(0.0, unit, wanted)), float(convert(1.0, unit, wanted))
    except (UnknownUnit, ValueError, ArithmeticError):
        return _particle(unit, wanted)
    scale, offset = (one - zero, zero) if abs(zero) > 1e-9 else (one, 0.0)
    return float(f"{scale:.13g}"), float(f"{offset:.13g}")  # 0.001, not 0.0010000000000000002


def _particle(unit: str, wanted: str) -> tuple[float, float] | None:
    """Between energies of one particle written as energy, frequency, wave number or per mole."""
    for base, in_ev in _PARTICLE.items():
        for other, other_ev in _PARTICLE.items():
            if base == other:
                continue
            try:
                to_base, from_other = float(convert(1.0, unit, base)), float(convert(1.0, other, wanted))
            except (UnknownUnit, ValueError, ArithmeticError):
                continue
            return to_base * in_ev / other_ev * from_other, 0.0
    return None


def _way(unit: Unit, wanted: Unit) -> Way | None:
    if unit.per != wanted.per:
        return None
    if unit.name.endswith(".%") or wanted.name.endswith(".%"):
        same = unit.name == wanted.name or "%" in (unit.name, wanted.name)
        return Way(unit, unit.factor / wanted.factor) if same else None
    if not unit.name or not wanted.name:
        return Way(unit, unit.factor / wanted.factor) if unit.name == wanted.name else None
    linear = _between(unit.name, wanted.name)
    if linear is None:
        return None
    return Way(unit, linear[0] * unit.factor / wanted.factor, linear[1])


@lru_cache(maxsize=16384)
def way_to(text: str, wanted: str | None) -> Way | None:
    """How numbers in the unit that `text` writes become the wanted unit; none where it measures something else.

    wanted none = the property is a pure number. A unit unknown to us fits only one that is spelled the same.
    """
    if not wanted:
        return next((Way(unit, unit.factor) for unit in units_read(text) if not unit.name and not unit.per), None)
    targets = units_read(wanted) or (Unit(wanted),)
    for target in targets:
        for unit in units_read(text):
            if way := _way(unit, target):
                return way
    bare, other = (re.sub(r"[\s._^]", "", tidied(one)).lower() for one in (text, wanted))
    return Way(Unit(wanted)) if bare == other else None
