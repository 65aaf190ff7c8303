"""`make torture`: all of it, with a table at the end. `python -m tests.torture --kills 8 --days 0.1` for less."""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.agent.agents import ROOT
from tests.agent.sites import Site
from tests.torture.clocks import jumps
from tests.torture.kills import kills
from tests.torture.spools import full_disk, torn_page

CHANNELS = 60
TOKEN = """
from ingest.gateway.services import agent_enrol, enrolment_create, instrument_ensure
from django.utils import timezone
code = enrolment_create(instrument=instrument_ensure(slug="mbe", title="MBE"))
print(agent_enrol(code=code, name="week", now=timezone.now())[1])
"""
COUNT = """
from django.db.models import Sum
from ingest.telemetry.models import FrameBatch
print(FrameBatch.objects.aggregate(n=Sum("points"))["n"])
"""
Row = tuple[str, str, int, int, int, int, float]  # what, how much of it, sent, found, lost, doubled, seconds


def by_kills(options: argparse.Namespace) -> Row:
    """Agent and server."""
    difference, more = kills(options.kills, seed=options.seed)
    done = more["kills"]
    how = f"{done['agent']} x agent, {done['server']} x server; {more['mischief']}"
    wrong = difference.wrong + (1 if more["refused"] else 0)
    return (
        "kill -9",
        how,
        difference.sent,
        difference.found,
        difference.lost + wrong,
        difference.doubled,
        more["seconds"],
    )


def by_torn_pages(options: argparse.Namespace) -> Row:
    """A page of the spool after the other; what lay on the page itself is lost, nothing else may be."""
    began, told = time.monotonic(), [torn_page(options.seed * 1000 + one) for one in range(options.pages)]
    sent, found = sum(one["spooled"] for one in told), sum(one["found"] for one in told)
    silent = sum(one["lost"] for one in told if not one["noticed"])
    how = f"{options.pages} spools, {sent - found} rows lay on torn pages, {silent} missed in silence"
    return "torn page", how, sent, found, silent, sum(one["doubled"] for one in told), time.monotonic() - began


def by_full_disk(options: argparse.Namespace) -> Row:
    """A disk of 16 MB."""
    began = time.monotonic()
    try:
        told = full_disk()
    except PermissionError as error:
        return "full disk", f"SKIPPED: {error}", 0, 0, 0, 0, 0.0
    how = f"{told['free_when_full']} bytes free when the source paused"
    lost = told["lines"] - told["arrived"]
    return (
        "full disk",
        how,
        told["lines"],
        told["arrived"],
        max(lost, 0) + (not told["same"]),
        max(-lost, 0),
        time.monotonic() - began,
    )


def by_clocks(options: argparse.Namespace) -> Row:
    """+1 h, back, -1 h, back."""
    began, told = time.monotonic(), jumps()
    how = f"offsets estimated {told['offsets']} s"
    return (
        "clock jumps",
        how,
        told["sent"],
        told["found"],
        told["lost"] + told["altered"],
        told["doubled"],
        time.monotonic() - began,
    )


def by_outage(options: argparse.Namespace) -> Row:
    """Days without the server at 60 points a second, time compressed, then a real site."""
    with tempfile.TemporaryDirectory(prefix="lodestone-week-") as folder:
        site = Site(Path(folder) / "site")
        site.start()
        try:
            began, rows = time.monotonic(), int(options.days * 86400)
            command = [sys.executable, "-m", "tests.torture.spools", site.url, site.ask(TOKEN), folder, str(rows)]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(done.stderr)
            told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
            found = int(site.ask(COUNT))
        finally:
            site.stop()
    sent = rows * CHANNELS
    how = (
        f"{options.days:g} days: spool {told['spool_mb']:.0f} MB, {told['bytes_per_point']:.1f} bytes/point, memory "
        f"{told['memory_mb']:.0f} MB, caught up in {told['catch_up_s']:.0f} s ({told['points_per_s'] / 1e6:.2f} M points/s)"
    )
    return "outage", how, sent, found, max(sent - found, 0), max(found - sent, 0), time.monotonic() - began


PARTS: dict[str, Callable[[argparse.Namespace], Row]] = {
    "clocks": by_clocks,
    "disk": by_full_disk,
    "pages": by_torn_pages,
    "outage": by_outage,
    "kills": by_kills,
}


def main() -> int:
    """Run the parts asked for; exit 1 when anything was lost or doubled."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help=f"of {', '.join(PARTS)}; none: all")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--pages", type=int, default=40)
    parser.add_argument("--days", type=float, default=7)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rows = []
    for name in options.parts or PARTS:
        print(f"torture: {name} ...", file=sys.stderr, flush=True)
        rows.append(PARTS[name](options))
    print(f"{'what':12} {'sent':>10} {'found':>10} {'lost':>6} {'doubled':>8} {'seconds':>8}  how")
    for what, how, sent, found, lost, doubled, seconds in rows:
        print(f"{what:12} {sent:10} {found:10} {lost:6} {doubled:8} {seconds:8.0f}  {how}")
    return int(any(lost or doubled for *_, lost, doubled, _ in rows))


if __name__ == "__main__":
    sys.exit(main())
