"""Each request sees the topics as they are when it begins."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from knowledge.topics.schema import topics_refresh


class TopicsMiddleware:
    """Looks, at most once a second, whether topics were added or changed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Look, then answer."""
        topics_refresh()
        return self.get_response(request)
