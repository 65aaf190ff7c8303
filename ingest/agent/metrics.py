"""What `status` says as Prometheus reads it; lag in seconds first."""

from typing import Any

STATES = ("online", "starting", "unreachable", "unauthorised", "incompatible")


def metrics_text(status: dict[str, Any]) -> str:
    """The text format of Prometheus, version 0.0.4."""
    lines: list[str] = []

    def tell(name: str, help_text: str, value: Any, kind: str = "gauge", labels: str = "") -> None:  # Any: a number
        if value is None:
            return
        full = f"lodestone_agent_{name}"
        if not any(line.startswith(f"# TYPE {full} ") for line in lines):
            lines.extend([f"# HELP {full} {help_text}", f"# TYPE {full} {kind}"])
        lines.append(f"{full}{labels} {float(value):.15g}")

    counted = status.get("metrics") or {}
    server = (status.get("server") or {}).get("state", "unknown")
    tell("lag_seconds", "Age of the oldest row that is not delivered.", status["lag_s"])
    tell("up", "Whether the agent runs.", status["running"])
    tell("server_up", "Whether the server takes our data.", server == "online" and status["running"])
    tell("queue_rows", "Rows that wait.", status["queue_rows"])
    tell("queue_bytes", "Bytes that wait.", status["queue_bytes"])
    tell("queue_limit_bytes", "Beyond this the sources pause.", status["max_bytes"])
    tell("rejected", "Items that the server refused for good.", len(status["rejected"]))
    tell("damaged_spools", "Damaged spools that were kept.", len(status["damaged"]))
    tell("disk_free_bytes", "Free disk beside the spool.", status.get("disk_free"))
    tell("clock_offset_seconds", "Server's clock minus this computer's.", status.get("clock_offset_s"))
    tell("token_expires_timestamp_seconds", "When the token ends.", status.get("token_expires"))
    tell(
        "config_version", "Version of the site's configuration that runs.", (status.get("config") or {}).get("version")
    )
    tell("rows_sent_total", "Rows delivered since the start.", counted.get("rows_sent"), "counter")
    tell("bytes_sent_total", "Bytes delivered since the start.", counted.get("bytes_sent"), "counter")
    tell("files_sent_total", "Files delivered since the start.", counted.get("files_sent"), "counter")
    tell("memory_bytes", "Resident memory.", counted.get("memory_bytes"))
    tell("cpu_seconds_total", "Processor time used.", counted.get("cpu_s"), "counter")
    for one in status["sources"]:
        labels = f'{{source="{_escaped(one["name"])}"}}'
        tell("source_up", "Whether the source runs.", one["state"] == "running" and not one["error"], labels=labels)
    for one in status["sources"]:
        labels = f'{{source="{_escaped(one["name"])}"}}'
        tell("source_restarts_total", "Restarts after a failure.", one["restarts"], "counter", labels)
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
