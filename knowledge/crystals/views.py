"""The crystal structure of a record for the page's elements: atoms as JSON, a still drawing, a powder pattern, the CIF itself."""

from typing import TypeVar, cast

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from eln.accounts.models import User
from eln.accounts.scope import Scope
from knowledge.chemistry.elements import elements
from knowledge.crystals.drawing import colour, drawing
from knowledge.crystals.pattern import pattern_document
from knowledge.crystals.radiation import radiation_of
from knowledge.crystals.reader import StructureUnreadable, cell_of, peaks_of_cif
from knowledge.records.models import Record
from knowledge.records.selectors import record_get

KEPT_S = 3600
Answer = TypeVar("Answer", bound=HttpResponse)


def _record(request: HttpRequest, pk: str) -> Record:
    found = record_get(scope=Scope.of(cast(User, request.user)), record_id=pk)
    if found is None or not found.structure:
        raise Http404(pk)
    return found


def structure_json(request: HttpRequest, pk: str) -> JsonResponse:
    """The atoms of the conventional cell (?cell=stored: as stored) with a colour for each element, for <lab-crystal>."""
    try:
        cell = cell_of(_record(request, pk).structure, request.GET.get("cell") != "stored")
    except StructureUnreadable as error:
        return JsonResponse({"error": error.message}, status=422)
    symbols = sorted({symbol for site in cell["sites"] for symbol, _share in site["species"]})
    facts = elements()
    told = {
        symbol: {
            "colour": colour(symbol),
            "electronegativity": min(facts[symbol].electronegativity, 4.0) if symbol in facts else 0,
            "radius": cell["radii"][symbol],
            "metal": symbol in cell["metals"],
        }
        for symbol in symbols
    }
    return _kept(JsonResponse(cell | {"elements": told}))


def structure_svg(request: HttpRequest, pk: str) -> HttpResponse:
    """A still drawing of the cell."""
    try:
        text = drawing(cell_of(_record(request, pk).structure, True))
    except StructureUnreadable as error:
        raise Http404(error.message) from error
    return _kept(HttpResponse(text, content_type="image/svg+xml"))


def structure_cif(request: HttpRequest, pk: str) -> HttpResponse:
    """The structure as its source gave it."""
    record = _record(request, pk)
    response = HttpResponse(record.structure, content_type="chemical/x-cif; charset=utf-8")
    name = "".join(
        sign for sign in f"{record.formula}-{record.pk}" if sign.isascii() and (sign.isalnum() or sign == "-")
    )
    response["Content-Disposition"] = f'attachment; filename="{name}.cif"'
    return response


def pattern_json(request: HttpRequest, pk: str) -> JsonResponse:
    """The powder pattern for ?radiation= (CuKa, MoKa, ...), ?wavelength= (angstrom) or ?energy= (keV)."""
    record = _record(request, pk)
    radiation = radiation_of({name: request.GET.get(name, "") for name in ("radiation", "wavelength", "energy")})
    try:
        return _kept(JsonResponse(pattern_document(peaks_of_cif(record.structure, radiation), radiation)))
    except StructureUnreadable as error:
        return JsonResponse({"error": error.message}, status=422)


def _kept(response: Answer) -> Answer:
    response["Cache-Control"] = f"private, max-age={KEPT_S}"
    return response
