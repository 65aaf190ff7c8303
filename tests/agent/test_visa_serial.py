"""VISA on simulated and on real sockets that wedge; a serial line over a pseudo terminal that is pulled out."""

import fcntl
import os
import pty
import socket
import struct
import termios
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from deploy.services import free_port
from ingest.agent.errors import SourceError
from ingest.agent.sources.serial_lines.params import SerialParams
from ingest.agent.sources.serial_lines.plugin import SerialSource
from ingest.agent.sources.visa.params import Query, VisaParams
from ingest.agent.sources.visa.plugin import VisaSource
from ingest.agent.sources.visa.worker import answer_read
from ingest.readings.errors import Garbled
from tests.agent.memory_context import MemoryContext, collecting, eventually

DEVICE = """\
spec: "1.1"
devices:
  meter:
    eom:
      ASRL INSTR:
        q: "\\n"
        r: "\\n"
    error: ERROR
    dialogues:
      - q: "*IDN?"
        r: "meter"
      - q: "T?"
        r: "T=+2.915E2 K"
      - q: "P?"
        r: "9.91E37"
      - q: "I?"
        r: "-12.5"
resources:
  ASRL1::INSTR:
    device: meter
"""


class Scpi:
    """An instrument on a TCP socket; `wedged` connections never answer again, new ones do."""

    def __init__(self, port: int = 0) -> None:
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        self.wedged: set[int] = set()
        self.connections: list[socket.socket] = []
        self.heard: list[str] = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self.answer, args=(connection, len(self.connections)), daemon=True).start()

    def answer(self, connection: socket.socket, number: int) -> None:
        with connection, connection.makefile("rwb") as stream:
            try:
                for line in stream:
                    self.heard.append(line.decode().strip())
                    if number not in self.wedged and b"?" in line:
                        stream.write(b"%d\n" % number)
                        stream.flush()
            except OSError:
                return

    def wedge(self) -> None:
        self.wedged.add(len(self.connections))

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for one in self.connections:
            one.close()


@pytest.fixture
def scpi() -> Iterator[Scpi]:
    one = Scpi()
    yield one
    one.close()


def asking(scpi: Any, name: str, **keys: Any) -> dict[str, Any]:
    return {
        "name": name,
        "resource": f"TCPIP::127.0.0.1::{scpi.port}::SOCKET",
        "timeout_s": 0.3,
        "init": ["REM"],
        "queries": [{"channel": f"{name}_T", "query": "T?", "unit": "K", "period_s": 0.05}],
        **keys,
    }


def a_visa(*instruments: dict[str, Any], backend: str = "@py") -> VisaSource:
    return VisaSource(
        "bench",
        VisaParams.model_validate({"backend": backend, "instruments": instruments, "batch_s": 0.1, "retry_max_s": 0.5}),
    )


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_simulated_answers_are_read_scaled_and_garbled_ones_are_events(tmp_path: Path) -> None:
    (tmp_path / "sim.yaml").write_text(DEVICE)
    queries = [
        {"channel": "T", "query": "T?", "pattern": "T=(\\S+) K", "unit": "K", "offset": -273.15, "period_s": 0.05},
        {"channel": "P", "query": "P?", "period_s": 0.05},
        {"channel": "I", "query": "I?", "minimum": 0, "period_s": 0.05},
    ]
    source = a_visa(
        {"name": "meter", "resource": "ASRL1::INSTR", "queries": queries}, backend=f"{tmp_path / 'sim.yaml'}@sim"
    )
    assert source.check()[0].startswith("T = 18.35 K")
    context = MemoryContext()
    with collecting(source, context):
        eventually(lambda: len(context.rows("T")) > 5)
    assert context.values("T")[0] == pytest.approx(18.35)
    times = [at for at, _ in context.rows("T")]
    assert times == sorted(set(times)), "each reading has its own time"
    assert not context.rows("P") and not context.rows("I")
    assert {event.name for event in context.events("garbled")} == {"P", "I"}
    assert context.descriptors("T")[0].unit == "K"


def test_a_wedged_instrument_is_opened_anew_and_holds_up_no_other(scpi: Scpi) -> None:
    other = Scpi()
    context = MemoryContext()
    with collecting(a_visa(asking(scpi, "a"), asking(other, "b")), context):
        eventually(lambda: context.rows("a_T") and context.rows("b_T"))
        scpi.wedge()
        before = len(context.rows("b_T"))
        eventually(lambda: context.events("gap", "a"))
        eventually(lambda: context.values("a_T")[-1] == 2.0)
        assert len(context.rows("b_T")) > before
    other.close()
    assert context.events("death", "a") and not context.events("death", "b")
    assert scpi.heard.count("REM") == 2, "the first commands are given again"


def test_an_instrument_that_is_away_is_tried_again() -> None:
    class Later:
        port = free_port()

    context = MemoryContext()
    with collecting(a_visa(asking(Later, "a")), context):
        eventually(lambda: context.reports and context.reports[-1][0] == "away")
        back = Scpi(Later.port)
        eventually(lambda: context.rows("a_T"))
        eventually(lambda: context.reports[-1] == ("running", ""))
    back.close()


def lost_in(context: MemoryContext) -> int:
    """What the source's own gaps say was lost."""
    return sum(event.value["lost"] for event in context.events("gap", context.name) if "lost" in event.value)


