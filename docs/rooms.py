"""The rooms of lessonlib, as the imports really are: a picture and a table for ARCHITECTURE.md.

    python docs/rooms.py           # print them
    python docs/rooms.py --write   # put them between the marks in ARCHITECTURE.md
    python docs/rooms.py --check   # say whether what stands there is what the imports say

grimp (which import-linter stands on) reads every import, also those inside functions and under TYPE_CHECKING.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Mapping
from pathlib import Path

import grimp

PACKAGE = "lessonlib"
ROOT = Path(__file__).resolve().parents[1]
PAGE = Path(__file__).with_name("ARCHITECTURE.md")
BEGIN, END = "<!-- rooms: begin (python docs/rooms.py --write) -->", "<!-- rooms: end -->"


def room_imports() -> dict[str, set[str]]:
    """Room -> the rooms that any of its modules imports."""
    graph = grimp.build_graph(PACKAGE, include_external_packages=False, cache_dir=None)
    rooms = {name.split(".")[1] for name in graph.find_children(PACKAGE) if graph.find_children(name)}
    found: dict[str, set[str]] = {room: set() for room in rooms}
    for module in graph.modules:
        home = _room(module)
        if home in rooms:
            others = {_room(imported) for imported in graph.find_modules_directly_imported_by(module)}
            found[home] |= (others & rooms) - {home}
    return found


def _room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def in_order(imports: Mapping[str, set[str]]) -> list[str]:
    """The rooms, each after all that it imports. Raises ValueError if they stand in a circle."""
    placed: list[str] = []
    while len(placed) < len(imports):
        free = sorted(room for room in imports if room not in placed and imports[room] <= set(placed))
        if not free:
            raise ValueError(f"these rooms import one another in a circle: {', '.join(sorted(set(imports) - set(placed)))}")
        placed += free
    return placed


def reduced(imports: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """The same without the arrows that follow from others, so that the picture can be read."""
    reach: dict[str, set[str]] = {}
    for room in in_order(imports):
        reach[room] = imports[room].union(*(reach[other] for other in imports[room]))
    return {room: {one for one in below if not any(one in reach[other] for other in below)} for room, below in imports.items()}


def picture(imports: Mapping[str, set[str]]) -> str:
    """A Mermaid diagram: an arrow from each room to those that it imports."""
    arrows = reduced(imports)
    lines = [f"    {room} --> {below}" for room in reversed(in_order(imports)) for below in sorted(arrows[room])]
    return "\n".join(["```mermaid", "flowchart TD", *lines, "```"])


def table(imports: Mapping[str, set[str]]) -> str:
    """One row a room, lowest first: what it is for, how large it is, what it imports."""
    order = in_order(imports)
    rows = ["| room | what it is for | modules | lines | imports |", "|---|---|---|---|---|"]
    for room in order:
        files = sorted((ROOT / PACKAGE / room).rglob("*.py"))
        lines = sum(path.read_text(encoding="utf-8").count("\n") for path in files)
        below = ", ".join(other for other in order if other in imports[room]) or "–"
        rows.append(f"| `{room}/` | {_purpose(room)} | {len(files)} | {lines:,} | {below} |")
    return "\n".join(rows)


def _purpose(room: str) -> str:
    """The first paragraph of the room's docstring."""
    tree = ast.parse((ROOT / PACKAGE / room / "__init__.py").read_text(encoding="utf-8"))
    return " ".join((ast.get_docstring(tree) or "").split("\n\n")[0].split())


def main() -> int:
    """Print both, or write them into the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true", help="put them into docs/ARCHITECTURE.md")
    parser.add_argument("--check", action="store_true", help="say whether they stand there as the imports are now")
    args = parser.parse_args()
    imports = room_imports()
    text = f"{BEGIN}\n{picture(imports)}\n\n{table(imports)}\n{END}"
    page = PAGE.read_text(encoding="utf-8")
    if args.check:
        # The counts of modules and lines change with every commit: only what follows from the imports must agree.
        stale = picture(imports) not in page
        if stale:
            print(f"{PAGE.name}: the picture of the rooms is not what the imports are: python docs/rooms.py --write")
        return int(stale)
    if not args.write:
        print(text)
        return 0
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(before + text + after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
