"""The pages of runs, instruments and the inbox: what they show, what their forms do, what they refuse."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from eln.entries.models import Attachment
from eln.filing.models import FilingRule
from eln.filing.runs import FileRuns
from eln.filing.services import file_parsed
from eln.instruments.models import Watching
from ingest.gateway.models import Agent, EnrolmentCode, Instrument
from ingest.gateway.services import agent_enrol
from ingest.stream.models import DayCount, Run, Stretch
from ingest.stream.moments import nanoseconds
from tests.builders.eln import (
    HOUR,
    START,
    a_parsed_file,
    a_person,
    a_project,
    a_receipt,
    a_run,
    an_entry,
    an_instrument,
)

pytestmark = pytest.mark.django_db


def logged_in(name: str = "ada", *, staff: bool = False) -> Client:
    client = Client()
    client.force_login(a_person(name, staff=staff))
    return client


def test_a_run_is_corrected_on_its_page_and_the_history_tells_it() -> None:
    client, run = logged_in(), a_run(uid="run-7")
    FileRuns().process(["run-7"])
    said = {
        "act": "edit",
        "title": "STO, second try",
        "started": (START + HOUR).isoformat(),
        "reason": "clock was wrong",
    }
    client.post(reverse("eln:run-change", args=["run-7"]), said)
    run.refresh_from_db()
    assert (run.title, run.started, run.ended) == ("STO, second try", START + HOUR, START + 2 * HOUR)
    page = client.get(reverse("eln:run", args=["run-7"])).content.decode()
    assert "clock was wrong" in page and "SrTiO3 on LSAT" in page and "ada" in page
    client.post(reverse("eln:run-change", args=["run-7"]), {"act": "release", "field": "title"})
    run.refresh_from_db()
    assert run.corrected == ["started"]


def test_a_form_that_gives_back_what_it_showed_corrects_nothing() -> None:
    client, run = logged_in(), a_run(start=START + timedelta(microseconds=250_000))
    shown = {"started": run.started.replace(microsecond=0).isoformat(), "ended": "", "title": run.title}
    client.post(reverse("eln:run-change", args=[run.pk]), {"act": "edit", **shown})
    run.refresh_from_db()
    assert (run.corrected, run.changes.count()) == ([], 0)


def test_runs_are_split_merged_removed_and_brought_back_by_buttons() -> None:
    client, run = logged_in(), a_run(uid="run-7")
    address = reverse("eln:run-change", args=["run-7"])
    client.post(address, {"act": "split", "at": (START + HOUR).isoformat()})
    second = Run.objects.exclude(pk="run-7").get()
    assert (second.started, second.title) == (START + HOUR, run.title)
    client.post(address, {"act": "merge", "other": second.pk})
    client.post(address, {"act": "remove", "reason": "by accident"})
    assert "by accident" in client.get(reverse("eln:run", args=["run-7"])).content.decode()
    assert "run-7" not in client.get(reverse("eln:runs", args=["mbe-1"])).content.decode()
    assert "run-7" in client.get(reverse("eln:runs", args=["mbe-1"]), {"withdrawn": 1}).content.decode()
    client.post(address, {"act": "restore"})
    run.refresh_from_db()
    assert (run.withdrawn, run.ended) == (None, START + 2 * HOUR)


@pytest.mark.parametrize("odd", ["2026-99-01", "x" * 500, "\x00", "-1e400"])
def test_odd_times_are_refused_with_a_sentence(odd: str) -> None:
    client, run = logged_in(), a_run()
    answer = client.post(reverse("eln:run-change", args=[run.pk]), {"act": "edit", "started": odd, "zone": odd})
    assert answer.status_code in (302, 400)
    for key in ("from", "to", "points", "with"):
        assert client.get(reverse("eln:run-plot", args=[run.pk]), {key: odd}).status_code in (200, 400, 404)


def test_a_reader_sees_a_run_but_cannot_correct_it_and_a_stranger_sees_nothing() -> None:
    bob = logged_in("bob")
    run = a_run(an_instrument(project=a_project(bob="reader")))
    FileRuns().process([run.pk])
    assert bob.get(reverse("eln:run", args=[run.pk])).status_code == 200
    for act in ("edit", "split", "remove", "merge", "release"):
        said = {"act": act, "title": "mine", "at": (START + HOUR).isoformat(), "field": "title", "other": run.pk}
        assert bob.post(reverse("eln:run-change", args=[run.pk]), said).status_code == 403, act
    mallory = logged_in("mallory")
    for name in ("eln:run", "eln:run-plot"):
        assert mallory.get(reverse(name, args=[run.pk])).status_code == 404
    run.refresh_from_db()
    assert (run.title, run.withdrawn, Run.objects.count()) == ("SrTiO3 on LSAT", None, 1)


def test_the_list_says_how_far_behind_each_instrument_is() -> None:
    machine = an_instrument()
    now = timezone.now()
    Agent.objects.create(name="pc", instrument=machine, token_hash="x", last_seen=now)
    Stretch.objects.create(instrument=machine, start_ns=1, end_ns=nanoseconds(now - timedelta(seconds=3)))
    DayCount.objects.create(instrument=machine, day=now.date(), points=12345)
    page = logged_in().get(reverse("eln:instruments")).content.decode()
    assert "12\u202f345" in page and "online" in page
    assert any(f">{lag / 10:.1f} s<" in page for lag in range(30, 80))


def test_the_wizard_leads_from_a_name_to_the_first_data() -> None:
    client = logged_in("root", staff=True)
    made = client.post(reverse("eln:instrument-new"), {"title": "Tube Furnace 3", "location": "Room 4"}, follow=True)
    assert made.redirect_chain[-1][0] == reverse("eln:connect", args=["tube-furnace-3"])
    page = client.post(reverse("eln:connect", args=["tube-furnace-3"])).content.decode()
    code = page.split("--code ")[1].split()[0]
    assert "if ($?)" in page and "&amp;&amp; lodestone-agent run" in page
    row = EnrolmentCode.objects.get()
    waits = reverse("eln:connect-waiting", args=["tube-furnace-3", row.pk])
    assert 'hx-trigger="every 2s"' in client.get(waits).content.decode()
    agent, _token = agent_enrol(code=code, name="pc-4", now=timezone.now())
    assert "pc-4" in client.get(waits).content.decode()
    receipt = a_receipt(instrument="tube-furnace-3")
    receipt.agent = agent
    receipt.save()
    done = client.get(waits).content.decode()
    assert 'id="connected"' in done and "hx-trigger" not in done
    assert client.post(reverse("eln:instrument-new"), {"title": "Tube Furnace 3"}).status_code == 400
    assert logged_in("bob").get(reverse("eln:instrument-new")).status_code == 400


def test_a_cancelled_code_lets_nobody_in() -> None:
    client = logged_in()
    an_instrument()
    page = client.post(reverse("eln:connect", args=["mbe-1"])).content.decode()
    row = EnrolmentCode.objects.get()
    client.post(reverse("eln:connect-cancel", args=["mbe-1", row.pk]))
    with pytest.raises(Exception, match="expired"):
        agent_enrol(code=page.split("--code ")[1].split()[0], name="pc", now=timezone.now())
    said = client.get(reverse("eln:connect-waiting", args=["mbe-1", row.pk])).content.decode()
    assert "Show a new command" in said


def test_an_agent_is_configured_rotated_and_revoked() -> None:
    client, machine = logged_in(), an_instrument()
    agent = Agent.objects.create(name="pc", instrument=machine, token_hash="x")
    address = reverse("eln:agent", args=["mbe-1", agent.pk])
    wrong = client.post(address, {"act": "configure", "text": "[[sources]]\nname = 1", "version": 0})
    assert wrong.status_code == 400 and "sources.0" in wrong.content.decode() and "name = 1" in wrong.content.decode()
    good = '[[sources]]\nname = "files"\ntype = "folder"\npath = "data"\n'
    assert client.post(address, {"act": "configure", "text": good, "version": 0}).status_code == 302
    assert client.post(address, {"act": "configure", "text": good + "settle_s = 3\n", "version": 0}).status_code == 409
    assert agent.configs.count() == 1
    assert "version 1 waits" in client.get(reverse("eln:instrument-setup", args=["mbe-1"])).content.decode()
    assert client.post(address, {"act": "rotate"}).status_code == 200
    client.post(address, {"act": "revoke"})
    agent.refresh_from_db()
    assert agent.next_token_hash and agent.revoked


def test_what_a_person_watches_is_remembered_for_that_person_only() -> None:
    client, machine = logged_in(), an_instrument()
    said = {"channels": ["pressure"], "logs": {"mbar": True}, "window_s": 3600}
    address = reverse("eln:watch", args=["mbe-1"])
    assert client.post(address, json.dumps(said), content_type="application/json").status_code == 204
    assert client.post(address, b"{", content_type="application/json").status_code == 400
    row = Watching.objects.get(instrument=machine)
    assert (row.user.username, row.channels, row.logs, row.window_s) == ("ada", ["pressure"], {"mbar": True}, 3600)
    assert 'value="3600" selected' in client.get(reverse("eln:instrument", args=["mbe-1"])).content.decode()
    assert 'value="900" selected' in logged_in("bob").get(reverse("eln:instrument", args=["mbe-1"])).content.decode()


def test_the_inbox_offers_places_and_takes_back_what_was_done() -> None:
    client = logged_in()
    camera, machine = an_instrument("camera"), an_instrument("mbe-1")
    Instrument.objects.update(location="Room 12")
    entry = an_entry(instrument=machine)
    files = []
    for number in (1, 2):
        receipt = a_receipt(str(number).encode(), name=f"frame-{number}.png", instrument=camera.slug)
        files.append(file_parsed(a_parsed_file(receipt, start=START + HOUR, hours=0.1)))
    first, second = (file for file in files if file is not None)
    page = client.get(reverse("eln:inbox"), {"kind": "proposed"}).content.decode()
    assert f'value="{first.pk}:{entry.pk}"' in page and "same place" in page
    client.post(reverse("eln:inbox-act"), {"accept": f"{first.pk}:{entry.pk}"})
    assert Attachment.objects.get(pk=first.pk).entry == entry and FilingRule.objects.get().partner == machine
    group = first.decisions.get().group
    client.post(reverse("eln:inbox-act"), {"do": "undo", "group": group})
    assert Attachment.objects.get(pk=first.pk).entry is None
    client.post(reverse("eln:inbox-act"), {"do": "aside", "files": [first.pk, second.pk]})
    assert Attachment.objects.filter(set_aside=True).count() == 2
    assert client.post(reverse("eln:inbox-act"), {"do": "aside"}).status_code == 400
