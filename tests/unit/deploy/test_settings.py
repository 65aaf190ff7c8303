"""The site reads its options once, from environment or file."""

import subprocess
import sys
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings

from deploy import warm
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


def test_a_served_site_has_loaded_what_its_first_plot_needs() -> None:
    code = (
        "import sys, deploy.warm as w; w.PAUSE_S = 0; assert 'pandas' not in sys.modules; w.libraries_load().join();"
        "sys.exit(not {'pandas', 'pyarrow', 'duckdb'} <= set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_loading_begins_with_the_first_call(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []
    monkeypatch.setattr(warm, "libraries_load", lambda: begun.append(1))
    answered: list[tuple[object, ...]] = []

    async def site(*call: object) -> None:
        answered.append(call)

    served = warm.Warming(site)
    assert begun == []
    for call in (("scope", 1, 2), ("scope", 3, 4)):
        async_to_sync(served)(*call)
    assert begun == [1] and answered == [("scope", 1, 2), ("scope", 3, 4)]
