"""Exhibits 4, 6 and 7: which prompt could be read at the reported speed, and what one request after another makes of a machine's two speeds.

A request with r prompt tokens for each written one, whose prompt is read at P tokens/s and whose tokens come every t seconds,
writes 1 / (r / P + t) tokens a second of its life, and the counter of prompts shows r times that. Arithmetic, no source.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from lessonlib.base.quantity import Quantity, significant
from lessonlib.course.lesson_11.afternoon import case_system
from lessonlib.course.lesson_11.witnesses import ONE_H100, Witness, sglang
from lessonlib.roofline import DEFAULT_LAB, Lab, System, decode, load_gpu, load_lab, prefill
from lessonlib.serving import Scheduler, fixed, simulate

#: tokens of prompt and of context at which a machine's two speeds are taken
USUAL = 4096
#: a context at which attention's own arithmetic and the cache both tell
FAR = 100_000
#: requests of the closed loop, their prompts; answers follow from the reported ratio
_LOOP_REQUESTS, _LOOP_PROMPT = 60, 4110


def reported(key: str) -> float:
    """A number of the report, tokens/s."""
    return load_lab(DEFAULT_LAB).measured[key].value


def _r() -> float:
    return reported("prefill_tokens_per_s") / reported("decode_tokens_per_s")


def written_per_s(prompts_per_s: float, gap_s: float, ratio: float | None = None) -> float:
    """Tokens written a second of the clock, one request after another."""
    return 1 / ((_r() if ratio is None else ratio) / prompts_per_s + gap_s)


@dataclass(frozen=True)
class Speeds:
    """How fast a machine reads the usual prompt (tokens/s), and seconds of one decode step at that context."""

    reads: float
    gap_s: float

    @property
    def writes(self) -> float:
        """Tokens written a second of the clock, with the reported ratio."""
        return written_per_s(self.reads, self.gap_s)


def roofs_of(system: System, batch: int = 1, tokens: int = USUAL) -> Speeds:
    """At the roofs, with so many tokens of prompt and of context; with a batch, seconds of a step for each of its tokens."""
    return Speeds(tokens / prefill(system, tokens).ceiling_s, decode(system, batch, tokens).ceiling_s / batch)


def expected_of(system: System) -> Speeds:
    """As expected."""
    return Speeds(USUAL / prefill(system, USUAL).expected_s, decode(system, 1, USUAL).expected_s)


def on(gpu: str, weights: str = "bf16") -> System:
    """The case's model on two of these cards."""
    return replace(case_system(), gpu=load_gpu(gpu), weights=weights)


@lru_cache(maxsize=8)
def looped(weights: str, users: int) -> float:
    """Tokens a second that machine A writes for so many users who ask again at once, by simulation with expected steps."""
    system = replace(case_system(), weights=weights)
    work = fixed(_LOOP_PROMPT, round(_LOOP_PROMPT / _r()), _LOOP_REQUESTS)
    return simulate(
        system, work, Scheduler(prefix_caching=False), concurrency=users, record="summary"
    ).throughput_tokens_per_s


# --- the file


def file_prompts(lab: Lab) -> Quantity:
    """Prompt throughput, as the report gives it."""
    return Quantity(reported("prefill_tokens_per_s"), "tok/s", digits=4)


def file_answers(lab: Lab) -> Quantity:
    """Generation throughput, as the report gives it."""
    return Quantity(reported("decode_tokens_per_s"), "tok/s", digits=3)


def file_ratio(lab: Lab) -> Quantity:
    return Quantity(_r(), "", digits=4)


def file_traffic(lab: Lab) -> str:
    """Prompt tokens for each written one, as the team gives them."""
    low, high = load_lab(DEFAULT_LAB).traffic or (0.0, 0.0)
    return f"{low:g}:1 to {high:g}:1"


# --- exhibit 4: which prompt is read at that speed


def _reads(tokens: float) -> float:
    return tokens / prefill(case_system(), max(1, round(tokens))).expected_s


