"""A circuit breaker: a platform that is down is left alone for a while instead of being asked by every caller."""

import time
from collections.abc import Callable


class Circuit:
    """Opens after `failures` in a row, for `open_s` seconds; then one caller tries, and its luck decides for all."""

    def __init__(self, failures: int = 5, open_s: float = 30.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = failures
        self._open_s = open_s
        self._clock = clock
        self._failed = 0
        self._closed_from = 0.0

    @property
    def is_open(self) -> bool:
        """Whether calls are refused at this moment; the value of the metric."""
        return self._failed >= self._limit and self._clock() < self._closed_from

    def admit(self) -> bool:
        """Ask before a call. The first one let through after the pause is a trial: others wait for its outcome."""
        if self.is_open:
            return False
        if self._failed >= self._limit:
            self._closed_from = self._clock() + self._open_s
        return True

    def note(self, *, ok: bool) -> None:
        """Tell how an admitted call went."""
        self._failed = 0 if ok else self._failed + 1
        if self._failed >= self._limit:
            self._closed_from = self._clock() + self._open_s
