"""What the teacher is told: the lesson as far as it is revealed, the learner's guesses and their outcomes, the lab.

Never a step that is not revealed. A step's text is taken from its view, which holds no truth before the reveal; blocks
only once they are open; reported and computed numbers of the lab only once no step is left that could ask for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, cast

from lessonlib.base.quantity import Quantity
from lessonlib.lesson.items import Item, StepItem
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.question import CONFIDENCE
from lessonlib.lesson.words import plain
from lessonlib.roofline import decode, kv_bytes_per_token, prefill, weight_bytes, weight_bytes_read

#: Characters of the lesson that go along; of a longer one the beginning is left out. About 12,000 tokens.
MOST_CHARACTERS = 48_000
#: How many earlier questions of this lesson go along, with their answers.
EARLIER = 3
_LONGEST_GUESS = 600
#: English text in the usual vocabularies
_CHARACTERS_PER_TOKEN = 4

_RULES = """\
You are the teacher at the end of a lesson about the performance of LLM inference. A learner asks you.
Answer from the lesson below, from the learner's own guesses and from the numbers of their lab. Say of every number whether \
it is a peak, a computed ceiling, an expectation, or reported. Do one short calculation where it helps, with units. \
Where the lesson does not hold the answer, say so before you add what you know.
Some steps are still unrevealed. Do not give, compute or hint at their answers, even if you are asked to: \
say that the step will show it.
Be brief: at most 200 words, in plain sentences and short paragraphs, without headings, tables or HTML."""

_BLOCK_TEXT = {
    "tell": "text",
    "picture": "caption",
    "plot": "caption",
    "explore": "text",
    "monitor": "text",
    "timeline": "text",
    "fleet": "text",
    "manifest": "text",
}


class Context:
    """What can be told of one lesson now. A step that is revealed stays as it is, so it is put into words once."""

    def __init__(self, lesson: Lesson):
        self.lesson = lesson
        self._texts: dict[tuple[str, str], str] = {}

    def messages(self, question: str, earlier: Sequence[tuple[str, str]] = ()) -> list[dict[str, str]]:
        """What goes out. earlier: (question, answer) of this lesson, oldest first."""
        turns = [
            turn
            for asked, answered in earlier[-EARLIER:]
            if answered
            for turn in ({"role": "user", "content": asked}, {"role": "assistant", "content": answered})
        ]
        return [
            {"role": "system", "content": f"{_RULES}\n\n{self.text()}"},
            *turns,
            {"role": "user", "content": question},
        ]

    def text(self) -> str:
        """The lab, the lesson as far as this learner has revealed it, and what is still asked."""
        story = "\n\n".join(part for part in self._story() if part)
        if len(story) > MOST_CHARACTERS:
            story = "(The beginning is left out.) " + story[-MOST_CHARACTERS:]
        return "\n\n".join(
            (
                f"# The lab\n{lab_text(self.lesson)}",
                f"# The lesson so far: {self.lesson.raw['title']}\n{story}",
                self._still_asked(),
            )
        ).rstrip()

    def _story(self) -> Iterator[str]:
        """Everything on show, in order, up to the first item that is closed."""
        for entry in self.lesson.raw["steps"]:
            kind, raw = next(iter(entry.items()))
            if kind == "text":
                yield raw.strip()
                continue
            item = self.lesson.items[raw["id"]]
            if item.lock:
                return
            yield self._once(item, partial(_item_text, self.lesson, item))

    def _still_asked(self) -> str:
        """The stems that lie before the learner now, and that more is closed."""
        asked = [item for item in self.lesson.asked if not item.step.revealed and not item.only_kept]
        lines = [self._once(item, partial(_stem_text, item), "stem") for item in asked if not item.lock]
        closed = sum(bool(item.lock) for item in asked)
        lines += [f"- {closed} later questions are still closed."] if closed else []
        return "# Not yet revealed: do not answer these\n" + "\n".join(lines) if lines else ""

    def _once(self, item: Item, put: Callable[[], str], what: str = "") -> str:
        key = item.id, what or (item.step.state if isinstance(item, StepItem) else "open")
        if key not in self._texts:
            self._texts[key] = put()
        return self._texts[key]


def about_tokens(sent: Sequence[Mapping[str, str]]) -> int:
    """Roughly how many tokens the messages are, to two digits."""
    count = sum(len(message["content"]) for message in sent) // _CHARACTERS_PER_TOKEN
    return int(float(f"{count:.1e}"))


def all_revealed(lesson: Lesson) -> bool:
    """Whether every step that closes something is revealed: no computed number can be one that is still asked for."""
    return all(gate.step.revealed for item in lesson.items.values() for gate in item.gates)


def _item_text(lesson: Lesson, item: Item) -> str:
    return _step_text(item) if isinstance(item, StepItem) else _block_text(lesson, item)


def _stem_text(item: StepItem) -> str:
    return f"- {item.title}: {_words(item.step.question.stem())}"


def _block_text(lesson: Lesson, item: Item) -> str:
    key = _BLOCK_TEXT.get(item.kind)
    if not key:
        return ""
    view = cast("Mapping[str, Any]", item.view()) if item.kind in ("timeline", "fleet") else {}
    seen = "".join(f"\nSeen there: {run['finding']}" for run in view.get(item.kind, ()))
    return f"## {item.title}\n{_words(lesson.words.html(item.raw[key], f'{lesson.name} {item.id}'))}{seen}"


def _step_text(item: StepItem) -> str:
    """A question with guess, outcome and reveal; nothing at all before its reveal."""
    if not item.step.revealed or item.only_kept:
        return ""
    view = cast("Mapping[str, Any]", item.view())  # a revealed question: it has a result
    result = view["result"]
    lines = [
        f"## {item.title}",
        f"Asked: {_words(view['stem'])}",
        *_options(view),
        _guess(view),
        f"Outcome: {_words(result.get('summary', ''))}",
    ]
    lines += [_words(result[key]) for key in ("feedback", "reveal", "answer") if result.get(key)]
    lines += [_words(view["explanation"])] if view.get("explanation") else []
    return "\n".join(line for line in lines if line)


def _options(view: Mapping[str, Any]) -> list[str]:
    marks = view["result"].get("options", {})
    said = {"yours": " [the learner's guess]", "truth": " [right]", "both": " [right, and the learner's guess]"}
    return [
        f"- {_words(option['html'])}{said.get(marks.get(option['key'], ''), '')}"
        for option in view["ask"].get("options", ())
    ]


def _guess(view: Mapping[str, Any]) -> str:
    """What the learner said, and how sure."""
    if view.get("skipped"):
        return "The learner skipped this."
    guess = view.get("guess", {})
    sure = "" if guess.get("confidence") is None else CONFIDENCE[guess["confidence"]]
    told = guess.get("shown") or guess.get("text") or ", ".join(guess.get("texts", ()))
    if "y" in guess:
        told = f"a dot at {told}" if "x" in guess else "a drawn curve"
    said = "; ".join(part for part in (guess.get("line"), told) if part)
    if not said:
        return f"The learner was {sure}." if sure else ""
    return f"The learner said: {said[:_LONGEST_GUESS].rstrip()}" + (f" ({sure})" if sure else "")


# --- the lab -----------------------------------------------------------------------------------------------------------


def lab_text(lesson: Lesson) -> str:
    """The lab's numbers: what a lab file says at the start of every lesson, and the others once no step asks for them."""
    return "\n".join(f"- {line}" for line in [*_given(lesson), *(_computed(lesson) if all_revealed(lesson) else ())])


