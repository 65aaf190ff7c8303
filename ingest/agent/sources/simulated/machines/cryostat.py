"""The cryostat: sweeps of temperature and field, the resistance of a sample, a helium vessel, a data file for each sweep."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ingest.agent.sources.simulated.machines.materials import resistance
from ingest.agent.sources.simulated.machines.model import DataRow, Happening, Model, State, lag, ramped

LITRES_OF_GAS = 40.0  # l/min that boil off per 1 %/min of the vessel
COLDEST = 1.7  # K


@dataclass
class CryostatState(State):
    """K, T, % and their rates per second of process."""

    temperature: float = 0.0
    set_point: float = 0.0
    target: float = 0.0
    rate: float = 0.0
    shield: float = 0.0
    field: float = 0.0
    current: float = 0.0  # of the magnet, as the field it makes
    field_target: float = 0.0
    field_rate: float = 0.0
    swept: float = 0.0  # T/s
    helium: float = 0.0
    boiled: float = 0.0  # %/s
    refilling: bool = False


class Cryostat(Model):
    """Cools, sweeps, measures, warms."""

    state: CryostatState

    def restored(self, saved: dict[str, Any] | None) -> CryostatState:
        """From a checkpoint, or warm."""
        if saved is not None:
            return CryostatState(**saved)
        start: float = self.data["thermal"]["start"]
        return CryostatState(
            temperature=start, set_point=start, target=start, shield=start, helium=self.data["helium"]["start"]
        )

    def step_begin(self, step: dict[str, Any]) -> Iterator[Happening]:
        """Sweeps take the step; a magnet goes no faster than it may."""
        state, seconds = self.state, self.seconds(step)
        state.target = step.get("temperature", state.target)
        state.rate = abs(state.target - state.set_point) / seconds
        state.field_target = step.get("field", state.field_target)
        state.field_rate = min(abs(state.field_target - state.current) / seconds, self.data["magnet"]["rate"])
        points = {"temperature_setpoint": state.target, "field_setpoint": state.field_target}
        yield Happening("step", step["name"], points)

    def run_end(self) -> Iterator[Happening]:
        """The field to zero; the temperature is kept."""
        self.state.field_target, self.state.field_rate = 0.0, self.data["magnet"]["rate"]
        yield from ()

    def respond(self, dt: float) -> Iterator[Happening]:
        """Field first: a sweep warms the sample and boils helium."""
        state, thermal, magnet = self.state, self.data["thermal"], self.data["magnet"]
        before = state.current
        state.current = ramped(state.current, state.field_target, state.field_rate * dt)
        state.swept = (state.current - before) / dt
        state.field = lag(state.field, state.current, dt, magnet["settle"])
        state.set_point = ramped(state.set_point, state.target, state.rate * dt)
        warmed = state.set_point + magnet["eddy"] * abs(state.swept)
        state.temperature = max(COLDEST, lag(state.temperature, warmed, dt, thermal["tau"]))
        shield = thermal["shield"] + 0.2 * max(0.0, state.temperature - thermal["shield"])
        state.shield = lag(state.shield, shield, dt, 600.0)
        yield from self._helium(dt)

    def _helium(self, dt: float) -> Iterator[Happening]:
        state, helium = self.state, self.data["helium"]
        state.boiled = helium["boils"] + (helium["sweeping"] if abs(state.swept) > 1e-9 else 0.0)
        state.helium += dt * ((helium["refills"] if state.refilling else 0.0) - state.boiled)
        state.helium = min(state.helium, helium["refill_until"] + 1.0) if state.refilling else max(state.helium, 45.0)
        if not state.refilling and state.helium < helium["refill_below"]:
            state.refilling = True
            yield Happening("refill", "helium", {"level": round(state.helium, 2), "state": "begins"})
        elif state.refilling and state.helium >= helium["refill_until"]:
            state.refilling = False
            yield Happening("refill", "helium", {"level": round(state.helium, 2), "state": "ends"})

    def read(self, noise: random.Random) -> dict[str, float]:
        """The state, and what follows from it."""
        state, magnet, excitation = self.state, self.data["magnet"], self.data["bridge"]["excitation"]
        ohm = resistance(self.recipe["sample"], state.temperature, state.field)
        return {
            "sample_temperature": state.temperature,
            "temperature_setpoint": state.set_point,
            "shield_temperature": state.shield,
            "field": state.field,
            "field_setpoint": state.field_target,
            "magnet_current": state.current * magnet["ampere_per_tesla"],
            "magnet_voltage": 0.02 * state.current + 60.0 * state.swept,
            "sample_resistance": ohm,
            "sample_voltage": ohm * excitation,
            "excitation_current": excitation,
            "helium_level": state.helium,
            "helium_boil_off": LITRES_OF_GAS * 60 * state.boiled,
            "chamber_pressure": 6.0 + 0.01 * state.temperature,
            "needle_valve": min(100.0, 12.0 + 400.0 * state.rate) if state.set_point != state.target else 12.0,
        }

    def data_row(self, values: dict[str, float]) -> DataRow | None:
        """While a step measures: its file, and the columns beside the time."""
        step, about = self.step, self.data["file"]
        if step is None or not step.get("measure"):
            return None
        header = {
            "TITLE": f"{self.recipe['title']}, {step['name']}",
            "BYAPP": about["application"],
            "SAMPLE1_NAME": self.sample,
            "SAMPLE1_MATERIAL": self.recipe["sample"]["material"],
            "OPERATOR": self.person,
            "APPNAME": about["release"],
            "COLUMNS": ",".join(label for label, *_ in about["columns"]),
        }
        cells = [
            _cell(values[what] if isinstance(what, str) else what, factor, form)
            for _, what, factor, form in about["columns"]
        ]
        return DataRow(f"{self.sample}_{step['name'].replace(' ', '-')}_{self.uid}.dat", header, tuple(cells))


def _cell(value: float, factor: float, form: str) -> str:
    """A missing value is an empty cell."""
    return "" if math.isnan(value) else format(value * factor, form)
