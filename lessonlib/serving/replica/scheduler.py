"""How a replica schedules. The names are those of vLLM's flags where it has one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lessonlib.base.checks import kind, number, set_whole
from lessonlib.base.errors import LessonlibError, listed
from lessonlib.roofline import BLOCK_TOKENS, USABLE, System
from lessonlib.serving.replica.defaults import batch_limits, server_seconds

#: continuous: prompts in chunks beside the running answers (vLLM v1). in-flight: whole prompts beside the answers (Orca,
#: TensorRT-LLM without chunked context). prefill-first: whole prompts in steps of their own, answers wait (vLLM v0 without
#: chunked prefill). static: a batch is formed, runs until its last answer ends, then the next.
BATCHING = ("continuous", "in-flight", "prefill-first", "static")
POLICIES = ("fcfs", "priority")


@dataclass(frozen=True)
class Speculation:
    """Speculative decoding: `drafts` tokens are proposed a step, and one more comes from the model itself.

    acceptance: probability that a draft is accepted if all before it were (Leviathan et al. 2023), one number for all; or one
    number a draft, the share of steps in which this draft and all before it are accepted, which is what an engine reports
    (vllm:spec_decode_num_accepted_tokens_per_pos_total over vllm:spec_decode_num_drafts_total).
    draft_s: seconds that one drafted token costs the step (0: a lookup, or a head that costs next to nothing).
    """

    drafts: int = 3
    acceptance: float | tuple[float, ...] = 0.7
    draft_s: float = 0.0

    def __post_init__(self) -> None:
        set_whole(self, "drafts", 1, 64)
        if isinstance(self.acceptance, (tuple, list)):
            self._check_positions(tuple(self.acceptance))
        else:
            number("acceptance", self.acceptance, least=0.0, most=1.0)
        number("draft_s", self.draft_s, least=0.0)

    def _check_positions(self, shares: tuple[float, ...]) -> None:
        if len(shares) != self.drafts:
            raise LessonlibError(f"acceptance: expected {self.drafts} shares, one a draft, not {len(shares)}")
        before = 1.0
        for share in shares:
            number("acceptance", share, least=0.0, most=1.0)
            if share > before:
                raise LessonlibError(
                    f"acceptance: {share:g} after {before:g}: a draft counts only if all before it were accepted, so shares cannot rise"
                )
            before = share
        object.__setattr__(self, "acceptance", shares)

    @property
    def by_position(self) -> tuple[float, ...]:
        """Share of steps in which the n-th draft and all before it are accepted."""
        if isinstance(self.acceptance, tuple):
            return self.acceptance
        return tuple(self.acceptance ** (place + 1) for place in range(self.drafts))

    @property
    def tokens_per_step(self) -> float:
        """Mean tokens of one step: one, and the sum of the shares; for one acceptance a (1 - a^(k + 1)) / (1 - a)."""
        return 1.0 + sum(self.by_position)


@dataclass(frozen=True)
class Scheduler:
    """Settings of one replica. Raises LessonlibError, which names the field, for what cannot be.

    batching: one of BATCHING. max_num_seqs: most requests that run at once. max_num_batched_tokens: most tokens of one
    step (None: what vLLM's server takes on the GPU, see defaults.py; static batching has no limit of tokens, and where prompts stay whole
    one that is longer gets a step of its own). long_prefill_tokens: most tokens of one prompt in one step while there is
    anybody else (0: no limit of its own; continuous batching only). block_tokens: tokens of one block of the paged KV cache. hybrid_pages: where layers
    have a recurrent state, blocks as large as that state, and beginnings found only where a state was kept (see pages.py);
    else states are counted by their bytes and found everywhere. watermark: share of the blocks that stays free when a request is let in
    beside others, against preemptions. memory_share: share of the GPUs'
    memory for weights and cache. kv_blocks: blocks of the cache, if not what the memory leaves. reserve_output: let a
    request in only when there is room for all of its answer too, so that nobody is preempted (TensorRT-LLM's default;
    static always does). prefix_caching: keep the blocks of finished requests for equal beginnings, the least recently used
    go first. policy: who goes first and who is preempted last, fcfs or priority (the lowest number first).
    host_bytes: memory of the host that keeps what the GPUs have computed (0: none; vLLM's --kv-offloading-size), which comes back at
    host_bytes_per_second over the link of each GPU. server_s: seconds that each request
    spends outside the engine before it is queued (None: the fitted constant); busy_server_s: how many more where there are other
    requests (None: the fitted constant, or 0 where server_s is given).
    """

    batching: str = "continuous"
    max_num_seqs: int | None = None
    max_num_batched_tokens: int | None = None
    long_prefill_tokens: int = 0
    block_tokens: int = BLOCK_TOKENS
    hybrid_pages: bool = True
    watermark: float = 0.0
    memory_share: float = USABLE
    kv_blocks: int | None = None
    reserve_output: bool = False
    prefix_caching: bool = True
    policy: str = "fcfs"
    speculation: Speculation | None = None
    server_s: float | None = None
    busy_server_s: float | None = None
    host_bytes: float = 0.0
    host_bytes_per_second: float = 50e9

    def __post_init__(self) -> None:
        if self.batching not in BATCHING:
            raise LessonlibError(f"batching: expected {listed(BATCHING)}, not {self.batching!r}")
        if self.policy not in POLICIES:
            raise LessonlibError(f"policy: expected {listed(POLICIES)}, not {self.policy!r}")
        if self.max_num_seqs is not None:
            set_whole(self, "max_num_seqs", 1, 1_000_000)
        if self.max_num_batched_tokens is not None:
            set_whole(self, "max_num_batched_tokens", 1, 10_000_000)
        set_whole(self, "long_prefill_tokens", 0, 10_000_000)
        set_whole(self, "block_tokens", 1, 4096)
        number("watermark", self.watermark, least=0.0, most=1.0)
        number("memory_share", self.memory_share, above=0.0, most=1.0)
        if self.speculation is not None:
            kind("speculation", self.speculation, Speculation, "Speculation(drafts=3, acceptance=0.7)")
        number("host_bytes", self.host_bytes, least=0.0)
        number("host_bytes_per_second", self.host_bytes_per_second, above=0.0)
        self._check_server_times()
        if self.kv_blocks is not None:
            set_whole(self, "kv_blocks")
        seats, tokens = self.max_num_seqs, self.max_num_batched_tokens
        if self.batching in ("continuous", "in-flight") and seats is not None and tokens is not None and tokens < seats:
            raise LessonlibError(
                f"max_num_batched_tokens: {tokens:,} tokens are too few for {seats:,} requests: raise it, or lower max_num_seqs"
            )

        if tokens is not None and tokens < self.step_tokens:
            raise LessonlibError(
                f"max_num_batched_tokens: {tokens:,} tokens are too few for one request with {self.step_tokens - 1} drafts: raise it"
            )

    def _check_server_times(self) -> None:
        for name in ("server_s", "busy_server_s"):
            if getattr(self, name) is not None:
                number(name, getattr(self, name), least=0.0, most=60.0)

    def resolved(self, system: System, cost: str) -> Scheduler:
        """The same with everything set that is None: the limits as vLLM's server has them on this system's GPU, and the
        server's own time, which a ceiling leaves out.
        """
        seats, tokens = batch_limits(system, self.max_num_seqs, self.max_num_batched_tokens)
        server_s, busy_s = (0.0, 0.0) if cost == "ceiling" else server_seconds(system)
        if self.server_s is not None:
            server_s, busy_s = self.server_s, 0.0
        if self.busy_server_s is not None:
            busy_s = self.busy_server_s
        return replace(self, max_num_seqs=seats, max_num_batched_tokens=tokens, server_s=server_s, busy_server_s=busy_s)

    @property
    def step_tokens(self) -> int:
        """Tokens that one decoding request brings to a step: 1, or all drafts and one."""
        return 1 + (self.speculation.drafts if self.speculation else 0)
