"""Question text to tokens: ids, space groups, formulas, numbers with units, words; each with what it may mean."""

import re
from collections.abc import Iterator
from functools import cache

from chat.planner.domain import Elements, Material, Token
from chat.planner.lexicon import AMBIGUOUS, Lexicon, key_of, spacegroups, stem, word_lists
from knowledge.chemistry.elements import elements
from knowledge.formula import NotAFormula, find_formulas, parse_formula

Spans = list[tuple[int, int, dict[str, object]]]

_ID = re.compile(r"(?<![A-Za-z0-9_-])(mp-\d+|mvc-\d+|MAT\d{5,}|JVASP-\d+|agm\d{6,})(?![A-Za-z0-9_-])", re.IGNORECASE)
_SG_WORD = r"(?:space[\s-]*groups?|spacegroups?|space[\s-]*grp|s\.?g\.?s?|spgr?|spg|空间群)"
_LINK = (
    r"(?:\s*(?:not|isn't|不是|不为|不等于|非|!=|≠|number|no\.?|nr\.?|num|编号|号码|号|为|是|属于|=|:|#"
    r"|of|is|are|equals?|equal to|in|\(|之?一)\s*)*"
)
_COUNTED = r"(?!\s*[\d.])(?!\s*-?\s*(?:element|atom|site|valence|electron|种|个|元|条))"
_MORE = rf"(?:\s*(?:,|、|and|or|和|或者|或|与|及|/)\s*(?:#|no\.?\s*|sg\s*)?\d{{1,3}}{_COUNTED})*"
_SG_NUMBER = re.compile(rf"(?<![A-Za-z]){_SG_WORD}{_LINK}[\s-]*(\d{{1,5}}(?!\.\d){_MORE})\)?", re.IGNORECASE)
_SG_RANGE = re.compile(
    rf"(?<![A-Za-z]){_SG_WORD}{_LINK}(?:\s*(?:from|between|在|从|介于))?\s*(\d{{1,3}})\s*(?:-|~|to|through|到|至|and|和|与)\s*(\d{{1,3}})(之间|号之间)?",
    re.IGNORECASE,
)
_NUMBER_SG = re.compile(
    rf"(?:第\s*|no\.?\s*|#\s*)?(?<![\d.A-Za-z)])(\d{{1,3}})\s*(?:号)?\s*(?:th|st|nd|rd)?\s*(?:{_SG_WORD})(?![A-Za-z])",
    re.IGNORECASE,
)
_SG_MARK = re.compile(r"(?:(?<![A-Za-z])no\.?|#|nr\.|第)\s*(\d{1,3})(?![\d.])\s*(?:号)?", re.IGNORECASE)
_SG_PARENTHESIS = re.compile(r"\(\s*(?:sg\s*|#\s*|no\.?\s*)?(\d{1,3})\s*(?:号)?\s*\)")
_NUMBER = re.compile(r"(?<![A-Za-z0-9_.])-?\d+(?:,\d{3})*(?:\.\d+)?(?:[eE][+-]?\d+)?")
_SIGN = re.compile(r">=|<=|≥|≤|≧|≦|⩾|⩽|>|<|＞|＜|==?|!=|≠")
_SIGNS = {
    ">=": "ge", "≥": "ge", "≧": "ge", "⩾": "ge", "<=": "le", "≤": "le", "≦": "le", "⩽": "le", ">": "gt", "<": "lt", "=": "eq", "==": "eq",
    "!=": "not", "≠": "not",
}  # fmt: skip
_LOWER = re.compile(
    r"(?<![A-Za-z0-9_])(?=[a-z0-9]*[a-z])(?=[a-z]*\d|[a-zA-Z]*[A-Z])[A-Za-z][A-Za-z0-9]{1,24}(?![A-Za-z0-9_])"
)
_SYSTEM = re.compile(r"(?<![A-Za-z0-9])([A-Z][a-z]?(?:-[A-Z][a-z]?){1,7})(?![A-Za-z0-9])(?!-(?:free|based))")
_WORD = re.compile(r"[A-Za-zÅåµμ_]+")
_CJK = re.compile(r"[\u3400-\u9fff]")
_BREAK = re.compile(r"[,.;:!?()\[\]、，。；：！？\n]")


