"""Addresses of knowledge."""

from django.urls import URLPattern, URLResolver, include, path

from knowledge.access import views as access
from knowledge.api.urls import api_patterns
from knowledge.crystals import views as crystals
from knowledge.datasets import views as datasets
from knowledge.editor import views as editor
from knowledge.exports import views as exports
from knowledge.federation import views as federation
from knowledge.materials import views
from knowledge.proposals import views as proposals
from knowledge.quality import views as quality
from knowledge.webhooks import views as webhooks
from knowledge.wizard import views as wizard

app_name = "knowledge"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.search, name="search"),
    path("topics/", editor.topic_list, name="topics"),
    path("topics/new/", editor.edit, name="topic-new"),
    path("topics/<slug:topic>/", views.topic, name="topic"),
    path("topics/<slug:topic>/edit/", editor.edit, name="topic-edit"),
    path("topics/<slug:topic>/versions/", editor.versions, name="topic-versions"),
    path("materials/<str:formula>/", views.material, name="material"),
    path("materials/<str:formula>/graph.json", views.graph, name="material-graph"),
    path("searches/", views.search_save, name="search-save"),
    path("searches/<int:pk>/forget/", views.search_forget, name="search-forget"),
    path("plot.csv", views.plot_csv, name="plot-csv"),
    path("compare/", views.compare, name="compare"),
    path("records/<str:pk>/", views.record, name="record"),
    path("records/<str:pk>/structure.json", crystals.structure_json, name="structure-json"),
    path("records/<str:pk>/structure.svg", crystals.structure_svg, name="structure-svg"),
    path("records/<str:pk>/structure.cif", crystals.structure_cif, name="structure-cif"),
    path("records/<str:pk>/pattern.json", crystals.pattern_json, name="pattern-json"),
    path("records/<str:pk>/peaks.json", views.peaks, name="record-peaks"),
    path("proposals/", proposals.proposals, name="proposals"),
    path("proposals/<int:pk>/", proposals.proposal, name="proposal"),
    path("quality/", quality.quality, name="quality"),
    path("quality.csv", quality.quality_csv, name="quality-csv"),
    path("quality/check/", quality.quality_run, name="quality-run"),
    path("quality/<int:pk>/cancel/", quality.quality_cancel, name="quality-cancel"),
    path("datasets/", datasets.datasets, name="datasets"),
    path("datasets.<str:form>", datasets.datasets, name="datasets-form"),
    path("datasets/<slug:slug>/", datasets.dataset, name="dataset"),
    path("datasets/<slug:slug>.<str:form>", datasets.dataset, name="dataset-form"),
    path("keys/", access.keys, name="keys"),
    path("keys/<int:pk>/rotate/", access.rotate, name="key-rotate"),
    path("keys/<int:pk>/revoke/", access.revoke, name="key-revoke"),
    path("exports/", exports.exports, name="exports"),
    path("exports/new/", exports.new, name="export-new"),
    path("exports/<slug:uid>/", exports.export, name="export"),
    path("exports/<slug:uid>/file", exports.download, name="export-file"),
    path("exports/<slug:uid>/manifest.json", exports.manifest, name="export-manifest"),
    path("exports/<slug:uid>/<slug:action>/", exports.change, name="export-change"),
    path("federated/", federation.searches, name="federated"),
    path("federated/databases/", federation.databases, name="federated-databases"),
    path("federated/api/", federation.api_searches, name="federated-api"),
    path("federated/api/<slug:uid>/", federation.api_search, name="federated-api-search"),
    path("federated/<slug:uid>/", federation.search, name="federated-search"),
    path("federated/<slug:uid>/<slug:action>/", federation.change, name="federated-change"),
    path("webhooks/", webhooks.webhooks, name="webhooks"),
    path("webhooks/<slug:uid>/", webhooks.webhook, name="webhook"),
    path("webhooks/<slug:uid>/deliveries/<slug:delivery>/", webhooks.again, name="webhook-again"),
    path("webhooks/<slug:uid>/<slug:action>/", webhooks.change, name="webhook-change"),
    path("imports/", wizard.imports, name="imports"),
    path("imports/<slug:uid>/", wizard.one, name="import"),
    path("imports/<slug:uid>/<slug:action>/", wizard.change, name="import-change"),
    path("api/v1/", include(api_patterns)),
]
