"""Errors of exports.

KnowledgeError
├── ExportRefused       cannot be asked like this
└── ExportState         not in a state for this: over, not done yet, or expired
"""

from knowledge.errors import KnowledgeError


class ExportRefused(KnowledgeError):
    """An export that cannot be asked like this."""

    code = "export_refused"


class ExportState(KnowledgeError):
    """The export is not in a state for this."""

    code = "export_state"
    status = 409
