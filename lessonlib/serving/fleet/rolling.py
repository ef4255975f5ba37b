"""A rollout at work: which replica starts, and which drains, at each change."""

from __future__ import annotations

from lessonlib.serving.fleet.members import OFF, READY, STARTING, Members
from lessonlib.serving.fleet.rollout import Rollout


class Rolling:
    """old: replicas still to be replaced, in order. The caller starts and drains what `next_steps` says, and asks again after each
    change: a new one is ready, an old one is gone.
    """

    def __init__(self, settings: Rollout, members: Members, replicas: int) -> None:
        self.settings, self._members, self._replicas = settings, members, replicas
        self.old: list[int] = []
        self._to_start = 0

    def begin(self) -> None:
        """The rollout begins: all that run now are old."""
        self.old = [number for number, state in enumerate(self._members.states) if state != OFF]
        self._to_start = len(self.old)

    def next_steps(self) -> tuple[list[int], list[int]]:
        """(numbers that start now, numbers that drain now)."""
        members, settings = self._members, self.settings
        # Fewer than this many ready ones are never left, beyond those that fail.
        least = self._replicas - settings.unavailable
        spare = max(0, members.count(READY) - least)
        drains = [number for number in self.old if members.states[number] == READY][:spare]
        self.old = [number for number in self.old if number not in drains]
        free = members.numbers(OFF)
        room = self._replicas + settings.surge - members.count(READY, STARTING) + len(drains)
        starts = free[: max(0, min(room, self._to_start))]
        self._to_start -= len(starts)
        return starts, drains
