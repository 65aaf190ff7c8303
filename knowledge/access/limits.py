"""How many requests a minute a caller has: counted in Django's cache, so that all processes that share it count together."""

import logging
import time
from dataclasses import dataclass

from django.core.cache import cache

from ingest.errors import TooMany
from knowledge.access.callers import Caller

log = logging.getLogger(__name__)
WINDOW_S = 60


@dataclass(frozen=True)
class Allowance:
    """What is left of the present window. `reset_s`: seconds until the next."""

    limit: int
    remaining: int
    reset_s: int

    def headers(self) -> dict[str, str]:
        """The RateLimit headers of an answer."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_s),
            "RateLimit-Policy": f"{self.limit};w={WINDOW_S}",
        }


class TooOften(TooMany):
    """The caller has used up this minute's requests; `allowance` says until when."""

    def __init__(self, allowance: Allowance) -> None:
        super().__init__(
            f"{allowance.limit} requests a minute are allowed: go on in {allowance.reset_s} s.",
            retry_after_s=allowance.reset_s,
        )
        self.allowance = allowance


def _count(key: str) -> int:
    """Requests so far with this one. `add` and `incr` are single steps in memory and in Redis, so that no request is lost."""
    if cache.add(key, 1, 2 * WINDOW_S):
        return 1
    try:
        return int(cache.incr(key))
    except ValueError:  # it expired between the two
        cache.add(key, 1, 2 * WINDOW_S)
        return 1


def allow(caller: Caller, *, now: float | None = None) -> Allowance:
    """Count one request of the caller. Raises TooOften. Where the cache is away, nobody is held up."""
    moment = time.time() if now is None else now
    window = int(moment // WINDOW_S)
    reset_s = max(1, int((window + 1) * WINDOW_S - moment))
    limit = caller.per_minute
    try:
        used = _count(f"api:{caller.name}:{window}")
    except Exception:  # each store fails in its own way; reading goes on without it
        log.exception("requests are not counted: the cache does not answer")
        used = 0
    allowance = Allowance(limit, max(0, limit - used), reset_s)
    if used > limit:
        raise TooOften(allowance)
    return allowance
