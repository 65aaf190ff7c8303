"""What analysis shows on other packages' pages."""

from dataclasses import replace

from django.http import HttpRequest
from django.template.loader import render_to_string

from analysis.datasets.query import targets_of
from knowledge.query.types import Query
from knowledge.query.urls import query_to_params


def train_button(request: HttpRequest, query: Query | None) -> str:
    """The button beside a result list."""
    if query is None or not targets_of(query):
        return ""
    plain = replace(query, select=(), sort=(), limit=Query().limit, offset=0, aggregate=None, facets=())
    return render_to_string("analysis/train_button.html", {"query": query_to_params(plain)}, request)
