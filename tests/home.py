"""A data folder of its own for every test process; loaded as a plugin before Django reads its settings."""

import os
import shutil
import tempfile

import pytest

HOME = tempfile.mkdtemp(prefix="lodestone-test-")
os.environ["LODESTONE_HOME"] = HOME


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind."""
    shutil.rmtree(HOME, ignore_errors=True)
