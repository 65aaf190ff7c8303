"""JSON as files hold it: plain, one document a line, assigned to a variable of JavaScript, or nearly JSON."""

import ast
import json
import re
from typing import Any

import orjson

from knowledge.imports.tables import Refused

_ASSIGNED = re.compile(
    r"\s*(?:(?:/\*.*?\*/|//[^\n]*\n)\s*)*(?:export\s+default\s*|(?:export\s+)?(?:var|let|const)\s+[\w$]+\s*(?::[^=]+)?=\s*|"
    r"(?:[\w$]+\.)*[\w$]+(?:\[['\"]\w+['\"]\])?\s*=\s*|[\w$.]+\s*\(\s*)(?=[\[{])",
    re.S,
)
_TOKENS = re.compile(
    r"(?P<string>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')|(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<key>[A-Za-z_$][\w$]*)(?=\s*:)|"
    r"(?P<comma>,(?=\s*(?://[^\n]*\s*)*[\]}]))|(?P<word>\bundefined\b|\bNone\b|\bTrue\b|\bFalse\b)",
    re.S,
)
_WORDS = {"undefined": "null", "None": "null", "True": "true", "False": "false"}


def is_json(text: str) -> bool:
    """Whether a text begins as JSON does, or as JSON assigned to a variable."""
    head = text[:4000].lstrip("\ufeff \t\r\n")
    if head[:1] == "{" or (head[:1] == "[" and re.match(r"\[\s*(?:[\[{\"\d\-\]]|true|false|null|NaN)", head)):
        return True
    return bool(_ASSIGNED.match(head))


def _loads(data: str | bytes) -> Any:  # Any: JSON
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return json.loads(data)


def _repaired(text: str) -> str:
    """JavaScript's and Python's literals as JSON: keys without quotes, single quotes, trailing commas, comments."""

    def token(found: re.Match[str]) -> str:
        if string := found["string"]:
            inner = string[1:-1]
            return string if string[0] == '"' else json.dumps(inner.replace("\\'", "'").replace('\\"', '"'))
        if found["key"]:
            return f'"{found["key"]}"'
        return _WORDS.get(found["word"] or "", "")

    return _TOKENS.sub(token, text)


def _lines(text: str) -> tuple[list[Any], list[tuple[int, str]]]:
    """The documents of a text with one a line, none where a line is no JSON, and those lines."""
    found: list[Any] = []
    broken: list[tuple[int, str]] = []
    for line in filter(str.strip, text.split("\n")):
        try:
            found.append(_loads(line.strip().rstrip(",")))
        except ValueError as error:
            found.append(None)
            broken.append((len(found), f"is no readable JSON: {error}"))
    return found, broken


def json_of(text: str) -> tuple[Any, list[tuple[int, str]]]:
    """The document of a text, and its lines that are no JSON where it has one document a line. Raises Refused."""
    try:
        return _loads(text), []
    except (ValueError, RecursionError) as error:
        reason = f"is no readable JSON: {error}"
    body = text.strip()
    if "\n" in body and not _ASSIGNED.match(text[:4000]):
        found, broken = _lines(body)
        if len(found) > 1 and len(broken) <= len(found) / 2:
            return found, broken
    if assigned := _ASSIGNED.match(text):
        body = text[assigned.end() :]
    for attempt in (body, _repaired(body)):
        try:
            return json.JSONDecoder().raw_decode(attempt.lstrip())[0], []
        except (ValueError, RecursionError):
            continue
    try:
        return ast.literal_eval(body), []
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise Refused(reason) from None
