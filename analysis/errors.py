"""Errors of analysis.

AnalysisError
├── BadDataset          the data cannot be used as asked: no such column, too few rows (exit 2)
├── BadTrainer          no such trainer, wrong parameters, or it cannot run here (exit 2)
├── DeviceAbsent        the device asked for is not in this machine (exit 2)
├── ModelRefused        a stored model was changed or holds types that are not on the list
├── OutOfReach          the model cannot say anything about this input
└── NotFound            no such job or model, or not yours (HTTP 404)
"""

from ingest.errors import LodestoneError


class AnalysisError(LodestoneError):
    """Root of what analysis raises."""

    code = "analysis_error"


class BadDataset(AnalysisError):
    """The data cannot be used as asked; the message names what there is."""

    code = "bad_dataset"


class BadTrainer(AnalysisError):
    """No such trainer, wrong parameters, or it cannot run here."""

    code = "bad_trainer"


class DeviceAbsent(AnalysisError):
    """The device asked for is not in this machine."""

    code = "device_absent"


class ModelRefused(AnalysisError):
    """A stored model was changed, or holds types that are not on the list."""

    code = "model_refused"


class OutOfReach(AnalysisError):
    """The model cannot say anything about this input."""

    code = "out_of_reach"


class NotFound(AnalysisError):
    """No such job or model, or it belongs to somebody else."""

    code = "not_found"
    status = 404