@cache
def _symbols() -> dict[str, int]:
    found: dict[str, int] = {}
    for number, symbol in spacegroups().items():
        short = symbol.replace("_", "")
        for spelling in {symbol, short}:
            found[spelling] = number
        if number >= 195 and "-3" in short:
            found.setdefault(short.replace("-3", "3"), number)
    return found


@cache
def _symbol_pattern() -> re.Pattern[str]:
    names = sorted((re.escape(name) for name in _symbols()), key=len, reverse=True)
    return re.compile(rf"(?<![A-Za-z0-9_/-])(?:{'|'.join(names)})(?![A-Za-z0-9_/])")


def _spacegroup_spans(text: str, taken: Spans) -> Spans:
    found: Spans = []
    for match in _SG_RANGE.finditer(text):
        low, high = int(match.group(1)), int(match.group(2))
        if low < high and (match.group(3) or re.search(r"-|~|to|through|到|至|between|介于", match.group())):
            found.append(
                (match.start(), match.end(), {"spacegroup_range": (low, high), "property": "spacegroup_number"})
            )
    for match in _SG_NUMBER.finditer(text):
        numbers = tuple(int(number) for number in re.findall(r"\d+", match.group(1)))
        outside = bool(re.search(r"not|n't|不|非|≠|!=", match.group()))
        found.append((match.start(), match.end(), {"spacegroup": numbers} | ({"outside": True} if outside else {})))
    for pattern in (_NUMBER_SG, _SG_MARK, _SG_PARENTHESIS):
        for match in pattern.finditer(text):
            if re.search(r"how many|top\s*$|多少|前\s*$", text[max(0, match.start() - 5) : match.start()]):
                continue
            found.append((match.start(), match.end(), {"spacegroup": (int(match.group(1)),)}))
    return found


def _symbol_spans(text: str) -> Spans:
    found: Spans = []
    for match in _symbol_pattern().finditer(text):
        name = match.group()
        before = text[max(0, match.start() - 24) : match.start()]
        certain = len(name) >= 4 or "/" in name or "-" in name or (len(name) == 3 and name[1:].islower())
        if not certain and not re.search(rf"{_SG_WORD}{_LINK}\s*$", before, re.IGNORECASE):
            continue
        if not certain or not _is_formula(name) or re.search(rf"{_SG_WORD}", before, re.IGNORECASE):
            found.append((match.start(), match.end(), {"spacegroup": (_symbols()[name],), "symbol": name}))
    return found


def _is_formula(text: str) -> bool:
    return any((start, end) == (0, len(text)) for start, end, _ in find_formulas(text))


def _formula_spans(text: str, lexicon: Lexicon) -> Spans:
    found: Spans = []
    for start, end, formula in find_formulas(text):
        name = text[start:end]
        if _is_property(name, lexicon):
            continue
        if len(formula.elements) == 1 and len(name) <= 2:
            found.append((start, end, {"element": Elements(formula.elements), "material": Material(formula.reduced)}))
        elif "class" in lexicon.phrases.get(key_of(name), {}) and name.isupper():
            continue
        else:
            found.append((start, end, {"material": Material(formula.reduced)}))
    for match in _LOWER.finditer(text):
        word = match.group()
        if key_of(word) in lexicon.phrases or stem(word.casefold()) in lexicon.vocabulary:
            continue
        reduced = guess_formula(word)
        if reduced:
            found.append((match.start(), match.end(), {"material": Material(reduced), "guessed": word}))
    return found


