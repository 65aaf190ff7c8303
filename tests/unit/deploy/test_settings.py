"""The site reads its options once, from environment or file."""

from pathlib import Path

import pytest
from django.conf import settings

from deploy.config.site import SiteSettings
from tests.home import HOME


def test_tests_never_touch_the_real_data_folder() -> None:
    assert Path(HOME).resolve() == settings.HOME


def test_a_secret_may_stand_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text("s3cret\n")
    monkeypatch.setenv("LODESTONE_SECRET_KEY_FILE", str(tmp_path / "key"))
    assert SiteSettings().secret() == "s3cret"


def test_a_secret_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    site = SiteSettings(home=tmp_path / "new")
    assert site.secret() == site.secret()
    assert (tmp_path / "new" / "secret.key").stat().st_mode & 0o077 == 0


def test_an_empty_variable_is_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LODESTONE_HOME", "")
    assert SiteSettings().home == Path("var")
