"""One answer being written: its sentences, its citations, and the texts its figures may come from."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

from chat.composer import figures
from chat.composer.phrases import phrase
from knowledge.query.types import Evidence, Row

log = logging.getLogger(__name__)
MOST_CITED = 40


@dataclass(frozen=True)
class Cited:
    """What stands behind a mark [n]: one version of one record, its source and its place there."""

    number: int
    record: str
    version: int
    source: str
    title: str
    locator: str
    file_name: str
    formula: str
    external_id: str
    spacegroup: int | None
    kind: str

    def document(self) -> dict[str, object]:
        """The citation as JSON."""
        return {
            "number": self.number, "record": self.record, "version": self.version, "source": self.source, "title": self.title,
            "locator": self.locator, "file": self.file_name, "formula": self.formula, "external_id": self.external_id, "kind": self.kind,
        }  # fmt: skip


@dataclass(frozen=True)
class Table:
    """Rows behind an answer. `columns` are labels; each row has the id of its record first."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass
class Writer:
    """Collects an answer in one language. `titles` names the data sets."""

    language: str
    titles: dict[str, str]
    sentences: list[str] = field(default_factory=list)
    cited: dict[str, Cited] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    dropped: list[str] = field(default_factory=list)

    def hold(self, *sources: Evidence | Row | str) -> None:
        """Let figures of this evidence, row or text be printed."""
        for source in sources:
            if isinstance(source, Evidence):
                self.held |= figures.numbers_of(figures.evidence_texts(source))
            elif isinstance(source, Row):
                self.held |= figures.numbers_of(figures.row_texts(source))
            else:
                self.held |= figures.numbers_in(source)

    def cite(self, rows: Iterable[Row]) -> str:
        """The marks of these records, such as [1][2]."""
        marks = []
        for row in rows:
            if row.record not in self.cited:
                if len(self.cited) >= MOST_CITED:
                    break
                self.cited[row.record] = Cited(
                    len(self.cited) + 1, row.record, row.version, row.dataset, self.title(row.dataset), row.locator, row.file_name,
                    row.formula, row.external_id, row.spacegroup_number, row.kind,
                )  # fmt: skip
            marks.append(f"[{self.cited[row.record].number}]")
        return "".join(dict.fromkeys(marks))

    def title(self, dataset: str) -> str:
        """The name of a data set; figures in it may be printed."""
        title = self.titles.get(dataset, dataset)
        self.hold(title)
        return title

    def text(self, key: str, /, **places: str) -> str:
        """A phrase in the answer's language."""
        return phrase(key, self.language, **places)

    def say(self, key: str, /, **places: str) -> None:
        """Add a sentence, unless it holds a figure that no evidence supports."""
        sentence = " ".join(self.text(key, **places).split())
        sentence = sentence.replace(" .", ".").replace("， ", "，").replace(" 。", "。")
        missing = figures.unsupported(sentence, self.held)
        if missing:
            self.dropped.append(sentence)
            log.error("a sentence with figures of no evidence was dropped: %s (%s)", sorted(missing), key)
            return
        self.sentences.append(sentence)

    def fixed(self, key: str) -> None:
        """Add a sentence without places, such as an explanation, whose example figures are part of the phrase."""
        self.sentences.append(self.text(key))

    def answer(self) -> str:
        """All sentences as one text."""
        return ("" if self.language == "zh" else " ").join(self.sentences)
