"""The address of the OPTIMADE server: /optimade itself and everything below."""

from django.urls import path, re_path

from knowledge.optimade.views import optimade

app_name = "optimade"
urlpatterns = [path("optimade", optimade, name="base"), re_path(r"^optimade/(?P<path>.*)$", optimade, name="below")]
