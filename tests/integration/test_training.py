"""From a query to filed predictions, and what happens to jobs that do not end well. Real processes, real files."""

import json
import threading
import time
from datetime import timedelta

import psutil
import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from analysis.datasets.query import query_dataset
from analysis.errors import BadDataset, ModelRefused, OutOfReach
from analysis.jobs.folders import job_folder, model_folder
from analysis.jobs.followers import follower_name, orphans_fail
from analysis.jobs.models import Job
from analysis.jobs.reasons import CPU, GONE, MEMORY, WALL
from analysis.jobs.services import job_cancel, job_retry
from analysis.predictions.services import predict_formulas, predict_query, predictions_file
from analysis.predictors.selectors import predictor_open
from analysis.running import runner
from analysis.running.stages import JobStage
from eln.accounts.models import Membership, Project, User
from eln.accounts.scope import Scope
from ingest.feeds.services import feed_append, stages_drain
from ingest.gateway.models import Receipt
from ingest.gateway.selectors import receipt_path
from knowledge.index.services import index_rebuild
from knowledge.query.executor import run
from knowledge.query.types import HasElements, Query
from knowledge.records.models import Kind
from tests.builders.analysis import a_dataset, a_job, a_model, formulas, worked
from tests.builders.knowledge import a_dataset as a_source
from tests.builders.knowledge import a_record

pytestmark = pytest.mark.django_db(transaction=True)


def followed(job: Job) -> Job:
    runner.job_follow(job.uid)
    return Job.objects.get(uid=job.uid)


def jobs_ended() -> None:
    """Wait for the thread that runs jobs on a site that has no worker."""
    for thread in threading.enumerate():
        if thread.name == "jobs":
            thread.join(60)


def running(job: Job) -> runner.Following:
    """A job whose process has begun to learn."""
    Job.objects.filter(uid=job.uid).update(state=Job.State.RUNNING, follower=follower_name(), started=timezone.now())
    following = runner._start(Job.objects.get(uid=job.uid))
    deadline = time.monotonic() + 60
    while not runner.events_read(job.uid)[0] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert following.process.poll() is None
    return following


@pytest.fixture
def records() -> None:
    """The ions as records of a computed data set, with a prediction among them that must not be learnt from."""
    source = a_source(slug="ions", kind=Kind.COMPUTATION)
    made = [
        a_record(
            text, dataset=source, spacegroup_number=225, values={"topological_class_soc": "TI" if gap > 1.7 else "TCI"}
        )
        for text, gap in formulas().items()
    ]
    made.append(
        a_record("PbTe", dataset=a_source(slug="guess", kind=Kind.PREDICTION), values={"topological_class_soc": "TI"})
    )
    feed_append("records", [record.pk for record in made])
    index_rebuild()


def test_a_query_becomes_a_model_and_its_predictions_are_filed_apart(records: None) -> None:
    query = Query(topic="topological_materials")
    dataset = query_dataset(query, target="topological_class_soc", scope=Scope.system())
    assert set(dataset.values) == {"TI", "TCI"}
    assert "TePb" not in dataset.rows.formulas
    job = a_job(dataset=dataset)
    stages_drain(only=["analysis.jobs"])
    jobs_ended()
    job.refresh_from_db()
    assert (job.state, job.reason) == (Job.State.DONE, "")
    model = job.made
    assert model.score > model.baseline + 0.2
    assert model.card["data"]["version"] == dataset.version == job.data_version

    predicted = followed(predict_formulas(predictor=model, texts=["Rb2O 225", "Pb Te", "RbF"], owner=None))
    assert predicted.state == Job.State.DONE, predicted.reason
    receipt = Receipt.objects.get(id=f"prediction-{predicted.uid}")
    document = json.loads(receipt_path(receipt).read_bytes())
    assert receipt.kind == "prediction"
    assert document["property"] == "topological_class_soc"
    assert [row["formula"] for row in document["rows"]] == ["Rb2O", "TePb", "RbF"]
    assert [row["in_domain"] for row in document["rows"]] == [False] * 3  # no Rb, no Pb among the training rows
    assert document["rows"][2]["value"] == "TI"

    stages_drain(only=["knowledge.imports", "knowledge.index"])
    found = run(Query(where=HasElements(("Rb",)), kinds=("prediction",)), scope=Scope.system())
    assert {row.formula for row in found.rows} == {"Rb2O", "RbF"}
    assert run(Query(where=HasElements(("Rb",))), scope=Scope.system()).count == 0


