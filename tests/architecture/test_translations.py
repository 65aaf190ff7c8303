"""Every text of every page is there in Chinese, and no page has grown a text that the catalogue does not know."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("ingest", "eln", "knowledge", "analysis", "chat")
CATALOGUE = Path("locale/zh_Hans/LC_MESSAGES/django.po")


def texts(path: Path) -> set[tuple[str | None, str]]:
    """What a catalogue translates."""
    if not path.exists():
        return set()
    return {(entry.msgctxt, entry.msgid) for entry in polib.pofile(str(path)) if not entry.obsolete}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_text_lacks_its_translation(package: str) -> None:
    path = ROOT / package / CATALOGUE
    entries = polib.pofile(str(path)) if path.exists() else []
    assert [entry.msgid for entry in entries if not entry.obsolete and (not entry.translated() or entry.fuzzy)] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_the_catalogue_knows_every_text_of_the_package(package: str, tmp_path: Path) -> None:
    if shutil.which("xgettext") is None:
        assert not os.environ.get("CI"), "CI must have GNU gettext"
        pytest.skip("GNU gettext is not installed")
    copy = tmp_path / package
    shutil.copytree(ROOT / package, copy, ignore=shutil.ignore_patterns("static", "__pycache__", "*.mo"))
    (copy / "locale").mkdir(exist_ok=True)
    made = subprocess.run(
        [sys.executable, "-m", "django", "makemessages", "-l", "zh_Hans", "--no-location", "--no-obsolete"],
        cwd=copy,
        capture_output=True,
        text=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "", "PYTHONPATH": ""},
    )
    assert made.returncode == 0, made.stderr
    assert sorted(str(text) for _, text in texts(copy / CATALOGUE) - texts(ROOT / package / CATALOGUE)) == []
