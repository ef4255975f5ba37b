"""What holds where nobody says: the seats and token budget of vLLM's server on a GPU, and the server's own time.

The first two stand in data/versions.toml; what follows from them is as in vllm/engine/arg_utils.py, for the usage context of the API server.
"""

from __future__ import annotations

from lessonlib.base.errors import LessonlibError
from lessonlib.base.versions import vllm
from lessonlib.roofline import GPU, System
from lessonlib.roofline.efficiency import load_efficiency

GIB = 2.0**30


def batch_defaults(gpu: GPU) -> tuple[int, int]:
    """(seats, tokens of a step) that vLLM's server takes on this GPU."""
    memory = getattr(gpu, "driver_bytes", None) or gpu.memory_bytes
    names = f"{gpu.name} {gpu.title}".lower()
    for row in vllm().batch:
        if memory >= row.least_gib * GIB and not any(name in names for name in row.but):
            return row.seats, row.tokens
    raise LessonlibError(f"batch_defaults: no row of vllm.batch in data/versions.toml fits {gpu.called}")


def server_seconds(system: System) -> tuple[float, float]:
    """Seconds that a request spends outside the engine before its first token, and how many more where the server has other
    requests; as fitted with the other constants.
    """
    constants = load_efficiency()
    return constants.server_s(), constants.busy_server_s(system.model.is_mixture)


def batch_limits(system: System, seats: int | None, tokens: int | None) -> tuple[int, int]:
    """Both limits, with vLLM's default for each that is None; seats follow a smaller budget that was given alone. Where dp copies
    step together the limits are those of all of them (vLLM's flags are for each rank).

    Raises LessonlibError where both are given and the step has fewer tokens than requests.
    """
    usual_seats, usual_tokens = (limit * system.dp for limit in batch_defaults(system.gpu))
    if tokens is None:
        longest = system.model.max_context
        tokens = min(usual_tokens, (seats or usual_seats) * longest) if longest else usual_tokens
        if seats is not None and seats > tokens:
            raise LessonlibError(
                f"max_num_seqs: {seats:,} requests are more than the {tokens:,} tokens of a step that vLLM takes on {system.gpu.called}: "
                "give max_num_batched_tokens too"
            )
    return (min(usual_seats, tokens) if seats is None else seats), tokens