def pass_over_weights(lab: Lab) -> Quantity:
    """Expected time of a pass over the weights for a prompt of a few dozen tokens."""
    return Quantity(prefill(case_system(), round(_true_length())).expected_s, "s")


@lru_cache(maxsize=1)
def _true_length() -> float:
    """Tokens of the prompt that is read at the reported speed, to a tenth of a token between two whole lengths."""
    wanted = reported("prefill_tokens_per_s")
    above = next(tokens for tokens in range(2, USUAL) if _reads(tokens) >= wanted)
    low, high = _reads(above - 1), _reads(above)
    return above - 1 + (wanted - low) / (high - low)


def pass_of_one(lab: Lab) -> Quantity:
    """The same for a single token."""
    return Quantity(prefill(case_system(), 1).expected_s, "s")


def true_length(lab: Lab) -> Quantity:
    """Tokens of the lone prompt that machine A reads at the reported speed."""
    return Quantity(_true_length(), "tokens", digits=2)


def usual_reading(lab: Lab) -> Quantity:
    """Expected speed for the usual prompt."""
    return Quantity(expected_of(case_system()).reads, "tok/s")


def usual_length(lab: Lab) -> Quantity:
    return Quantity(USUAL, "tokens", digits=4)


def length_in_proportion(lab: Lab) -> Quantity:
    """As if the speed fell in proportion with the length, from the usual prompt down."""
    return Quantity(USUAL * reported("prefill_tokens_per_s") / expected_of(case_system()).reads, "tokens")


def length_at_corner(lab: Lab) -> Quantity:
    """The prompt below which reading waits for memory."""
    system = case_system()
    return Quantity(system.flops / system.bandwidth, "tokens")


def answer_of_true_length(lab: Lab) -> Quantity:
    """Tokens of its answer at the reported ratio."""
    return Quantity(_true_length() / _r(), "tokens", digits=2)


# --- exhibit 6: the consistency test


def reading_for_each(lab: Lab) -> Quantity:
    """Seconds that the prompt tokens of one written token take, if they are read at the reported speed."""
    return Quantity(_r() / reported("prefill_tokens_per_s"), "s", digits=4)


def life_for_each(lab: Lab) -> Quantity:
    """Seconds of the clock for each written token, if the reported number counts them."""
    return Quantity(1 / reported("decode_tokens_per_s"), "s", digits=4)


def left_for_writing(lab: Lab) -> str:
    """What is left for the decode step itself."""
    left = 1 / reported("decode_tokens_per_s") - _r() / reported("prefill_tokens_per_s")
    return f"{1000 * abs(left):.2f} ms"


def gap_half(lab: Lab) -> str:
    """Half of the clock for each of the two phases."""
    return f"{500 / reported('decode_tokens_per_s'):.2f} ms"


def gap_from_answers(lab: Lab) -> str:
    """One over the reported generation throughput."""
    return f"{1000 / reported('decode_tokens_per_s'):.2f} ms"


def gap_expected(lab: Lab) -> str:
    """What a step is expected to take on machine A."""
    return f"{significant(1000 * expected_of(case_system()).gap_s, 3)} ms"


def _writes(speeds: Speeds) -> Quantity:
    return Quantity(speeds.writes, "tok/s")


def one_bf16(lab: Lab) -> Quantity:
    """Machine A, one request after another, as expected."""
    return _writes(expected_of(case_system()))


def one_fp8(lab: Lab) -> Quantity:
    """The same with weights in fp8."""
    return _writes(expected_of(on("h100-sxm", "fp8")))


def one_fp8_prompts(lab: Lab) -> Quantity:
    """Its counter of prompts."""
    return Quantity(_r() * expected_of(on("h100-sxm", "fp8")).writes, "tok/s")


def two_bf16(lab: Lab) -> Quantity:
    """Machine A with two users who ask again at once."""
    return Quantity(looped("bf16", 2), "tok/s")


