"""How tests go to workers: those of one lab to one of them, the others by their file."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling

from lessonlib.roofline import lab_names

#: a name that begins with another one comes first
_LABS = sorted(lab_names(), key=len, reverse=True)


class ByLab(LoadFileScheduling):
    """What a lesson shows on a lab takes seconds to compute and is kept in memory: another worker would compute it once more."""

    def _split_scope(self, nodeid: str) -> str:
        parameters = nodeid.partition("[")[2]
        return next((lab for lab in _LABS if lab in parameters), super()._split_scope(nodeid))
