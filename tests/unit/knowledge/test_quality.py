"""What the steward's checks find, and who may see it."""

import csv
import io

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from eln.accounts.models import Project, User
from eln.accounts.scope import Scope
from knowledge.identity.domain import Statement
from knowledge.imports.models import Import
from knowledge.quality.domain import Numbers, robust_scores
from knowledge.quality.models import Finding, QualityRun
from knowledge.quality.runner import orphans_fail, run_follow
from knowledge.quality.selectors import counts, coverage, findings, run_last
from knowledge.quality.services import run_ask, run_cancel
from knowledge.query.types import Stated
from tests.builders.knowledge import a_dataset, a_record

CRYSTALS = "crystal_structures"


def density(value: float, raw: str | None = None) -> dict[str, object]:
    return {"density": {"value": value, "unit": "g/cm^3", "raw": raw or str(value)}}


def checked(topic: str = "") -> QualityRun:
    run = run_ask(topic=topic, asked_by=None)
    assert run_follow(run.pk)
    run.refresh_from_db()
    assert run.state == QualityRun.State.DONE, run.reason
    return run


def test_robust_scores_find_the_one_that_is_far_and_stay_silent_on_few_or_equal_values() -> None:
    values = np.append(np.linspace(1, 2, 60), 9.0)
    scores, logarithmic = robust_scores(values)
    assert int(np.argmax(np.abs(scores))) == 60
    assert np.abs(scores[:60]).max() < 3
    assert not logarithmic
    assert not robust_scores(np.array([1.0, 2, 300]))[0].any()
    assert not robust_scores(np.array([5.0] * 50 + [6.0]))[0].any()
    decades = np.append(np.logspace(-9, -3, 60), 1e9)
    assert robust_scores(decades)[1]
    assert int(np.argmax(robust_scores(decades)[0])) == 60


def test_an_outlier_of_its_family_is_told_with_its_family() -> None:
    numbers = Numbers()
    for n in range(60):
        family = "garnet" if n % 2 else "spinel"
        value = (5.0 if n % 2 else 30.0) + 0.01 * n
        stated = (Stated("density", 29.0 if n == 31 else value, "g/cm^3"), Stated("prototype", family))
        list(numbers.add(Statement(str(n), 1, "one", CRYSTALS, "computation", f"X{n}", "", None, "", stated)))
    found = list(numbers.outliers())
    assert [(one.record, one.detail["family"]) for one in found] == [("31", "garnet")]


@pytest.mark.django_db
def test_the_checks_find_conflicts_copies_duplicates_units_and_impossible_values() -> None:
    one, two = a_dataset(slug="one", topic=CRYSTALS), a_dataset(slug="two", topic=CRYSTALS)
    for number, formula in enumerate(("NaCl", "KCl", "LiF", "MgO")):
        a_record(formula, dataset=one, values=density(2.0 + number), spacegroup_number=225)
        a_record(formula, dataset=two, values=density((2.0 + number) * 1000), spacegroup_number=225)
    a_record("Bi2Se3", dataset=one, values=density(7.5), spacegroup_number=166)
    a_record("Bi2Se3", dataset=two, values=density(9.9), spacegroup_number=166)
    a_record("GaAs", dataset=one, values=density(5.3176123), spacegroup_number=216)
    a_record("GaAs", dataset=two, values=density(5.3176123), spacegroup_number=216)
    a_record("InP", dataset=one, values=density(4.81), spacegroup_number=216)
    a_record("InP", dataset=one, values=density(4.81), spacegroup_number=216)
    run = checked(CRYSTALS)
    found = counts(scope=Scope.system())
    assert found["unit"] == 5  # four pairs, and the data set as a whole
    assert found["conflict"] == 1
    assert found["copy"] == 1
    assert found["duplicate"] == 1
    assert found["impossible"] == 4  # 2000 g/cm^3 and more
    worst = findings(scope=Scope.system(), kind="unit").first()
    assert worst is not None
    assert worst.detail == {"factor": "10^3", "ratio": 0.001, "materials": 4}
    assert findings(scope=Scope.system(), kind="conflict", property="density", dataset="two").count() == 1
    (shown, _) = coverage(run, scope=Scope.system(), topic=CRYSTALS)
    assert (shown.dataset, shown.records) == ("one", 8)
    assert {one.name: one.count for one in shown.properties}["density"] == 8
    assert "bulk_modulus" in shown.silent