#: what is drawn beside the reported number: name -> (kind, tokens/s)
def candidates() -> dict[str, tuple[str, float]]:
    """Who could have written it, one request after another: computed at the roofs or as expected, or from measured speeds."""
    measured: dict[str, Witness] = {
        "one H100, fp8, vLLM": ONE_H100,
        "one H200, drafts, SGLang": sglang("bf16"),
    }
    found = {
        "two H100 PCIe, bf16, roofs": ("roof", roofs_of(on("h100-pcie")).writes),
        "two H100 SXM, bf16, roofs": ("roof", roofs_of(case_system()).writes),
        "two H100 PCIe, bf16": ("expected", expected_of(on("h100-pcie")).writes),
        "two H100 SXM, bf16": ("expected", expected_of(case_system()).writes),
        "two H100 NVL, bf16": ("expected", expected_of(on("h100-nvl")).writes),
        "two H100 SXM, fp8": ("expected", expected_of(on("h100-sxm", "fp8")).writes),
        "two H100 NVL, fp8": ("expected", expected_of(on("h100-nvl", "fp8")).writes),
        "two H100 SXM, two users": ("expected", looped("bf16", 2)),
    }
    return found | {name: ("measured", written_per_s(each.prefill, 1 / each.decode)) for name, each in measured.items()}


# --- exhibit 7: what the roofs alone rule out


def _reads_at_roof(system: System) -> Quantity:
    return Quantity(roofs_of(system).reads, "tok/s")


def sxm_reads(lab: Lab) -> Quantity:
    """Prefill's roof of two H100 SXM in bf16."""
    return _reads_at_roof(case_system())


def pcie_reads(lab: Lab) -> Quantity:
    return _reads_at_roof(on("h100-pcie"))


def pcie_fp8_reads(lab: Lab) -> Quantity:
    return _reads_at_roof(on("h100-pcie", "fp8"))


def _step_at_roof(system: System) -> Quantity:
    return Quantity(roofs_of(system).gap_s, "s")


def sxm_step(lab: Lab) -> Quantity:
    """The shortest decode step of one request on two H100 SXM in bf16."""
    return _step_at_roof(case_system())


def far_context(lab: Lab) -> Quantity:
    """Tokens of a long prompt, and of context."""
    return Quantity(FAR, "tokens", digits=6)


def _far() -> Speeds:
    return roofs_of(case_system(), tokens=FAR)


def far_reads(lab: Lab) -> Quantity:
    """Prefill's roof of the SXM pair for the long prompt."""
    return Quantity(_far().reads, "tok/s")


def far_step(lab: Lab) -> Quantity:
    return Quantity(_far().gap_s, "s")


def far_steps_alone(lab: Lab) -> Quantity:
    """One over that step."""
    return Quantity(1 / _far().gap_s, "tok/s")


def far_at_roofs(lab: Lab) -> Quantity:
    """What one such request after another writes at most."""
    return _writes(_far())


def pcie_pair_step(lab: Lab) -> Quantity:
    """The shortest decode step of two requests on two H100 PCIe in bf16."""
    return Quantity(2 * roofs_of(on("h100-pcie"), batch=2).gap_s, "s")


def pcie_fp8_step(lab: Lab) -> Quantity:
    return _step_at_roof(on("h100-pcie", "fp8"))


def sxm_at_roofs(lab: Lab) -> Quantity:
    """What one request after another writes at most there."""
    return _writes(roofs_of(case_system()))


def pcie_at_roofs(lab: Lab) -> Quantity:
    return _writes(roofs_of(on("h100-pcie")))


def pcie_fp8_at_roofs(lab: Lab) -> Quantity:
    return _writes(roofs_of(on("h100-pcie", "fp8")))


def pcie_two_at_roofs(lab: Lab) -> Quantity:
    """Two requests in each step, and their prompts one after the other."""
    return _writes(roofs_of(on("h100-pcie"), batch=2))


def sxm_share_needed(lab: Lab) -> Quantity:
    """What share of its roofs the SXM pair would have to reach."""
    return Quantity(100 * reported("decode_tokens_per_s") / roofs_of(case_system()).writes, "%", digits=2)


