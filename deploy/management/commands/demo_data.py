"""`manage.py demo_data`: load the demo's own crystals and facts through the door everything enters by."""

import os
import sys
from typing import Any

from deploy.demo import folder
from ingest.commands import LodestoneCommand


class Command(LodestoneCommand):
    """Load once; a second call does nothing new."""

    help = "Load the demo data: the AFLOW prototype structures bundled with pymatgen, and a small table of facts."

    def run(self, **options: Any) -> int:
        """Load at low priority, since a person may already be looking at the site."""
        from knowledge.imports.demo import demo_load

        os.nice(10)
        demo_load(lambda line: print(line, file=sys.stderr, flush=True))
        folder().mkdir(parents=True, exist_ok=True)
        (folder() / "data.loaded").touch()
        return 0
