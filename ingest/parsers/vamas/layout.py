"""The order of lines in a VAMAS file (ISO 14976): an experiment header, then blocks whose lines depend on mode and technique."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from ingest.parsers.protocol import CannotParse

_MAPS = ("MAP", "MAPDP")
_WITH_REGIONS = ("MAP", "MAPDP", "NORM", "SDP")
_SPUTTERED = ("MAPDP", "MAPSVDP", "SDP", "SDPSV")
_WITH_FIELD = ("MAP", "MAPDP", "MAPSV", "MAPSVDP", "SEM")
_WITH_LINES = ("MAPSV", "MAPSVDP", "SEM")
_OF_IONS = ("FABMS", "FABMS energy spec", "ISS", "SIMS", "SIMS energy spec", "SNMS", "SNMS energy spec")
_OF_ELECTRONS = ("AES diff", "AES dir", "EDX", "ELS", "UPS", "XPS", "XRF")
MAX_COUNT = 1_000_000
Stated = Callable[..., bool]  # whether a block states any of these entries of the standard's list itself


class Lines:
    """Lines in their order; a count that is no count, or an end before its time, is a reason."""

    def __init__(self, lines: list[str]) -> None:
        self.lines, self.at = lines, 0

    def text(self) -> str:
        """The next line."""
        if self.at >= len(self.lines):
            raise CannotParse(f"the file ends at line {len(self.lines)}, inside a header; it is cut short")
        self.at += 1
        return self.lines[self.at - 1].strip()

    def texts(self, count: int) -> list[str]:
        """The next lines."""
        return [self.text() for _ in range(count)]

    def number(self) -> float:
        """The next line as a number; 1E37 says that it is not known."""
        text = self.text()
        try:
            value = float(text.replace(",", "."))
        except ValueError as error:
            raise CannotParse(f"line {self.at} should be a number and holds {text[:40]!r}") from error
        return math.nan if abs(value) >= 1e37 else value

    def count(self) -> int:
        """The next line as a count."""
        value = self.number()
        if not value == int(value if math.isfinite(value) else 0) or abs(value) > MAX_COUNT:
            raise CannotParse(f"line {self.at} should be a count and holds {value:g}")
        return int(value)


@dataclass
class Experiment:
    """What holds for all blocks."""

    institution: str
    instrument: str
    operator: str
    name: str
    comments: list[str]
    mode: str
    scan: str
    variables: list[tuple[str, str]]
    listed: set[int]
    listed_are_stated: bool
    upgrade_lines: int
    blocks: int

    def states(self, entry: int) -> bool:
        """Whether blocks after the first state an entry of the standard's list themselves."""
        return not self.listed or (entry in self.listed) == self.listed_are_stated


@dataclass
class Block:
    """One spectrum or other run of values."""

    name: str = ""
    sample: str = ""
    date: list[float] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    technique: str = ""
    place: list[float] = field(default_factory=list)
    variables: list[float] = field(default_factory=list)
    source: str = ""
    source_energy: float = math.nan
    source_strength: float = math.nan
    analyser_mode: str = ""
    pass_energy: float = math.nan
    work_function: float = math.nan
    species: str = ""
    transition: str = ""
    abscissa: tuple[str, str, float, float] | None = None
    ordinates: list[tuple[str, str]] = field(default_factory=list)
    signal_mode: str = ""
    dwell: float = math.nan
    scans: float = math.nan
    parameters: list[tuple[str, str, str]] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    promised: int = 0


def experiment_of(lines: Lines) -> Experiment:
    """The header. Raises CannotParse."""
    lines.text()
    institution, instrument, operator, name = lines.texts(4)
    comments = lines.texts(lines.count())
    mode, scan = lines.text().upper(), lines.text().upper()
    if mode in _WITH_REGIONS:
        lines.count()
    if mode in _MAPS:
        lines.texts(3)
    variables = [(lines.text(), lines.text()) for _ in range(lines.count())]
    entries = lines.count()
    listed = {lines.count() for _ in range(abs(entries))}
    lines.texts(lines.count())
    upgrades, upgrade_lines = lines.count(), lines.count()
    lines.texts(upgrades)
    return Experiment(
        institution,
        instrument,
        operator,
        name,
        comments,
        mode,
        scan,
        variables,
        listed,
        entries > 0,
        upgrade_lines,
        lines.count(),
    )


