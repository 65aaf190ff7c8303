"""Addresses of the API: it checks tokens and sessions itself, so the log-in page stays out of its way."""

from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver

from knowledge.api.api import api


def _opened(pattern: URLPattern | URLResolver) -> URLPattern | URLResolver:
    if isinstance(pattern, URLPattern):
        pattern.callback = login_not_required(pattern.callback)
    return pattern


api_patterns = ([_opened(pattern) for pattern in api.urls[0]], "knowledge-api")
