"""From bytes to lines: encodings and line ends as instruments write them."""

import codecs
import re
from functools import lru_cache
from typing import NamedTuple

from ingest.parsers.protocol import CannotParse, Head

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x19\x1b\x7f\ufffe\uffff]")
_HIGH_RUN = re.compile(rb"[\x80-\xff][\x40-\xff]*")


class Text(NamedTuple):
    """Decoded text and the encoding that was found."""

    text: str
    encoding: str


def _wide(data: bytes) -> str | None:
    """UTF-16 without a byte order mark: every other byte is zero."""
    sample = data[:4000]
    if len(sample) < 8 or b"\0" not in sample:
        return None
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if odd > 0.7 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.7 * half and odd < 0.05 * half:
        return "utf-16-be"
    return None


def _strict(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def _share(text: str, pattern: str) -> float:
    high = [character for character in text if ord(character) > 127]
    return sum(bool(re.match(pattern, character)) for character in high) / len(high) if high else 0.0


def _legacy(data: bytes) -> Text:
    """GBK and Shift-JIS when the bytes come in pairs that read as words and unit signs, else Western."""
    sample = b"\n".join(line for line in data.splitlines() if not line.isascii())[:200_000]
    chinese = _strict(sample, "gb18030")
    japanese = _strict(sample, "shift_jis") or _strict(sample, "cp932")
    kana = _share(japanese, r"[぀-ヿ]") if japanese else 0.0
    runs = [run for run in re.findall(rb"[\x80-\xff]+", sample) if run]
    paired = sum(len(run) % 2 == 0 for run in runs) / len(runs) if runs else 0.0
    scores = {
        "gb18030": _share(chinese, r"[一-鿿℃°μΩ±，。：（）；]") if chinese and paired > 0.9 else 0.0,
        "cp932": _share(japanese, r"[぀-ヿ一-鿿℃°μΩ（）]") * (1.0 if kana > 0.1 else 0.6) if japanese else 0.0,
    }
    level_one = len(re.findall(rb"[\xb0-\xd7][\xa1-\xfe]", sample)) + len(
        re.findall(rb"\xa1[\xe3\xe6]|\xa6[\xa1-\xd8]", sample)
    )
    pairs = max(1, sum(len(run) for run in runs) // 2)
    scores["gb18030"] *= 1.0 if level_one / pairs > 0.6 else 0.5
    best = max(scores, key=lambda name: scores[name])
    if scores[best] >= 0.8 or (scores[best] > 0.55 and b"\x81" <= min(runs, default=b"\xff")[:1] <= b"\x9f"):
        decoded = _strict(data, best)
        if decoded is not None:
            return Text(decoded, "gbk" if best == "gb18030" else "shift_jis")
    western = _strict(data, "cp1252")
    return Text(western, "cp1252") if western is not None else Text(data.decode("latin-1"), "latin-1")


def decode(data: bytes, encoding: str | None = None) -> Text:
    """The text of a file and its encoding, found or as a person said. Raises CannotParse for binary content."""
    if encoding is not None:
        return _checked(Text(data.decode(encoding, errors="replace").removeprefix("\ufeff"), encoding))
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _checked(Text(data.decode(encoding, errors="replace").removeprefix("\ufeff"), encoding))
    if (wide := _wide(data)) is not None:
        return _checked(Text(data.decode(wide, errors="replace"), wide))
    if b"\0" in data[:65536] and data[:65536].count(0) > 8:
        raise CannotParse("binary content (zero bytes), not text")
    text = _strict(data, "utf-8")
    if text is None:
        text = _strict(_whole_characters(data), "utf-8")
    return _checked(Text(text, "utf-8") if text is not None else _legacy(data))


@lru_cache(maxsize=4)
def head_text(head: Head) -> str:
    """The first bytes as text, decoded once for all parsers; empty for binary content."""
    try:
        return decode(head.data).text
    except CannotParse:
        return ""


def _whole_characters(data: bytes) -> bytes:
    """Without the rest of a character that a cut file ends in."""
    for cut in (1, 2, 3):
        if len(data) >= cut and data[-cut] >= 0xC0:
            return data[:-cut]
    return data


def _checked(found: Text) -> Text:
    sample = found.text[:200_000]
    if sample and len(_CONTROL.findall(sample)) > 0.003 * len(sample) + 3:
        raise CannotParse("binary content (control characters), not text")
    return found


def lines_of(text: str) -> list[str]:
    """Lines without their ends, for LF, CRLF, CR and doubled ends; a final end makes no empty line."""
    text = text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n")
    return text.removesuffix("\n").split("\n") if text else []
