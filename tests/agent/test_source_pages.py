"""Each source has its reference page, made of its README and parameters, and present."""

from ingest.agent.sources.reference import pages
from tests.agent.agents import ROOT

FOLDER = ROOT / "docs" / "reference" / "sources"


def test_every_source_has_its_page_as_it_is_made_today() -> None:
    made = pages()
    assert {"folder", "simulated", "http_push"} <= set(made)
    for name, text in made.items():
        written = FOLDER / f"{name}.md"
        assert written.is_file() and written.read_text("utf-8") == text, (
            f"{name}: run `python -m ingest.agent.sources.reference docs/reference/sources`"
        )
    assert {path.stem for path in FOLDER.glob("*.md")} == set(made), "a page without a source"


def test_every_key_of_every_source_is_in_its_page() -> None:
    from ingest.agent.sources.registry import source_type

    for name, text in pages().items():
        for key, field in source_type(name).Params.model_fields.items():
            assert f"| `{field.alias or key}` |" in text, (name, key)
