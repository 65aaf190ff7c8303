"""What all simulated machines share: runs and their steps in turn, noise, a state that is JSON. Pure: no clock.

The whole state is a JSON value, and the noise of a row depends only on seed and row number: a machine restored from a
checkpoint goes on with exactly the rows it would have made.
"""

import math
import random
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from ingest.agent.sources.simulated.machines.description import Description


@dataclass
class State:
    """What every machine remembers."""

    row: int = 0
    run: int = 0  # 0 before the first
    step: int = -1  # -1 between runs
    elapsed: float = 0.0  # s of process since run or pause began

    def dump(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Happening:
    """An event of the machine without its time."""

    kind: str
    name: str = ""
    value: Any = None  # JSON


@dataclass(frozen=True)
class Conduct:
    """How a machine is run; `run_s` and `pause_s` are seconds of process, `tag` makes its ids its own."""

    seed: int
    run_s: float
    pause_s: float
    people: tuple[str, ...]
    tag: str


@dataclass(frozen=True)
class DataRow:
    """A row of a data file that the machine writes. `cells` without the time; `header` holds what its head says."""

    file: str
    header: dict[str, str]
    cells: tuple[str, ...]


class Model(ABC):
    """Steps a State. A machine says how it begins, what a step sets, how it responds and what is read."""

    state: State

    def __init__(self, description: Description, conduct: Conduct, saved: dict[str, Any] | None = None) -> None:
        self.description, self.conduct, self.data = description, conduct, description.data
        self.state = self.restored(saved)

    def advance(self, dt: float) -> tuple[dict[str, float], list[Happening]]:
        """One row `dt` seconds of process later: all channels, and what happened."""
        happened = [*self._runs(dt), *self.respond(dt)]
        noise = random.Random(self.conduct.seed * 1_000_003 + self.state.row)  # noqa: S311 - noise, reproducible
        values = self.read(noise)
        for name, sigma in self.description.noise.items():
            values[name] = noise.gauss(values[name], sigma)
        self.state.row += 1
        return values, happened

    # -- what a machine is ------------------------------------------------------------------------------------------

    @abstractmethod
    def restored(self, saved: dict[str, Any] | None) -> State:
        """The state of a checkpoint, or that of a machine just switched on."""

    def run_begin(self) -> None:
        """Before the first step of a run."""
        return

    @abstractmethod
    def step_begin(self, step: dict[str, Any]) -> Iterator[Happening]:
        """Take over what a step sets."""

    @abstractmethod
    def run_end(self) -> Iterator[Happening]:
        """Back to idle."""

    @abstractmethod
    def respond(self, dt: float) -> Iterator[Happening]:
        """Let everything move for `dt` seconds."""

    @abstractmethod
    def read(self, noise: random.Random) -> dict[str, float]:
        """Every channel; the noise that the description names is laid over it afterwards."""

    def data_row(self, values: dict[str, float]) -> DataRow | None:
        """What goes into a data file now, of the values as they were read."""
        return None

    # -- runs -------------------------------------------------------------------------------------------------------

    @property
    def recipe(self) -> dict[str, Any]:
        """The recipe of this run."""
        recipes = self.description.recipes
        return recipes[(self.state.run - 1) % len(recipes)]

    @property
    def step(self) -> dict[str, Any] | None:
        """The step of the recipe that is on."""
        steps: list[dict[str, Any]] = self.recipe["steps"]
        return steps[self.state.step] if self.state.step >= 0 else None

    @property
    def uid(self) -> str:
        """Of this run."""
        return f"{self.conduct.tag}-{self.state.run:05d}"

    @property
    def sample(self) -> str:
        """Of this run."""
        return f"{self.recipe['prefix']}-{self.conduct.tag[:4]}-{self.state.run:03d}"

    @property
    def person(self) -> str:
        """Whose turn it is."""
        return self.conduct.people[(self.state.run - 1) % len(self.conduct.people)]

    def seconds(self, step: dict[str, Any]) -> float:
        """How long a step of this run's recipe takes."""
        part: float = step["part"] / sum(one["part"] for one in self.recipe["steps"])
        return part * self.conduct.run_s

    def _runs(self, dt: float) -> Iterator[Happening]:
        state = self.state
        if state.run == 0 or (state.step < 0 and state.elapsed >= self.conduct.pause_s):
            state.run, state.elapsed = state.run + 1, 0.0
            self.run_begin()
            yield Happening("run_start", "", {
                "uid": self.uid,
                "title": self.recipe["title"],
                "recipe": self.recipe["title"],
                "sample": self.sample,
                "person": self.person,
            })  # fmt: skip
            yield from self._step(0)
        elif state.step >= 0:
            yield from self._next_step()
        state.elapsed += dt

    def _next_step(self) -> Iterator[Happening]:
        state, steps = self.state, self.recipe["steps"]
        ends = sum(step["part"] for step in steps[: state.step + 1]) / sum(step["part"] for step in steps)
        if state.elapsed < ends * self.conduct.run_s:
            return
        if state.step + 1 < len(steps):
            yield from self._step(state.step + 1)
            return
        yield from self.run_end()
        yield Happening("run_stop", "", {"uid": self.uid})
        state.step, state.elapsed = -1, 0.0

    def _step(self, number: int) -> Iterator[Happening]:
        self.state.step = number
        yield from self.step_begin(self.recipe["steps"][number])


def lag(value: float, target: float, dt: float, tau: float) -> float:
    """First-order approach to `target`, exact for any dt."""
    return target + (value - target) * math.exp(-dt / tau)


def ramped(value: float, target: float, most: float) -> float:
    """A step towards `target`, of at most so much."""
    return value + max(-most, min(most, target - value))
