"""XML without what can harm: no entities, no foreign document types; names without their namespaces."""

import re
from xml.etree import ElementTree as ET
from xml.parsers import expat

from ingest.parsers.protocol import CannotParse


def tree_of(data: bytes, what: str, own_doctype: bool = False) -> ET.Element:
    """The root element. Entities are refused, and document types but where the format (`what`) writes its own inside the file.

    Raises CannotParse.
    """
    parser, builder = expat.ParserCreate(), ET.TreeBuilder()

    def refuse(*_: object) -> None:
        raise CannotParse(f"the XML declares entities or a document type, which no {what} file has; it was not opened")

    def doctype(_name: str, system: str | None, public: str | None, internal: bool) -> None:
        if not own_doctype or system or public or not internal:
            refuse()

    parser.StartDoctypeDeclHandler = doctype
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = lambda tag, given: builder.start(tag.rsplit(":", 1)[-1], given)
    parser.EndElementHandler = lambda tag: builder.end(tag.rsplit(":", 1)[-1])
    parser.CharacterDataHandler = builder.data
    parser.buffer_text = True
    try:
        parser.Parse(data, True)
        return builder.close()
    except (expat.ExpatError, AssertionError, LookupError, ValueError) as error:
        raise CannotParse(f"the XML is damaged: {error}") from error


def root_name(head: bytes) -> str:
    """The name of the root element in the first bytes of a file, without its namespace; empty when there is none."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head.decode("utf-16", errors="ignore").encode()
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start.startswith(b"<"):
        return ""
    start = re.sub(rb"<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>|<!--.*?-->|<\?.*?\?>", b"", start[:32768], flags=re.DOTALL)
    match = re.search(rb"<(?![?!])\s*([\w:.-]+)", start)
    return match[1].rsplit(b":", 1)[-1].decode("ascii", errors="replace") if match else ""


def text_at(node: ET.Element | None, path: str) -> str | None:
    """The text of the first element at `path`; none when it is absent or blank."""
    found = node.find(path) if node is not None else None
    return found.text.strip() if found is not None and found.text and found.text.strip() else None


def number_at(node: ET.Element | None, path: str) -> float | None:
    """The number in the first element at `path`; none when there is none."""
    return number_of(text_at(node, path))


def number_of(text: str | None) -> float | None:
    """The number a text is; none for none and for anything else."""
    try:
        return float(text.replace(",", ".")) if text else None
    except ValueError:
        return None
