"""The story of the first run, in a real browser, in both languages: watch, find, ask, follow the citation, train."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.e2e.conftest import Site

pytestmark = pytest.mark.e2e
WAIT = 120_000  # ms, for what a busy machine does in the background

SAID = {
    "en-US": {"log_in": "Log in", "train_these": "Train a model on these", "train": "Train", "question": "What is the band gap of GaAs?",
              "refused": "What is the price of GaAs?", "predict": "prediction"},
    "zh-CN": {"log_in": "登录", "train_these": "用这些数据训练模型", "train": "训练", "question": "GaAs的带隙是多少？",
              "refused": "GaAs的价格是多少？", "predict": "预测"},
}  # fmt: skip

XRDML = """<?xml version="1.0" encoding="UTF-8"?>
<xrdMeasurements xmlns="http://www.xrdml.com/XRDMeasurement/1.5" status="Completed"><sample type="To be analyzed"><id>STO-9</id></sample>
<xrdMeasurement measurementType="Scan" status="Completed"><usedWavelength intended="K-Alpha 1"><kAlpha1 unit="Angstrom">1.5405980</kAlpha1>
<kAlpha2 unit="Angstrom">1.5444260</kAlpha2><kBeta unit="Angstrom">1.3922500</kBeta>
<ratioKAlpha2KAlpha1>0.5</ratioKAlpha2KAlpha1></usedWavelength>
<scan appendNumber="0" mode="Continuous" scanAxis="Gonio" status="Completed"><header>
<startTimeStamp>2026-03-02T10:00:00+01:00</startTimeStamp>
<endTimeStamp>2026-03-02T10:01:00+01:00</endTimeStamp></header><dataPoints><positions axis="2Theta" unit="deg">
<startPosition>20.0</startPosition>
<endPosition>24.0</endPosition></positions><commonCountingTime unit="seconds">1.0</commonCountingTime>
<intensities unit="counts">10 20 900 20 10</intensities></dataPoints></scan></xrdMeasurement></xrdMeasurements>
"""


@pytest.fixture(params=list(SAID))
def page(browser: Browser, site: Site, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of a person who logged in; a script error or a blocked resource fails the story."""
    context = browser.new_context(locale=request.param, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(30_000)
    wrong: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error":
            wrong.append(message.text)

    page = context.new_page()
    page.on("console", heard)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(f"{site.address}/login/")
    page.fill("input[name=username]", site.username)
    page.fill("input[name=password]", site.password)
    page.get_by_role("button", name=SAID[request.param]["log_in"]).click()
    page.wait_for_url(f"{site.address}/")
    page.said = SAID[request.param]  # type: ignore[attr-defined]
    yield page
    context.close()
    assert not wrong, wrong


def test_a_machine_streams_and_its_faults_are_marked(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/instruments/oxide-mbe/")
    expect(page.locator("#live-state")).to_have_class(re.compile("badge--ok"), timeout=WAIT)
    page.evaluate(
        """() => { const plot = customElements.get('lab-plot').prototype, append = plot.append;
                   window.appended = 0; plot.append = function (x) { window.appended += 1; return append.call(this, x); } }"""
    )
    for _ in range(60):  # the site's content policy forbids what `wait_for_function` does
        page.wait_for_timeout(500)
        if page.evaluate("window.appended") >= 5:
            break
    assert page.evaluate("window.appended") >= 5, "the live plot goes on by itself"
    assert page.locator("lab-plot canvas").count() > 0
    alert = page.locator("[data-alert]").first
    expect(alert).to_be_visible(timeout=WAIT)
    assert re.search(r"\d", alert.inner_text()), "an alert gives its reason with figures"


def test_a_dropped_file_is_read_and_an_unreadable_one_kept(page: Page, site: Site, tmp_path: Path) -> None:
    scan, junk = tmp_path / f"scan-{id(page)}.xrdml", tmp_path / f"junk-{id(page)}.bin"
    scan.write_text(XRDML.replace("STO-9", scan.stem))
    junk.write_bytes(bytes(range(256)) * 40 + scan.name.encode())
    for file in (scan, junk):
        shutil.copy(file, site.home / "demo" / "watched" / file.name)
    for file in (scan, junk):
        for _ in range(60):
            places = (f"{site.address}/inbox/", f"{site.address}/entries/?text={file.name}")
            if any(found_in(page, place, file.name) for place in places):
                break
            page.wait_for_timeout(1_000)
        else:
            pytest.fail(f"{file.name} is nowhere in the notebook after a minute")


def found_in(page: Page, address: str, name: str) -> bool:
    """Whether a page's list, not its search box, names the file."""
    page.goto(address)
    return page.locator("main table, main article, main li, main .card").filter(has_text=name).count() > 0


def test_a_question_is_answered_with_a_citation_that_opens_the_record(page: Page, site: Site) -> None:
    said = page.said  # type: ignore[attr-defined]
    page.goto(f"{site.address}/chat/")
    page.fill("#question", said["question"])
    page.keyboard.press("Enter")
    answer = page.locator("article.message").last
    expect(answer.locator(".message-text")).to_contain_text("1.4", timeout=WAIT)
    card = answer.locator(".chat-cards a").first
    expect(card).to_be_visible(timeout=WAIT)
    card.click()
    page.wait_for_url(re.compile(r"/knowledge/records/"))
    expect(page.locator("main")).to_contain_text("GaAs")

    page.goto(f"{site.address}/chat/")
    page.fill("#question", said["refused"])
    page.keyboard.press("Enter")
    expect(page.locator("article.message").last.locator(".badge--warn")).to_be_visible(timeout=WAIT)


def test_a_model_is_trained_and_its_predictions_are_marked(page: Page, site: Site) -> None:
    said = page.said  # type: ignore[attr-defined]
    for _ in range(60):
        page.goto(f"{site.address}/knowledge/?topic=crystal_structures")
        if int(re.sub(r"\D", "", page.locator("p > strong").first.inner_text()) or 0) >= 280:
            break
        page.wait_for_timeout(2_000)
    page.get_by_role("link", name=said["train_these"]).click()
    page.locator("select[name=target]").select_option("density")
    page.get_by_role("button", name=said["train"], exact=True).click()
    page.wait_for_url(re.compile(r"/analysis/jobs/"))
    model = page.locator("a[href*='/analysis/models/']").first
    expect(model).to_be_visible(timeout=WAIT)
    model.click()
    expect(page.locator("main")).to_contain_text("g/cm")


def test_the_pages_work_at_phone_width(browser: Browser, site: Site) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800}, color_scheme="dark")
    page = context.new_page()
    page.goto(f"{site.address}/login/")
    page.fill("input[name=username]", site.username)
    page.fill("input[name=password]", site.password)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site.address}/")
    for path in (
        "/",
        "/entries/",
        "/instruments/oxide-mbe/",
        "/inbox/",
        "/upload/",
        "/knowledge/",
        "/chat/",
        "/analysis/",
        "/status/",
    ):
        page.goto(site.address + path)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{path} is {wide} px wider than the phone"
    context.close()