@pytest.mark.django_db
def test_findings_of_a_closed_project_stay_closed() -> None:
    project = Project.objects.create(title="Closed", slug="closed")
    a_record("Bi2Se3", dataset=a_dataset(slug="one", topic=CRYSTALS), values=density(7.5), spacegroup_number=166)
    closed = a_dataset(slug="two", topic=CRYSTALS, project=project)
    a_record("Bi2Se3", dataset=closed, values=density(9.9), spacegroup_number=166)
    Import.objects.create(dataset=closed, file_name="x.csv", rejected=[{"row": 3, "reason": "names no formula"}])
    run = checked()
    assert counts(scope=Scope.system()) == {"conflict": 1, "rejected": 1}
    assert counts(scope=Scope.visitor()) == {}
    assert [one.dataset for one in coverage(run, scope=Scope.visitor())] == ["one"]
    member = Scope(user_id=1, readable=frozenset({project.pk}))
    assert counts(scope=member) == {"conflict": 1, "rejected": 1}


@pytest.mark.django_db
def test_a_run_takes_the_place_of_the_one_before_and_can_be_stopped_or_lost() -> None:
    a_record("Bi2Se3", dataset=a_dataset(slug="one", topic=CRYSTALS), values=density(99.0))
    first, second = checked(CRYSTALS), checked()
    assert Finding.objects.count() == 1
    assert run_last(topic=CRYSTALS) == second
    assert not QualityRun.objects.filter(pk=first.pk).exists()
    waiting = run_ask(topic="", asked_by=None)
    assert run_ask(topic="", asked_by=None) == waiting
    run_cancel(run=waiting)
    assert not run_follow(waiting.pk)
    stopped = run_ask(topic=CRYSTALS, asked_by=None)
    QualityRun.objects.filter(pk=stopped.pk).update(cancel_asked=True)
    run_follow(stopped.pk)
    stopped.refresh_from_db()
    assert stopped.state == QualityRun.State.CANCELLED
    lost = run_ask(topic="", asked_by=None)
    QualityRun.objects.filter(pk=lost.pk).update(state=QualityRun.State.RUNNING, follower="elsewhere:1:1")
    orphans_fail()
    assert Finding.objects.count() == 1


@pytest.mark.django_db
def test_the_page_filters_pages_and_exports(client: Client) -> None:
    client.force_login(User.objects.create_user("steward", password="x"))
    assert "Nothing has been checked yet" in client.get(reverse("knowledge:quality")).content.decode()
    one, two = a_dataset(slug="one", topic=CRYSTALS), a_dataset(slug="two", topic=CRYSTALS)
    for number in range(1, 61):
        a_record(f"Na{number}Cl", dataset=one, values=density(2.0), spacegroup_number=225)
        a_record(f"Na{number}Cl", dataset=two, values=density(3.0), spacegroup_number=225)
    assert client.post(reverse("knowledge:quality-run"), {"topic": CRYSTALS}).status_code == 302
    assert run_follow(QualityRun.objects.get().pk)
    page = client.get(reverse("knowledge:quality"), {"kind": "conflict", "topic": CRYSTALS})
    text = page.content.decode()
    assert text.count('<td class="long">Two sources say different things') == 50
    assert "1–50 / 60" in text
    assert "33 % apart" in text
    assert "51–60 / 60" in client.get(reverse("knowledge:quality"), {"kind": "conflict", "page": "2"}).content.decode()
    exported = b"".join(
        client.get(reverse("knowledge:quality-csv"), {"kind": "conflict", "formula": "NaCl"}).streaming_content
    )  # type: ignore[attr-defined]
    (row,) = list(csv.DictReader(io.StringIO(exported.decode("utf-8-sig"))))
    assert (row["formula"], row["value"], row["other_value"], row["unit"]) == ("NaCl", "2", "3", "g/cm^3")
    chinese = client.get(reverse("knowledge:quality"), {"kind": "conflict"}, headers={"accept-language": "zh-hans"})
    assert "来源不一致" in chinese.content.decode()
