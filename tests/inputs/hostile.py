"""Values, texts and bytes that break readers, and a whole document with one of them in each of its places."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

STRINGS = [
    "", " ", "\n", "a\nb", "x" * 5000, "x" * 200_000, "\x00", "\x1b[2J\x1b]0;title\x07", "\x85\u2028", "\u202eabc", "\ud800", "\udcff", "😀" * 50,
    "{{ 7*7 }}", "{% for x in range(10**9) %}{% endfor %}", "{{ ''.__class__.__mro__ }}", "%s%n", "{0.__class__}", "<img src=x onerror=alert(1)>",
    "$x^{$", "[a](javascript:alert(1))", "../../etc/passwd", "/dev/zero", "file:///etc/passwd", "nan", "1_000", "٣", "null", "-", "true", "=1+1",
]  # fmt: skip
NUMBERS = [
    0,
    -1,
    1,
    2,
    7,
    10**9,
    10**12,
    10**18,
    2**63,
    10**30,
    10**299,
    -(10**299),
    0.5,
    -0.5,
    1e-300,
    1e-14,
    1e12,
    1e300,
    -1e300,
    5e-324,
]
DEEP: list[Any] = []
for _ in range(90):
    DEEP = [DEEP]
STRUCTURES = [
    None,
    True,
    False,
    [],
    {},
    [[]],
    [{}],
    {"a": {}},
    [None] * 50,
    [1] * 5000,
    ["x"] * 300,
    DEEP,
    {"": ""},
    {"a\n": 1},
    [0.1, "a", None],
]
VALUES = [*STRUCTURES, *NUMBERS, *STRINGS]
#: JSON, TOML and YAML texts of their own, which no value stands for
TEXTS = [
    "", " ", "\ufeff", "null", "[]", "{}", "0", '"x"', "NaN", "Infinity", "-Infinity", "1e999", "9" * 5000, "[" * 100_000, "{" * 100_000,
    '{"a":' * 50_000, "[" * 100_000 + "]" * 100_000, "[[]," * 50_000, '{"a":1,"a":2}', '{"\\ud800": "\\udfff"}', '"\\ud800"', "'", '"', "\x00",
    "a = " + "[" * 10_000, "a = 0x" + "f" * 100_000, "a.b." * 100_000 + "c = 1", "[" + "a." * 100_000 + "a]", "a = nan", "a = 1e999", 'a = """' + "x" * 500_000,
    "a = {" * 5000, "a = 9999-99-99", "[a]\n" * 1000, "[[a]]\n" * 20_000, "a = '''", 'a = "\\ud800"', "a = 00", "a = 1__0", "= 1", "[]", "[a", "a",
    "a: &a [x]\nb: [*a, *a]", "a: " + "[" * 50_000, "- " * 50_000, "? " * 50_000, "a: 9999-99-99", "a: 1" + ":59" * 50_000, "a: !!python/name:os.system", "%YAML 9.9\n---",
    "a: !!binary x", "a: !!set {a, b}", "<<: {a: 1}", "a: .nan", "a: |\n" + " x\n" * 50_000, "---\n---\n", "a: *a", "!!map [", "a:\tb", "{a: b, a: c}", "? [a]\n: b", "? {a: b}\n: c",
]  # fmt: skip
BYTES = [
    b"\xff",
    b"\xfe\xff\x00a",
    b"\xef\xbb\xbf",
    b"\xc3",
    b"\x80" * 1000,
    b"\x00" * 1000,
    b"\x1f\x8b\x08",
    bytes(range(256)),
    b"PK\x03\x04",
    b"\r",
    b"a\rb\r",
]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything in a document, the document itself last."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield from places(item, (*path, key))
    yield path


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A copy of the document with `new` at the path."""
    if not path:
        return new
    key, *rest = path
    if isinstance(value, dict):
        return {name: replaced(item, tuple(rest), new) if name == key else item for name, item in value.items()}
    return [replaced(item, tuple(rest), new) if index == key else item for index, item in enumerate(value)]


def without(value: Any, path: tuple[Any, ...]) -> Any:
    """A copy of the document without what is at the path."""
    key, *rest = path
    if isinstance(value, dict):
        return {
            name: without(item, tuple(rest)) if rest and name == key else item
            for name, item in value.items()
            if rest or name != key
        }
    return [
        without(item, tuple(rest)) if rest and index == key else item
        for index, item in enumerate(value)
        if rest or index != key
    ]


def spoiled(document: Any) -> Iterator[tuple[str, Any]]:
    """(what was done, the document) for each place with each value, without each place, and with a key more."""
    for path in places(document):
        where = ".".join(map(str, path)) or "the whole"
        for value in VALUES:
            yield f"{where} = {value!r:.60}", replaced(document, path, value)
        if path:
            yield f"without {where}", without(document, path)
    yield "an unknown key", {**document, "surprise": 1}
    yield "a key that resembles another", {**document, f"{next(iter(document))}s": 1}


def torn(text: str, count: int, seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """`count` times the text with pieces cut out, doubled, exchanged, or bytes changed; the same ones each time."""
    random_ = random.Random(seed)
    data = text.encode()
    for number in range(count):
        made = bytearray(data)
        for _ in range(random_.choice((1, 1, 2, 5))):
            at, length = random_.randrange(len(made) + 1), random_.choice((1, 1, 3, 20, 200))
            piece = random_.choice(
                (
                    b"",
                    bytes(made[at : at + length]) * 2,
                    random_.randbytes(length),
                    random_.choice(STRINGS[:10]).encode("utf-8", "replace"),
                    b"[" * 300,
                    b"9" * 400,
                    b"-",
                    b".",
                    b'"',
                    b"\\",
                )
            )
            made[at : at + random_.choice((0, length))] = piece
        yield f"torn {number}", bytes(made)
