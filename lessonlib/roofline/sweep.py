"""Many cells at once: decode over batch x context with numpy, by the same formulas as single cases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lessonlib.base.errors import LessonlibError
from lessonlib.roofline.cost import totals
from lessonlib.roofline.load import Load, Requests
from lessonlib.roofline.operations import operations
from lessonlib.roofline.system import System

if TYPE_CHECKING:
    import numpy as np

#: Columns of a sweep written as a table.
COLUMNS = (
    "batch",
    "context",
    "ceiling_s",
    "expected_s",
    "ceiling_tokens_per_s",
    "expected_tokens_per_s",
    "intensity",
    "bound",
)


@dataclass(frozen=True)
class Sweep:
    """Decode over a grid. batches: (n,), contexts: (m,); every other array: (n, m), in SI units."""

    batches: np.ndarray
    contexts: np.ndarray
    compute_s: np.ndarray
    memory_s: np.ndarray
    spread_s: np.ndarray
    ceiling_s: np.ndarray
    expected_s: np.ndarray
    intensity: np.ndarray

    @property
    def ceiling_tokens_per_s(self) -> np.ndarray:
        """Tokens/s of all requests together at the ceiling, (n, m)."""
        tokens_per_s: np.ndarray = self.batches[:, None] / self.ceiling_s
        return tokens_per_s

    @property
    def expected_tokens_per_s(self) -> np.ndarray:
        """Expected tokens/s of all requests together, (n, m)."""
        tokens_per_s: np.ndarray = self.batches[:, None] / self.expected_s
        return tokens_per_s

    def rows(self) -> Iterator[Mapping[str, object]]:
        """One mapping a cell, under the names of COLUMNS."""
        ceiling, expected = self.ceiling_tokens_per_s, self.expected_tokens_per_s
        for i, batch in enumerate(self.batches):
            for j, context in enumerate(self.contexts):
                compute = self.compute_s[i, j] > self.memory_s[i, j] + self.spread_s[i, j]
                yield {
                    "batch": int(batch),
                    "context": int(context),
                    "ceiling_s": float(self.ceiling_s[i, j]),
                    "expected_s": float(self.expected_s[i, j]),
                    "ceiling_tokens_per_s": float(ceiling[i, j]),
                    "expected_tokens_per_s": float(expected[i, j]),
                    "intensity": float(self.intensity[i, j]),
                    "bound": "compute" if compute else "memory",
                }


def _axis(name: str, values: Iterable[int], least: int) -> np.ndarray:
    import numpy as np

    axis = np.asarray(list(values) if not hasattr(values, "shape") else values)
    good = axis.ndim == 1 and axis.size and axis.dtype.kind in "iuf"
    if not good or not np.all(np.isfinite(axis)) or not np.all(axis >= least):
        raise LessonlibError(f"{name}: expected whole numbers from {least} up in one dimension")
    if np.any(axis != np.floor(axis)):
        raise LessonlibError(f"{name}: expected whole numbers, not fractions")
    return axis.astype(float)


def sweep(system: System, batches: Iterable[int], contexts: Iterable[int]) -> Sweep:
    """Decode for every batch and every context: the numbers of `decode`, cell by cell, all at once.

    batches, contexts: whole numbers, shapes (n,) and (m,); the grids are (n, m). Raises LessonlibError for anything else.
    """
    import numpy as np

    batch, context = _axis("batches", batches, 1), _axis("contexts", contexts, 0)
    load = Load((Requests(batch[:, None], 1, context[None, :]),))
    sums = totals(system, load, tuple(operations(system, load)))
    grids = {
        "compute_s": sums.compute_s,
        "memory_s": sums.memory_s,
        "spread_s": sums.spread_s,
        "ceiling_s": sums.ceiling_s,
        "expected_s": sums.expected_s,
        "intensity": sums.flops / sums.bytes,
    }
    shape = (batch.size, context.size)
    return Sweep(batch, context, **{name: np.broadcast_to(grid, shape) for name, grid in grids.items()})
