"""From the notebook to a topic: proposed with its values, decided by a person, kept with the entry's rights."""

from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from eln.accounts.scope import Scope
from eln.entries.models import Attachment, Entry
from eln.models import Project, User
from eln.samples.models import Sample
from ingest.parsers.protocol import Channel
from ingest.parsing.arrays import arrays_place, arrays_write
from knowledge.proposals.domain import File, edited_values, value_entered, values_of, wanted_by
from knowledge.proposals.models import Proposal
from knowledge.proposals.selectors import proposal_counts
from knowledge.proposals.services import NotProposed, proposal_accept, proposal_decline
from knowledge.proposals.stages import ProposalStage
from knowledge.records.models import Record, RecordVersion
from knowledge.topics.domain import TopicSchema
from knowledge.topics.schema import topics
from tests.builders.eln import a_parsed_file, a_person, a_project

TOPIC = "energy_materials"
TEMPERATURE = Channel(
    "Temperature (K)", np.array([300.0, 301.0, 302.0]), unit="K", quantity="temperature", confidence=0.9
)
KAPPA = Channel(
    "Conductivity", np.array([100.0, 200.0, 300.0]), unit="W/(m*K)", quantity="thermal_conductivity", confidence=0.9
)


def a_schema(*rules: dict[str, Any], **more: Any) -> TopicSchema:
    return TopicSchema.model_validate({
        "id": "trial", "label": {"en": "Trial"},
        "properties": [
            {"id": "temperature", "type": "number", "unit": "K", "condition": True, "label": {"en": "T"}},
            {"id": "strength", "type": "number", "unit": "MPa", "label": {"en": "strength"}, "high": 1000},
            {"id": "elongation", "type": "number", "unit": "mm", "label": {"en": "elongation"}},
            {"id": "state", "type": "class", "label": {"en": "state"}, "classes": [{"id": "bad", "label": {"en": "bad"}}]},
        ],
        "projection": {"techniques": ["mechanical_testing"], "values": list(rules)}, **more,
    })  # fmt: skip


def test_values_come_from_channels_by_quantity_and_statistic_in_the_topics_unit() -> None:
    schema = a_schema(
        {"property": "strength", "quantity": "stress", "statistic": "max"},
        {"property": "elongation", "quantity": "position", "statistic": "at_max", "of": "stress"},
    )
    stress = Channel("s", np.array([1e8, 4e8, np.nan, 2e8]), unit="Pa", quantity="stress", confidence=0.8)
    target = Channel("s setpoint", np.array([9e8] * 4), unit="Pa", quantity="stress", confidence=1.0)
    way = Channel("x", np.array([0.0, 0.5, 0.7, 0.9]), unit="cm", quantity="position", confidence=0.8)
    (strength, elongation) = values_of(
        schema, [File("pull.csv", "mechanical testing", [stress, target, way, TEMPERATURE])]
    )
    assert (strength["value"], strength["unit"], strength["column"]) == (400.0, "MPa", "pull.csv: s")
    assert strength["conditions"] == {"temperature": 301.0}
    assert (elongation["value"], elongation["unit"], elongation["method"]) == (5.0, "mm", "value at the largest stress")


def test_what_does_not_convert_or_cannot_be_is_not_filled_in_and_a_sweep_states_its_span() -> None:
    schema = a_schema({"property": "strength", "quantity": "stress", "statistic": "mean"})

    def given(values: list[float], unit: str | None, temperature: Channel = TEMPERATURE) -> list[dict[str, Any]]:
        channel = Channel("s", np.array(values), unit=unit, quantity="stress", confidence=0.8)
        return values_of(schema, [File("pull.csv", "", [channel, temperature])])

    assert given([1.0], "K") == []
    assert given([1.0], None) == []
    assert given([5.0], "GPa") == []  # above what the schema calls possible
    assert given([float("nan")], "MPa") == []
    sweep = Channel("T", np.array([2.0, 300.0]), unit="K", quantity="temperature", confidence=0.9)
    assert given([5.0, 7.0], "MPa", sweep)[0]["conditions"] == {"temperature": "2 to 300 K"}
    assert (
        values_of(schema, [File("a.csv", "XRD", [Channel("s", np.array([5.0]), unit="MPa", quantity="stress")])]) == []
    )


