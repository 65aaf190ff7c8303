"""An export followed from Python: wait, download with resume, check."""

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from .connection import Connection
from .errors import ApiError, ChecksumMismatch, ExportFailed, Unreachable

OVER = ("failed", "cancelled", "expired")
RESUMED = 5  # times that a broken download goes on


class Export:
    """One export. `state`, `progress`, `records` and the other members are those of the last look."""

    def __init__(self, connection: Connection, document: dict[str, Any]) -> None:
        self._connection = connection
        self._document = document

    @property
    def id(self) -> str:
        """By this it is found again: `client.export_of(id)`."""
        return str(self._document["id"])

    @property
    def state(self) -> str:
        """queued, running, done, failed, cancelled or expired."""
        return str(self._document["state"])

    @property
    def progress(self) -> float:
        """From 0 to 1."""
        return float(self._document["progress"])

    @property
    def records(self) -> int:
        """How many were written."""
        return int(self._document["records"])

    def look(self) -> "Export":
        """Ask how far it is."""
        self._document = self._connection.ask("GET", f"exports/{self.id}")
        return self

    def wait(
        self, *, timeout_s: float = 3600, every_s: float = 1.0, told: Callable[[float], None] | None = None
    ) -> "Export":
        """Until it is done; `told` hears the progress. Raises ExportFailed, TimeoutError."""
        until = time.monotonic() + timeout_s
        while self.look().state != "done":
            if self.state in OVER:
                raise ExportFailed(self._document["reason"] or f"the export is {self.state}")
            if time.monotonic() > until:
                raise TimeoutError(f"the export is not done after {timeout_s} s; it goes on: look again later")
            if told:
                told(self.progress)
            time.sleep(every_s)
        return self

    def manifest(self) -> dict[str, Any]:
        """Query, count, columns, checksum, and the data sets with licence and citation."""
        found: dict[str, Any] = self._connection.ask("GET", f"exports/{self.id}/manifest")
        return found

    def download(self, path: str | Path) -> Path:
        """The file, to this path or into this folder; a broken download goes on where it stopped, and the checksum must be right.

        Raises ChecksumMismatch, ExportFailed where there is no file.
        """
        if self.state != "done":
            self.wait()
        target = Path(path)
        if target.is_dir():
            target = target / str(self.manifest()["file"])
        part = target.with_name(target.name + ".part")
        part.unlink(missing_ok=True)
        for attempt in range(RESUMED + 1):
            try:
                self._fetch(part)
                break
            except (Unreachable, httpx.HTTPError):
                if attempt == RESUMED:
                    raise
        with part.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != self._document["sha256"]:
            part.unlink()
            raise ChecksumMismatch(f"the file of export {self.id} came damaged: download it again")
        part.replace(target)
        return target

    def _fetch(self, part: Path) -> None:
        have = part.stat().st_size if part.exists() else 0
        if have and have >= self._document["bytes"]:
            return
        etag = f'"{self._document["sha256"]}"'
        headers = {"Range": f"bytes={have}-", "If-Range": etag} if have else {}
        asked = {"Accept": "*/*", **headers}
        try:
            with (
                self._connection.answer("GET", f"exports/{self.id}/file", headers=asked) as answer,
                part.open("ab" if answer.status_code == 206 else "wb") as file,
            ):
                for piece in answer.iter_raw():  # as it comes: what came before a break is kept
                    file.write(piece)
        except ApiError as error:
            if error.status == 409:
                raise ExportFailed(error.detail) from error
            raise

    def cancel(self) -> "Export":
        """End it."""
        self._document = self._connection.ask("POST", f"exports/{self.id}/cancel")
        return self

    def remove(self) -> None:
        """Forget it, with its file."""
        self._connection.ask("DELETE", f"exports/{self.id}")
