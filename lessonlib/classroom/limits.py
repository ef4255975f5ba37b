"""How often somebody may ask: by voter, never by address, for a hall shares one. Of joining, wrong codes alone are counted."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable

Clock = Callable[[], float]

#: at once, and then a second, by one voter: votes and reads
VOTES, READS = (20, 1.0), (60, 4.0)
#: so many wrong codes a minute pass; then codes are looked at no faster than so many a second, right ones too
MOST_WRONG, WRONG_WITHIN_S, CODES_A_SECOND = 30, 60.0, 5.0
#: keys that are remembered; the one that asked longest ago is forgotten first
_MOST_KEYS = 20_000


class Allowance:
    """Each key may ask ``burst`` times at once, and then ``rate`` times a second. The clock is one that is never set."""

    def __init__(self, burst: float, rate: float, clock: Clock = time.monotonic):
        self.burst, self.rate, self._clock = burst, rate, clock
        self._left: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def wait_s(self, key: Hashable) -> float:
        """0, and one asking less is left to the key; or how many seconds it has to wait."""
        now = self._clock()
        left, since = self._left.pop(key, (self.burst, now))
        left = min(left + (now - since) * self.rate, self.burst)
        allowed = left >= 1
        self._left[key] = (left - allowed, now)
        if len(self._left) > _MOST_KEYS:
            self._left.popitem(last=False)
        return 0.0 if allowed else (1 - left) / self.rate


class WrongCodes:
    """Who tries codes is slowed down, and a hall is not locked out: a right code still gets in, a little later."""

    def __init__(self, clock: Clock = time.monotonic):
        self._clock = clock
        self._wrong: deque[float] = deque(maxlen=MOST_WRONG)
        self._next = 0.0

    def wait_s(self) -> float:
        """0 if a code may be looked at now; else how many seconds to wait."""
        now = self._clock()
        if len(self._wrong) < MOST_WRONG or now - self._wrong[0] >= WRONG_WITHIN_S:
            return 0.0
        if now < self._next:
            return self._next - now
        self._next = now + 1 / CODES_A_SECOND
        return 0.0

    def wrong(self) -> None:
        """Count one more."""
        now = self._clock()
        self._wrong.append(now)
        self._next = now + 1 / CODES_A_SECOND
