"""The simulated machines: for each a TOML file of what it is, and the few lines of physics that its data cannot say."""

from ingest.agent.sources.simulated.machines.cryostat import Cryostat
from ingest.agent.sources.simulated.machines.description import Description, describe, machine_names
from ingest.agent.sources.simulated.machines.model import Conduct, DataRow, Happening, Model
from ingest.agent.sources.simulated.machines.oxide_mbe import OxideMbe
from ingest.agent.sources.simulated.machines.tube_furnace import TubeFurnace

MODELS: dict[str, type[Model]] = {"cryostat": Cryostat, "oxide_mbe": OxideMbe, "tube_furnace": TubeFurnace}

__all__ = ["MODELS", "Conduct", "DataRow", "Description", "Happening", "Model", "describe", "machine_names"]
