"""`make bench`: every figure as a JSON line {name, value, unit, machine, commit}, then a table.

Each `bench_*.py` beside this file yields figures and runs in a process and a data folder of its own, so that none profits
from what another warmed up. Names on the command line choose some of them.
"""

import importlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def machine() -> str:
    """Processor, cores and memory in words."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = lines[0].split(":", 1)[1].strip() if lines else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB"


def commit() -> str:
    """The commit, with + when the tree differs from it."""
    head = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    dirty = subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, text=True, check=False)
    return (head.stdout.strip() or "unknown") + ("+" if dirty.stdout.strip() else "")


def run_one(name: str) -> None:
    """Yield one module's figures as lines; called in a process of its own."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy.config.settings")
    import django

    django.setup()
    from ingest.home import home_prepare

    home_prepare()
    for figure, value, unit in importlib.import_module(f"tests.performance.{name}").figures():
        print(json.dumps({"name": figure, "value": round(value, 4), "unit": unit}), flush=True)


def main(wanted: list[str]) -> int:
    """Run all benchmarks, or those named."""
    names = [path.stem for path in sorted(HERE.glob("bench_*.py"))]
    chosen = [name for name in names if not wanted or name in wanted or name.removeprefix("bench_") in wanted]
    where, at, table, failed = machine(), commit(), [], 0
    for name in chosen:
        with tempfile.TemporaryDirectory(prefix="lodestone-bench-", ignore_cleanup_errors=True) as home:
            done = subprocess.run(
                [sys.executable, "-m", "tests.performance.bench", "--one", name],
                cwd=ROOT, env={**os.environ, "LODESTONE_HOME": home}, capture_output=True, text=True, check=False,
            )  # fmt: skip
        if done.returncode:
            failed += 1
            print(f"{name} failed:\n{done.stderr[-3000:]}", file=sys.stderr)
        elif done.stderr.strip():
            print(done.stderr[-1000:], file=sys.stderr)
        for line in done.stdout.splitlines():
            figure = {**json.loads(line), "machine": where, "commit": at}
            table.append(figure)
            print(json.dumps(figure), flush=True)
    print(f"\n{where}; commit {at}")
    for figure in table:
        print(f"  {figure['name']:<58} {figure['value']:>14,.4g} {figure['unit']}")
    return 1 if failed else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        run_one(sys.argv[2])
    else:
        sys.exit(main(sys.argv[1:]))
