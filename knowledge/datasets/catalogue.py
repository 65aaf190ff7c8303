"""Data sets for machines: schema.org Dataset and DCAT 3, as JSON-LD and as triples. Pure.

Sources: schema.org/Dataset; W3C DCAT 3 (dcat:Catalog, dcat:Dataset, dcat:Distribution) with Dublin Core terms.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

Json = dict[str, object]
LICENCES = (
    (r"\bCC[ -]?BY[ -]NC[ -]SA[ -]?4", "https://creativecommons.org/licenses/by-nc-sa/4.0/"),
    (r"\bCC[ -]?BY[ -]NC[ -]?4", "https://creativecommons.org/licenses/by-nc/4.0/"),
    (r"\bCC[ -]?BY[ -]SA[ -]?4", "https://creativecommons.org/licenses/by-sa/4.0/"),
    (r"\bCC[ -]?BY[ -]?4", "https://creativecommons.org/licenses/by/4.0/"),
    (r"\bCC[ -]?BY[ -]?3", "https://creativecommons.org/licenses/by/3.0/"),
    (r"\bCC0", "https://creativecommons.org/publicdomain/zero/1.0/"),
    (r"\bApache[ -]2", "https://spdx.org/licenses/Apache-2.0"),
    (r"\bBSD[ -]3", "https://spdx.org/licenses/BSD-3-Clause"),
    (r"\bGPL[ -]3", "https://spdx.org/licenses/GPL-3.0-only"),
    (r"\bMIT\b", "https://spdx.org/licenses/MIT"),
)
KINDS = {
    "measurement": "measured in this laboratory",
    "literature": "collected from the literature",
    "computation": "computed",
    "prediction": "predicted by a model",
}


@dataclass(frozen=True)
class Variable:
    """A property that the records state."""

    name: str
    label: str
    unit: str | None


@dataclass(frozen=True)
class Described:
    """What a description says of one data set. `address` is its page, `download` where its records can be had."""

    slug: str
    title: str
    topic: str
    topic_label: str
    kind: str
    version: str
    licence: str
    citation: str
    url: str
    records: int
    created: datetime
    updated: datetime
    address: str
    download: str
    variables: Sequence[Variable] = ()
    changes: Sequence[str] = ()

    @property
    def description(self) -> str:
        """One sentence, at least as long as search engines ask for."""
        what = ", ".join(variable.label for variable in self.variables[:8]) or "values"
        return f"{self.title}: {self.records} records about {self.topic_label.lower()}, {KINDS.get(self.kind, self.kind)}; {what}."


def licence_address(text: str) -> str | None:
    """The address of a well-known licence; none where the text names none for certain."""
    if re.match(r"https?://\S+$", text):
        return text
    return next((address for pattern, address in LICENCES if re.search(pattern, text, re.IGNORECASE)), None)


def doi_of(text: str) -> str | None:
    """The first DOI in a citation, as an address."""
    found = re.search(r"\b10\.\d{4,9}/[^\s;,]+[^\s;,.)]", text)
    return f"https://doi.org/{found.group()}" if found else None


def schema_org(one: Described, *, catalogue: str) -> Json:
    """schema.org Dataset as JSON-LD."""
    said: Json = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "@id": one.address,
        "name": one.title,
        "description": one.description,
        "identifier": one.slug,
        "url": one.address,
        "version": one.version,
        "dateCreated": one.created.isoformat(),
        "dateModified": one.updated.isoformat(),
        "keywords": [one.topic_label, "materials", KINDS.get(one.kind, one.kind)],
        "measurementTechnique": KINDS.get(one.kind, one.kind),
        "includedInDataCatalog": {"@type": "DataCatalog", "@id": catalogue, "name": "Lodestone", "url": catalogue},
        "distribution": {"@type": "DataDownload", "contentUrl": one.download, "encodingFormat": "application/json"},
        "variableMeasured": [_variable(variable) for variable in one.variables],
    }
    if one.licence:
        said["license"] = licence_address(one.licence) or one.licence
    if one.citation:
        said["citation"] = one.citation
        if doi := doi_of(one.citation):
            said["isBasedOn"] = doi
    if one.url:
        said["sameAs"] = one.url
    return said


def _variable(variable: Variable) -> Json:
    said: Json = {"@type": "PropertyValue", "propertyID": variable.name, "name": variable.label}
    return said | ({"unitText": variable.unit} if variable.unit else {})


# DCAT ------------------------------------------------------------------------------------------------------------

CONTEXT: Json = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "adms": "http://www.w3.org/ns/adms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


@dataclass(frozen=True)
class Iri:
    """A thing with an address."""

    address: str


@dataclass(frozen=True)
class Literal:
    """A text, with its language or type where it has one."""

    text: str
    language: str = ""
    type: str = ""


Term = Iri | Literal
Triple = tuple[Iri, str, Term]


def dcat(found: Sequence[Described], *, catalogue: str, title: str) -> Iterator[Triple]:
    """A catalogue with its data sets as triples; predicates as prefixed names of CONTEXT, `a` for the type."""
    home = Iri(catalogue)
    yield home, "a", Iri("http://www.w3.org/ns/dcat#Catalog")
    yield home, "dct:title", Literal(title, "en")
    yield (
        home,
        "dct:description",
        Literal("Topic databases of materials with source, licence and version of every value.", "en"),
    )
    for one in found:
        yield home, "dcat:dataset", Iri(one.address)
        yield from _dataset(one)


def _dataset(one: Described) -> Iterator[Triple]:
    me, file = Iri(one.address), Iri(f"{one.address}#records")
    yield me, "a", Iri("http://www.w3.org/ns/dcat#Dataset")
    yield me, "dct:title", Literal(one.title, "en")
    yield me, "dct:description", Literal(one.description, "en")
    yield me, "dct:identifier", Literal(one.slug)
    yield me, "dct:issued", Literal(one.created.isoformat(), type="xsd:dateTime")
    yield me, "dct:modified", Literal(one.updated.isoformat(), type="xsd:dateTime")
    yield me, "dcat:version", Literal(one.version)
    yield me, "dcat:landingPage", Iri(one.address)
    yield me, "dcat:keyword", Literal(one.topic_label, "en")
    yield me, "dcat:keyword", Literal(KINDS.get(one.kind, one.kind), "en")
    for note in one.changes:
        yield me, "adms:versionNotes", Literal(note, "en")
    if one.citation:
        yield me, "dct:bibliographicCitation", Literal(one.citation)
    if one.licence:
        address = licence_address(one.licence)
        yield (me, "dct:license", Iri(address)) if address else (me, "dct:rights", Literal(one.licence))
    for source in filter(None, (one.url, doi_of(one.citation))):
        if re.fullmatch(r"https?://[^\s<>\"{}|\\^`]+", source):
            yield me, "prov:wasDerivedFrom", Iri(source)
    yield me, "dcat:distribution", file
    yield file, "a", Iri("http://www.w3.org/ns/dcat#Distribution")
    yield file, "dct:title", Literal(f"Records of {one.title}", "en")
    yield file, "dcat:accessURL", Iri(one.download)
    yield file, "dcat:mediaType", Iri("https://www.iana.org/assignments/media-types/application/json")


def dcat_json(triples: Iterator[Triple]) -> Json:
    """Triples as JSON-LD with CONTEXT, a node for each subject."""
    nodes: dict[str, dict[str, list[Json]]] = {}
    types: dict[str, str] = {}
    for subject, predicate, term in triples:
        node = nodes.setdefault(subject.address, {})
        if predicate == "a" and isinstance(term, Iri):
            types[subject.address] = term.address
        else:
            node.setdefault(predicate, []).append(_json_term(term))
    graph = [{"@id": address, "@type": types[address], **said} for address, said in nodes.items()]
    return {"@context": CONTEXT, "@graph": graph}


def _json_term(term: Term) -> Json:
    if isinstance(term, Iri):
        return {"@id": term.address}
    said: Json = {"@value": term.text}
    if term.language:
        said["@language"] = term.language
    return said | ({"@type": term.type} if term.type else {})


def turtle(triples: Iterator[Triple]) -> str:
    """Triples in Turtle, with the prefixes of CONTEXT."""
    lines = [f"@prefix {name}: <{address}> ." for name, address in CONTEXT.items()]
    last = None
    for subject, predicate, term in triples:
        if subject != last:
            lines.append("")
            last = subject
        lines.append(f"<{_iri(subject.address)}> {predicate} {_turtle_term(term)} .")
    return "\n".join(lines) + "\n"


def _iri(address: str) -> str:
    return re.sub(
        r'[\x00-\x20<>"{}|\\^`]', lambda found: "".join(f"%{byte:02X}" for byte in found.group().encode()), address
    )


def _turtle_term(term: Term) -> str:
    if isinstance(term, Iri):
        return f"<{_iri(term.address)}>"
    signs = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    text = "".join(signs.get(sign, sign if sign >= " " else f"\\u{ord(sign):04X}") for sign in term.text)
    return f'"{text}"' + (f"@{term.language}" if term.language else f"^^{term.type}" if term.type else "")
