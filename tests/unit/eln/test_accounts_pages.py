"""Log-in, language, members."""

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from eln.accounts.services import person_create
from eln.models import User
from tests.builders.eln import a_person, a_project

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_tries_remembered() -> None:
    cache.clear()


def test_log_in_with_the_right_password_only_and_out_again(client: Client) -> None:
    person_create(username="ada", password="correct-horse-1", full_name="Ada L")
    assert client.post(reverse("eln:login"), {"username": "ada", "password": "wrong"}).status_code == 200
    answer = client.post(reverse("eln:login"), {"username": "ada", "password": "correct-horse-1"})
    assert answer.status_code == 302 and client.get(reverse("eln:home")).status_code == 200
    client.post(reverse("eln:logout"))
    assert client.get(reverse("eln:home")).status_code == 302


def test_after_ten_wrong_passwords_the_name_must_wait(client: Client) -> None:
    person_create(username="ada", password="correct-horse-1")
    for _ in range(10):
        client.post(reverse("eln:login"), {"username": "ada", "password": "wrong"})
    answer = client.post(reverse("eln:login"), {"username": "ada", "password": "correct-horse-1"})
    assert answer.status_code == 429


def test_the_language_is_remembered_for_the_person(client: Client) -> None:
    ada = a_person("ada")
    client.force_login(ada)
    client.post(reverse("eln:language"), {"language": "zh-hans", "next": "/"})
    assert User.objects.get(pk=ada.pk).language == "zh-hans"
    assert 'lang="zh-hans"' in client.get(reverse("eln:home")).content.decode()


def test_a_stranger_does_not_see_a_project_and_a_member_does(client: Client) -> None:
    eve = a_person("eve")
    project = a_project("Secret films")
    client.force_login(eve)
    assert client.get(reverse("eln:project", args=[project.slug])).status_code == 404
    assert "Secret films" not in client.get(reverse("eln:projects")).content.decode()
    seen = a_project("Open films", eve="reader")
    assert "eve" in client.get(reverse("eln:project", args=[seen.slug])).content.decode()


def test_the_gallery_shows_every_component(client: Client) -> None:
    client.force_login(a_person())
    page = client.get(reverse("eln:gallery")).content.decode()
    assert "lab-plot" in page and "style=" not in page and "<script>" not in page
