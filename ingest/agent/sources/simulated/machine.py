"""The physics of the simulated machine: first-order lags, evaporation, RHEED oscillations, noise. Pure: no clock.

The whole state is a JSON value, and the noise of a row depends only on seed and row number: a machine restored from a
checkpoint goes on with exactly the rows it would have made.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from ingest.agent.sources.simulated.channels import MACHINE

BOLTZMANN = 8.617333e-5  # eV/K
ZERO_C = 273.15


@dataclass
class State:
    """Everything the machine remembers; temperatures degC, pressures mbar."""

    row: int = 0
    run: int = 0  # 0 before the first
    step: int = -1  # -1 between runs
    elapsed: float = 0.0  # s of process since run or pause began
    substrate: float = MACHINE["substrate"]["idle"]
    substrate_ramp: float = MACHINE["substrate"]["idle"]
    substrate_target: float = MACHINE["substrate"]["idle"]
    cells: dict[str, float] = field(default_factory=lambda: {n: c["idle"] for n, c in MACHINE["cells"].items()})
    cell_targets: dict[str, float] = field(default_factory=lambda: {n: c["idle"] for n, c in MACHINE["cells"].items()})
    open: list[str] = field(default_factory=list)
    pressure: float = MACHINE["chamber"]["base"]
    oxygen: float = 0.0
    oxygen_target: float = 0.0
    ozone: float = 0.0
    ozone_target: float = 0.0
    layers: float = 0.0
    roughness: float = 0.0
    angle: float = 0.0

    def dump(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Happening:
    """An event of the machine without its time."""

    kind: str
    name: str = ""
    value: Any = None  # JSON


class Machine:
    """Steps a State; `run_s` and `pause_s` are seconds of process."""

    def __init__(
        self, *, seed: int, run_s: float, pause_s: float, people: tuple[str, ...], state: State, tag: str
    ) -> None:
        self.state = state
        self._seed, self._run_s, self._pause_s, self._people, self._tag = seed, run_s, pause_s, people, tag

    def advance(self, dt: float) -> tuple[dict[str, float], list[Happening]]:
        """One row `dt` seconds of process later: all channels, and what happened."""
        state = self.state
        happened = list(self._recipe(dt))
        self._heat(dt)
        self._gas(dt)
        noise = random.Random(self._seed * 1_000_003 + state.row)  # noqa: S311 - noise, reproducible
        rate = self._grow(dt)
        values = self._read(noise, rate)
        state.row += 1
        return values, happened

    # -- recipe -----------------------------------------------------------------------------------------------------

    def _recipe(self, dt: float) -> Iterator[Happening]:
        state = self.state
        if state.run == 0 or (state.step < 0 and state.elapsed >= self._pause_s):
            state.run, state.elapsed, state.layers, state.roughness = state.run + 1, 0.0, 0.0, 0.0
            recipe = self._now()
            yield Happening("run_start", "", {
                "uid": self._uid(),
                "title": recipe["title"],
                "recipe": recipe["title"],
                "sample": f"{recipe['prefix']}-{self._tag[:4]}-{state.run:03d}",
                "person": self._people[(state.run - 1) % len(self._people)],
            })  # fmt: skip
            yield from self._step_begin(0)
        elif state.step >= 0:
            yield from self._next_step()
        state.elapsed += dt

    def _next_step(self) -> Iterator[Happening]:
        state, steps = self.state, self._now()["steps"]
        ends = sum(step["part"] for step in steps[: state.step + 1]) / sum(step["part"] for step in steps)
        if state.elapsed < ends * self._run_s:
            return
        if state.step + 1 < len(steps):
            yield from self._step_begin(state.step + 1)
            return
        yield from self._shutters([])
        yield Happening("run_stop", "", {"uid": self._uid()})
        state.step, state.elapsed = -1, 0.0
        state.substrate_target, state.oxygen_target, state.ozone_target = MACHINE["substrate"]["idle"], 0.0, 0.0

    def _step_begin(self, number: int) -> Iterator[Happening]:
        state = self.state
        step = self._now()["steps"][number]
        state.step = number
        state.substrate_target = step.get("substrate", state.substrate_target)
        state.oxygen_target = step.get("oxygen", state.oxygen_target)
        state.ozone_target = step.get("ozone", 0.0)
        for name in step.get("cells", []):
            state.cell_targets[name] = MACHINE["cells"][name]["reference"]
        if step.get("idle"):
            state.cell_targets = {name: cell["idle"] for name, cell in MACHINE["cells"].items()}
        points = {"substrate_setpoint": state.substrate_target, "oxygen_flow_setpoint": state.oxygen_target}
        yield Happening("step", step["name"], points)
        yield from self._shutters(step.get("open", []))

    def _shutters(self, wanted: list[str]) -> Iterator[Happening]:
        for name in MACHINE["cells"]:
            if (name in wanted) != (name in self.state.open):
                yield Happening("shutter", name, name in wanted)
        self.state.open = list(wanted)

    def _now(self) -> dict[str, Any]:
        recipes: list[dict[str, Any]] = MACHINE["recipes"]
        return recipes[(self.state.run - 1) % len(recipes)]

    def _uid(self) -> str:
        return f"{self._tag}-{self.state.run:05d}"

    # -- physics ----------------------------------------------------------------------------------------------------

    def _heat(self, dt: float) -> None:
        state, substrate = self.state, MACHINE["substrate"]
        most = substrate["ramp"] * dt
        state.substrate_ramp += max(-most, min(most, state.substrate_target - state.substrate_ramp))
        state.substrate = _lag(state.substrate, state.substrate_ramp, dt, substrate["tau"])
        for name, cell in MACHINE["cells"].items():
            state.cells[name] = _lag(state.cells[name], state.cell_targets[name], dt, cell["tau"])

    def _gas(self, dt: float) -> None:
        state, chamber = self.state, MACHINE["chamber"]
        state.oxygen = _lag(state.oxygen, state.oxygen_target, dt, 4.0)
        state.ozone = _lag(state.ozone, state.ozone_target, dt, 15.0)
        wanted = chamber["base"] + chamber["outgas"] * state.substrate + chamber["per_sccm"] * state.oxygen
        state.pressure = math.exp(_lag(math.log(state.pressure), math.log(wanted), dt, chamber["tau"]))

    def _grow(self, dt: float) -> float:
        """Adds layers; the rate in nm/s, limited by the slower of the open cells."""
        state = self.state
        if state.step < 0 or not state.open:
            state.roughness = _lag(state.roughness, 0.0, dt, 120.0)
            return 0.0
        recipe = self._now()
        rate: float = recipe["rate"] * min(_flux(name, state.cells[name]) for name in state.open)
        state.layers += rate * dt / recipe["monolayer"]
        state.roughness = _lag(state.roughness, 1.0, dt, 12 * recipe["monolayer"] / max(rate, 1e-9))
        return rate

    def _read(self, noise: random.Random, rate: float) -> dict[str, float]:
        state = self.state

        def near(value: float, sigma: float) -> float:
            return noise.gauss(value, sigma)

        def about(value: float, part: float) -> float:
            return value * math.exp(noise.gauss(0.0, part))

        water = 18.0 + 0.4 * math.sin(state.row / 311) + 0.0008 * state.substrate
        thickness = state.layers * (self._now()["monolayer"] if state.run else 0.0)
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
            "beam_flux_monitor": about(1e-11 + sum(MACHINE["cells"][n]["bep"] * _flux(n, state.cells[n]) for n in state.open), 0.02),
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
        for name, cell in MACHINE["cells"].items():
            values[f"{name}_cell_temperature"] = near(state.cells[name], 0.08)
            values[f"{name}_cell_setpoint"] = state.cell_targets[name]
            pull = state.cell_targets[name] - state.cells[name]
            values[f"{name}_cell_power"] = (
                near(max(0.0, 0.22 * state.cells[name] + 0.3 * pull), 0.3) + cell["tau"] * 0.1
            )
        return values


def _lag(value: float, target: float, dt: float, tau: float) -> float:
    """First-order approach to `target`, exact for any dt."""
    return target + (value - target) * math.exp(-dt / tau)


def _flux(name: str, temperature: float) -> float:
    """Flux of a cell relative to its reference temperature (Clausius-Clapeyron)."""
    cell = MACHINE["cells"][name]
    inverse = 1 / (temperature + ZERO_C) - 1 / (cell["reference"] + ZERO_C)
    return math.exp(-cell["energy"] / BOLTZMANN * inverse)


def _rheed(layers: float, roughness: float) -> float:
    """Specular intensity: one oscillation a layer, damped while the surface roughens."""
    swing = 0.5 * (1 - math.cos(2 * math.pi * layers))
    return 900.0 * (1 - 0.35 * roughness) * (1 - 0.55 * swing * (1 - 0.8 * roughness))