def _is_property(name: str, lexicon: Lexicon) -> bool:
    """Whether an element's symbol is also a property's: Tc."""
    return len(name) == 2 and "property" in lexicon.phrases.get(key_of(name), {})


def guess_formula(word: str) -> str | None:
    """The formula meant by letters in the wrong case, such as bi2se3 or BI2SE3: fewest elements, none twice; none if there is none."""
    if (
        not any(character.isdigit() for character in word)
        or len(re.findall(r"[A-Za-z]", word)) < 2
        or word[0].isdigit()
    ):
        return None
    best: tuple[int, str] | None = None
    stack: list[tuple[int, str, tuple[str, ...]]] = [(0, "", ())]
    while stack and len(stack) < 4000:
        at, built, used = stack.pop()
        if at == len(word):
            if best is None or len(used) < best[0]:
                best = (len(used), built)
            continue
        for size in (1, 2):
            piece = word[at : at + size]
            symbol = piece.capitalize()
            if len(piece) == size and piece.isalpha() and symbol in elements() and symbol not in used:
                digits = re.match(r"\d*", word[at + size :])
                number = digits.group() if digits else ""
                stack.append((at + size + len(number), built + symbol + number, (*used, symbol)))
    if best is None:
        return None
    try:
        return parse_formula(best[1]).reduced
    except NotAFormula:
        return None


def _system_spans(text: str) -> Spans:
    found: Spans = []
    for match in _SYSTEM.finditer(text):
        symbols = tuple(match.group().split("-"))
        if all(symbol in elements() for symbol in symbols) and len(set(symbols)) == len(symbols):
            found.append((match.start(), match.end(), {"element_list": symbols}))
    return found


@cache
def _unit_pattern() -> re.Pattern[str]:
    names = {word: unit for unit, words in word_lists()["unit"].items() for word in words}
    return re.compile(r"\s*(" + "|".join(sorted(map(re.escape, names), key=len, reverse=True)) + r")(?![A-Za-z0-9])")


def _unit_named(text: str) -> str | None:
    return next((unit for unit, words in word_lists()["unit"].items() if text in words), None)


@cache
def _unit_asked() -> re.Pattern[str]:
    names = sorted((word for words in word_lists()["unit"].values() for word in words), key=len, reverse=True)
    spelled = "|".join(map(re.escape, names))
    return re.compile(rf"(?:(?<![A-Za-z])in\s+|以|用|换算[成为到]|单位[为是用]?)(?P<unit>{spelled})(?![A-Za-z0-9-])")


def _unit_spans(text: str) -> Spans:
    """Units in which a value is asked for: 'in °C', 以K为单位."""
    return [
        (match.start("unit"), match.end("unit"), {"unit": _unit_named(match["unit"])})
        for match in _unit_asked().finditer(text)
    ]


def _number_spans(text: str) -> Spans:
    found: Spans = []
    for match in _NUMBER.finditer(text):
        start = match.start()
        if match.group().startswith("-") and start and text[start - 1] not in " (<>=≥≤":
            start += 1
        value = float(text[start : match.end()].replace(",", ""))
        unit = _unit_pattern().match(text, match.end())
        senses: dict[str, object] = {"number": value}
        end = match.end()
        if unit:
            senses["unit"], end = _unit_named(unit.group(1)), unit.end()
        found.append((start, end, senses))
    for match in _SIGN.finditer(text):
        found.append((match.start(), match.end(), {_SIGNS[match.group().translate(str.maketrans("＞＜", "><"))]: True}))
    return found


def _measured(text: str) -> Spans:
    """Numbers whose unit might read as a formula, such as 20 g/cm3."""
    return [span for span in _number_spans(text) if re.search(r"[A-Za-z]/|\^", text[span[0] : span[1]])]


