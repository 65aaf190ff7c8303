"""A few small networks that start differently (deep ensemble): spread = their disagreement and their own noise estimate.

Source: Lakshminarayanan et al., NeurIPS 2017. torch is imported only when a network is trained or read.
"""

import json
import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from analysis.datasets.domain import Task
from analysis.errors import ModelRefused
from analysis.features.spec import Matrix
from analysis.trainers.mlp_ensemble.params import NetworkParams
from analysis.trainers.protocol import Device, Guess, Report

WEIGHTS, SHAPE = "weights.pt", "network.json"
BATCH = 256
MANY_ROWS = 20_000  # below, threads wait for each other longer than they calculate
CLIP = 6.0  # standard units: a far value must not drive a network anywhere


def _network(inputs: int, outputs: int, params: NetworkParams) -> Any:  # Any: torch is optional
    from torch import nn

    parts: list[Any] = []
    width = inputs
    for _ in range(params.layers):
        parts += [nn.Linear(width, params.width), nn.LayerNorm(params.width), nn.SiLU(), nn.Dropout(params.dropout)]
        width = params.width
    return nn.Sequential(*parts, nn.Linear(width, outputs))


@dataclass(frozen=True)
class Networks:
    """Trained networks with the scaling of what goes in and comes out."""

    networks: tuple[Any, ...]  # torch modules
    params: NetworkParams
    names: tuple[str, ...]
    scaling: dict[str, list[float]]
    task: Task
    outputs: int

    def predict(self, matrix: Matrix) -> Guess:
        """Mean over the networks; runs on the processor, so that a model trained on a GPU is read anywhere."""
        import torch

        place = {name: at for at, name in enumerate(matrix.names)}
        values = _scaled(matrix.values[:, [place[name] for name in self.names]], self.scaling)
        with torch.no_grad():
            said = np.stack([net(torch.from_numpy(values)).double().numpy() for net in self.networks])
        if self.task == "classification":
            shares = np.exp(said - said.max(axis=2, keepdims=True))
            shares = (shares / shares.sum(axis=2, keepdims=True)).mean(axis=0)
            return Guess(shares, 1 - shares.max(axis=1))
        middle, scale = self.scaling["target"]
        mean = said[:, :, 0].mean(axis=0)
        variance = np.logaddexp(0, said[:, :, 1]).mean(axis=0) + said[:, :, 0].var(axis=0)
        return Guess(mean * scale + middle, np.sqrt(variance) * scale)

    def save(self, folder: Path) -> None:
        """Write arrays (weights.pt, read back with weights_only) and JSON."""
        import torch

        torch.save({f"{at}": net.state_dict() for at, net in enumerate(self.networks)}, folder / WEIGHTS)
        shape = {
            "params": self.params.model_dump(mode="json"),
            "names": self.names,
            "scaling": self.scaling,
            "task": self.task,
            "outputs": self.outputs,
        }
        (folder / SHAPE).write_text(json.dumps(shape), encoding="utf-8")


def _scaled(values: NDArray[np.float64], scaling: dict[str, list[float]]) -> NDArray[np.float32]:
    standard = (values - np.array(scaling["middle"])) / np.array(scaling["scale"])
    return np.asarray(np.clip(standard, -CLIP, CLIP), dtype=np.float32)


class NetworkEnsemble:
    """The plugin."""

    name = "mlp_ensemble"
    version = "1"
    label = {"en": "Ensemble of networks (torch)", "zh": "神经网络集成（torch）"}
    params = NetworkParams
    devices: tuple[Device, ...] = ("cpu", "cuda")

    def absent(self) -> str | None:
        """Only offered where torch is installed."""
        return None if find_spec("torch") else "torch is not installed (make setup TORCH=cpu or TORCH=cuda)"

    def fit(
        self,
        matrix: Matrix,
        target: NDArray[np.float64],
        *,
        task: Task,
        classes: int,
        params: BaseModel,
        seed: int,
        device: Device,
        threads: int,
        report: Report,
    ) -> Networks:
        """Train each network from another start on all rows."""
        assert isinstance(params, NetworkParams)  # noqa: S101 - narrows the type; the registry validated it
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # the same seed, the same result on a GPU too
        import torch

        torch.set_num_threads(threads if len(matrix) > MANY_ROWS else 1)
        torch.use_deterministic_algorithms(True)
        scale = matrix.values.std(axis=0)
        scaling = {"middle": matrix.values.mean(axis=0).tolist(), "scale": np.where(scale > 1e-12, scale, 1.0).tolist()}
        goal = target
        if task == "regression":
            scaling["target"] = [float(target.mean()), float(target.std()) or 1.0]
            goal = (target - scaling["target"][0]) / scaling["target"][1]
        outputs = classes if task == "classification" else 2
        values = torch.from_numpy(_scaled(matrix.values, scaling)).to(device)
        goals = torch.from_numpy(goal).to(device).to(torch.long if task == "classification" else torch.float32)
        networks = []
        for at in range(params.networks):

            def step(share: float, done: int, at: int = at) -> None:
                report((at + share) / params.networks, f"network {at + 1} of {params.networks}, round {done}")

            networks.append(_trained(values, goals, outputs, params, seed + at, step))
        return Networks(tuple(networks), params, matrix.names, scaling, task, outputs)

    def load(self, folder: Path) -> Networks:
        """What `save` wrote; weights_only keeps anything but arrays out."""
        import pickle

        import torch

        try:
            shape = json.loads((folder / SHAPE).read_text(encoding="utf-8"))
            params = NetworkParams.model_validate(shape["params"])
            stored = torch.load(folder / WEIGHTS, weights_only=True, map_location="cpu")
            networks = []
            for at in range(params.networks):
                net = _network(len(shape["names"]), shape["outputs"], params)
                net.load_state_dict(stored[str(at)])
                networks.append(net.eval())
        except (pickle.UnpicklingError, RuntimeError, KeyError, ValueError, EOFError, OSError) as error:
            raise ModelRefused(
                f"the model file cannot be read ({type(error).__name__}): it holds other things than weights, or is "
                "damaged; train the model again"
            ) from error
        return Networks(
            tuple(networks), params, tuple(shape["names"]), shape["scaling"], shape["task"], shape["outputs"]
        )


def _trained(values: Any, goals: Any, outputs: int, params: NetworkParams, seed: int, step: Any) -> Any:  # Any: torch
    """One network, back on the processor. The learning rate falls along half a cosine."""
    import torch
    from torch.nn import functional

    torch.manual_seed(seed)
    net = _network(values.shape[1], outputs, params).to(values.device)
    optimiser = torch.optim.AdamW(net.parameters(), lr=params.step, weight_decay=params.decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, params.rounds)
    order = torch.Generator().manual_seed(seed)
    for done in range(params.rounds):
        for rows in torch.randperm(len(values), generator=order).split(BATCH):
            said = net(values[rows])
            if goals.dtype == torch.long:
                loss = functional.cross_entropy(said, goals[rows])
            else:
                noise = functional.softplus(said[:, 1]) + 1e-6
                loss = (0.5 * torch.log(noise) + 0.5 * (said[:, 0] - goals[rows]) ** 2 / noise).mean()
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
        schedule.step()
        step((done + 1) / params.rounds, done + 1)
    return net.cpu().eval()


plugin = NetworkEnsemble()
