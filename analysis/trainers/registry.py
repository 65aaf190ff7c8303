"""The trainers there are, by entry point group `lodestone.trainers`; one that is broken harms no other."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from pydantic import BaseModel, ValidationError

from analysis.errors import BadTrainer, DeviceAbsent
from analysis.trainers.protocol import Device, Trainer

DEFAULT = "tree_ensemble"


@dataclass(frozen=True)
class Found:
    """Trainers that loaded, and why others did not."""

    trainers: Mapping[str, Trainer]
    broken: Mapping[str, str]


@cache
def found() -> Found:
    """All registered trainers."""
    trainers: dict[str, Trainer] = {}
    broken: dict[str, str] = {}
    for point in sorted(entry_points(group="lodestone.trainers"), key=lambda point: point.name):
        try:
            trainers[point.name] = point.load()
        except Exception as error:  # other people's code may fail in any way; the status page shows it
            broken[point.name] = f"{type(error).__name__}: {error}"
    return Found(trainers, broken)


def offered() -> dict[str, Trainer]:
    """The trainers that can run on this machine."""
    return {name: trainer for name, trainer in found().trainers.items() if trainer.absent() is None}


def trainer_get(name: str) -> Trainer:
    """The trainer of this name. Raises BadTrainer, which names those there are."""
    trainer = found().trainers.get(name)
    if trainer is None:
        why = f" ({found().broken[name]})" if name in found().broken else ""
        raise BadTrainer(f"there is no trainer {name!r}{why}; choose one of: {', '.join(offered())}")
    if reason := trainer.absent():
        raise BadTrainer(f"trainer {name!r} cannot run here: {reason}; choose one of: {', '.join(offered())}")
    return trainer


def params_checked(trainer: Trainer, values: Mapping[str, Any]) -> BaseModel:  # Any: text of a form or JSON
    """The trainer's parameters, validated. Raises BadTrainer naming each wrong field."""
    try:
        return trainer.params.model_validate(dict(values))
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise BadTrainer(f"wrong parameters of {trainer.name}: {faults}") from error


def cuda_absent() -> str | None:
    """Why CUDA cannot be used here, or none. Imports torch only where it is installed."""
    from importlib.util import find_spec

    if find_spec("torch") is None:
        return "torch is not installed (make setup TORCH=cuda)"
    import torch

    return None if torch.cuda.is_available() else "torch finds no CUDA device"


def device_chosen(trainer: Trainer, asked: str) -> Device:
    """The device to use for `auto`, `cpu` or `cuda`. Raises DeviceAbsent with the reason."""
    if asked == "cpu" or (asked == "auto" and "cuda" not in trainer.devices):
        return "cpu"
    if asked not in ("auto", "cuda"):
        raise DeviceAbsent(f"there is no device {asked!r}: say auto, cpu or cuda")
    reason = cuda_absent()
    if reason and asked == "cuda":
        raise DeviceAbsent(f"--device cuda cannot be used: {reason}; say --device cpu or --device auto")
    if "cuda" not in trainer.devices and asked == "cuda":
        able = [name for name, other in offered().items() if "cuda" in other.devices]
        raise DeviceAbsent(
            f"trainer {trainer.name!r} runs on the processor only; say --device cpu, or --trainer {' or '.join(able) or 'mlp_ensemble'}"
        )
    return "cpu" if reason else "cuda"
