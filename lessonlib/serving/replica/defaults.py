"""What holds where nobody says: the seats and token budget of vLLM's server on a GPU, and the server's own time.

The rules of the first two are those of `EngineArgs.get_batch_defaults` and of what follows it (vllm/engine/arg_utils.py, 0.33.0), for the
usage context of the API server; the offline class LLM takes larger budgets.
"""

from __future__ import annotations

from lessonlib.base.errors import LessonlibError
from lessonlib.roofline import GPU, System
from lessonlib.roofline.efficiency import load_efficiency

GIB = 2.0**30
#: (seats, tokens of a step): from 160 GiB up; from 70 GiB up; everything else, an A100 and a GB10 of any size too.
LARGEST, LARGE, SMALL = (1024, 16_384), (1024, 8192), (256, 2048)
#: A large budget made an A100 slower; a GB10 has the memory of a large card without its arithmetic.
_SMALL_NAMES = ("a100", "gb10")


def batch_defaults(gpu: GPU) -> tuple[int, int]:
    """(seats, tokens of a step) that vLLM's server takes on this GPU."""
    memory = getattr(gpu, "driver_bytes", None) or gpu.memory_bytes
    if memory >= 160 * GIB:
        return LARGEST
    names = f"{gpu.name} {gpu.title}".lower()
    if memory >= 70 * GIB and not any(name in names for name in _SMALL_NAMES):
        return LARGE
    return SMALL


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
