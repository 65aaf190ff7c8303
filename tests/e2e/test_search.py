"""A person searches: by periodic table and slider, compares, saves, shares the address; sees a crystal turn; reads Chinese."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from tests.e2e.conftest import Site

pytestmark = pytest.mark.e2e
WAIT = 120_000  # ms, for what a busy machine does in the background
WEBGL = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
STRUCTURES = "/knowledge/?topic=crystal_structures"
Opened = Callable[..., Page]


@pytest.fixture(scope="module")
def drawing_browser(browser: Browser) -> Iterator[Browser]:
    """The same browser with WebGL in software."""
    import shutil

    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    drawing = browser.browser_type.launch(executable_path=executable, args=WEBGL)
    yield drawing
    drawing.close()


@pytest.fixture
def opened(drawing_browser: Browser, site: Site) -> Iterator[Opened]:
    """Opens pages as a person who logged in; a script error or a blocked resource fails the story."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        # htmx tells of a request that a newer one replaced as of an error; it is meant so
        if message.type == "error" and not message.text.startswith(("htmx:sendAbort", "htmx:afterRequest")):
            wrong.append(message.text)

    def page(locale: str = "en-US") -> Page:
        context = drawing_browser.new_context(locale=locale, viewport={"width": 1280, "height": 900})
        context.set_default_timeout(60_000)
        contexts.append(context)
        made = context.new_page()
        made.on("console", heard)
        made.on("pageerror", lambda error: wrong.append(str(error)))
        made.goto(f"{site.address}/login/")
        made.fill("input[name=username]", site.username)
        made.fill("input[name=password]", site.password)
        made.locator("form button[type=submit]").first.click()
        made.wait_for_url(f"{site.address}/")
        return made

    yield page
    for context in contexts:
        context.close()
    assert not wrong, wrong


def found(page: Page) -> int:
    """The count that the page states."""
    return int(re.sub(r"\D", "", page.locator("p > strong").first.inner_text()) or 0)


def with_data(page: Page, site: Site) -> None:
    """The search page once the demo's structures are there."""
    for _ in range(90):
        page.goto(f"{site.address}{STRUCTURES}")
        if found(page) >= 250:
            return
        page.wait_for_timeout(2_000)
    pytest.fail("the demo's structures never came")


