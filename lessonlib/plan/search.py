"""The fewest replicas with which a set-up holds: bisection, and a look at the neighbours.

More replicas leave less to each, so that the answer goes from no to yes once; but they also share a cache of beginnings less.
Hence no is believed only after several numbers were tried, and the neighbours of the answer are tried too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from lessonlib.plan.grid import SetUp, Size
from lessonlib.plan.judge import Outcome

Try = Callable[[Size], Outcome]


@dataclass(frozen=True)
class Fewest:
    """best: the outcome with the fewest GPUs that holds; None where nothing does. tries: sizes that were tried. wavers: a larger
    number beside it does not hold.
    """

    best: Outcome | None
    tries: int
    wavers: bool = False


@dataclass
class _Tries:
    """Every size is tried once."""

    run: Try
    seen: dict[Size, Outcome] = field(default_factory=dict)

    def __call__(self, size: Size) -> Outcome:
        if size not in self.seen:
            self.seen[size] = self.run(size)
        return self.seen[size]

    def holds(self, size: Size) -> bool:
        return self(size).holds


def fewest(set_up: SetUp, least: Size, most_gpus: int, run: Try) -> Fewest:
    """The fewest replicas from `least` on, with at most so many GPUs."""
    tries = _Tries(run)
    if set_up.gpus(least) > most_gpus:
        return Fewest(None, 0)
    if set_up.two_pools:
        return _two_pools(set_up, least, most_gpus, tries)
    most = most_gpus // set_up.system.gpus
    found = _lowest(lambda count: tries.holds((count, 0)), least[0], most)
    if found is None:
        return Fewest(None, len(tries.seen))
    while found > least[0] and any(tries.holds((count, 0)) for count in _below(found, least[0])):
        found = min(count for count, _ in tries.seen if tries.holds((count, 0)))
    wavers = found < most and not tries.holds((found + 1, 0))
    return Fewest(tries((found, 0)), len(tries.seen), wavers)


def _below(found: int, least: int) -> Iterator[int]:
    """The two numbers below the one found."""
    yield from (count for count in (found - 1, found - 2) if count >= least)


def _lowest(holds: Callable[[int], bool], least: int, most: int) -> int | None:
    """The lowest number that holds: the upper end is tried first, then the middle of what is open. Where the upper end does not,
    least, twice, four times that and so on are tried too: more may be worse.
    """
    high = most
    if not holds(most):
        count = least
        while count < most and not holds(count):
            count *= 2
        if count >= most:
            return None
        high = count
    low = least
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return high


def _two_pools(set_up: SetUp, least: Size, most_gpus: int, tries: _Tries) -> Fewest:
    """First each pool alone, beside as many of the other as are allowed: fewer cannot do. From there by cost upwards."""
    ends = tuple(
        max(1, (most_gpus - set_up.gpus(_without(least, pool))) // set_up.systems[pool].gpus) for pool in (0, 1)
    )
    lows = []
    for pool in (0, 1):
        other = ends[1 - pool]

        def holds(count: int, pool: int = pool, other: int = other) -> bool:
            return tries.holds((count, other) if pool == 0 else (other, count))

        low = _lowest(holds, least[pool], max(least[pool], ends[pool]))
        if low is None:
            return Fewest(None, len(tries.seen))
        lows.append(low)
    found = _cheapest_pair(set_up, (lows[0], lows[1]), most_gpus, tries)
    if found is None:
        return Fewest(None, len(tries.seen))
    for near in ((found.size[0] - 1, found.size[1]), (found.size[0], found.size[1] - 1)):
        if min(near) >= 1 and near[0] >= least[0] and near[1] >= least[1] and tries.holds(near):
            found = tries(near)
    return Fewest(found, len(tries.seen))


def _without(least: Size, pool: int) -> Size:
    return (0, least[1]) if pool == 0 else (least[0], 0)


def _cheapest_pair(set_up: SetUp, lows: Size, most_gpus: int, tries: _Tries) -> Outcome | None:
    """By cost upwards, all pairs of one cost; of those that hold the one that keeps the limits most often."""
    sizes = set_up.systems[0].gpus, set_up.systems[1].gpus
    first = lows[0] * sizes[0] + lows[1] * sizes[1]
    for gpus in range(first, most_gpus + 1):
        pairs = [
            (prompts, (gpus - prompts * sizes[0]) // sizes[1])
            for prompts in range(lows[0], gpus // sizes[0] + 1)
            if (gpus - prompts * sizes[0]) % sizes[1] == 0 and (gpus - prompts * sizes[0]) // sizes[1] >= lows[1]
        ]
        good = [one for one in map(tries, pairs) if one.holds]
        if good:
            return max(good, key=lambda one: (one.share, -one.ttft[1], one.size))
    return None
