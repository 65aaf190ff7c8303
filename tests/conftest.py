"""Shared fixtures: the real files beside the checkout."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# how long an example takes says something of the machine, not of the code
settings.register_profile("lodestone", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("lodestone")

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real instrument files and topic tables; skips with a reason where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is absent: real files are not part of the checkout")
    return SHARED


@pytest.fixture(autouse=True)
def _an_index_of_its_own(request: pytest.FixtureRequest) -> None:
    """Index files outlive a test's transaction: each test with a database begins with an index that names no segment."""
    if not {"db", "transactional_db", "django_db_setup"} & set(request.fixturenames):
        return
    from dataclasses import replace

    from knowledge.index.segments import folder, manifest_read, manifest_write

    manifest = manifest_read()
    if manifest.segments and folder().is_dir():
        manifest_write(replace(manifest, generation=manifest.generation + 1, segments=()))