def test_predictions_for_records_of_a_project_are_filed_in_that_project() -> None:
    person = User.objects.create_user("ada", password="not a real one")
    own, other = (Project.objects.create(slug=name, title=name) for name in ("own", "other"))
    Membership.objects.create(user=person, project=own, role=Membership.Role.WRITER)
    Membership.objects.create(user=person, project=other, role=Membership.Role.READER)
    made = [
        a_record(text, dataset=a_source(slug=text.lower(), kind=Kind.COMPUTATION, project=project))
        for text, project in (("CsO2", own), ("CaO2", other), ("RbO2", None))
    ]
    feed_append("records", [record.pk for record in made])
    index_rebuild()
    scope = Scope.of(person)
    predictions_file(job=worked(predict_query(predictor=a_model(), query=Query(), scope=scope, owner=person)))
    stages_drain(only=["knowledge.imports", "knowledge.index"])

    def told(scope: Scope) -> dict[str, int | None]:
        return {row.formula: row.project_id for row in run(Query(kinds=("prediction",)), scope=scope).rows}

    assert told(scope) == {"CsO2": own.pk, "RbO2": None}  # nothing of a project in which she may only read
    assert told(Scope()) == {"RbO2": None}


def test_a_record_that_changes_gives_another_data_version(records: None) -> None:
    query = Query(topic="topological_materials")
    first = query_dataset(query, target="topological_class_soc", scope=Scope.system())
    again = query_dataset(query, target="topological_class_soc", scope=Scope.system())
    from knowledge.records.models import Record

    Record.objects.filter(pk=first.rows.ids[0]).update(version=2)
    index_rebuild()
    changed = query_dataset(query, target="topological_class_soc", scope=Scope.system())
    assert first.version == again.version != changed.version


def test_a_property_that_is_not_there_names_those_that_are(records: None) -> None:
    with pytest.raises(BadDataset, match="topological_class_soc"):
        query_dataset(Query(topic="topological_materials"), target="no_such", scope=Scope.system())


def test_a_stored_model_loads_back_and_another_process_makes_the_same() -> None:
    dataset = a_dataset()
    models = [followed(a_job(dataset=dataset)).made, a_model(dataset=dataset)]
    said = [[item.value for item in predictor_open(model).predict(dataset.rows)] for model in models]
    assert said[0] == said[1]
    assert models[0].card["validation"]["metrics"] == models[1].card["validation"]["metrics"]
    assert models[0].usable
    assert 0.8 <= models[0].card["intervals"]["coverage"] <= 1