def _symbol_elements(text: str, lexicon: Lexicon) -> Spans:
    found: Spans = []
    for match in re.finditer(
        r"(?<![A-Za-z0-9_])([A-Z][a-z]?)(?=(?:-(?:free|based|containing|rich|bearing))|[^A-Za-z0-9_]|$)", text
    ):
        symbol = match.group(1)
        if symbol in elements():
            certain = symbol not in AMBIGUOUS and not _is_property(symbol, lexicon)
            found.append((match.start(), match.end(), {"element": Elements((symbol,), certain=certain)}))
    return found


def _merge(*layers: Spans) -> Spans:
    kept: Spans = []
    for layer in layers:
        for start, end, senses in sorted(layer, key=lambda span: (span[0], -span[1])):
            if all(end <= left or start >= right for left, right, _ in kept):
                kept.append((start, end, senses))
    return sorted(kept, key=lambda span: span[0])


def tokenise(text: str, lexicon: Lexicon) -> list[Token]:
    """All tokens of a normalised question in order; punctuation gives tokens with the sense `break`."""
    ids: Spans = [(m.start(), m.end(), {"material": Material(external_id=_id(m.group()))}) for m in _ID.finditer(text)]
    numbers = list(_spacegroup_spans(text, ids))
    fixed = _merge(
        ids, numbers, _symbol_spans(text), _measured(text), _unit_spans(text), _class_spans(text, lexicon), _system_spans(text),
        _formula_spans(text, lexicon), _number_spans(text), _symbol_elements(text, lexicon),
    )  # fmt: skip
    tokens: list[Token] = []
    at = 0
    for start, end, senses in [*fixed, (len(text), len(text), {})]:
        tokens.extend(_words(text, at, start, lexicon))
        if end > start:
            tokens.append(Token(text[start:end], start, end, senses))
        at = end
    return [_settled(token, index, tokens, lexicon) for index, token in enumerate(tokens)]


def _id(text: str) -> str:
    return text.lower() if text.lower().startswith(("mp-", "mvc-", "agm")) else text.upper()


def _class_spans(text: str, lexicon: Lexicon) -> Spans:
    """Class ids and abbreviations, which might read as formulas."""
    found: Spans = []
    for match in re.finditer(r"(?<![A-Za-z0-9])[A-Z][A-Za-z]*(?:[_ -](?:SM|Ins))?(?![A-Za-z0-9])", text):
        name = re.sub(r"s$", "", match.group()) if match.group()[:-1].isupper() else match.group()
        senses = lexicon.phrases.get(key_of(name.replace("_", " ")), {}) | lexicon.phrases.get(key_of(name), {})
        if "class" in senses and (name.isupper() or "_" in name or "-" in name or " " in name) and not name.islower():
            found.append((match.start(), match.end(), {"class": senses["class"]}))
    return found


def _settled(token: Token, index: int, tokens: list[Token], lexicon: Lexicon) -> Token:
    """Words such as In, As, No are elements only inside a list of elements, and Tc is a temperature elsewhere."""
    element = token.senses.get("element")
    if not isinstance(element, Elements) or element.certain:
        return token
    before = next(
        (
            t
            for t in reversed(tokens[:index])
            if not t.is_only("filler", "and", "or", "break") and t.text not in ("the", "and", "or")
        ),
        None,
    )
    after = next(iter(tokens[index + 1 :]), None)
    listed = before is not None and before.has("contain", "without", "only", "not", "element", "element_list", "either")
    named = _is_property(token.text, lexicon)
    if named and after is not None and after.has("gt", "ge", "lt", "le", "eq", "between"):
        return Token(token.text, token.start, token.end, lexicon.phrases[key_of(token.text)])
    chinese = not named and bool(_CJK.search("".join(t.text for t in tokens)))
    if (
        listed
        or (after is not None and after.text.casefold() in ("free", "based", "containing", "rich", "bearing"))
        or (chinese and token.text not in ("I", "No"))
    ):
        return Token(token.text, token.start, token.end, {"element": Elements(element.symbols)})
    return Token(token.text, token.start, token.end, lexicon.phrases[key_of(token.text)] if named else {"filler": True})


