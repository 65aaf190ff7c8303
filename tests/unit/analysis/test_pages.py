"""Pages of analysis: forms, refusals, languages; no job is run here."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import translation

from analysis.jobs.models import Job
from analysis.jobs.reasons import MEMORY, reason_told
from analysis.jobs.wording import PATTERNS, worded
from eln.accounts.models import User
from tests.builders.analysis import a_job

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(client: Client) -> User:
    user = User.objects.create_user("ada", password="not a real one")
    client.force_login(user)
    return user


def test_pages_need_a_login(client: Client) -> None:
    assert client.get("/analysis/").status_code == 302


def test_the_form_offers_what_the_topic_can_be_asked(client: Client, ada: User) -> None:
    page = client.get("/analysis/train/?topic=topological_materials&filter=nelements%20%3D%202").content.decode()
    assert "topological_class_soc" in page
    assert "nelements = 2" in page
    assert 'name="p-trees"' in page
    assert "mp_id" not in page


def test_the_form_speaks_chinese(client: Client, ada: User) -> None:
    page = client.get("/analysis/train/?topic=topological_materials", headers={"accept-language": "zh-hans"})
    assert "训练模型" in page.content.decode()
    assert "树的数量" in page.content.decode()


def test_data_that_cannot_be_learnt_from_are_refused_in_the_form(client: Client, ada: User) -> None:
    asked = {"query": "topic=topological_materials", "target": "nontrivial_soc", "trainer": "tree_ensemble"}
    asked |= {"grouping": "composition", "folds": "5", "seed": "0", "device": "auto"}
    answer = client.post("/analysis/train/", asked)
    assert answer.status_code == 400
    assert "no record matches" in answer.content.decode()
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"formula,gap\nNaCl,8.5\n", "it has: formula, gap"), (b"", "no rows"), (b"\x00" * 99, "not a table")],
)
def test_a_table_that_cannot_be_used_is_refused_in_the_form(
    client: Client, ada: User, content: bytes, says: str
) -> None:
    asked = {
        "target": "no such column",
        "trainer": "tree_ensemble",
        "grouping": "composition",
        "folds": "5",
        "seed": "0",
    }
    asked |= {"device": "cpu", "table": SimpleUploadedFile("t.csv", content)}  # type: ignore[dict-item]
    answer = client.post("/analysis/train/table/", asked)
    assert answer.status_code == 400
    assert says in answer.content.decode()


def test_a_failed_job_tells_why_in_the_readers_language(client: Client, ada: User) -> None:
    job = a_job(owner=ada, limits={"memory_mb": 300})
    Job.objects.filter(uid=job.uid).update(state=Job.State.FAILED, reason=MEMORY)
    job.refresh_from_db()
    assert "300 MiB" in reason_told(job)
    page = client.get(f"/analysis/jobs/{job.uid}/", headers={"accept-language": "zh-hans"}).content.decode()
    assert "300 MiB" in page
    assert "重试" in page


def test_htmx_gets_the_part_that_changes(client: Client, ada: User) -> None:
    job = a_job(owner=ada)
    Job.objects.filter(uid=job.uid).update(state=Job.State.DONE)
    part = client.get(f"/analysis/jobs/{job.uid}/", headers={"hx-request": "true"}).content.decode()
    assert part.strip().startswith('<div id="live"')
    assert "hx-get" not in part
    assert "<html" not in part


def test_a_job_of_a_stranger_cannot_be_cancelled(client: Client, ada: User) -> None:
    job = a_job(owner=User.objects.create_user("bob"))
    assert client.post(f"/analysis/jobs/{job.uid}/cancel/").status_code == 404
    job.refresh_from_db()
    assert job.state == Job.State.QUEUED


def test_every_sentence_of_pure_code_has_a_chinese_form() -> None:
    with translation.override("zh-hans"):
        assert worded("fold 2 of 5: 100 trees") == "第 2 折，共 5 折：100 棵树"
        assert worded("something else") == "something else"
        assert all(translation.gettext(template) != template for _, template in PATTERNS)
