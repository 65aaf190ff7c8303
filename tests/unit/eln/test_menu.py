"""The menu marks one place as where the reader is."""

import pytest
from django.template import Context
from django.test import RequestFactory

from eln.ui.templatetags.ui import nav


@pytest.mark.parametrize("path", ["/", "/knowledge/", "/knowledge/imports/", "/entries/12/"])
def test_one_item_of_the_menu_is_here(path: str) -> None:
    items = nav(Context({"request": RequestFactory().get(path)}))
    here = [item["url"] for item in items if item["active"]]
    assert len(here) == 1 and path.startswith(here[0])


def test_the_closest_page_is_meant() -> None:
    items = nav(Context({"request": RequestFactory().get("/knowledge/imports/abc/")}))
    assert [item["url"] for item in items if item["active"]] == ["/knowledge/imports/"]
