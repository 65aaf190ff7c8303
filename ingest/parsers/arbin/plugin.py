"""Arbin cyclers, result files `.res`: an Access database with one row for each record of the test."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.arbin.access import Database
from ingest.parsers.columns import channel, named, technique_name, with_axis, with_times
from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed, Step
from ingest.parsers.starts import start_time
from ingest.parsers.steps import steps_of_runs

_JET = b"\x00\x01\x00\x00Standard Jet DB\x00"
_MAIN = "Channel_Normal_Table"
_MAX_FILE = 512 * 2**20
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 (local time of the tester, no zone stated)
_UNITS = {
    "Test_Time": "s", "Step_Time": "s", "Current": "A", "Voltage": "V", "Charge_Capacity": "Ah", "Discharge_Capacity": "Ah",
    "Charge_Energy": "Wh", "Discharge_Energy": "Wh", "dV/dt": "V/s", "Internal_Resistance": "ohm", "AC_Impedance": "ohm",
    "ACI_Phase_Angle": "deg",
}  # fmt: skip
_AUXILIARY = {0: ("voltage", "V"), 1: ("temperature", "degC"), 2: ("pressure", None), 3: ("pH", None)}


def _moment(days: Any) -> datetime | None:
    """A time that the database keeps as days since 1899."""
    try:
        made = _EPOCH + timedelta(days=float(days))
    except (TypeError, ValueError, OverflowError):
        return None
    made = made.replace(microsecond=0) + timedelta(milliseconds=round(made.microsecond / 1e3))
    return made if 1990 < made.year < 2100 else None


def _metadata(database: Database, days: NDArray[np.float64] | None) -> dict[str, Any]:
    found = {key: values[0] for key, values in database.records("Global_Table").items()}
    start = _moment(found.get("Start_DateTime"))
    if start is None and days is not None and len(days):
        start = _moment(days[0])
    metadata: dict[str, Any] = {"start": start.isoformat()} if start else {}
    keys = {
        "title": "Test_Name", "operator": "Creator", "comments": "Comments", "schedule": "Schedule_File_Name",
        "serial_number": "Serial_Number", "channel": "Channel_Index", "sample": "Item_ID", "active_mass": "MASS",
    }  # fmt: skip
    metadata |= {ours: found[theirs] for ours, theirs in keys.items() if found.get(theirs) not in (None, "", 0.0)}
    return metadata | {"header": found}


def _auxiliary(database: Database, points: NDArray[np.float64]) -> list[Channel]:
    """Further sensors, each value at the record it was taken with."""
    rows = database.numbers("Auxiliary_Table") if "Auxiliary_Table" in database.names else {}
    if not {"Data_Point", "Auxiliary_Index", "Data_Type", "X"} <= set(rows) or not len(rows["X"]):
        return []
    made = []
    for kind, index in sorted(set(zip(rows["Data_Type"], rows["Auxiliary_Index"], strict=True)))[:200]:
        chosen = (rows["Data_Type"] == kind) & (rows["Auxiliary_Index"] == index)
        at = np.searchsorted(points, rows["Data_Point"][chosen])
        fits = (at < len(points)) & (points[np.minimum(at, len(points) - 1)] == rows["Data_Point"][chosen])
        values = np.full(len(points), np.nan)
        values[at[fits]] = rows["X"][chosen][fits]
        what, unit = _AUXILIARY.get(int(kind), (f"type {kind:g}", None)) if np.isfinite(kind) else ("", None)
        made.append(channel(named(f"Aux {what} {index:g}", unit or "-"), values))
    return made


class Arbin:
    """Result files of MITS Pro up to version 7, which kept them in Access."""

    name = "arbin"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.95 for an Access database that names Arbin's table in its head, 0.6 for any other, whose tables only parsing can name."""
        if not head.data.startswith(_JET):
            return 0.0
        named_so = "Channel_Normal_Table".encode("utf-16-le") in head.data or b"Channel_Normal_Table" in head.data
        return 0.95 if named_so else 0.6

    def parse(self, path: Path, name: str) -> Parsed:
        """All records. Raises CannotParse."""
        if path.stat().st_size > _MAX_FILE:
            raise CannotParse(f"larger than {_MAX_FILE // 2**20} MiB; too large for this reader")
        database = Database(path)
        if _MAIN not in database.names:
            raise CannotParse(
                f"an Access database without {_MAIN}, so no result file of Arbin; its tables: {', '.join(database.names[:6])}"
            )
        table = database.numbers(_MAIN)
        points = table.get("Data_Point", np.zeros(0))
        if not len(points):
            raise CannotParse("an Arbin result file without records: the test never began or the file is cut")
        order = np.lexsort((points, table.get("Test_ID", points)))
        table = {key: values[order] for key, values in table.items()}
        metadata = _metadata(database, table.get("DateTime"))
        channels = [
            channel(named(key, _UNITS.get(key, "-")), values, "battery_cycling") for key, values in table.items()
        ]
        tests = len(np.unique(table["Test_ID"])) if "Test_ID" in table else 1
        warnings = (
            [f"holds {tests} tests end to end, numbered by Test_ID; the start is that of the first"]
            if tests > 1
            else []
        )
        channels += _auxiliary(database, table["Data_Point"]) if tests == 1 else []
        channels = with_times(
            with_axis(channels, "Test_Time"), "Test_Time", start_time(metadata) if tests == 1 else None
        )
        steps, more = _steps(table)
        return Parsed(technique_name("battery_cycling"), channels, metadata, steps, [*warnings, *more])


def _steps(table: dict[str, NDArray[np.float64]]) -> tuple[list[Step], list[str]]:
    if not {"Step_Index", "Test_Time"} <= set(table):
        return [], []
    cycles = table.get("Cycle_Index", np.full(len(table["Step_Index"]), np.nan))

    def describe(row: int) -> tuple[str, dict[str, Any]]:
        return f"step {table['Step_Index'][row]:g}", {"cycle": float(cycles[row])}

    return steps_of_runs(table["Step_Index"] + 1e6 * np.nan_to_num(cycles), table["Test_Time"], describe)


plugin = Arbin()
