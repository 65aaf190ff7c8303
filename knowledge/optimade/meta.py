"""The `meta` of every answer: what was asked, how much there is, who answers."""

from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from django.conf import settings

from knowledge.optimade.asking import API_VERSION, Asked
from knowledge.optimade.fields import PREFIX

SCHEMA = "https://schemas.optimade.org/openapi/v1.2/optimade.json"


@cache
def _implementation() -> dict[str, Any]:
    try:
        own = version("lodestone")
    except PackageNotFoundError:
        own = "0"
    return {"name": "Lodestone", "version": own}


@cache
def provider() -> dict[str, Any]:
    """Who provides the data, as the site's settings say it."""
    said = settings.KNOWLEDGE
    found = {"name": said.optimade_name, "description": said.optimade_description, "prefix": PREFIX.strip("_")}
    return found | ({"homepage": said.optimade_homepage} if said.optimade_homepage else {})


def meta_of(
    asked: Asked,
    *,
    more: bool,
    data_returned: int | None = None,
    data_available: int | None = None,
    warnings: tuple[str, ...] = (),
) -> dict[str, Any]:
    """The meta member. `warnings` are sentences."""
    path = "/" + asked.path.removeprefix("v1.2.0").removeprefix("v1.2").removeprefix("v1").strip("/")
    found: dict[str, Any] = {
        "query": {"representation": f"{path}?{asked.query}" if asked.query else path},
        "api_version": API_VERSION,
        "more_data_available": more,
        "time_stamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "schema": SCHEMA,
        "provider": provider(),
        "implementation": _implementation(),
    }
    if data_returned is not None:
        found["data_returned"] = data_returned
    if data_available is not None:
        found["data_available"] = data_available
    if warnings:
        found["warnings"] = [{"type": "warning", "detail": text} for text in warnings]
    return found
