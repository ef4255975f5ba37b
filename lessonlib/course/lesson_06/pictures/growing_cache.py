"""The KV cache that grows by a page with every token, beside the state of linear attention that is rewritten in place."""

from __future__ import annotations

from lessonlib.draw import parts
from lessonlib.draw.given import Given
from lessonlib.draw.marks import arrow, group, line, path, place, points, rect, text
from lessonlib.draw.sheet import Sheet

NEEDS = {
    "model": "the model whose KV cache grows, such as 'Llama-3.1-8B'",
    "kv_per_token": "what each token adds to it, such as '131 kB'",
    "long_tokens": "length of a long request, such as '131,072 tokens'",
    "long_kv": "KV cache of that request, such as '17.2 GB'",
    "state_model": "the model that keeps a state, such as 'Qwen3.5-27B'",
    "state": "that state for one request, such as '154 MB'",
}
DURATION_S = 5.0
_TOKENS = 8  # drawn; what they stand for is written beside them
_LEFT, _PITCH, _PAGE = 26, 52, 19
_GROUND, _ROW, _SLATE = 216, 250, 340
_WORDS = 462


def _appears_s(token: int) -> float:
    return 0.3 + 0.45 * token


def _column(token: int) -> str:
    """The binder after ``token`` + 1 tokens: a page for each, the newest on top."""
    x = _LEFT + _PITCH * token
    pages = [
        rect(x, _GROUND - _PAGE * (page + 1), 36, _PAGE - 3, "cache-line cache-soft", 3) for page in range(token + 1)
    ]
    return "".join(pages)


def _slate(token: int) -> str:
    """The slate as that token leaves it: same frame, other writing."""
    x, top = _LEFT + _PITCH * token, _SLATE - 62
    frame = rect(x - 1, top, 40, 62, "ink heavy paper", 4)
    shift = 3 * (token % 3)
    waves = "".join(
        path(
            f"M{points(x + 6, top + 17 + 14 * row)} q{points(4 + shift, -8, 9, 0)} t{points(9, 0)} t{points(9 - shift % 4, 0)}",
            "thin",
        )
        for row in range(3)
    )
    return frame + waves


def _labels(sheet: Sheet, words: tuple[str, str, str, str, str, str]) -> str:
    model, page, tokens, total, state_model, state = words
    binder = [
        text(_WORDS, 62, "the binder", "strong", "start"),
        text(_WORDS, 88, model, "", "start"),
        text(_WORDS, 118, f"+ {page} a token", "cache strong", "start"),
    ]
    end = [text(_WORDS, 158, f"{tokens}:", "", "start"), text(_WORDS, 186, total, "cache big", "start")]
    slate = [
        text(_WORDS, 286, "the slate", "strong", "start"),
        text(_WORDS, 312, state_model, "", "start"),
        text(_WORDS, 340, f"{state}, always", "strong", "start"),
    ]
    return "".join(binder) + group(*end, look=sheet.appear(4.2)) + "".join(slate)


def draw(given: Given, prefix: str) -> dict[str, object]:
    model, page = given.text("model"), given.text("kv_per_token")
    tokens, total = given.text("long_tokens"), given.text("long_kv")
    state_model, state = given.text("state_model"), given.text("state")
    sheet = Sheet("growing-binder", prefix, DURATION_S)
    end = _LEFT + _PITCH * _TOKENS
    sheet.add(line(_LEFT - 8, _GROUND, end - 4, _GROUND, "thin"))
    for token in range(_TOKENS):
        middle = _LEFT + _PITCH * token + 18
        step = _column(token) + place(parts.token(size=22), middle, _ROW) + _slate(token)
        sheet.add(group(step, look=sheet.appear(_appears_s(token), 0.2)))
    sheet.add(
        arrow(_LEFT, 372, end - 10, 372, "thin"),
        text((_LEFT + end) / 2, 394, "one token after another"),
        _labels(sheet, (model, page, tokens, total, state_model, state)),
    )
    alt = (
        f"As tokens are added, the binder, the KV cache of {model}, grows by {page} with each, to {total} after {tokens}. "
        f"The slate, the state of {state_model}, is rewritten at each token and stays at {state}."
    )
    steps = [
        (0.6, f"The first token leaves a page in the binder, {page}, and its mark on the slate."),
        (2.0, f"Every further token adds a page of {page}. The slate is wiped and written anew, at the same size."),
        (4.0, "All pages are read again for every new token; the slate is read and written as a whole."),
        (5.0, f"After {tokens} the binder weighs {total}. The slate still weighs {state}."),
    ]
    return {"svg": sheet.svg(alt), "duration_s": DURATION_S, "steps": steps, "alt": alt}
