"""The running agent: sources in threads, the uploader in its own, started again when they fail, stopped in order."""

import logging
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field

from ingest.agent.config import Settings, SourceSettings
from ingest.agent.context import RunningSource
from ingest.agent.errors import (
    Incompatible,
    Refused,
    SourceError,
    SpoolCorrupt,
    SpoolWriteFailed,
    Stopping,
    Unauthorised,
    Unreachable,
)
from ingest.agent.health import Pulse, state_write
from ingest.agent.page import page_serve
from ingest.agent.remote import Remote
from ingest.agent.spool import Spool
from ingest.agent.upload import Uploader
from ingest.agent.wire import Wire

log = logging.getLogger(__name__)
MAX_RESTART_S = 300.0
HEALTHY_S = 600.0  # a source that ran so long starts again at once
JOIN_S = 10.0
LOOK_S = 2.0


@dataclass
class Round:
    """One time from opening the spool to closing it. `over` ends it: the agent stops, the spool broke, or the settings changed."""

    settings: Settings
    over: threading.Event = field(default_factory=threading.Event)
    error: SpoolCorrupt | None = None
    next: Settings | None = None

    def broken(self, error: SpoolCorrupt) -> None:
        """The first fault that all threads share."""
        self.error = self.error or error
        self.over.set()


def agent_run(settings: Settings, *, stopping: threading.Event) -> None:
    """Run until `stopping`; a broken spool is moved aside, and the site's configuration taken over, between two rounds."""
    settings.server.secret()  # no start without a token
    remote = Remote(settings)
    present, suspect = remote.start(), 0
    with ExitStack() as stack:
        if settings.status.port:
            stack.enter_context(page_serve(settings, settings.status.port))
        while not stopping.is_set():
            one, began = Round(present), time.monotonic()
            try:
                _round(one, remote, stopping, suspect)
            except SpoolWriteFailed as error:
                log.error("%s; it is opened again in 10 s", error)
                stopping.wait(10)
            present = one.next or present
            if one.error is not None:
                suspect = 1 if time.monotonic() - began > HEALTHY_S else suspect + 1
                log.error("%s; the spool is opened again", one.error)
                stopping.wait(1)


def _round(one: Round, remote: Remote, stopping: threading.Event, suspect: int) -> None:
    settings, over = one.settings, one.over
    token = settings.server.secret()
    spool = Spool(settings.spool.path, live_window_s=settings.spool.live_window_s, suspect=suspect)
    wire, pulse_wire = Wire(settings.server, token), Wire(settings.server, token)
    uploader = Uploader(spool, wire, retry_max_s=settings.server.retry_max_s, stopping=over)
    pulse = Pulse(pulse_wire, settings.server)
    sources = [
        RunningSource(
            each.name,
            each.type,
            settings.instrument_of(each),
            spool,
            settings.spool,
            over,
            limits_at_server=wire.limits,
        )
        for each in settings.sources
    ]
    threads = [
        threading.Thread(target=_source_thread, args=(each, running, one), name=each.name)
        for each, running in zip(settings.sources, sources, strict=True)
    ]
    sender = threading.Thread(target=_upload_thread, args=(uploader, one), name="uploader")
    log.info("agent starts: %d sources, spool %s (epoch %s)", len(sources), spool.path, spool.epoch)
    try:
        for thread in [sender, *threads]:
            thread.start()
        while not stopping.is_set() and not over.is_set():
            try:
                pulse.beat(spool, sources, uploader, remote)
                if pulse.config_due:
                    _config_look(one, remote, pulse, pulse_wire)
                state_write(spool, sources, uploader, remote, pulse, wire)
            except SpoolCorrupt as error:
                one.broken(error)
            if not over.is_set():
                stopping.wait(min(LOOK_S, settings.server.heartbeat_s))
    finally:
        over.set()
        spool.filled.set()
        for thread in [*threads, sender]:
            if thread.ident is not None:
                thread.join(JOIN_S)
        _last_words(one, spool, sources, uploader, remote, pulse, wire)
        wire.close()
        pulse_wire.close()
        spool.close()
        log.info("agent stopped; what was not delivered waits in %s", spool.path)


def _config_look(one: Round, remote: Remote, pulse: Pulse, wire: Wire) -> None:
    """Fetch what the site wants collected; where it is new and good, this round ends and the next runs it."""
    before = remote.refused_version
    try:
        one.next = remote.fetch(wire)
    except (Unreachable, Unauthorised, Incompatible, OSError) as error:
        log.warning("the site's configuration cannot be fetched now: %s", error)
        return
    except Refused:  # a site that keeps no configurations
        pass
    pulse.config_due = False
    if one.next is not None:
        one.over.set()
    elif remote.refused_version != before:
        pulse.soon()


def _last_words(
    one: Round,
    spool: Spool,
    sources: list[RunningSource],
    uploader: Uploader,
    remote: Remote,
    pulse: Pulse,
    wire: Wire,
) -> None:
    if one.error is not None:
        return
    try:
        if uploader.state == "online":
            uploader.drain(limit_s=3)
        for running in sources:
            running.report("stopped")
        state_write(spool, sources, uploader, remote, pulse, wire)
    except SpoolCorrupt as error:
        one.error = error


def _upload_thread(uploader: Uploader, one: Round) -> None:
    while not one.over.is_set():
        try:
            uploader.run()
        except SpoolCorrupt as error:
            one.broken(error)
        except Exception:
            log.exception("the uploader failed unexpectedly; it starts again in 10 s, everything is kept")
            one.over.wait(10)


def _source_thread(each: SourceSettings, running: RunningSource, one: Round) -> None:
    delay = 1.0
    while not one.over.is_set():
        began = time.monotonic()
        try:
            running.report("running")
            each.build(one.settings.folder).run(running)
            if not one.over.is_set():
                running.report("finished")
            return
        except Stopping:
            return
        except SpoolCorrupt as error:
            one.broken(error)
            return
        except SourceError as error:
            running.report("failed", str(error))
        except Exception as error:
            log.exception("source %s failed unexpectedly", each.name)
            running.report("failed", repr(error))
        delay = 1.0 if time.monotonic() - began > HEALTHY_S else delay
        running.restarts += 1
        log.warning("source %s starts again in %.0f s", each.name, delay)
        one.over.wait(delay)
        delay = min(delay * 2, MAX_RESTART_S)
