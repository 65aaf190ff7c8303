"""What the OpenAPI document says beyond the types: errors of every operation, forms besides JSON, headers, tags."""

from typing import Any

from knowledge.api.problems import MEDIA

Document = dict[str, Any]  # Any: JSON of OpenAPI
TAGS = {
    "search": "Find records, count them, draw their distribution.",
    "records": "Records and materials by id, one or thousands.",
    "topics": "What can be asked: topics, properties, data sets.",
    "exports": "Results of a search as a file, made in the background.",
    "webhooks": "Be told when records come, change or go.",
    "me": "Who I am, and my keys.",
}
PROBLEM: Document = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457. `code` is stable; `detail` says what to do.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:lodestone:bad_filter"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "examples": ["bad_filter"]},
        "details": {"type": "object", "additionalProperties": True},
    },
}
ERRORS = {
    "400": "A parameter, the filter or the body does not read.",
    "401": "No key, or one that opens nothing.",
    "403": "The key lacks the right for this.",
    "404": "There is no such thing that you may read.",
    "405": "The address has no such method.",
    "406": "The answer has no form that you accept.",
    "409": "Contradicts what is stored, or the state it is in.",
    "411": "The body came without its length.",
    "413": "The body is too long.",
    "415": "The body must be application/json.",
    "422": "The Idempotency-Key came with another request.",
    "429": "Too many requests; Retry-After says when to go on.",
    "500": "A fault of the site.",
    "503": "The site cannot answer now; Retry-After says when to try.",
}
WITH_BODY = {"409", "411", "413", "415", "422"}
LIMITS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


def _error(told: str) -> Document:
    return {"description": told, "content": {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}}}


def _answer(operation: Document, method: str) -> None:
    responses: Document = {str(status): answer for status, answer in operation["responses"].items()}
    operation["responses"] = responses
    for status, answer in responses.items():
        if status.startswith("2"):
            answer["headers"] = {name: {"schema": {"type": "integer"}} for name in LIMITS}
            if method == "get":
                answer["headers"]["ETag"] = {"schema": {"type": "string"}}
    if method == "get":
        responses.setdefault("304", {"description": "What you have is still right."})
    for status, told in ERRORS.items():
        if status in responses or (status in WITH_BODY and method in ("get", "head")):
            continue
        responses[status] = _error(told)


def _example(parameter: Document) -> None:
    """One example as OpenAPI wants it of a parameter; JSON Schema's list of examples stays in its schema."""
    if isinstance(parameter.get("examples"), list):
        parameter["example"] = parameter.pop("examples")[0]


def described(document: Document) -> Document:
    """The document of ninja with everything that it leaves out; the same again changes nothing."""
    document["components"]["schemas"]["Problem"] = PROBLEM
    document["tags"] = [{"name": name, "description": told} for name, told in TAGS.items()]
    document["servers"] = [{"url": "/", "description": "This site"}]
    for path in document["paths"].values():
        for method, operation in path.items():
            _answer(operation, method)
            for parameter in operation.get("parameters", ()):
                _example(parameter)
            security = operation.get("security", [])
            operation["security"] = [entry for entry in security if "Visitor" not in entry]
    return document
