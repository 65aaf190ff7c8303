"""Where topics are found: packages registered under `lodestone.topics`, folders below home()/topics, saved documents."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path
from typing import Literal

import yaml
from pydantic import ValidationError

from knowledge.topics.domain import TopicSchema, yaml_read

Origin = Literal["shipped", "folder", "document"]


@dataclass(frozen=True)
class Found:
    """The texts of one topic: its schema.yaml and the YAML of its data sets by place."""

    topic: str
    origin: Origin
    place: str
    text: str
    datasets: Mapping[str, str] = field(default_factory=dict)

    def over(self, lower: "Found | None") -> "Found":
        """This topic on top of one of the same id: data sets add up; without a schema of its own it only brings data sets."""
        if lower is None:
            return self
        base = self if self.text else lower
        return replace(base, datasets={**lower.datasets, **self.datasets})

    def schema(self) -> TopicSchema:
        """What the text says. Raises ValueError with every fault in one sentence each."""
        schema = schema_read(self.text)
        if schema.id != self.topic:
            raise ValueError(
                f"its id is '{schema.id}' where '{self.topic}' is expected: the folder is named as the topic"
            )
        return schema


def schema_read(text: str) -> TopicSchema:
    """The schema that a YAML text says. Raises ValueError that names each fault and its place."""
    try:
        document = yaml_read(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise ValueError(f"is no YAML: {where}{getattr(error, 'problem', None) or error}") from error
    if not isinstance(document, dict):
        raise ValueError("is no mapping: a schema begins with 'id:' and 'label:'")
    try:
        return TopicSchema.model_validate(document)
    except ValidationError as error:
        raise ValueError("; ".join(_fault(one["loc"], one["msg"], document) for one in error.errors())) from error


def _fault(place: tuple[int | str, ...], message: str, document: object) -> str:
    """One fault with its place in words: 'properties[3] (band_gap).low: ...'."""
    words, here = "", document
    for step in place:
        if isinstance(step, int):
            here = here[step] if isinstance(here, list) and step < len(here) else None
            name = here.get("id") if isinstance(here, dict) else None
            words += f"[{step + 1}]" + (f" ({name})" if name else "")
        else:
            here = here.get(step) if isinstance(here, dict) else None
            words += f".{step}" if words else step
    return f"{words or 'the schema'}: {message}"


@cache
def shipped_found() -> Mapping[str, Found]:
    """The topics of installed packages; they do not change while a process runs."""
    found = {}
    for point in sorted(entry_points(group="lodestone.topics"), key=lambda point: point.name):
        folder = files(point.value)
        datasets = folder / "datasets"
        inside = sorted(datasets.iterdir(), key=lambda file: file.name) if datasets.is_dir() else []
        found[point.name] = Found(
            point.name,
            "shipped",
            point.value,
            (folder / "schema.yaml").read_text(encoding="utf-8"),
            {f"{point.value}/{f.name}": f.read_text(encoding="utf-8") for f in inside if f.name.endswith(".yaml")},
        )
    return found


def folder() -> Path:
    """Where a site puts topics of its own: one folder each, with schema.yaml and datasets/*.yaml."""
    from ingest.home import home

    return home() / "topics"


def _files() -> list[Path]:
    root = folder()
    if not root.is_dir():
        return []
    found = sorted((*root.glob("*/schema.yaml"), *root.glob("*/datasets/*.yaml")))
    return [path for path in found if not path.relative_to(root).parts[0].startswith(".")]


def folders_mark() -> tuple[object, ...]:
    """Changes when a file of a folder is added, changed or removed."""
    marks = []
    for path in _files():
        try:
            state = path.stat()
        except FileNotFoundError:
            continue
        marks.append((str(path), state.st_mtime_ns, state.st_size))
    return tuple(marks)


def folder_read(path: Path) -> Found:
    """The texts of one topic's folder; a file that is no text is a fault of the schema."""
    datasets = {str(file): _text(file) for file in sorted((path / "datasets").glob("*.yaml"))}
    schema = path / "schema.yaml"
    return Found(path.name, "folder", str(path), _text(schema) if schema.exists() else "", datasets)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return (
            f"unreadable: [{type(error).__name__}"  # no YAML: the topic is left out, and its complaint names the file
        )


def folders_found() -> Mapping[str, Found]:
    """The topics of the site's folders by id; a folder without a schema adds data sets to a topic of its name."""
    homes = {path.parent if path.name == "schema.yaml" else path.parent.parent for path in _files()}
    return {home.name: folder_read(home) for home in sorted(homes)}


def documents_number() -> int:
    """Grows with each saved document."""
    from knowledge.topics.models import TopicDocument

    return TopicDocument.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def documents_found() -> Mapping[str, Found]:
    """The topics that people saved, each in its newest version; a withdrawn one is none."""
    from knowledge.topics.models import TopicDocument

    newest = {}
    for row in TopicDocument.objects.order_by("pk"):
        newest[row.topic, row.dataset] = row
    present = {key: row for key, row in newest.items() if not row.withdrawn}
    found = {}
    for topic in sorted({topic for topic, _ in present}):
        schema = present.get((topic, ""))
        datasets = {f"{t}/{d} (saved here)": row.text for (t, d), row in present.items() if t == topic and d}
        place = f"{topic} (version {schema.version})" if schema else topic
        found[topic] = Found(topic, "document", place, schema.text if schema else "", datasets)
    return found
