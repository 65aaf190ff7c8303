"""Takes chosen entries of other databases into a topic: their bytes through the gateway, their structures through the importer."""

import hashlib
import tempfile
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from knowledge.federation.errors import FederationError
from knowledge.federation.merging import formula_of, spacegroup_of
from knowledge.federation.models import FederatedSearch, Found, Provider
from knowledge.formula import NotAFormula, parse_formula
from knowledge.imports.rows import Read
from knowledge.imports.storing import bytes_accept, import_store
from knowledge.imports.structures import structures_read
from knowledge.imports.structures.drafts import structure_draft
from knowledge.imports.tables import Source
from knowledge.optimade.errors import NoSuchThing
from knowledge.optimade.writing import cif
from knowledge.records.drafts import Draft, Value
from knowledge.records.models import Dataset, Kind
from knowledge.records.services import dataset_ensure, record_id

TOPIC = "crystal_structures"
MOST = 200


def entries_pull(search: FederatedSearch, chosen: list[int]) -> list[str]:
    """Records of the chosen entries, one data set for each database; their ids. Entries of this site are records already.

    Raises FederationError if nothing can be taken.
    """
    found = Found.objects.filter(part__search=search, pk__in=chosen[:MOST], part__provider__isnull=False)
    by_provider: dict[int, list[Found]] = defaultdict(list)
    providers: dict[int, Provider] = {}
    for one in found.select_related("part__provider").order_by("pk"):
        provider = one.part.provider
        if provider is not None:
            by_provider[provider.pk].append(one)
            providers[provider.pk] = provider
    made = [key for pk, members in by_provider.items() for key in _pull(search, providers[pk], members)]
    if not made:
        raise FederationError("Choose entries of other databases that have a formula.")
    return made


def _pull(search: FederatedSearch, provider: Provider, members: list[Found]) -> list[str]:
    slug = f"optimade-{provider.slug}"
    known = Dataset.objects.filter(slug=slug).first()
    dataset = dataset_ensure(
        slug=slug, topic=TOPIC, title=provider.name, kind=Kind.COMPUTATION, licence=provider.licence,
        citation=provider.citation or provider.name, url=provider.base_url, version=known.version if known else "",
    )  # fmt: skip
    lines = b"".join(orjson.dumps(one.document) + b"\n" for one in members)
    name = f"{slug}-{hashlib.sha256(lines).hexdigest()[:12]}.jsonl"
    read = Read()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(lines)
        digest = hashlib.sha256(lines).hexdigest()
        receipt = bytes_accept(path, kind=Kind.COMPUTATION, dataset=slug, sha256=digest)
        for number, (one, draft) in enumerate(zip(members, _drafts(members, receipt, name), strict=True), 1):
            if draft is None:
                read.rejected.append({"row": number, "reason": f"{one.entry_id}: no formula that reads"})
            else:
                read.drafts.append(draft)
        source = Source(name=name, files=(path,), reader="structure")
        import_store(dataset, source, read, part=name, mark=digest, receipts=[receipt], mapping={})
    made = []
    for one in members:
        if one.formula:
            one.pulled = record_id(slug, one.entry_id)
            made.append(one.pulled)
    Found.objects.bulk_update(members, ["pulled"])
    return made


def _drafts(members: list[Found], receipt: str, name: str) -> list[Draft | None]:
    texts = [_cif(one.document) for one in members]
    answers = iter(structures_read([{"cif": text, "diffraction": True} for text in texts if text]))
    drafts = []
    for number, (one, text) in enumerate(zip(members, texts, strict=True), 1):
        answer: dict[str, Any] = next(answers) if text else {"error": "no structure"}
        place: dict[str, Any] = {
            "key": one.entry_id,
            "receipt": receipt,
            "file_name": name,
            "locator": f"line {number}",
        }
        drafts.append(_bare(one, place) if "error" in answer else _full(one, answer["structures"][0], place))
    return drafts


def _full(one: Found, structure: dict[str, Any], place: dict[str, Any]) -> Draft:
    draft = structure_draft(structure, **place)
    return replace(draft, external_id=one.entry_id[:80])


def _bare(one: Found, place: dict[str, Any]) -> Draft | None:
    """An entry without sites that read: its composition and space group only."""
    text = formula_of(one.document)
    try:
        formula = parse_formula(text)
    except NotAFormula:
        return None
    sites = one.document["attributes"].get("nsites")
    values = (Value("nsites", sites, None, "nsites"),) if isinstance(sites, int) else ()
    return Draft(
        formula=formula.reduced,
        formula_source=str(one.document["attributes"].get("chemical_formula_descriptive") or text),
        elements=formula.elements,
        spacegroup_number=spacegroup_of(one.document),
        external_id=one.entry_id[:80],
        values=values,
        **place,
    )


def _cif(entry: dict[str, Any]) -> str:
    """The entry's structure as CIF; empty where it states none that can be written."""
    said = {"lattice_vectors": None, "chemical_formula_descriptive": None, "_lodestone_dataset": "optimade"}
    try:
        return cif({"id": entry["id"], "attributes": said | entry["attributes"]})
    except (NoSuchThing, KeyError, TypeError, ValueError, ZeroDivisionError, IndexError):
        return ""
