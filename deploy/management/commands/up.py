"""`manage.py up`: the whole embedded site in one process; with --demo, a simulated growth machine and demo data too."""

import sys
import time
from typing import Any

import psutil
from django.conf import settings
from django.core.management.base import CommandParser

from ingest.commands import LodestoneCommand
from ingest.home import home, home_hold


class Command(LodestoneCommand):
    """Run Lodestone on this machine; Ctrl-C stops everything cleanly."""

    help = "Run the embedded site: web server, workers and schedule in one process."

    def arguments(self, parser: CommandParser) -> None:
        """Address, and whether to fill the site with the demo."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--demo", action="store_true", help="demo account, data and a simulated machine")

    def run(self, **options: Any) -> int:
        """Start what is needed in order, and take it down in reverse."""
        from deploy.embedded import Companions, Worker, port_check, serve

        host, port, demo = options["host"], options["port"], options["demo"]
        port_check(host, port)
        companions, worker = Companions(), Worker()
        address = f"http://{host}:{port}"

        def ready() -> None:
            from deploy.demo import demo_prepare, demo_start, folder

            worker.start()
            took = time.time() - psutil.Process().create_time()
            self.say(f"Lodestone is running on {address} (after {took:.1f} s; Ctrl-C stops it)")
            if settings.INGEST.mqtt_bridge is not None:
                log_file = home() / "mqtt_bridge" / "bridge.log"
                companions.start([sys.executable, "manage.py", "mqtt_bridge"], log_file)
                self.say(f"The MQTT bridge {settings.INGEST.mqtt_bridge} runs beside it; its log is {log_file}.")
            if demo:
                account = demo_prepare()
                self.say(f"Log in as {account.username} with password {account.password}")
                demo_start(companions, address=address)
                self.say("A simulated oxide-MBE machine streams already; the demo data load in the background.")
                self.say(f"Files dropped into {folder() / 'watched'} are read and filed.")

        with home_hold():
            try:
                serve(host=host, port=port, on_ready=ready)
            finally:
                self.say("Stopping ...")
                companions.stop()
                worker.stop()
                self.say("Stopped. Nothing is lost: start again with the same command.")
        return 0

    def say(self, line: str) -> None:
        """Print at once, also into a pipe."""
        print(line, file=sys.stdout, flush=True)
