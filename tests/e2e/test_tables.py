"""A person hands a table over, sees what it is taken for, imports it, finds it, and takes it back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Site

pytestmark = pytest.mark.e2e
WAIT = 90_000  # ms

GLASSES = """Metallic glasses of the story;;;
Alloy;Tg [K];Tx [K];D_max (mm)
Zr41.2Ti13.8Cu12.5Ni10Be22.5;623;705;25
Pd40Ni40P20;578;658;7
Mg65Cu25Y10;425;484;4
not an alloy;600;700;3
"""


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A page of a person who logged in; a script error fails the story."""
    context = browser.new_context(locale="en-US", viewport={"width": 1280, "height": 900})
    wrong: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(f"{site.address}/login/")
    page.fill("input[name=username]", site.username)
    page.fill("input[name=password]", site.password)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{site.address}/")
    yield page
    context.close()
    assert not wrong, wrong


def test_a_table_is_looked_at_imported_found_and_taken_back(page: Page, site: Site, tmp_path: Path) -> None:
    table = tmp_path / "glasses of the story.csv"
    table.write_text(GLASSES)
    page.goto(f"{site.address}/")
    page.get_by_role("link", name="Import tables").click()
    page.set_input_files("#files", [str(table)])
    page.get_by_role("button", name="Read them").click()
    ready = page.get_by_role("button", name="Import 3 records")
    expect(ready).to_be_visible(timeout=WAIT)
    expect(page.get_by_label("Topic")).to_have_value("amorphous_alloys")
    expect(page.get_by_label("What Tg [K] is")).to_have_value("glass_transition_temperature")
    page.get_by_text("What was refused, and why").click()
    expect(page.get_by_text("row 4")).to_be_visible()
    ready.click()
    take_back = page.get_by_role("button", name="Take it back")
    expect(take_back).to_be_visible(timeout=WAIT)
    page.get_by_role("link", name="glasses-of-the-story").click()
    expect(page.locator("main")).to_contain_text("578", timeout=WAIT)
    page.go_back()
    take_back.click()
    expect(page.get_by_text("This import was taken back")).to_be_visible(timeout=WAIT)