def test_a_tampered_model_file_is_refused() -> None:
    model = a_model()
    assert {"forest.skops", "model.json", "reach.npz"} <= set(model.files)
    for file in model.files:
        path = model_folder(model.uid) / file
        whole = path.read_bytes()
        data = bytearray(whole)
        data[len(data) // 2] ^= 1
        path.write_bytes(bytes(data))
        with pytest.raises(ModelRefused, match=file):
            predictor_open(model)
        path.write_bytes(whole)
    assert predictor_open(model)


def test_a_model_no_better_than_trivial_says_so_and_predicts_nothing() -> None:
    model = a_model(dataset=a_dataset(noise=True))
    assert not model.usable
    with pytest.raises(OutOfReach, match="trivial"):
        predict_formulas(predictor=model, texts=["NaCl"], owner=None)


def test_a_cancelled_job_leaves_no_process() -> None:
    job = a_job(trees=2000)
    following = running(job)
    job_cancel(job=job)
    runner._watch(following)
    runner._finish(following)
    assert not psutil.pid_exists(following.process.pid)
    assert Job.objects.get(uid=job.uid).state == Job.State.CANCELLED


def test_a_waiting_job_is_cancelled_at_once_and_can_be_retried() -> None:
    job = a_job()
    job_cancel(job=job)
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED
    assert not runner.job_follow(job.uid)
    again = followed(job_retry(job=job, owner=None))
    assert (again.state, again.parent_id, again.data_version) == (Job.State.DONE, job.uid, job.data_version)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [({"memory_mb": 150}, MEMORY), ({"cpu_s": 1}, CPU), ({"wall_s": 1}, WALL)],
    ids=["memory", "cpu", "wall"],
)
def test_a_job_ended_by_a_limit_says_which(limits: dict[str, int], reason: str) -> None:
    job = followed(a_job(trees=2000, limits=limits))
    assert (job.state, job.reason) == (Job.State.FAILED, reason)


def test_a_job_whose_follower_is_gone_fails_with_the_reason_and_can_be_retried() -> None:
    job = a_job()
    Job.objects.filter(uid=job.uid).update(
        state=Job.State.RUNNING,
        follower=f"{follower_name().split(':')[0]}:999999:1",
        started=timezone.now() - timedelta(hours=1),
    )
    assert orphans_fail() == 1
    job.refresh_from_db()
    assert (job.state, job.reason) == (Job.State.FAILED, GONE)
    assert job_retry(job=job, owner=None).state == Job.State.QUEUED


def test_after_a_restart_waiting_jobs_start_and_orphans_fail_without_anybody_looking() -> None:
    orphan, waiting = a_job(), a_job()
    Job.objects.filter(uid=orphan.uid).update(
        state=Job.State.RUNNING, follower=f"{follower_name().split(':')[0]}:999999:1", started=timezone.now()
    )
    JobStage().tick(timezone.now())
    jobs_ended()
    orphan.refresh_from_db()
    waiting.refresh_from_db()
    assert (orphan.state, orphan.reason) == (Job.State.FAILED, GONE)
    assert (waiting.state, waiting.reason) == (Job.State.DONE, "")


def test_a_tick_with_nothing_to_do_asks_two_short_questions(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(2):
        JobStage().tick(timezone.now())


def test_a_worker_ends_with_the_process_that_started_it() -> None:
    job = a_job(trees=2000)
    Job.objects.filter(uid=job.uid).update(state=Job.State.RUNNING, follower=follower_name())
    folder = runner.order_put(job, parent=1)  # as if the parent had been another that is gone
    import subprocess
    import sys

    done = subprocess.run([sys.executable, "-I", "-m", "analysis.running.worker", str(folder)], timeout=60, check=False)
    assert done.returncode == runner.ORPHANED


def test_the_process_of_a_job_has_no_database_and_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LODESTONE_SECRET_KEY", "x")
    assert not [name for name in runner.environment(1) if name.startswith("LODESTONE")]


def test_jobs_and_models_belong_to_the_person_who_started_them(client: Client) -> None:
    owner, stranger = (User.objects.create_user(name, password="not a real one") for name in ("ada", "bob"))
    model = a_model(owner=owner)
    job = model.job
    assert job_folder(job.uid).is_dir()
    addresses = [
        f"/analysis/jobs/{job.uid}/",
        f"/analysis/models/{job.made.uid}/",
        f"/analysis/models/{job.made.uid}/card.json",
        f"/analysis/models/{job.made.uid}/parity.json",
    ]
    for person, status in ((owner, 200), (stranger, 404)):
        client.force_login(person)
        assert {client.get(address).status_code for address in addresses} == {status}
    assert client.post(f"/analysis/jobs/{job.uid}/retry/").status_code == 404
    assert job.uid not in client.get("/analysis/").content.decode()
