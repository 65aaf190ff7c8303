"""Addresses of eln."""

from django.urls import URLPattern, URLResolver

app_name = "eln"
urlpatterns: list[URLPattern | URLResolver] = []
