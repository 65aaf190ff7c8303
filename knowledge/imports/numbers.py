"""Numbers as people write them in tables: limits, ranges, uncertainties, powers of ten, decimal commas, footnote marks, units."""

import math
import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

from knowledge.imports.names import words_table
from knowledge.imports.units import tidied, unit_is

_N = r"(?:\d+\.?\d*|\.\d+)(?:[eEdD][-+]?\d+)?"
_SIGNED = rf"[-+]?\s?{_N}"
_POWER = r"\s*(?:[×xX*·⋅]\s*10\s*(?:\^\s*\(?|\*\*\s*\(?|(?=[-+]\d))|\s10\^\(?)(?P<power>[-+]?\d+)\)?"
_MAIN = re.compile(
    rf"(?P<value>{_SIGNED})"
    rf"(?:\((?P<digits>\d+(?:\.\d+)?)\)(?:[eE](?P<exponent>[-+]?\d+))?"
    rf"|\s*(?:±|\+/-|\+-|\+\s?/\s?-)\s*(?P<spread>{_N})(?P<percent>\s?%)?"
    rf"|\s*\^?\s*\(?\+\s?(?P<up>{_N})\s*[/,]?\s*_?\s*-\s?(?P<down>{_N})\)?)?"
    rf"(?P<tail>.*)"
)
_TIMES = re.compile(rf"^{_POWER}")
_BARE_POWER = re.compile(r"(?P<sign>[-+]?)10\^\(?(?P<power>[-+]?\d+)\)?(?P<tail>.*)")
_GROUPED = re.compile(rf"\(\s*(?P<inside>{_SIGNED}\s*(?:±|\+/-|\+-|-|to)\s*{_N})\s*\)(?P<tail>.*)")
_TO = r"(?:\s*(?:-|–|—|~|∼|\.\.+|…|\bto\b|至|到|÷)\s*)"
_RANGE = re.compile(
    rf"\[?(?P<low>{_SIGNED})\s*(?P<unit>[^\s\d.,+~-][^\d]{{0,12}}?)?{_TO}(?P<high>{_SIGNED})\]?(?P<tail>.*)"
)
_BOUNDS = {word: sign for sign, written in words_table()["bounds"].items() for word in written}
_BOUND = re.compile(
    rf"^(?P<sign>{'|'.join(sorted(map(re.escape, _BOUNDS), key=len, reverse=True))})\s*(?=[-+.\d])", re.IGNORECASE
)
_ABOUT = re.compile(
    r"^(?:~|∼|≈|≃|≅|～|ca\.?|c\.|circa|approx(?:\.|imately)?|about|around|roughly|est\.?|约|大约|近似|=)\s*(?=[-+.\d<>(])",
    re.IGNORECASE,
)
# footnote marks behind a number: 5.3*, 5.3 [12], 5.3 (ref. 4), 5.3^a
_SIGN_MARK = r"\s*(?:[*†‡§¶#ᵃᵇᶜᵈᵉᶠ]|\^\(?(?:[a-h]|\*|\d{1,2})(?:,(?:[a-h]|\d{1,2}))*\)?)+"
_LIST_MARK = r"\s*\[(?:ref\.?\s*)?\d{1,3}(?:\s*[,–-]\s*\d{1,3})*\]"
_MARKS = re.compile(
    rf"(?<=[\d.)%K])(?:{_SIGN_MARK}|{_LIST_MARK}|\s*\((?:refs?\.?|参考)\s*[^()]*\)|\s?\([a-h*]\))+$", re.IGNORECASE
)
_LETTER = re.compile(r"(?<=\d)[a-e](?:,[a-e])*$")
_CLUSTER = re.compile(r"(?<![\d.,])(?:\d(?:[\d.,'’]*\d)?(?: \d(?:[\d.,'’]*\d)?)*|[.,]\d+)")
_EXCEL = re.compile(
    r"#(?:N/A|DIV/0!?|REF!?|VALUE!?|NAME\?|NUM!?|NULL!?|SPILL!?|CALC!?|ERROR!?)|#{3,}|Err:\d+", re.IGNORECASE
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DATE = re.compile(
    rf"(?i)\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}(?:[ t]\d\d:\d\d.*)?|\d{{1,2}}[-/ ]{_MONTH}(?:[-/ ]\d{{2,4}})?|{_MONTH}[-/ ]\d{{1,4}}|"
    r"\d{1,2}[/.]\d{1,2}[/.]\d{2,4}|\d{1,2}:\d\d(?::\d\d)?|\d{1,2}月\d{1,2}日|\d{4}年.*"
)
_CHINESE = {ord(sign): digit for sign, digit in zip("零〇一二两三四五六七八九点", "001223456789.", strict=True)}
_SEVERAL = re.compile(
    rf"{_SIGNED}[^\d;,/|&]*(?:;|,\s|/|\||&|\band\b|\bor\b|、|和|或|\s{{2,}}|\n)\s*{_SIGNED}.*", re.DOTALL
)

Bound = Literal["<", "<=", ">", ">="]


class NotANumber(ValueError):
    """A cell that states no single number; the message says why."""


class Stated(NamedTuple):
    """A number with what was written beside it.

    `unit` as the cell writes it. `low` and `high` for a range, `value` then its middle. `at` is a circumstance written
    behind it, such as ("300", "K"); `remark` any other word in brackets, such as "calc.".
    """

    value: float
    uncertainty: float | None = None
    unit: str | None = None
    bound: Bound | None = None
    low: float | None = None
    high: float | None = None
    at: tuple[float, str] | None = None
    remark: str | None = None

    def scaled(self, factor: float) -> "Stated":
        """The same with all its numbers times a factor."""

        def times(number: float) -> float:
            return float(f"{number * factor:.15g}")

        spread, low, high = (None if n is None else times(n) for n in (self.uncertainty, self.low, self.high))
        return self._replace(value=times(self.value), uncertainty=spread, low=low, high=high)


class Style(NamedTuple):
    """How a column writes numbers: its decimal sign where one is proven, and whether blanks part its thousands."""

    decimal: Literal[".", ",", "?"] = "?"
    blanks: bool = False


PLAIN = Style()


def style_of(cells: Iterable[str], otherwise: Style = PLAIN) -> Style:
    """The style of a column by what its cells prove; `otherwise` (the table's) where they prove nothing."""
    proofs, blanks, torn = {".": 0, ",": 0}, 0, 0
    for cell in cells:
        if "," not in cell and "." not in cell and " " not in cell:
            continue
        for cluster in _CLUSTER.findall(_signs(cell)):
            if "," in cluster or "." in cluster:
                proof = _proof(cluster.replace(" ", ""))
                if proof:
                    proofs[proof] += 1
            if " " in cluster:
                grouped = re.fullmatch(r"[1-9]\d{0,2}( \d{3})+(?:[.,]\d+)?", cluster)
                blanks, torn = blanks + bool(grouped), torn + (not grouped)
    decimal: Literal[".", ",", "?"] = otherwise.decimal
    if proofs["."] != proofs[","]:
        decimal = "." if proofs["."] > proofs[","] else ","
    return Style(decimal, blanks > 0 and torn == 0)


def _proof(cluster: str) -> Literal[".", ","] | None:
    """Which sign a run of digits proves to be the decimal one."""
    commas, points = cluster.count(","), cluster.count(".")
    if commas and points:
        return "." if cluster.rfind(".") > cluster.rfind(",") else ","
    if commas == 1 and not re.fullmatch(r"[1-9]\d{0,2},\d{3}", cluster):
        return ","
    if points == 1 and not re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", cluster):
        return "."
    if commas > 1 or points > 1:
        return "." if commas else ","
    return None


def _digits(cluster: str, style: Style) -> str:
    """A run of digits with one decimal point at most. Raises NotANumber where it can be read in two ways."""
    text = re.sub(r"(?<=\d)['’](?=\d{3})", "", cluster)
    if " " in text:
        thin = re.fullmatch(r"\d{1,3}( \d{3})+(?:[.,]\d+)?", text)
        if not (thin and style.blanks):
            raise NotANumber(f"'{cluster}' is either several numbers or one with blanks between its thousands")
        text = text.replace(" ", "")
    if "," not in text:
        if text.count(".") > 1:
            if re.fullmatch(r"\d{1,3}(\.\d{3})+", text):
                return text.replace(".", "")
            raise NotANumber(f"'{cluster}' is no number")
        if style.decimal == "," and re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", text):
            raise NotANumber(f"'{cluster}' can mean a decimal or thousands in a column that writes decimal commas")
        return text
    if "." in text:
        last = max(text.rfind(","), text.rfind("."))
        head, tail, sign = text[:last], text[last + 1 :], text[last]
        other = "," if sign == "." else "."
        if sign in head or not re.fullmatch(rf"\d{{1,3}}(\{other}\d{{3}})+", head):
            raise NotANumber(f"'{cluster}' holds several values or mixes commas and points")
        return head.replace(other, "") + "." + tail
    if text.count(",") > 1:
        if re.fullmatch(r"[1-9]\d{0,2}(,\d{3})+", text):
            return text.replace(",", "")
        raise NotANumber(f"'{cluster}' holds several values")
    thousands = re.fullmatch(r"[1-9]\d{0,2},\d{3}", text) is not None
    if thousands and style.decimal == "?":
        raise NotANumber(f"'{cluster}' can mean {text.replace(',', '.')} or {text.replace(',', '')}")
    if thousands and style.decimal == ".":
        return text.replace(",", "")
    if style.decimal == ".":
        raise NotANumber(f"'{cluster}' has a comma where the column writes decimal points")
    return text.replace(",", ".")


def _signs(text: str) -> str:
    """One spelling for blanks, minus signs and full-width characters."""
    text = tidied(re.sub(r"(?<=\d)[\u2009\u202f\u00a0](?=\d{3}(?!\d))", "", text))  # thin blanks part thousands only
    text = re.sub(r"(?<=\d[eE])[–—]", "-", text)
    text = re.sub(r"^\s*[–—](?=\s?[\d.])", "-", text)
    return re.sub(r"(?<=[(×x*·^<>=±~ ])[–—](?=\d)", "-", text)


def _chinese(text: str) -> str:
    """Chinese numerals as digits where the whole text is one: 三百 is 300, 十二点五 is 12.5."""
    if not re.fullmatch(r"[零〇一二两三四五六七八九十百千万点]+", text):
        return text
    whole, _, decimals = text.partition("点")
    total = part = digit = 0
    if not re.search("[十百千万]", whole):
        return text.translate(_CHINESE)
    for sign in whole:
        if sign in "十百千":
            part, digit = part + (digit or 1) * {"十": 10, "百": 100, "千": 1000}[sign], 0
        elif sign == "万":
            total, part, digit = total + (part + digit) * 10_000, 0, 0
        else:
            digit = int(sign.translate(_CHINESE))
    return str(total + part + digit) + (f".{decimals.translate(_CHINESE)}" if decimals else "")


def _float(text: str) -> float:
    value = float(re.sub(r"\s", "", text).replace("D", "e").replace("d", "e"))
    if not math.isfinite(value):
        raise NotANumber("is too large for a number")
    return value


def _decimals(text: str) -> tuple[int, int]:
    """Digits behind the point of the mantissa, and the exponent."""
    mantissa, _, exponent = re.sub("[dDE]", "e", text).partition("e")
    return len(mantissa.partition(".")[2]), int(exponent or 0)


def _behind(tail: str, whole: str) -> tuple[str | None, tuple[float, str] | None, str | None]:
    """What stands behind a number: its unit, the circumstance it holds at, and any other remark."""
    at, remark = None, None
    tail = tail.strip()
    while tail:
        if found := re.fullmatch(
            rf"(.*?)\s*(?:\(\s*(?:at\s|@|T\s?=)?\s*({_SIGNED})\s*([^\s\d()][^()]*?)\s*\)|(?:@|\bat\b|,\s*T\s*=)\s*({_SIGNED})\s*([^\s\d()][^()]*))",
            tail,
        ):
            number, unit = found[2] or found[4], (found[3] or found[5]).strip()
            if unit_is(unit):
                at, tail = (_float(number), unit), found[1].strip()
                continue
        if found := re.fullmatch(r"(.*?)\s*[(（]([^()（）]*[^\W\d][^()（）]*)[)）]", tail):
            if unit_is(tail):
                break
            if not found[1] and unit_is(found[2]):
                tail = found[2]
                break
            remark, tail = found[2].strip(), found[1].strip()
            continue
        break
    if not tail:
        return None, at, remark
    if not unit_is(tail):
        raise NotANumber(f"{whole[:40]!r} is no number: {tail[:24]!r} is no unit")
    return tail, at, remark


def _single(text: str, whole: str) -> Stated:
    if bare := _BARE_POWER.fullmatch(text):
        unit, at, remark = _behind(bare["tail"], whole)
        return Stated(float(f"{bare['sign']}1e{int(bare['power'])}"), None, unit, at=at, remark=remark)
    found = _MAIN.fullmatch(text)
    if not found:
        raise NotANumber(f"{whole[:40]!r} is no number")
    value, spread, tail = _float(found["value"]), None, found["tail"]
    if found["digits"]:
        places, exponent = _decimals(found["value"])
        digits = found["digits"]
        spread = float(digits) if "." in digits else int(digits) * 10.0 ** (exponent - places)
        factor = 10.0 ** int(found["exponent"] or 0)
        value, spread = float(f"{value * factor:.15g}"), float(f"{spread * factor:.15g}")
    elif found["spread"]:
        spread = _float(found["spread"])
        spread = abs(value) * spread / 100 if found["percent"] else spread
    elif found["up"]:
        spread = max(_float(found["up"]), _float(found["down"]))
    power = 0
    if times := _TIMES.match(tail):
        power, tail = int(times["power"]), tail[times.end() :]
    unit, at, remark = _behind(tail, whole)
    stated = Stated(value, spread, unit, at=at, remark=remark)
    return stated.scaled(10.0**power) if power else stated


def _range(text: str, whole: str) -> Stated | None:
    found = _RANGE.fullmatch(text)
    if not found:
        return None
    low, high, tail, power = _float(found["low"]), _float(found["high"]), found["tail"], 0
    if times := _TIMES.match(tail):
        power, tail = int(times["power"]), tail[times.end() :]
    if high <= low < -high and "--" in whole:  # 1.4--1.6: the dash of LaTeX, no minus
        high = -high
    own = (found["unit"] or "").strip()
    try:
        unit, at, remark = _behind(tail, whole)
    except NotANumber:
        return None
    if own and own != unit:
        return None
    if not low < high:
        raise NotANumber(f"{whole[:40]!r} is no range: its first end is not below its second")
    stated = Stated((low + high) / 2, None, unit, None, low, high, at, remark)
    middle = float(f"{(low + high) / 2:.12g}")
    return stated._replace(value=middle).scaled(10.0**power) if power else stated._replace(value=middle)


def _without_marks(text: str, *, letters: bool) -> str:
    text = _MARKS.sub("", text)
    return _LETTER.sub("", text) if letters else text


def _grouped(text: str, whole: str) -> Stated | None:
    """`(1.2 ± 0.1) × 10^-3 S/m`: what stands behind the bracket holds for all in it."""
    found = _GROUPED.fullmatch(text)
    if not found:
        return None
    inside = number_stated(found["inside"], Style("."))
    tail, power = found["tail"], 0
    if times := _TIMES.match(tail):
        power, tail = int(times["power"]), tail[times.end() :]
    unit, at, remark = _behind(tail, whole)
    return inside.scaled(10.0**power)._replace(unit=unit, at=at, remark=remark)


def number_stated(text: str, style: Style = PLAIN) -> Stated:
    """The number in a cell, such as 5.65(2), < 3 K, 3-5 or 1.2×10⁻³ S/m. Raises NotANumber with the reason."""
    if style.decimal != "," and "_" not in text and text.isascii():
        try:
            value = float(text)
        except ValueError:
            pass
        else:
            if math.isfinite(value):
                return Stated(value)
            raise NotANumber(f"{text!r} is no number")
    whole = text
    if _EXCEL.fullmatch(text.strip()):
        raise NotANumber(f"{text!r} is an error of the spreadsheet, no value")
    if _DATE.fullmatch(text.strip()):
        raise NotANumber(
            f"{text[:40]!r} is a date; numbers such as 5-3 or 3.5 may have been turned into it by a spreadsheet"
        )
    text = _chinese(_signs(text))
    bound: Bound | None = None
    text = _ABOUT.sub("", text)
    if found := _BOUND.match(text):
        bound, text = _BOUNDS[found["sign"].lower()], text[found.end() :]
        text = _ABOUT.sub("", text)
    text = _CLUSTER.sub(lambda cluster: _digits(cluster[0], style), _without_marks(text, letters=False))
    text = _without_marks(text, letters=True)
    stated = _grouped(text, whole) or _read(text, whole)
    if bound and stated.low is not None:
        raise NotANumber(f"{whole[:40]!r} is both a limit and a range")
    return stated._replace(bound=bound) if bound else stated


def _read(text: str, whole: str) -> Stated:
    if stated := _range(text, whole):
        return stated
    try:
        return _single(text, whole)
    except NotANumber:
        if _SEVERAL.fullmatch(text.strip("[]()")):
            raise NotANumber(f"{whole[:40]!r} holds several values") from None
        raise


def is_spoilt(text: str) -> bool:
    """Whether a spreadsheet put an error or a date where something else stood."""
    return bool(_EXCEL.fullmatch(text.strip()) or _DATE.fullmatch(text.strip()))


def number_read(text: str, style: Style = PLAIN) -> Stated | None:
    """As `number_stated`; none where the text is no single number."""
    try:
        return number_stated(text.strip(), style)
    except NotANumber:
        return None