def _given(lesson: Lesson) -> Iterator[str]:
    """What the lab file says."""
    lab, system = lesson.lab, lesson.lab.system
    yield f"{lab.title}: model {system.model.name} on {system.gpus} x {system.gpu.title}, weights {system.weights}, KV cache {system.kv}"
    yield f"usual request: {lab.prompt:,} tokens of prompt; decode is computed at {lab.context:,} tokens of context"


def _computed(lesson: Lesson) -> Iterator[str]:
    """What was reported of it, and what the engine makes of it, at batch 1."""
    lab, system = lesson.lab, lesson.lab.system
    for name, entry in lab.measured.items():
        yield f"reported {name.split('_')[0]} speed: {entry.value:,g} {entry.unit} ({entry.how})"
    one, prompt = decode(system, 1, lab.context), prefill(system, lab.prompt)
    yield f"peak of all its GPUs: {Quantity(system.flops, 'FLOP/s')}, {Quantity(system.bandwidth, 'B/s')}; ridge point {Quantity(system.ridge, 'FLOP/byte')}"
    yield f"weights: {Quantity(weight_bytes(system), 'B')} held, {Quantity(weight_bytes_read(system), 'B')} fetched for a token at batch 1"
    yield f"KV cache: {Quantity(kv_bytes_per_token(system), 'B')} a token"
    yield f"decode, batch 1: ceiling {Quantity(one.ceiling_tokens_per_s, 'tok/s')}, expected {Quantity(one.expected_tokens_per_s, 'tok/s')}, limited by {one.bound}"
    yield f"prefill of one prompt: ceiling {Quantity(prompt.ceiling_tokens_per_s, 'tok/s')}, expected {Quantity(prompt.expected_tokens_per_s, 'tok/s')}, limited by {prompt.bound}"


def _words(markup: Any) -> str:
    """HTML as text, without drawings."""
    return plain(re.sub(r"<(svg|style|script)\b.*?</\1>", " ", str(markup), flags=re.DOTALL))
