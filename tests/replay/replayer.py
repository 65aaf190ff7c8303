"""The log re-player: what it wrote is known byte for byte, whatever it did to the files."""

import random
import shutil
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

MISCHIEF = ("rename", "copy_truncate", "truncate", "rewrite", "vanish")
LOSSLESS = ("rename", "copy_truncate", "vanish")  # what a reader can follow even if it was away meanwhile


@dataclass
class Log:
    """One log being written again. `generations`: the contents of each file that ever bore its name, the present one last."""

    name: str
    content: bytes
    at: int = 0
    rotations: int = 0
    generations: list[bytearray] = field(default_factory=lambda: [bytearray()])


class Replayer:
    """Writes `logs` into `folder` until they are whole; the same seed does the same things in the same order.

    speed: lines per second and log (laboratories' logs mostly write one). mischief: what is done in between, about every
    `every` pieces. settled: called before bytes are destroyed that nobody could read afterwards; returns when they were read.
    """

    def __init__(
        self,
        folder: Path,
        logs: Iterable[tuple[str, bytes]],
        *,
        speed: float,
        seed: int = 1,
        mischief: tuple[str, ...] = MISCHIEF,
        every: int = 40,
        settled: Callable[[dict[str, list[bytes]]], None] = lambda written: None,
    ) -> None:
        self.folder = folder
        self._logs = [Log(name, content) for name, content in logs]
        self._speed, self._mischief, self._every, self._settled = speed, mischief, every, settled
        self._draw = random.Random(seed)  # noqa: S311 - a script
        self.done: dict[str, int] = dict.fromkeys(mischief, 0)

    def written(self) -> dict[str, list[bytes]]:
        """All that was ever written, by name and generation; empty files are left out."""
        return {log.name: [bytes(one) for one in log.generations if one] for log in self._logs}

    def run(self, stopping: threading.Event | None = None) -> None:
        """Write all logs to their ends, in turns."""
        self.folder.mkdir(parents=True, exist_ok=True)
        while left := [log for log in self._logs if log.at < len(log.content)]:
            if stopping is not None and stopping.is_set():
                return
            self.step(self._draw.choice(left))

    def step(self, log: Log) -> None:
        """One piece, sometimes followed by mischief."""
        piece = self._piece(log)
        self._append(log, piece)
        time.sleep(piece.count(b"\n") / self._speed / len(self._logs))
        if self._mischief and self._draw.random() < 1 / self._every:
            kind = self._draw.choice(self._mischief)
            getattr(self, f"_{kind}")(log)
            self.done[kind] += 1

    def _piece(self, log: Log) -> bytes:
        """Some lines, cut anywhere, as buffered writers do."""
        size = self._draw.randint(1, 4000) if self._draw.random() < 0.8 else self._draw.randint(1, 30)
        piece = log.content[log.at : log.at + size]
        log.at += len(piece)
        return piece

    def _append(self, log: Log, piece: bytes) -> None:
        with (self.folder / log.name).open("ab") as file:
            file.write(piece)
        log.generations[-1] += piece

    def _rename(self, log: Log) -> None:
        """logrotate's way; some writers still write into the old file for a moment."""
        path = self.folder / log.name
        log.rotations += 1
        old = path.with_name(f"{path.name}.{log.rotations}")
        with path.open("ab") as file:
            path.rename(old)
            if self._draw.random() < 0.5:
                piece = self._piece(log)
                file.write(piece)
                log.generations[-1] += piece
        log.generations.append(bytearray())

    def _copy_truncate(self, log: Log) -> None:
        path = self.folder / log.name
        log.rotations += 1
        shutil.copyfile(path, path.with_name(f"{path.name}.{log.rotations}"))
        with path.open("r+b") as file:
            file.truncate(0)
        log.generations.append(bytearray())

    def _truncate(self, log: Log) -> None:
        self._settled(self.written())
        with (self.folder / log.name).open("r+b") as file:
            file.truncate(0)
        log.generations.append(bytearray())

    def _rewrite(self, log: Log) -> None:
        """The whole file again, with another first line, as programs do that keep a table in memory."""
        self._settled(self.written())
        body = bytes(log.generations[-1])
        log.generations.append(bytearray(f"# saved {len(log.generations)} times\n".encode() + body))
        (self.folder / log.name).write_bytes(log.generations[-1])

    def _vanish(self, log: Log) -> None:
        """The share goes away and comes back; its other side writes on meanwhile."""
        away = self.folder.with_name(self.folder.name + ".away")
        self.folder.rename(away)
        time.sleep(self._draw.uniform(0.1, 0.5))
        with (away / log.name).open("ab") as file:
            piece = self._piece(log)
            file.write(piece)
            log.generations[-1] += piece
        away.rename(self.folder)