def test_a_search_by_table_and_slider_is_compared_saved_and_shared(opened: Opened, site: Site) -> None:
    page = opened()
    with_data(page, site)
    everything = found(page)

    page.get_by_text("Elements", exact=True).first.click()
    page.locator("#element-Na").focus()
    page.keyboard.press("+")
    page.wait_for_url(re.compile(r"[?&]el=Na(&|$)"))
    expect(page.locator("#element-Na")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#element-Na")).to_be_focused()
    expect(page.locator(".chosen")).to_contain_text("with Na")
    with_sodium = found(page)
    assert 0 < with_sodium < everything
    page.keyboard.press("0")
    expect(page.locator(".chosen")).to_have_count(0)
    page.locator("#element-O").click()
    page.wait_for_url(re.compile(r"[?&]el=O(&|$)"))
    page.locator("#element-O").click()
    page.wait_for_url(re.compile(r"[?&]elany=O(&|$)"))
    page.locator("#element-O").click()
    page.wait_for_url(re.compile(r"[?&]elnot=O(&|$)"))
    expect(page.locator(".chosen")).to_contain_text("without O")
    without_oxygen = found(page)

    page.get_by_text("Number properties").first.click()
    page.fill("#add-number", "density")
    page.keyboard.press("Enter")
    handle = page.locator("#lo-density-handle")
    handle.focus()
    for _ in range(4):
        page.keyboard.press("PageUp")
    page.wait_for_url(re.compile(r"lo\.density="))
    expect(page.locator(".chosen")).to_contain_text("density ≥")
    expect(page.locator(".slider .histbar--in").first).to_be_visible()
    heavy = found(page)
    assert 0 < heavy < without_oxygen

    page.locator(".result-table tbody input[name=cmp]").nth(0).check()
    page.wait_for_url(re.compile(r"cmp="))
    page.locator(".result-table tbody input[name=cmp]").nth(1).check()
    expect(page.get_by_role("button", name="Compare 2")).to_be_visible()
    address = page.url
    page.get_by_role("button", name="Compare 2").click()
    page.wait_for_url(re.compile(r"/compare/"))
    expect(page.locator(".compare thead th")).to_have_count(3)
    expect(page.locator(".compare")).to_contain_text("density")

    again = opened()
    again.goto(address)
    assert found(again) == heavy, "the address is the whole search"
    again.fill("#save-name", "Heavy without oxygen")
    again.get_by_role("button", name="Save", exact=True).click()
    expect(again.locator(".saved__list")).to_contain_text("Heavy without oxygen")
    page.goto(f"{site.address}/knowledge/")
    page.get_by_role("link", name="Heavy without oxygen").click()
    page.wait_for_url(re.compile(r"lo\.density="))
    assert found(page) == heavy


def test_a_scatter_plot_is_walked_by_keyboard_to_a_record(opened: Opened, site: Site) -> None:
    page = opened()
    with_data(page, site)
    page.get_by_role("link", name="Scatter plot").click()
    page.wait_for_url(re.compile("view=scatter"))
    page.select_option("#plot-x", "volume")
    page.wait_for_url(re.compile("x=volume"))
    page.locator("lab-scatter canvas").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".scatter__told")).to_contain_text("cell volume")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/knowledge/records/"))


def test_a_crystal_turns_and_its_pattern_meets_a_dropped_one(opened: Opened, site: Site, tmp_path: Path) -> None:
    page = opened()
    with_data(page, site)
    page.goto(f"{site.address}/knowledge/materials/NaCl/")
    crystal = page.locator("lab-crystal").first
    expect(crystal).to_have_attribute("data-ready", "3d", timeout=WAIT)
    expect(crystal.locator("canvas").first).to_be_visible()
    atoms = int(crystal.get_attribute("data-atoms") or 0)
    assert atoms == 27, "rock salt with the atoms of its faces"
    crystal.locator("select[name=cells]").select_option("2")
    expect(crystal).to_have_attribute("data-atoms", "125")
    for style in ("space", "stick", "poly"):
        crystal.locator("select[name=style]").select_option(style)
    pattern = page.locator("lab-pattern").first
    expect(pattern).to_have_attribute("data-ready", "1", timeout=WAIT)
    pattern.locator("select[name=radiation]").select_option("MoKa")
    expect(pattern.locator("[data-told]")).to_contain_text("0.71073", timeout=WAIT)
    measured = tmp_path / "measured.xy"
    measured.write_text("# angle counts\n" + "\n".join(f"{10 + step * 0.1:.2f} {100 + step}" for step in range(50)))
    pattern.locator("input[type=file]").set_input_files(str(measured))
    expect(pattern).to_have_attribute("data-ready", "2")
    with page.expect_download() as kept:
        crystal.get_by_role("link", name="CIF").click()
    assert "_cell_length_a" in Path(kept.value.path()).read_text()


def test_a_chinese_name_is_understood_and_explained(opened: Opened, site: Site) -> None:
    page = opened("zh-CN")
    with_data(page, site)
    page.fill("#q", "氯化钠")
    page.keyboard.press("Enter")
    expect(page.locator(".read-as")).to_contain_text("NaCl")
    expect(page.locator(".read-as")).to_contain_text("理解为")
    expect(page.locator(".result-table tbody tr").first).to_contain_text("NaCl")
    page.goto(f"{site.address}/knowledge/?q=zzzz&el=Na")
    expect(page.locator(".empty")).to_contain_text("去掉下列条件之一就有结果")
