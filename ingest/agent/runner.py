"""The running agent: sources in threads, the uploader in its own, started again when they fail, stopped in order."""

import logging
import threading
import time
from dataclasses import dataclass

from ingest.agent.config import Settings, SourceSettings
from ingest.agent.context import RunningSource
from ingest.agent.errors import SourceError, SpoolCorrupt, Stopping
from ingest.agent.health import Pulse, state_write
from ingest.agent.spool import Spool
from ingest.agent.upload import Uploader
from ingest.agent.wire import Wire

log = logging.getLogger(__name__)
MAX_RESTART_S = 300.0
HEALTHY_S = 600.0  # a source that ran so long starts again at once
JOIN_S = 10.0


@dataclass
class Failure:
    """The first fault that all threads share."""

    error: SpoolCorrupt | None = None


def agent_run(settings: Settings, *, stopping: threading.Event) -> None:
    """Run until `stopping`; a spool that breaks on the way is moved aside and all begins anew with a new one."""
    token = settings.server.secret()
    suspect = 0
    while not stopping.is_set():
        failure, began = Failure(), time.monotonic()
        _run_once(settings, token, stopping, failure, suspect)
        if failure.error is not None:
            suspect = 1 if time.monotonic() - began > HEALTHY_S else suspect + 1
            log.error("%s; the spool is opened again", failure.error)
            stopping.wait(1)


def _run_once(settings: Settings, token: str, stopping: threading.Event, failure: Failure, suspect: int) -> None:
    local = threading.Event()  # ends this round, because of `stopping` or of a broken spool
    spool = Spool(settings.spool.path, live_window_s=settings.spool.live_window_s, suspect=suspect)
    wire, pulse_wire = Wire(settings.server, token), Wire(settings.server, token)
    uploader = Uploader(spool, wire, retry_max_s=settings.server.retry_max_s, stopping=local)
    pulse = Pulse(pulse_wire, every_s=settings.server.heartbeat_s)
    sources = [
        RunningSource(
            one.name, one.type, settings.instrument_of(one), spool, settings.spool, local, limits_at_server=wire.limits
        )
        for one in settings.sources
    ]
    threads = [
        threading.Thread(target=_source_thread, args=(one, running, settings, failure, local), name=one.name)
        for one, running in zip(settings.sources, sources, strict=True)
    ]
    sender = threading.Thread(target=_upload_thread, args=(uploader, failure, local), name="uploader")
    log.info("agent starts: %d sources, spool %s (epoch %s)", len(sources), spool.path, spool.epoch)
    try:
        for thread in [sender, *threads]:
            thread.start()
        while not stopping.is_set() and not local.is_set():
            try:
                pulse.beat(spool, sources)
                state_write(spool, sources, uploader, wire)
            except SpoolCorrupt as error:
                _broken(failure, local, error)
            stopping.wait(2)
    finally:
        local.set()
        spool.filled.set()
        for thread in [*threads, sender]:
            if thread.ident is not None:
                thread.join(JOIN_S)
        _last_words(spool, sources, uploader, wire, failure)
        wire.close()
        pulse_wire.close()
        spool.close()
        log.info("agent stopped; what was not delivered waits in %s", spool.path)


def _last_words(spool: Spool, sources: list[RunningSource], uploader: Uploader, wire: Wire, failure: Failure) -> None:
    if failure.error is not None:
        return
    try:
        if uploader.state == "online":
            uploader.drain(limit_s=3)
        for one in sources:
            one.report("stopped")
        state_write(spool, sources, uploader, wire)
    except SpoolCorrupt as error:
        failure.error = error


def _broken(failure: Failure, local: threading.Event, error: SpoolCorrupt) -> None:
    failure.error = failure.error or error
    local.set()


def _upload_thread(uploader: Uploader, failure: Failure, local: threading.Event) -> None:
    while not local.is_set():
        try:
            uploader.run()
        except SpoolCorrupt as error:
            _broken(failure, local, error)
        except Exception:
            log.exception("the uploader failed unexpectedly; it starts again in 10 s, everything is kept")
            local.wait(10)


def _source_thread(
    one: SourceSettings, running: RunningSource, settings: Settings, failure: Failure, local: threading.Event
) -> None:
    delay = 1.0
    while not local.is_set():
        began = time.monotonic()
        try:
            running.report("running")
            one.build(settings.folder).run(running)
            if not local.is_set():
                running.report("finished")
            return
        except Stopping:
            return
        except SpoolCorrupt as error:
            _broken(failure, local, error)
            return
        except SourceError as error:
            running.report("failed", str(error))
        except Exception as error:
            log.exception("source %s failed unexpectedly", one.name)
            running.report("failed", repr(error))
        delay = 1.0 if time.monotonic() - began > HEALTHY_S else delay
        running.restarts += 1
        log.warning("source %s starts again in %.0f s", one.name, delay)
        local.wait(delay)
        delay = min(delay * 2, MAX_RESTART_S)
