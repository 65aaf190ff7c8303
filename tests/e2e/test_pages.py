"""Three stories of people at their instruments: connect one, put a run right, work through the inbox by keyboard."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import ROOT, Site

pytestmark = pytest.mark.e2e
WAIT = 60_000  # ms


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


def test_the_wizard_waits_until_a_real_agent_has_sent_its_first_file(page: Page, site: Site, tmp_path: Path) -> None:
    page.goto(f"{site.address}/instruments/")
    page.get_by_role("link", name="Connect an instrument").click()
    page.fill("#title", "Camera of the story")
    page.fill("#location", "Room 12")
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Show the command").click()
    line = page.locator("#command-linux").inner_text()
    expect(page.locator("#progress")).to_contain_text("Waiting for the agent")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "frame_0001.csv").write_text("Time (s),Intensity\n0,1\n1,2\n2,3\n3,5\n")
    enrol = line.split(" && ")[0].split()[1:]
    agent = [sys.executable, "-m", "ingest.agent"]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    subprocess.run([*agent, *enrol], cwd=tmp_path, check=True, env=environment, timeout=60)
    expect(page.locator("#progress")).to_contain_text("Waiting for the first data", timeout=WAIT)
    running = subprocess.Popen([*agent, "run", "--config", "agent.toml"], cwd=tmp_path, env=environment)
    try:
        expect(page.locator("#connected")).to_be_visible(timeout=WAIT)
    finally:
        running.terminate()
        running.wait(30)
    page.goto(f"{site.address}/instruments/camera-of-the-story/setup/")
    expect(page.locator("article[id^=agent-]")).to_contain_text("files")


def test_a_run_is_put_right_and_compared(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/instruments/oxide-mbe/")
    going_on = page.locator("#live-run a")
    expect(going_on).to_be_visible(timeout=WAIT)
    going_on.click()
    expect(page.locator("lab-plot canvas").first).to_be_visible(timeout=WAIT)
    page.get_by_text("Times, title, sample").click()
    began = page.input_value("#run-started")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", began)
    page.fill("#run-title", "Put right by hand")
    page.fill("#run-why", "the operator chose the wrong recipe")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("h1")).to_have_text("Put right by hand")
    expect(page.get_by_text("the operator chose the wrong recipe")).to_be_visible()
    assert page.locator(".chip", has_text="start ×").count() == 0, "a time that nobody touched is no correction"
    strip = page.locator(".plot__strip .u-over").first
    strip.scroll_into_view_if_needed()
    box = strip.bounding_box()
    assert box is not None
    with page.expect_response(lambda answer: "plot.json?from=" in answer.url) as finer:
        page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 40)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 40, steps=5)
        page.mouse.up()
    expect(page.get_by_role("button", name="Whole range")).to_be_visible()
    assert finer.value.ok and "series" in finer.value.json()


def test_the_inbox_is_worked_through_by_keyboard(page: Page, site: Site, tmp_path: Path) -> None:
    names = [f"lost-{number}-{id(page)}.csv" for number in (1, 2)]
    for name in names:
        (tmp_path / name).write_text(f"Time (s),{name}\n0,1\n1,2\n2,3\n3,4\n")
    page.goto(f"{site.address}/upload/")
    page.set_input_files("#files", [str(tmp_path / name) for name in names])
    expect(page.get_by_text("In the inbox")).to_have_count(2, timeout=WAIT)
    page.goto(f"{site.address}/inbox/")
    rows = page.locator("[data-row]", has_text="lost-")
    expect(rows).to_have_count(2)
    page.keyboard.press("j")
    focused = page.locator("[data-row]:focus h2").inner_text()
    page.keyboard.press("x")
    expect(page.locator("[data-row]:focus input[name=files]")).to_be_checked()
    page.fill("#bulk-title", "Found by keyboard")
    page.get_by_role("button", name="File them").click()
    expect(page.locator("[role=status]")).to_contain_text("Found by keyboard")
    expect(page.locator("[data-row] h2", has_text=focused)).to_have_count(0)
    page.locator("body").click(position={"x": 5, "y": 5})
    page.keyboard.press("u")
    expect(page.locator("[data-row] h2", has_text=focused)).to_have_count(1)
    page.keyboard.press("j")
    page.keyboard.press("d")
    expect(page.locator("[role=status]")).to_contain_text("set aside")
