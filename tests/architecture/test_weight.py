"""What must stay light: the site's start-up, and the agent."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "sklearn", "pymatgen", "scipy", "duckdb", "pandas", "pint", "matplotlib", "skops", "pyarrow")


def modules_after(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter holds after running `code`."""
    script = f"{code}\nimport sys\nprint(' '.join({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_the_site_starts_without_anything_heavy() -> None:
    start = (
        "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'deploy.config.settings'\n"
        "import deploy.config.asgi, deploy.embedded\n"
        "from django.urls import get_resolver; get_resolver().url_patterns; get_resolver().reverse_dict"
    )
    assert not modules_after(start) & set(HEAVY)


def test_the_agent_imports_no_server() -> None:
    loaded = modules_after("import ingest.agent.cli, ingest.contract")
    assert not loaded & {*HEAVY, "django", "numpy", "celery", "deploy", "eln"}
