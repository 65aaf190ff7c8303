"""The reference page of each source, made of its README and its parameters: `python -m ingest.agent.sources.reference FOLDER`."""

import sys
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from ingest.agent.sources.registry import source_names, source_type

OURS = "ingest.agent.sources."
MADE = "<!-- made by `python -m ingest.agent.sources.reference docs/reference/sources`; change README.md and params.py instead -->"


def pages() -> dict[str, str]:
    """The page of each of our own sources, by its name."""
    return {name: page(name) for name in source_names() if source_type(name).__module__.startswith(OURS)}


def page(name: str) -> str:
    """One page: the README, then a table for the source and one for each kind of table inside it."""
    kind = source_type(name)
    readme = files(kind.__module__.rpartition(".")[0]).joinpath("README.md").read_text("utf-8").rstrip()
    models = list(dict.fromkeys(_models(kind.Params)))
    tables = [_table(model, name if model is kind.Params else model.__name__) for model in models]
    return "\n\n".join([MADE, readme, "## Keys", *tables]) + "\n"


def _models(model: type[BaseModel]) -> list[type[BaseModel]]:
    found = [model]
    for one in model.model_fields.values():
        for inner in _inside(one.annotation):
            found += _models(inner)
    return found


def _inside(annotation: Any) -> list[type[BaseModel]]:  # Any: a type expression
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _inside(part)]


def _table(model: type[BaseModel], title: str) -> str:
    lines = [
        f"### {title}",
        "",
        (model.__doc__ or "").strip().splitlines()[0],
        "",
        "| key | default | meaning |",
        "| --- | --- | --- |",
    ]
    for key, one in model.model_fields.items():
        default = "**needed**" if one.is_required() else _default(one.get_default(call_default_factory=True))
        meaning = (one.description or "").replace("|", "\\|")
        inside = ", ".join(f"table {inner.__name__}" for inner in _inside(one.annotation))
        lines.append(f"| `{one.alias or key}` | {default} | {'; '.join(part for part in (meaning, inside) if part)} |")
    return "\n".join(lines)


def _default(value: object) -> str:
    if value is None or value is PydanticUndefined:
        return "none"
    if isinstance(value, BaseModel):
        return "see below"
    if isinstance(value, tuple | list | dict):
        return f"`{list(value) if not isinstance(value, dict) else value}`" if value else "empty"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def main(folder: Path) -> None:
    """Write all pages."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        folder.joinpath(f"{name}.md").write_text(text, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