def test_techniques_are_known_by_every_name() -> None:
    schema = a_schema()
    assert wanted_by(schema, "tensile test", ())
    assert wanted_by(schema, "", [File("a", "力学测试", ())])
    assert not wanted_by(schema, "XRD", ())
    assert not wanted_by(schema, "", ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("5.2", {"value": 5.2}),
        ("5.2 ± 0.1", {"value": 5.2, "uncertainty": 0.1}),
        ("< 1e-3", {"value": 1e-3, "bound": "<"}),
        ("≥2", {"value": 2.0, "bound": ">="}),
    ],
)
def test_a_person_writes_numbers_with_uncertainty_and_limits(text: str, said: dict[str, Any]) -> None:
    item = a_schema().property("strength")
    assert item is not None
    assert value_entered(item, text).items() >= said.items()


def test_wrong_entries_are_refused_and_untouched_values_keep_their_source() -> None:
    schema = a_schema()
    draft = [
        {
            "property": "strength",
            "value": 400.0,
            "unit": "MPa",
            "column": "pull.csv: s",
            "conditions": {"temperature": 300.0},
        }
    ]
    (kept,) = edited_values(schema, draft, {"strength": "400.0"})
    assert kept["column"] == "pull.csv: s"
    (edited,) = edited_values(schema, draft, {"strength": "410"})
    assert (edited["method"], edited["conditions"]) == ("entered by hand", {"temperature": 300.0})
    for entered in ({"strength": "soft"}, {"strength": "5000"}, {"state": "good"}):
        with pytest.raises(ValueError, match=next(iter(entered))):
            list(edited_values(schema, draft, entered))


# With the notebook ------------------------------------------------------------------------------------------------


def a_measured_entry(project: Project | None = None, **facts: Any) -> Entry:
    sample, _ = Sample.objects.get_or_create(project=project, name="BT-7", defaults={"formula": "Bi2Te3"})
    entry = Entry.objects.create(
        title="Heat flow", technique="thermal transport", project=project, sample=sample, **facts
    )
    parsed = a_parsed_file(technique="thermal transport")
    arrays_place(arrays_write([TEMPERATURE, KAPPA]), parsed.pk)
    Attachment.objects.create(
        entry=entry, project=project, receipt=parsed.receipt, parsed=parsed, file_name="tto.csv", status="parsed"
    )
    return entry


def proposed(entry: Entry) -> Proposal:
    ProposalStage().process([str(entry.pk)])
    return Proposal.objects.get(entry=entry, topic=TOPIC)


def accepted(proposal: Proposal, user: User, *, entered: dict[str, str] | None = None, **more: Any) -> Record:
    values = {value["property"]: str(value["value"]) for value in proposal.draft["values"]}
    return proposal_accept(
        scope=Scope.of(user), user=user, proposal=proposal, formula=proposal.draft["formula"],
        entered=values if entered is None else entered, **more,
    )  # fmt: skip


@pytest.mark.django_db
def test_a_finished_entry_is_proposed_and_becomes_a_measured_record_of_its_project() -> None:
    assert topics()[TOPIC].projection is not None
    owner = a_person()
    project = a_project(owner=owner)
    entry = a_measured_entry(project)
    proposal = proposed(entry)
    assert proposal.draft["formula"] == "Bi2Te3"
    (value,) = proposal.draft["values"]
    assert (value["property"], value["value"], value["unit"]) == ("thermal_conductivity", 200.0, "W/(m*K)")
    record = accepted(proposal, owner)
    assert (record.kind, record.entry_id, record.project_id, record.formula) == (
        "measurement",
        entry.pk,
        project.pk,
        "Bi2Te3",
    )
    assert record.dataset.slug == "notebook-energy-materials"
    stated = {value["property"]: value for value in record.values}
    assert stated["thermal_conductivity"]["conditions"] == {"temperature": 301.0}
    assert proposal_counts(scope=Scope.visitor()) == {}


@pytest.mark.django_db
def test_a_running_entry_and_another_technique_are_not_proposed() -> None:
    running = a_measured_entry(state=Entry.State.OPEN)
    other = Entry.objects.create(title="Pattern", technique="XRD")
    ProposalStage().process([str(running.pk), str(other.pk), "nonsense"])
    assert not Proposal.objects.exists()


