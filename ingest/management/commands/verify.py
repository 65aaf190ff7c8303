"""`manage.py verify [--json]`: is everything that was stored still there and as the catalogue says? Exit 2 when not."""

from typing import Any

from ingest.commands import LodestoneCommand


class Command(LodestoneCommand):
    """Hash all blobs again, read all segments, compare counts, look at the feeds."""

    help = "Check every stored byte against the catalogue; exit 2 when something is wrong."

    def run(self, **options: Any) -> int:
        """Run all checks; the number of faults."""
        from ingest.verification.faults import Count, verifiers

        faults, counts = [], {}
        for name, verifier in verifiers().items():
            count = Count()
            faults += list(verifier(count))
            counts[name] = {"checked": count.things, "bytes": count.size}
        document = {**counts, "faults": [vars(fault) for fault in faults], "ok": not faults}
        lines = [f"{name}: {line['checked']} checked" for name, line in counts.items()]
        lines += [f"FAULT {fault.what} {fault.name}: {fault.reason}" for fault in faults]
        lines.append("everything is as the catalogue says" if not faults else f"{len(faults)} faults")
        self.emit(document, "\n".join(lines))
        return len(faults)
