"""The tube furnace: three zones that warm each other, a PID controller for each, gases, cooling water."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ingest.agent.sources.simulated.machines.model import Happening, Model, State, lag, ramped

ZERO_C = 273.15
WATER = 69.8  # W to warm 1 l/min of water by 1 K
FULL = 100.0  # %


@dataclass
class FurnaceState(State):
    """Lists hold the three zones, from the gas inlet to the exhaust; degC, K/s, %."""

    zones: list[float] = field(default_factory=list)
    slopes: list[float] = field(default_factory=list)
    set_points: list[float] = field(default_factory=list)
    targets: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    integrals: list[float] = field(default_factory=list)
    drives: list[float] = field(default_factory=list)
    flows: dict[str, float] = field(default_factory=dict)
    flow_targets: dict[str, float] = field(default_factory=dict)
    sample: float = 0.0
    warmed: float = 0.0  # W that the cooling water carries away


class TubeFurnace(Model):
    """Ramps and soaks under flowing gas."""

    state: FurnaceState

    def restored(self, saved: dict[str, Any] | None) -> FurnaceState:
        """From a checkpoint, or cold."""
        if saved is not None:
            return FurnaceState(**saved)
        ambient: float = self.data["heat"]["ambient"]
        none = dict.fromkeys(("argon", "oxygen"), 0.0)

        def each(value: float) -> list[float]:
            return [value] * 3

        return FurnaceState(
            zones=each(ambient),
            slopes=each(0.0),
            set_points=each(ambient),
            targets=each(ambient),
            rates=each(0.0),
            integrals=each(0.0),
            drives=each(0.0),
            flows=dict(none),
            flow_targets=dict(none),
            sample=ambient,
        )

    def step_begin(self, step: dict[str, Any]) -> Iterator[Happening]:
        """Set points are reached at the end of the step."""
        state = self.state
        self._aim(step.get("zones", state.targets), self.seconds(step))
        for gas in state.flow_targets:
            state.flow_targets[gas] = step.get(gas, state.flow_targets[gas])
        points = {f"zone{at}_setpoint": target for at, target in enumerate(state.targets, 1)}
        yield Happening(
            "step", step["name"], {**points, **{f"{k}_flow_setpoint": v for k, v in state.flow_targets.items()}}
        )

    def run_end(self) -> Iterator[Happening]:
        """Idle; gases off."""
        self._aim([self.data["heat"]["idle"]] * 3, 60.0)
        self.state.flow_targets = dict.fromkeys(self.state.flow_targets, 0.0)
        yield from ()

    def _aim(self, targets: list[float], seconds: float) -> None:
        state = self.state
        state.targets = list(targets)
        state.rates = [abs(to - now) / seconds for to, now in zip(targets, state.set_points, strict=True)]

    def respond(self, dt: float) -> Iterator[Happening]:
        """Small steps, for a controller is quicker than a row."""
        state = self.state
        pieces = max(1, math.ceil(dt / self.data["heat"]["largest_step"]))
        for _ in range(pieces):
            self._heat(dt / pieces)
        for gas, flow in state.flows.items():
            state.flows[gas] = lag(flow, state.flow_targets[gas], dt, self.data["gas"]["tau"])
        state.sample = lag(state.sample, state.zones[1], dt, self.data["heat"]["sample_tau"])
        lost = sum(self._lost(at) for at in range(3))
        state.warmed = lag(state.warmed, self.data["water"]["share"] * lost, dt, self.data["water"]["tau"])
        yield from ()

    def _heat(self, dt: float) -> None:
        """Control and heat balance of every zone, over at most `largest_step`."""
        state, heat = self.state, self.data["heat"]
        state.set_points = [
            ramped(now, to, rate * dt)
            for now, to, rate in zip(state.set_points, state.targets, state.rates, strict=True)
        ]
        state.drives = [self._drive(at, dt) for at in range(3)]
        flowing = sum(state.flows.values())
        slopes = []
        for at, now in enumerate(state.zones):
            neighbours = state.zones[max(0, at - 1) : at] + state.zones[at + 1 : at + 2]
            watt = state.drives[at] / FULL * heat["power"] - self._lost(at)
            watt += heat["coupling"] * sum(other - now for other in neighbours)
            if at == 0:
                watt -= heat["gas"] * flowing * (now - heat["ambient"])
            slopes.append(watt / heat["capacity"])
        state.slopes = slopes
        state.zones = [now + slope * dt for now, slope in zip(state.zones, slopes, strict=True)]

    def _drive(self, at: int, dt: float) -> float:
        """PID, the derivative of the reading only; the integral stands still while the drive is at its end."""
        state, control = self.state, self.data["control"]
        error = state.set_points[at] - state.zones[at]
        wanted = control["gain"] * error + state.integrals[at] - control["derivative"] * state.slopes[at]
        if 0.0 < wanted < FULL or (wanted <= 0.0) == (error > 0.0):
            state.integrals[at] += control["integral"] * error * dt
        return float(max(0.0, min(FULL, wanted)))

    def _lost(self, at: int) -> float:
        """W from a zone to the room."""
        heat, now = self.data["heat"], self.state.zones[at]
        radiated: float = heat["radiated"] * ((now + ZERO_C) ** 4 - (heat["ambient"] + ZERO_C) ** 4)
        lost: float = heat["loss"][at] * (now - heat["ambient"]) + radiated
        return lost

    def read(self, noise: random.Random) -> dict[str, float]:
        """The state, and what follows from it."""
        state, heat, gas, water = self.state, self.data["heat"], self.data["gas"], self.data["water"]
        values: dict[str, float] = {}
        for at in range(3):
            values[f"zone{at + 1}_temperature"] = state.zones[at]
            values[f"zone{at + 1}_setpoint"] = state.set_points[at]
            values[f"zone{at + 1}_drive"] = state.drives[at]
        for name, flow in state.flows.items():
            values[f"{name}_flow"], values[f"{name}_flow_setpoint"] = flow, state.flow_targets[name]
        flowing = sum(state.flows.values())
        inlet = water["inlet"] + 0.3 * math.sin(state.row / 257)
        return values | {
            "sample_temperature": state.sample,
            "heater_power": sum(state.drives) / FULL * heat["power"],
            "tube_pressure": gas["tube"] + gas["per_sccm"] * flowing,
            "exhaust_flow": flowing,
            "exhaust_temperature": heat["ambient"] + gas["exhaust_warms"] * (state.zones[2] - heat["ambient"]),
            "exhaust_pressure": gas["exhaust_draught"] + gas["exhaust_per_sccm"] * flowing,
            "cooling_water_flow": water["flow"],
            "cooling_water_inlet": inlet,
            "cooling_water_outlet": inlet + state.warmed / (WATER * water["flow"]),
        }
