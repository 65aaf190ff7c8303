"""`mqtt_bridge FILE`: take what machines publish to an MQTT broker, until stopped."""

import signal
import threading
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from ingest.commands import LodestoneCommand
from ingest.errors import BadInput


class Command(LodestoneCommand):
    """Runs beside the site; Ctrl-C or SIGTERM ends it, and the broker keeps what comes meanwhile."""

    help = "Collect from an MQTT broker on the site's side, for machines without an agent."

    def arguments(self, parser: CommandParser) -> None:
        """The file; without it the one in the settings."""
        parser.add_argument("file", nargs="?", type=Path, help="TOML file (LODESTONE_INGEST_MQTT_BRIDGE)")
        parser.add_argument("--check", action="store_true", help="only say whether the file is right")

    def run(self, **options: Any) -> int:  # Any: argparse's own
        """Until stopped."""
        from ingest.gateway.mqtt_bridge import Bridge, bridge_hold, bridge_settings

        place = options["file"] or settings.INGEST.mqtt_bridge
        if place is None:
            raise BadInput("name the bridge's TOML file, here or in LODESTONE_INGEST_MQTT_BRIDGE")
        wanted = bridge_settings(Path(place))
        names = [one.instrument for one in wanted.instruments]
        self.emit({"file": str(place), "instruments": names}, f"{place}: {', '.join(names)}")
        if options["check"]:
            return 0
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        with bridge_hold():
            Bridge(wanted, stopping).run()
        return 0
