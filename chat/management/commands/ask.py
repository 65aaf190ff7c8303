"""`ask`: a question, or a file of them, answered from the data with citations."""

import json
import sys
from pathlib import Path
from typing import Any, Literal, cast

from django.core.management.base import CommandParser

from chat.answering.services import question_answer, question_check
from chat.errors import ModelUnavailable, QuestionRefused
from eln.accounts.scope import Scope
from ingest.commands import LodestoneCommand
from ingest.errors import LodestoneError
from ingest.feeds.services import stages_drain
from knowledge.index.services import index_ensure


class Command(LodestoneCommand):
    """Answer questions in English or Chinese."""

    help = __doc__ or ""

    def arguments(self, parser: CommandParser) -> None:
        """The question, or a file of questions."""
        parser.add_argument("question", nargs="?", default=None)
        parser.add_argument(
            "--lang", choices=["en", "zh"], default=None, help="language of the answer; that of the question by default"
        )
        parser.add_argument("--file", default=None, help="JSON lines, each with at least id and question")
        parser.add_argument("--out", default=None, help="where the answers of --file go, one JSON document a line")
        parser.add_argument("--llm", default="none", help="none: the built-in planner")

    def run(self, **options: Any) -> int:  # Any: argparse's own
        """Answer; the number of questions that could not be read."""
        if options["llm"] != "none":
            raise ModelUnavailable(
                f"No language model '{options['llm']}' is configured: planning with a model is not available yet, use --llm none."
            )
        if not options["file"] and options["question"] is None:
            raise QuestionRefused('There is no question: write ask "question", or ask --file questions.jsonl.')
        if options["question"] is not None:
            question_check(options["question"])
        stages_drain()
        index_ensure()
        if options["file"]:
            return self.answer_file(Path(options["file"]), options["out"], options["lang"])
        document = self.document(options["question"], options["lang"])
        self.emit(document, self.shown(document))
        return 0

    def document(self, question: str, lang: Literal["en", "zh"] | None) -> dict[str, Any]:  # Any: JSON
        """The answer as JSON."""
        return question_answer(question, scope=Scope.system(), language=lang).document()

    def answer_file(self, source: Path, out: str | None, lang: str | None) -> int:
        """One answer a line; a line that cannot be read gives its error and does not stop the others."""
        if not source.is_file():
            raise QuestionRefused(f"There is no file {source}.")
        refused = 0
        lines = []
        for number, line in enumerate(source.read_text(encoding="utf-8-sig", errors="replace").split("\n"), 1):
            if line.strip():
                document, fine = self.answer_line(line, number, lang)
                refused += not fine
                lines.append(json.dumps(document, ensure_ascii=False, allow_nan=False))
        if out:
            Path(out).write_text("\n".join(lines) + "\n" if lines else "", encoding="utf-8")
        else:
            self.stdout.write("\n".join(lines))
        return refused

    def answer_line(self, line: str, number: int, lang: str | None) -> tuple[dict[str, Any], bool]:  # Any: JSON
        """The answer to one line, with its id; whether it could be read."""
        found: dict[str, Any] = {}
        try:
            found = json.loads(line)
            if not isinstance(found, dict) or not isinstance(found.get("question"), str):
                raise QuestionRefused(f'Line {number} has no question: each needs {{"id", "question"}}.')
            wanted = lang or (found.get("lang") if found.get("lang") in ("en", "zh") else None)
            return {
                "id": found.get("id"),
                **self.document(found["question"], cast("Literal['en', 'zh'] | None", wanted)),
            }, True
        except (json.JSONDecodeError, LodestoneError) as error:
            message = error.message if isinstance(error, LodestoneError) else f"Line {number} is not JSON: {error}."
            print(f"ask: {message}", file=sys.stderr)
            return {"id": found.get("id") if isinstance(found, dict) else None, "error": message}, False

    def shown(self, document: dict[str, Any]) -> str:  # Any: JSON
        """The answer for people."""
        sources = [
            f"[{c['number']}] {c['formula']} {c['external_id']} {c['title']} {c['file']} {c['locator']}"
            for c in document["citations"]
        ]
        return "\n".join([document["answer"], *sources])
