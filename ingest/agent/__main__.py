"""`python -m ingest.agent` is `lodestone-agent`."""

import sys

from ingest.agent.cli import main

sys.exit(main())
