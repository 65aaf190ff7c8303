"""Addresses of eln."""

from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, path

from eln.accounts import views as accounts
from eln.ui import views as ui

app_name = "eln"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", ui.home, name="home"),
    path("login/", accounts.Login.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("language/", accounts.language, name="language"),
    path("projects/", accounts.projects, name="projects"),
    path("projects/<slug:slug>/", accounts.project, name="project"),
    path("gallery/", ui.gallery, name="gallery"),
    path("gallery/plot.json", ui.gallery_plot, name="gallery-plot"),
]