def block_of(lines: Lines, about: Experiment, first: Block | None) -> Block:
    """The next block; what it leaves out is that of the first one. Raises CannotParse."""
    block = Block(name=lines.text(), sample=lines.text())

    def stated(*entries: int) -> bool:
        return first is None or any(about.states(entry) for entry in entries)

    block.date = [lines.number() if stated(1 + k) else first.date[k] if first else math.nan for k in range(7)]
    block.comments = lines.texts(lines.count()) if stated(8) else []
    block.technique = lines.text() if stated(9) else first.technique if first else ""
    if about.mode in _MAPS:
        block.place = [lines.number(), lines.number()] if stated(10) else first.place if first else []
    block.variables = [lines.number() for _ in about.variables] if stated(11) else first.variables if first else []
    block.source = lines.text() if stated(12) else first.source if first else ""
    if (about.mode in _SPUTTERED or block.technique in _OF_IONS) and stated(13):
        lines.texts(3)
    block.source_energy = lines.number() if stated(14) else first.source_energy if first else math.nan
    block.source_strength = lines.number() if stated(15) else first.source_strength if first else math.nan
    lines.texts(2 if stated(16) else 0)
    lines.texts(2 if about.mode in _WITH_FIELD and stated(17) else 0)
    lines.texts(6 if about.mode in _WITH_LINES and stated(18) else 0)
    lines.texts(stated(19) + stated(20))
    _analyser(lines, block, first, stated)
    _axes(lines, about, block, first, stated)
    _rest(lines, about, block, first, stated)
    return block


def _analyser(lines: Lines, block: Block, first: Block | None, stated: Stated) -> None:
    block.analyser_mode = lines.text() if stated(21) else first.analyser_mode if first else ""
    block.pass_energy = lines.number() if stated(22) else first.pass_energy if first else math.nan
    lines.texts(1 if block.technique == "AES diff" and stated(23) else 0)
    lines.texts(1 if stated(24) else 0)
    block.work_function = lines.number() if stated(25) else first.work_function if first else math.nan
    lines.texts(1 if stated(26) else 0)
    lines.texts(2 * stated(27) + 2 * stated(28))
    block.species = lines.text() if stated(29) else first.species if first else ""
    if stated(30):
        block.transition = lines.text()
        lines.text()


def _axes(lines: Lines, about: Experiment, block: Block, first: Block | None, stated: Stated) -> None:
    if about.scan == "REGULAR":
        if stated(31):
            label, unit = lines.texts(2)
            block.abscissa = (label, unit, lines.number(), lines.number())
        else:
            block.abscissa = first.abscissa if first else None
    if stated(32):
        block.ordinates = [(lines.text(), lines.text()) for _ in range(lines.count())]
    else:
        block.ordinates = first.ordinates if first else []
    if not block.ordinates:
        raise CannotParse(f"the block {block.name!r} has no corresponding variable; the file is damaged")


def _rest(lines: Lines, about: Experiment, block: Block, first: Block | None, stated: Stated) -> None:
    block.signal_mode = lines.text() if stated(33) else first.signal_mode if first else ""
    block.dwell = lines.number() if stated(34) else first.dwell if first else math.nan
    block.scans = lines.number() if stated(35) else first.scans if first else math.nan
    lines.texts(1 if stated(36) else 0)
    if block.technique in _OF_ELECTRONS and about.mode in _SPUTTERED and stated(37):
        lines.texts(7)
    lines.texts(2 * stated(38) + stated(39))
    if stated(40):
        block.parameters = [(lines.text(), lines.text(), lines.text()) for _ in range(lines.count())]
    lines.texts(about.upgrade_lines)
    block.promised = lines.count()
    lines.texts(2 * len(block.ordinates))
    block.values = lines.lines[lines.at : lines.at + block.promised]
    lines.at += len(block.values)
