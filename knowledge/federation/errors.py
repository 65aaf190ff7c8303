"""What federated search refuses.

FederationError     a question, or a change, that cannot be made; the message says what to do
"""

from knowledge.errors import KnowledgeError


class FederationError(KnowledgeError):
    """A question that cannot be put, or an entry that cannot be taken."""

    code = "federation_refused"
