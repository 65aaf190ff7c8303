"""Root addresses: each package brings its own below its name, the notebook stands at the root."""

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.i18n import set_language

urlpatterns = [
    path("i18n/setlang/", login_not_required(set_language), name="set_language"),
    path("ingest/", include("ingest.urls")),
    path("knowledge/", include("knowledge.urls")),
    path("analysis/", include("analysis.urls")),
    path("chat/", include("chat.urls")),
    path("", include("knowledge.optimade.urls")),
    path("", include("eln.urls")),
]
