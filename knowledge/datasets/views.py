"""Pages of data sets and of the catalogue; the same as Turtle, JSON-LD and Atom, by address or by what the client accepts."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed

from eln.accounts.scope import Scope
from eln.accounts.selectors import reader
from knowledge.datasets import selectors
from knowledge.datasets.catalogue import Described, Variable, dcat, dcat_json, schema_org, turtle
from knowledge.materials.presentation import property_label, topic_label
from knowledge.materials.wording import dataset_title
from knowledge.quality import selectors as quality
from knowledge.quality.models import Finding
from knowledge.query.types import Compare, Query
from knowledge.query.urls import query_to_params
from knowledge.records.models import Dataset, Kind
from knowledge.topics.schema import topics

TURTLE, JSON_LD = "text/turtle", "application/ld+json"
MOST_VERSIONS = 50


def _wanted(request: HttpRequest, form: str, forms: dict[str, str]) -> str:
    """The media type of the address's ending; without one, what the client prefers. Raises Http404 for another ending."""
    if form and form not in forms:
        raise Http404(form)
    return forms.get(form) or request.get_preferred_type(["text/html", TURTLE, JSON_LD]) or "text/html"


def _query(dataset: Dataset) -> Query:
    kinds = (Kind.PREDICTION.value,) if dataset.kind == Kind.PREDICTION else ()
    return Query(topic=dataset.topic, where=Compare("dataset", "=", dataset.slug), kinds=kinds)


def _described(request: HttpRequest, dataset: Dataset, records: int) -> Described:
    schema = topics().get(dataset.topic)
    notes = [
        f"{one.created:%Y-%m-%d}: {one.added} added, {one.changed} changed, {one.withdrawn} withdrawn"
        for one in selectors.versions_of(dataset)[:MOST_VERSIONS]
    ]
    api = reverse("knowledge:search") + "?" + query_to_params(_query(dataset))
    return Described(
        slug=dataset.slug, title=dataset.title, topic=dataset.topic,
        topic_label=schema.label.get("en", dataset.topic) if schema else dataset.topic, kind=dataset.kind,
        version=dataset.version, licence=dataset.licence, citation=dataset.citation.strip(), url=dataset.url,
        records=records, created=dataset.created, updated=dataset.updated,
        address=request.build_absolute_uri(reverse("knowledge:dataset", args=[dataset.slug])),
        download=request.build_absolute_uri(api),
        variables=[Variable(one.name, one.label, one.unit) for one in selectors.properties_of(dataset)], changes=notes,
    )  # fmt: skip


def datasets(request: HttpRequest, form: str = "") -> HttpResponse:
    """The catalogue of all data sets: page, Turtle, JSON-LD or Atom feed."""
    scope = Scope.of(reader(request))
    topic = request.GET.get("topic", "")
    found = selectors.dataset_list(scope=scope, topic=topic)
    wanted = _wanted(request, form, {"ttl": TURTLE, "jsonld": JSON_LD, "atom": "atom"})
    if wanted == "text/html":
        groups: dict[str, list[Dataset]] = {}
        for one in found:
            groups.setdefault(one.topic, []).append(one)
        shown = [(name, topic_label(name), sets) for name, sets in groups.items()]
        return _negotiated(render(request, "knowledge/datasets.html", {"groups": shown}))
    described = [_described(request, one, getattr(one, "present", 0)) for one in found]
    catalogue = request.build_absolute_uri(reverse("knowledge:datasets"))
    if wanted == "atom":
        return _feed(described, catalogue)
    triples = dcat(described, catalogue=catalogue, title="Lodestone: data sets of this laboratory")
    if wanted == TURTLE:
        return _negotiated(HttpResponse(turtle(triples), content_type=f"{TURTLE}; charset=utf-8"))
    return _negotiated(JsonResponse(dcat_json(triples), content_type=JSON_LD))


def _feed(described: list[Described], catalogue: str) -> HttpResponse:
    feed = Atom1Feed(
        title="Lodestone: data sets", link=catalogue, description="", feed_url=f"{catalogue.rstrip('/')}.atom"
    )
    for one in sorted(described, key=lambda one: one.updated, reverse=True):
        feed.add_item(
            title=one.title, link=one.address, description=f"{one.description} {' '.join(one.changes[:1])}",
            updateddate=one.updated, pubdate=one.created, unique_id=f"{one.address}#{one.version}",
        )  # fmt: skip
    return HttpResponse(feed.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8")


def _negotiated(response: HttpResponse) -> HttpResponse:
    response["Vary"] = "Accept, Cookie"
    return response


def dataset(request: HttpRequest, slug: str, form: str = "") -> HttpResponse:
    """One data set: page, schema.org JSON-LD (`.jsonld`), DCAT as Turtle (`.ttl`) or JSON-LD (`.dcat.jsonld`)."""
    scope = Scope.of(reader(request))
    found = selectors.dataset_get(scope=scope, slug=slug)
    if found is None:
        raise Http404(slug)
    records = getattr(selectors.dataset_list(scope=scope).get(pk=found.pk), "present", 0)
    wanted = _wanted(request, form, {"ttl": TURTLE, "jsonld": JSON_LD, "dcat": "dcat"})
    if wanted != "text/html":
        return _negotiated(_for_machines(request, _described(request, found, records), wanted))
    response = render(request, "knowledge/dataset.html", _page(found, records, scope))
    page = reverse("knowledge:dataset", args=[slug]).rstrip("/")
    response["Link"] = (
        f'<{page}.jsonld>; rel="describedby"; type="{JSON_LD}", <{page}.ttl>; rel="alternate"; type="{TURTLE}"'
    )
    return _negotiated(response)


def _for_machines(request: HttpRequest, one: Described, wanted: str) -> HttpResponse:
    catalogue = request.build_absolute_uri(reverse("knowledge:datasets"))
    if wanted == JSON_LD:
        return JsonResponse(schema_org(one, catalogue=catalogue), content_type=JSON_LD)
    triples = dcat([one], catalogue=catalogue, title="Lodestone: data sets of this laboratory")
    if wanted == "dcat":
        return JsonResponse(dcat_json(triples), content_type=JSON_LD)
    return HttpResponse(turtle(triples), content_type=f"{TURTLE}; charset=utf-8")


def _page(found: Dataset, records: int, scope: Scope) -> dict[str, Any]:
    run = quality.run_last(topic=found.topic)
    return {
        "dataset": found, "title": dataset_title(found.title), "records": records, "topic": topic_label(found.topic),
        "query": _query(found), "search": query_to_params(_query(found)), "versions": selectors.versions_of(found)[:MOST_VERSIONS],
        "files": [
            (file, [(one, property_label(found.topic, one.property) if one.property else "") for one in file.columns])
            for file in selectors.files_of(found)
        ],
        "findings": quality.counts(scope=scope, dataset=found.slug),
        "kinds": [(kind.value, kind.label) for kind in Finding.Kind],
        "coverage": quality.coverage(run, scope=scope, dataset=found.slug)[:1] if run else [], "run": run,
    }  # fmt: skip