@pytest.mark.django_db
def test_a_changed_entry_is_proposed_again_and_a_new_version_keeps_the_old() -> None:
    user = a_person(staff=True)
    entry = a_measured_entry()
    record = accepted(proposed(entry), user)
    ProposalStage().process([str(entry.pk)])
    assert Proposal.objects.get().state == Proposal.State.ACCEPTED
    entry.sample.formula = "Sb2Te3"  # type: ignore[union-attr]  # made with one
    entry.sample.save()  # type: ignore[union-attr]
    again = proposed(Entry.objects.get(pk=entry.pk))
    assert (again.state, again.changed) == (Proposal.State.PROPOSED, True)
    assert Record.objects.get().formula == "Bi2Te3"  # until somebody decides
    accepted(again, user)
    record.refresh_from_db()
    assert (record.formula, record.version) == ("Sb2Te3", 2)
    assert RecordVersion.objects.get().document["formula"] == "Bi2Te3"


@pytest.mark.django_db
def test_a_failed_experiment_is_a_record_too_and_says_so() -> None:
    user = a_person(staff=True)
    proposal = proposed(a_measured_entry())
    with pytest.raises(NotProposed, match="at least one value"):
        accepted(proposal, user, entered={})
    record = accepted(proposal, user, entered={}, failed=True)
    assert {value["property"]: value["value"] for value in record.values} == {"outcome": "failed", "sample": "BT-7"}
    assert record.title.startswith("failed")


@pytest.mark.django_db
def test_only_who_may_write_decides_and_declining_withdraws() -> None:
    owner = a_person()
    reader = a_person("bob")
    project = a_project(owner=owner, bob="reader")
    proposal = proposed(a_measured_entry(project))
    with pytest.raises(NotProposed):
        accepted(proposal, reader)
    record = accepted(proposal, owner)
    proposal_decline(scope=Scope.of(owner), user=owner, proposal=proposal, note="contact came off")
    record.refresh_from_db()
    assert record.withdrawn
    assert Proposal.objects.get().note == "contact came off"


@pytest.mark.django_db
def test_the_record_follows_its_entry_into_another_project_and_out_of_the_notebook() -> None:
    user = a_person(staff=True)
    entry = a_measured_entry()
    record = accepted(proposed(entry), user)
    project = a_project()
    Entry.objects.filter(pk=entry.pk).update(project=project)
    ProposalStage().process([str(entry.pk)])
    record.refresh_from_db()
    assert (record.project_id, record.version) == (project.pk, 1)
    Attachment.objects.all().delete()
    entry.delete()
    ProposalStage().process([str(record.entry_id)])
    record.refresh_from_db()
    assert record.withdrawn


@pytest.mark.django_db
def test_the_pages_show_the_list_the_badge_and_the_form(client: Client) -> None:
    client.force_login(a_person(staff=True))
    entry = a_measured_entry()
    proposal = proposed(entry)
    assert "Heat flow" in client.get(reverse("knowledge:proposals")).content.decode()
    assert "waits to be filed into a topic" in client.get(reverse("eln:home")).content.decode()
    assert (
        reverse("knowledge:proposal", args=[proposal.pk])
        in client.get(reverse("eln:entry", args=[entry.pk])).content.decode()
    )
    form = reverse("knowledge:proposal", args=[proposal.pk])
    page = client.get(form).content.decode()
    assert 'value="200.0"' in page
    assert "tto.csv: Conductivity" in page
    wrong = client.post(form, {"decision": "accept", "formula": "Si wafer", "value-thermal_conductivity": "much"})
    assert wrong.status_code == 400
    assert "Si wafer" in wrong.content.decode()
    assert "much" in wrong.content.decode()
    done = client.post(
        form, {"decision": "accept", "formula": "Bi2Te3", "value-thermal_conductivity": "1.5 ± 0.1"}, follow=True
    )
    assert done.status_code == 200
    (value,) = [one for one in Record.objects.get().values if one["property"] == "thermal_conductivity"]
    assert (value["value"], value["uncertainty"], value["method"]) == (1.5, 0.1, "entered by hand")
    assert "Heat flow" in client.get(reverse("knowledge:proposals"), {"state": "accepted"}).content.decode()
    assert (
        "归入专题"
        in client.get(reverse("knowledge:proposals"), headers={"accept-language": "zh-hans"}).content.decode()
    )
