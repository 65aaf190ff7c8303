"""The oxide MBE: first-order lags, evaporation, shutters, RHEED oscillations."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ingest.agent.sources.simulated.machines.model import Happening, Model, State, lag

BOLTZMANN = 8.617333e-5  # eV/K
ZERO_C = 273.15


@dataclass
class MbeState(State):
    """Temperatures degC, pressures mbar."""

    substrate: float = 0.0
    substrate_ramp: float = 0.0
    substrate_target: float = 0.0
    cells: dict[str, float] = field(default_factory=dict)
    cell_targets: dict[str, float] = field(default_factory=dict)
    open: list[str] = field(default_factory=list)
    pressure: float = 0.0
    oxygen: float = 0.0
    oxygen_target: float = 0.0
    ozone: float = 0.0
    ozone_target: float = 0.0
    layers: float = 0.0
    roughness: float = 0.0
    angle: float = 0.0


class OxideMbe(Model):
    """Grows films layer by layer."""

    state: MbeState
    _rate = 0.0  # nm/s of the row that is made

    def restored(self, saved: dict[str, Any] | None) -> MbeState:
        """From a checkpoint, or idle."""
        if saved is not None:
            return MbeState(**saved)
        idle: float = self.data["substrate"]["idle"]
        cells = {name: cell["idle"] for name, cell in self.data["cells"].items()}
        return MbeState(
            substrate=idle,
            substrate_ramp=idle,
            substrate_target=idle,
            cells=cells,
            cell_targets=dict(cells),
            pressure=self.data["chamber"]["base"],
        )

    # -- recipe -----------------------------------------------------------------------------------------------------

    def run_begin(self) -> None:
        """A fresh substrate."""
        self.state.layers, self.state.roughness = 0.0, 0.0

    def step_begin(self, step: dict[str, Any]) -> Iterator[Happening]:
        """Set points, then shutters."""
        state = self.state
        state.substrate_target = step.get("substrate", state.substrate_target)
        state.oxygen_target = step.get("oxygen", state.oxygen_target)
        state.ozone_target = step.get("ozone", 0.0)
        for name in step.get("cells", []):
            state.cell_targets[name] = self.data["cells"][name]["reference"]
        if step.get("idle"):
            state.cell_targets = {name: cell["idle"] for name, cell in self.data["cells"].items()}
        points = {"substrate_setpoint": state.substrate_target, "oxygen_flow_setpoint": state.oxygen_target}
        yield Happening("step", step["name"], points)
        yield from self._shutters(step.get("open", []))

    def run_end(self) -> Iterator[Happening]:
        """All shut, gases off."""
        yield from self._shutters([])
        state = self.state
        state.substrate_target, state.oxygen_target, state.ozone_target = self.data["substrate"]["idle"], 0.0, 0.0

    def _shutters(self, wanted: list[str]) -> Iterator[Happening]:
        for name in self.data["cells"]:
            if (name in wanted) != (name in self.state.open):
                yield Happening("shutter", name, name in wanted)
        self.state.open = list(wanted)

    # -- physics ----------------------------------------------------------------------------------------------------

    def respond(self, dt: float) -> Iterator[Happening]:
        """Heat, gas, growth."""
        self._heat(dt)
        self._gas(dt)
        self._rate = self._grow(dt)
        yield from ()

    def _heat(self, dt: float) -> None:
        state, substrate = self.state, self.data["substrate"]
        most = substrate["ramp"] * dt
        state.substrate_ramp += max(-most, min(most, state.substrate_target - state.substrate_ramp))
        state.substrate = lag(state.substrate, state.substrate_ramp, dt, substrate["tau"])
        for name, cell in self.data["cells"].items():
            state.cells[name] = lag(state.cells[name], state.cell_targets[name], dt, cell["tau"])

    def _gas(self, dt: float) -> None:
        state, chamber = self.state, self.data["chamber"]
        state.oxygen = lag(state.oxygen, state.oxygen_target, dt, 4.0)
        state.ozone = lag(state.ozone, state.ozone_target, dt, 15.0)
        wanted = chamber["base"] + chamber["outgas"] * state.substrate + chamber["per_sccm"] * state.oxygen
        state.pressure = math.exp(lag(math.log(state.pressure), math.log(wanted), dt, chamber["tau"]))

    def _grow(self, dt: float) -> float:
        """Adds layers; the rate in nm/s, limited by the slower of the open cells."""
        state = self.state
        if state.step < 0 or not state.open:
            state.roughness = lag(state.roughness, 0.0, dt, 120.0)
            return 0.0
        recipe = self.recipe
        rate: float = recipe["rate"] * min(_flux(self.data["cells"][name], state.cells[name]) for name in state.open)
        state.layers += rate * dt / recipe["monolayer"]
        state.roughness = lag(state.roughness, 1.0, dt, 12 * recipe["monolayer"] / max(rate, 1e-9))
        return rate

    def read(self, noise: random.Random) -> dict[str, float]:
        """Each channel with noise of its own."""
        state, rate = self.state, self._rate

        def near(value: float, sigma: float) -> float:
            return noise.gauss(value, sigma)

        def about(value: float, part: float) -> float:
            return value * math.exp(noise.gauss(0.0, part))

        cells = self.data["cells"]
        water = 18.0 + 0.4 * math.sin(state.row / 311) + 0.0008 * state.substrate
        thickness = state.layers * (self.recipe["monolayer"] if state.run else 0.0)
        state.angle = (state.angle + (60.0 if state.open else 0.0)) % 360
        values = {
            "substrate_temperature": near(state.substrate, 0.25),
            "substrate_setpoint": state.substrate_ramp,
            "substrate_pyrometer": near(max(state.substrate * 0.985 - 6, 250.0), 0.8),
            "substrate_heater_power": near(0.62 * max(state.substrate - 20, 0) + 0.35 * (state.substrate_ramp - state.substrate), 0.6),
            "chamber_pressure": about(state.pressure, 0.015),
            "buffer_pressure": about(4e-10 + 0.002 * state.pressure, 0.02),
            "loadlock_pressure": about(3e-8, 0.03),
            "foreline_pressure": about(2e-3 + 30 * state.pressure, 0.01),
            "beam_flux_monitor": about(1e-11 + sum(cells[n]["bep"] * _flux(cells[n], state.cells[n]) for n in state.open), 0.02),
            "oxygen_flow": near(state.oxygen, 0.003),
            "oxygen_flow_setpoint": state.oxygen_target,
            "ozone_fraction": near(state.ozone, 0.05),
            "qcm_rate": near(10 * rate, 0.002),
            "qcm_thickness": near(thickness, 0.01),
            "rheed_intensity": max(0.0, near(_rheed(state.layers, state.roughness), 3.0)),
            "rheed_emission_current": near(62.0, 0.08),
            "rheed_voltage": near(20.0, 0.004),
            "manipulator_angle": state.angle,
            "manipulator_z": near(42.0, 0.005),
            "rotation_speed": near(10.0 if state.open else 0.0, 0.02),
            "cooling_water_temperature": near(water, 0.03),
            "cooling_water_flow": near(6.4, 0.04),
            "turbo_speed": near(820.0, 0.2),
            "ion_pump_current": about(0.02 + 2e4 * min(state.pressure, 1e-7), 0.02),
        }  # fmt: skip
        for name, cell in self.data["cells"].items():
            values[f"{name}_cell_temperature"] = near(state.cells[name], 0.08)
            values[f"{name}_cell_setpoint"] = state.cell_targets[name]
            pull = state.cell_targets[name] - state.cells[name]
            values[f"{name}_cell_power"] = (
                near(max(0.0, 0.22 * state.cells[name] + 0.3 * pull), 0.3) + cell["tau"] * 0.1
            )
        return values


def _flux(cell: dict[str, float], temperature: float) -> float:
    """Flux of a cell relative to its reference temperature (Clausius-Clapeyron)."""
    inverse = 1 / (temperature + ZERO_C) - 1 / (cell["reference"] + ZERO_C)
    return math.exp(-cell["energy"] / BOLTZMANN * inverse)


def _rheed(layers: float, roughness: float) -> float:
    """Specular intensity: one oscillation a layer, damped while the surface roughens."""
    swing = 0.5 * (1 - math.cos(2 * math.pi * layers))
    return 900.0 * (1 - 0.35 * roughness) * (1 - 0.55 * swing * (1 - 0.8 * roughness))
