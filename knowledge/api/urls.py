"""Addresses of the API: it knows its callers itself, so the log-in page stays out of its way."""

from django.urls import URLPattern, path

from knowledge.api import exports, me, records, search, topics, webhooks
from knowledge.api.application import api
from knowledge.api.gate import gated, nothing_here

for router in (search.router, records.router, topics.router, exports.router, webhooks.router, me.router):
    api.add_router("", router)


def _gated(pattern: URLPattern) -> URLPattern:
    pattern.callback = gated(pattern.callback)
    return pattern


_patterns = [
    _gated(pattern) for pattern in api.urls[0] if isinstance(pattern, URLPattern) and pattern.name != "api-root"
]
api_patterns = (
    [*_patterns, path("", nothing_here, name="api-root"), path("<path:rest>", nothing_here)],
    "knowledge-api",
)
