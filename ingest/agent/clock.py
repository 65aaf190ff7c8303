"""How far this computer's clock is from the server's, from the times in its answers."""

from collections import deque

JUMP_NS = 10**9  # more than clocks drift apart between two exchanges


class ClockOffset:
    """Offset = server minus agent, in ns, taken from the quickest of the last exchanges (least unknown travel)."""

    def __init__(self, keep: int = 16) -> None:
        self._seen: deque[tuple[int, int]] = deque(maxlen=keep)

    def observe(self, *, asked: int, answered: int, server: int) -> None:
        """One exchange: agent's clock before and after, server's clock in the answer (ns). A clock that jumped is noticed."""
        travel, offset = answered - asked, server - (asked + answered) // 2
        if travel < 0:
            return  # it jumped back in the middle of this exchange
        if self._seen and abs(offset - min(self._seen)[1]) > (travel + min(self._seen)[0]) / 2 + JUMP_NS:
            self._seen.clear()
        self._seen.append((travel, offset))

    @property
    def offset(self) -> int | None:
        """Best estimate in ns, None before the first answer."""
        return min(self._seen)[1] if self._seen else None
