"""What the OPTIMADE server refuses; each class is one HTTP status of the specification.

OptimadeError
├── BadRequest            400
├── NotPermitted          401, 403
├── NoSuchThing           404
├── NotImplementedHere    501
└── VersionNotSupported   553
"""

from knowledge.errors import KnowledgeError


class OptimadeError(KnowledgeError):
    """Root of what the OPTIMADE server refuses; `parameter` is the part of the query that is at fault."""

    code = "optimade_error"
    status = 400
    title = "Bad Request"

    def __init__(self, message: str, parameter: str | None = None) -> None:
        super().__init__(message)
        self.parameter = parameter


class BadRequest(OptimadeError):
    """A request that does not read."""

    code = "bad_request"


class NotPermitted(OptimadeError):
    """A request that this asker may not make, or that asks for too much."""

    code = "forbidden"
    status = 403
    title = "Forbidden"


class NoSuchThing(OptimadeError):
    """There is no such endpoint or entry, or the asker may not see it."""

    code = "not_found"
    status = 404
    title = "Not Found"


class NotImplementedHere(OptimadeError):
    """An optional part of the specification that is not answered; the message says which."""

    code = "not_implemented"
    status = 501
    title = "Not Implemented"


class VersionNotSupported(OptimadeError):
    """A major version of the API other than 1."""

    code = "version_not_supported"
    status = 553
    title = "Version Not Supported"
