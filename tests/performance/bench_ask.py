"""Latency of an answer on the Materiae table, in process and warm: planning, stores, composing, citations."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROUNDS = 5
QUESTIONS = (
    "What is the topological class of Bi2Te3 in space group 166?",
    "Bi₂Te₃ 属于哪个空间群?",
    "How many TCI materials have space group 191?",
    "列出含有Sb的拓扑绝缘体",
    "Which topological insulator contains the most elements?",
    "Topological insulators in space group 225 that do not contain any rare earth",
    "原子数大于60的拓扑晶体绝缘体",
    "Which space group has the most topological insulators?",
    "Is Bi2Te3 a trivial insulator?",
    "What is the melting point of Bi2Te3?",
    "How many trivial insulators are there?",
    "List all trivial insulators that contain oxygen.",
)


def figures() -> Iterator[tuple[str, float, str]]:
    """Median and 95th percentile over all questions, in milliseconds."""
    data = Path(__file__).resolve().parents[3] / "shared" / "data" / "topics" / "topological_materials"
    if not data.is_dir():
        return
    from django.core.management import call_command

    from chat.answering.services import question_answer
    from eln.accounts.scope import Scope
    from ingest.feeds.services import stages_drain
    from knowledge.index.services import index_ensure

    with tempfile.TemporaryFile("w") as out:
        call_command("import_topics", str(data), json=True, stdout=out)
    stages_drain()
    index_ensure()
    for question in QUESTIONS:
        question_answer(question, scope=Scope.system())
    times = []
    for _ in range(ROUNDS):
        for question in QUESTIONS:
            began = time.perf_counter()
            question_answer(question, scope=Scope.system())
            times.append(time.perf_counter() - began)
    times.sort()
    yield "ask_p50", 1000 * times[len(times) // 2], "ms"
    yield "ask_p95", 1000 * times[int(len(times) * 0.95)], "ms"
