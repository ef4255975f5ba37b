"""Settings of a rollout: every replica is replaced by a new one with an empty cache."""

from __future__ import annotations

from dataclasses import dataclass

from lessonlib.base.checks import number, set_whole
from lessonlib.base.errors import LessonlibError


@dataclass(frozen=True)
class Rollout:
    """From `at_s` on all replicas are replaced, as a Kubernetes Deployment does it.

    surge: new replicas beyond the number (they need GPUs of their own); unavailable: how many may be missing. start_s: from the
    start of a new replica until it takes requests. drain_s: how long an old one, which gets no more requests, may go on with its
    own; what is left then is aborted and not answered by anybody (0 is vLLM's own --shutdown-timeout).
    """

    at_s: float
    surge: int = 1
    unavailable: int = 0
    start_s: float = 60.0
    drain_s: float = 0.0

    def __post_init__(self) -> None:
        number("rollout: at_s", self.at_s, least=0.0)
        set_whole(self, "surge", 0, 4096)
        set_whole(self, "unavailable", 0, 4096)
        number("rollout: start_s", self.start_s, least=0.0)
        number("rollout: drain_s", self.drain_s, least=0.0)
        if not self.surge and not self.unavailable:
            raise LessonlibError(
                "rollout: surge and unavailable are both 0, so no replica could ever be replaced: raise one"
            )
