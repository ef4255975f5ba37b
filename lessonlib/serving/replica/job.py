"""A request on its way through a replica, and the blocks of the KV cache that it shares with others."""

from __future__ import annotations

from collections.abc import Hashable

from lessonlib.serving.traffic.request import Request

#: The time of what has not come to pass (ask with math.isnan).
NEVER = float("nan")


class SharedBlocks:
    """Blocks that hold one stretch of some prompts. blocks: how many are resident. users: requests that hold them now."""

    __slots__ = ("blocks", "key", "users")

    def __init__(self, key: Hashable, blocks: int) -> None:
        self.key, self.blocks, self.users = key, blocks, 1


class Job:
    """State of one request. Times in seconds of the simulation (NEVER until then), lengths in tokens.

    queued: when the engine has it: `arrival`, and the server's own time. computed: tokens of the prompt (and, after a preemption, of the answer) in the cache; target: how many must be
    before the next token. junction: blocks of its beginning that are resident, whether there is a state to go on from or not.
    loaded: tokens of its prompt that came from the host's memory. generated: tokens of the answer so far. steps: decode steps that the rest of the answer
    takes; rate: tokens of each. entry: number of its present stay in the decoding batch. marks: (time, replica) of tokens that
    came from a prefill. spans: (replica, first, last, tokens before, tokens a step) for the runs first to last - 1 of a
    replica in which it decoded.
    """

    __slots__ = (
        "_runs",
        "_sized",
        "arrival",
        "blocks",
        "cached",
        "computed",
        "entry",
        "finished",
        "first_due",
        "first_token",
        "generated",
        "hit_blocks",
        "joined",
        "junction",
        "last_token",
        "loaded",
        "marks",
        "number",
        "output",
        "own",
        "place",
        "preempted",
        "prefix",
        "priority",
        "prompt",
        "queued",
        "rate",
        "replica",
        "shared",
        "spans",
        "start_context",
        "started",
        "steps",
        "target",
        "transferred",
    )  # fmt: skip

    def __init__(self, number: int, request: Request, now: float) -> None:
        self.number, self.arrival, self.queued = number, now, now
        # Plain int: a log read with numpy or pandas has whole numbers of its own kind.
        self.prompt, self.output, self.priority = int(request.prompt), int(request.output), int(request.priority)
        self.prefix = request.prefix
        # A key of its own lets a preempted request find its blocks again; nobody else asks for it.
        self.own: Hashable = request.own if request.own is not None else ("request", number)
        self.computed = self.generated = self.cached = self.preempted = self.blocks = self.hit_blocks = (
            self.junction
        ) = 0
        self.target, self.loaded = self.prompt, 0
        self.shared: list[SharedBlocks] = []
        self.started = self.first_token = self.finished = self.last_token = NEVER
        self.entry = self.joined = self.steps = self.first_due = self.start_context = self.place = 0
        self.rate = 1.0
        self.replica = -1
        self.transferred = False
        self._runs: list[tuple[Hashable, int]] = []
        self._sized = 0
        self.marks: list[tuple[float, int]] = []
        self.spans: list[tuple[int, int, int, int, float]] = []

    @property
    def left(self) -> int:
        """Tokens that the prefill still has to compute."""
        return self.target - self.computed

    def runs(self, size: int) -> list[tuple[Hashable, int]]:
        """(key, blocks from the start to the end of the run) of what may be shared, for blocks of `size` tokens."""
        if self._sized == size:
            return self._runs
        found: list[tuple[Hashable, int]] = []
        tokens = before = 0
        for key, length in self.prefix:
            tokens += length
            end = tokens // size
            if end > before:
                found.append((key, end))
                before = end
        found.append((self.own, 1 << 60))
        self._runs, self._sized = found, size
        return found

    def block(self, place: int, size: int) -> tuple[Hashable, int]:
        """What names the whole beginning up to the end of its `place`-th block: the run in which that lies, and the place."""
        return next(key for key, end in self.runs(size) if end >= place), place