def test_while_the_spool_is_full_visa_keeps_so_many_readings_and_counts_the_others(scpi: Scpi) -> None:
    query = {"channel": "a_T", "query": "T?", "period_s": 0.01}
    params = {"instruments": [asking(scpi, "a", queries=[query])], "batch_s": 0.05, "max_waiting": 20}
    context = MemoryContext()
    with collecting(VisaSource("bench", VisaParams.model_validate(params)), context):
        eventually(lambda: context.rows("a_T"))
        context.hold = True
        eventually(lambda: context.held)
        before = scpi.heard.count("T?")
        eventually(lambda: scpi.heard.count("T?") > before + 60)
        context.hold = False
        eventually(lambda: context.events("gap"))
        eventually(lambda: len(context.rows("a_T")) + lost_in(context) >= before + 65)
    (gap,) = context.events("gap", context.name)
    assert gap.value["lost"] >= 35 and gap.value["seconds"] > 0.1 and "no room" in gap.value["reason"]
    assert abs(len(context.rows("a_T")) + lost_in(context) - scpi.heard.count("T?")) <= 1, (
        "each answer is kept or counted"
    )


@pytest.mark.parametrize("answer", ["", "ERROR", "+9.91E+37", "T=abc"])
def test_what_holds_no_number_is_garbled(answer: str) -> None:
    with pytest.raises(Garbled):
        answer_read(answer, Query(channel="T", query="T?"))


def test_wrong_patterns_and_names_given_twice_are_refused(scpi: Scpi) -> None:
    with pytest.raises(ValidationError, match="brackets"):
        Query(channel="T", query="T?", pattern="[0-9]+")
    with pytest.raises(ValidationError, match="given twice: a"):
        a_visa(asking(scpi, "a"), asking(scpi, "a"))


# -- serial ---------------------------------------------------------------------------------------------------------


class Talker:
    """A device at the other end of a pseudo terminal, behind a name that stays."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "port"
        self.plug()

    def plug(self) -> None:
        self.near, self.far = pty.openpty()
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(self.far))

    def say(self, text: bytes) -> bool:
        return os.write(self.near, text) > 0

    def waiting(self) -> bool:
        """Whether the other side has not read everything yet."""
        return struct.unpack("i", fcntl.ioctl(self.far, termios.FIONREAD, bytes(4)))[0] > 0  # type: ignore[no-any-return]

    def unplug(self) -> None:
        os.close(self.near)
        os.close(self.far)
        self.path.unlink()


def a_serial(port: Path, **keys: Any) -> SerialSource:
    patterns = [
        {"pattern": r"^P1=(?P<P1>\S+) P2=(?P<P2>\S+)(?: (?P<mode>[a-z]+))?", "units": {"P1": "mbar"}},
        {"pattern": "^#", "ignore": True},
    ]
    keys = {"port": str(port), "patterns": patterns, "batch_s": 0.05, "retry_max_s": 0.5, **keys}
    return SerialSource("gauge", SerialParams.model_validate(keys))


def test_lines_are_read_whole_and_what_fits_no_pattern_is_an_event(tmp_path: Path) -> None:
    talker, context = Talker(tmp_path), MemoryContext()
    with collecting(a_serial(talker.path), context):
        eventually(lambda: context.reports or not talker.say(b"# hello\r\n"))
        talker.say(b"P1=1.5E-8 P2=2,5")
        talker.say(b"e-7 auto\r\n\xff\xfe\r\nP1=1.6E-8 P2=off auto\r\n")
        eventually(lambda: len(context.rows("P1")) == 2)
    assert context.values("P1") == [1.5e-8, 1.6e-8] and context.values("P2") == [2.5e-7]
    assert [event.value for event in context.events("state")] == ["auto", "off"]
    assert len(context.events("garbled")) == 1 and context.descriptors("P1")[0].unit == "mbar"
    talker.unplug()


def test_a_port_pulled_out_is_a_gap_and_opened_anew(tmp_path: Path) -> None:
    talker, context = Talker(tmp_path), MemoryContext()
    with collecting(a_serial(talker.path), context):
        eventually(lambda: context.rows("P1") or not talker.say(b"P1=1 P2=2\n"))
        talker.unplug()
        eventually(lambda: context.reports[-1][0] == "away")
        talker.plug()
        eventually(lambda: 3.0 in context.values("P1") or not talker.say(b"P1=3 P2=4\n"))
    assert context.events("gap") and len(context.events("birth")) == 2
    talker.unplug()


def test_while_the_spool_is_full_the_port_is_read_on_and_what_is_lost_is_counted(tmp_path: Path) -> None:
    talker, context = Talker(tmp_path), MemoryContext()
    patterns = [{"pattern": r"^P=(?P<P>\d+)"}]
    with collecting(a_serial(talker.path, patterns=patterns, max_waiting=10), context):
        eventually(lambda: context.rows("P") or not talker.say(b"P=0\r\n"))
        context.hold = True
        first = len(context.rows("P"))
        eventually(lambda: context.held or not talker.say(b"P=1\r\n"))
        for _ in range(100):  # 20 kB: more than a terminal's buffer holds
            talker.say(b"P=2\r\n" * 40)
        talker.say(b"P=3\r\n")
        eventually(lambda: not talker.waiting())
        context.hold = False
        eventually(lambda: context.events("gap"))
        eventually(lambda: 4 in context.values("P") or not talker.say(b"P=4\r\n"))
    twos, lost = context.values("P").count(2), lost_in(context)
    assert len(context.rows("P")) > first and 3990 <= twos + lost <= 4010 + context.values("P").count(1), (twos, lost)
    assert lost > 3900 and context.descriptors("P") == []
    talker.unplug()


def test_a_port_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be opened"):
        a_serial(tmp_path / "nothing").check()


def test_a_silent_device_is_a_gap(tmp_path: Path) -> None:
    talker, context = Talker(tmp_path), MemoryContext()
    with collecting(a_serial(talker.path, silence_s=0.3), context):
        eventually(lambda: ("away", f"{talker.path} is silent for 0.3 s; it is opened anew") in context.reports)
    talker.unplug()
