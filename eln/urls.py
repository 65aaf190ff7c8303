"""Addresses of eln."""

from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, path

from eln.accounts import views as accounts
from eln.entries import api as files
from eln.entries import views as entries
from eln.filing import views as filing
from eln.instruments import connect, exports
from eln.instruments import views as instruments
from eln.reading import views as reading
from eln.runs import views as runs
from eln.samples import views as samples
from eln.ui import views as ui
from eln.upload import views as upload

app_name = "eln"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", ui.home, name="home"),
    path("login/", accounts.Login.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("language/", accounts.language, name="language"),
    path("projects/", accounts.projects, name="projects"),
    path("projects/<slug:slug>/", accounts.project, name="project"),
    path("status/", ui.status, name="status"),
    path("status/failures/<int:pk>/", ui.failure_again, name="failure-again"),
    path("entries/", entries.entries, name="entries"),
    path("entries/<int:pk>/", entries.entry, name="entry"),
    path("entries/<int:pk>/change/", entries.entry_change, name="entry-change"),
    path("entries/<int:pk>/comment/", entries.entry_comment, name="entry-comment"),
    path("entries/<int:pk>/plot.json", files.entry_plot, name="entry-plot"),
    path("files/<int:pk>/plot.json", files.attachment_plot, name="attachment-plot"),
    path("files/<int:pk>/grid/", files.attachment_grid, name="attachment-grid"),
    path("files/<int:pk>/grid.png", files.attachment_picture, name="attachment-picture"),
    path("files/<int:pk>/cells.csv", files.attachment_cells, {"kind": "csv"}, name="attachment-cells-csv"),
    path("files/<int:pk>/cells.npy", files.attachment_cells, {"kind": "npy"}, name="attachment-cells-npy"),
    path("files/<int:pk>/download/", files.attachment_download, name="attachment-download"),
    path("files/<int:pk>/reading/", reading.file_reading, name="file-reading"),
    path("test-file/", reading.test_file, name="test-file"),
    path("test-file/<str:key>/", reading.trial, name="trial"),
    path("test-file/<str:key>/reading/", reading.trial_reading, name="trial-reading"),
    path("test-file/<str:key>/plot.json", reading.trial_plot, name="trial-plot"),
    path("test-file/<str:key>/preview.png", reading.trial_picture, name="trial-picture"),
    path("formats/", reading.formats, name="formats"),
    path("mappings/", reading.mappings, name="mappings"),
    path("mappings/<int:pk>/withdraw/", reading.mapping_forget, name="mapping-withdraw"),
    path("inbox/", filing.inbox, name="inbox"),
    path("inbox/act/", filing.act, name="inbox-act"),
    path("samples/", samples.samples, name="samples"),
    path("samples/<int:pk>/", samples.sample, name="sample"),
    path("instruments/", instruments.instruments, name="instruments"),
    path("connect/", connect.new, name="instrument-new"),
    path("instruments/<slug:slug>/", instruments.instrument, name="instrument"),
    path("instruments/<slug:slug>/channels/", reading.channels, name="channels"),
    path("instruments/<slug:slug>/stream/", instruments.stream, name="stream"),
    path("instruments/<slug:slug>/export/", exports.instrument_export, name="instrument-export"),
    path("instruments/<slug:slug>/export/<str:kind>/", exports.instrument_export, name="instrument-export"),
    path("runs/<str:uid>/export/<str:kind>/", exports.run_export, name="run-export"),
    path("instruments/<slug:slug>/runs/", runs.runs, name="runs"),
    path("instruments/<slug:slug>/runs/rule/", runs.rule, name="run-rule"),
    path("runs/<path:uid>/plot.json", runs.plot, name="run-plot"),
    path("runs/<path:uid>/change/", runs.change, name="run-change"),
    path("runs/<path:uid>/", runs.run, name="run"),
    path("instruments/<slug:slug>/setup/", instruments.setup, name="instrument-setup"),
    path("instruments/<slug:slug>/describe/", instruments.describe, name="instrument-describe"),
    path("instruments/<slug:slug>/agents/<int:pk>/", instruments.agent, name="agent"),
    path("instruments/<slug:slug>/rules/<int:pk>/forget/", instruments.forget, name="rule-forget"),
    path("instruments/<slug:slug>/watch/", instruments.watch, name="watch"),
    path("instruments/<slug:slug>/history.json", instruments.history, name="instrument-history"),
    path("instruments/<slug:slug>/connect/", connect.connect, name="connect"),
    path("instruments/<slug:slug>/connect/<int:pk>/", connect.waiting, name="connect-waiting"),
    path("instruments/<slug:slug>/connect/<int:pk>/cancel/", connect.cancel, name="connect-cancel"),
    path("upload/", upload.upload, name="upload"),
    path("upload/<str:pk>/", upload.receipt, name="receipt"),
    path("gallery/", ui.gallery, name="gallery"),
    path("gallery/plot.json", ui.gallery_plot, name="gallery-plot"),
]