def sxm_share_expected(lab: Lab) -> Quantity:
    """What share it is expected to reach."""
    return Quantity(100 * expected_of(case_system()).writes / roofs_of(case_system()).writes, "%", digits=2)


# --- the suspect of the quiz: a link that is down


def link_layers(lab: Lab) -> int:
    """Layers of the case's model."""
    return sum(group.count for group in case_system().model.layers)


def link_width(lab: Lab) -> Quantity:
    """Numbers that stand for a token between two of them."""
    return Quantity(case_system().model.hidden, "", digits=4)


def all_reduced(lab: Lab) -> Quantity:
    """Bytes that each of two GPUs sends for the usual prompt: two all-reduces a layer of the model's width, in 16 bits."""
    return Quantity(2 * link_layers(lab) * USUAL * case_system().model.hidden * 2, "B")


def bridged_prefill(lab: Lab) -> Quantity:
    """Expected time of the usual prompt on two H100 NVL with their bridge."""
    return Quantity(prefill(on("h100-nvl"), USUAL).expected_s, "s")


def time_at_report(lab: Lab) -> Quantity:
    """Time that the prompt would take at the reported speed."""
    return Quantity(USUAL / reported("prefill_tokens_per_s"), "s")


def link_needed(lab: Lab) -> Quantity:
    """Bytes a second of a link that would slow the prompt down to the reported speed."""
    missing = float(time_at_report(lab)) - float(bridged_prefill(lab))
    return Quantity(float(all_reduced(lab)) / missing, "B/s", digits=2)


def link_of_slot(lab: Lab) -> Quantity:
    """What the data sheet gives PCIe 5.0 with 16 lanes, one way."""
    return Quantity(load_gpu("h100-pcie").link_bytes_per_second, "B/s", digits=2)


def slot_reading(lab: Lab) -> Quantity:
    """Expected speed of the usual prompt with the bridge down, over PCIe."""
    slot = float(link_of_slot(lab))
    system = replace(on("h100-nvl"), gpu=replace(load_gpu("h100-nvl"), link_bytes_per_second=slot))
    return Quantity(expected_of(system).reads, "tok/s")


def bridged_reading(lab: Lab) -> Quantity:
    """With the bridge."""
    return Quantity(expected_of(on("h100-nvl")).reads, "tok/s")


# --- claims


def only_short_prompts_read_so(lab: Lab) -> bool:
    """The prompt that is read at the reported speed has fewer tokens than any that the team sends, and an answer of one or two."""
    return _true_length() < 64 and _true_length() / _r() < 2.5


def identity_leaves_nothing(lab: Lab) -> bool:
    """The reported pair, taken as speeds of one request, leaves no time for decode."""
    return left_for_writing(lab) == "0.00 ms"


def roofs_rule_out_one(lab: Lab) -> bool:
    """Of the four readings, one alone is above its roofs, though its decode steps are not; the longest step is another's; and that of
    the SXM pair is above what is expected.
    """
    wanted = reported("decode_tokens_per_s")
    possible = [float(found(lab)) for found in (sxm_at_roofs, pcie_fp8_at_roofs, pcie_two_at_roofs)]
    alone = wanted < 0.97 * float(far_steps_alone(lab)) and float(pcie_pair_step(lab)) > 1 / wanted
    out = max(float(pcie_at_roofs(lab)), float(far_at_roofs(lab))) < 0.97 * wanted
    return alone and out and wanted < min(possible) and float(one_bf16(lab)) < 0.8 * wanted


def fp8_comes_nearest(lab: Lab) -> bool:
    """One fp8 request after another is expected within a twentieth of both reported numbers."""
    speeds = expected_of(on("h100-sxm", "fp8"))
    return abs(speeds.writes / reported("decode_tokens_per_s") - 1) < 0.05


def no_slot_is_so_slow(lab: Lab) -> bool:
    """The link that would explain it is several times slower than the slot, and the slot reads far faster than reported."""
    return float(link_needed(lab)) < 0.2 * float(link_of_slot(lab)) and float(slot_reading(lab)) > 2 * reported(
        "prefill_tokens_per_s"
    )