def _words(text: str, start: int, end: int, lexicon: Lexicon) -> Iterator[Token]:
    at = start
    while at < end:
        character = text[at]
        if character.isspace() or character in "'-/*\"`~+|":
            at += 1
        elif _BREAK.match(character):
            yield Token(character, at, at + 1, {"break": True})
            at += 1
        else:
            token = _chinese(text, at, end, lexicon) if _CJK.match(character) else _english(text, at, end, lexicon)
            yield token
            at = token.end


def _chinese(text: str, at: int, end: int, lexicon: Lexicon) -> Token:
    for size in range(min(24, end - at), 0, -1):
        piece = text[at : at + size]
        if piece[-1].isspace():
            continue
        senses = lexicon.phrases.get(re.sub(r"\s+", "", piece).casefold())
        if senses and not _cuts_longer(text, at, at + size, end, lexicon):
            return Token(piece, at, at + size, senses)
    stop = at + 1
    while (
        stop < end
        and _CJK.match(text[stop])
        and not any(
            re.sub(r"\s+", "", text[stop : stop + size]).casefold() in lexicon.phrases
            for size in range(1, 7)
            if stop + size <= end
        )
    ):
        stop += 1
    return Token(text[at:stop], at, stop, {})


def _cuts_longer(text: str, at: int, stop: int, end: int, lexicon: Lexicon) -> bool:
    """Whether a phrase here would cut a longer one that begins in it, as 哪种拓扑 cuts 拓扑绝缘体."""
    return any(
        text[at:start] in lexicon.phrases and text[start:close] in lexicon.phrases
        for start in range(at + 1, stop)
        for close in range(max(stop, start + stop - at) + 1, min(end, start + 12) + 1)
    )


def _english(text: str, at: int, end: int, lexicon: Lexicon) -> Token:
    places: list[tuple[str, int]] = []
    scan = at
    while scan < end and len(places) < lexicon.longest:
        while scan < end and text[scan] in " -'/_.":
            if text[scan] == "." and places and not re.match(r"\.\w", text[scan:end]):
                break
            scan += 1
        word = _WORD.match(text, scan, end)
        if not word:
            break
        for part in re.finditer(r"[^_]+", word.group()):
            places.append((corrected(stem(part.group().casefold()), lexicon), word.start() + part.end()))
        scan = word.end()
    for size in range(len(places), 0, -1):
        senses = lexicon.phrases.get(" ".join(word for word, _ in places[:size]))
        if senses:
            return Token(text[at : places[size - 1][1]], at, places[size - 1][1], senses)
    stop = places[0][1] if places else at + 1
    return Token(text[at:stop], at, stop, {} if places else {"filler": True})


def corrected(word: str, lexicon: Lexicon) -> str:
    """The word of the lexicon meant by a slip of one letter (two in long words); the word itself if it is known or far from all."""
    if len(word) < 5 or word in lexicon.vocabulary:
        return word
    allowed = 1 if len(word) < 9 else 2
    best, best_distance = word, allowed + 1
    for length in range(len(word) - allowed, len(word) + allowed + 1):
        for candidate in lexicon.lengths.get(length, ()):
            if len(candidate) >= 5 and (candidate[0] == word[0] or candidate[1] == word[1]):
                distance = edits(word, candidate, best_distance)
                if distance < best_distance:
                    best, best_distance = candidate, distance
    return best


def edits(one: str, other: str, stop: int) -> int:
    """Insertions, deletions, replacements and swaps of neighbours between two words; at least `stop` if more."""
    previous: list[int] = []
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        before, previous, row = previous, row, [i] + [0] * len(other)
        for j, right in enumerate(other, 1):
            row[j] = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (left != right))
            if i > 1 and j > 1 and left == other[j - 2] and one[i - 2] == right:
                row[j] = min(row[j], before[j - 2] + 1)
        if min(row) >= stop:
            return stop
    return row[-1]
