"""What can be made of a module by one wrong change each."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.ast.ast_query import ASTQuery
from cosmic_ray.mutating import mutate_code

from mutants.operators import operators


@dataclass(frozen=True)
class Mutant:
    """A module with one change. inside: the function or class that it is in; was, now: the lines that differ."""

    module: str
    inside: str
    was: str
    now: str
    line: int
    source: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What tells it from others, also after lines above it have come or gone."""
        return self.module, self.inside, self.was, self.now


def mutants_of(package: Path, module: str) -> list[Mutant]:
    """Every mutant of ``module`` ("lesson/judge.py" in ``package``), in the order of its lines; none of them twice."""
    source = (package / module).read_text(encoding="utf-8")
    return sorted(dict(_made(module, source)).values(), key=lambda mutant: mutant.line)


def _made(module: str, source: str) -> Iterator[tuple[str, Mutant]]:
    """(meaning, mutant) of each change that gives another program."""
    original = ast.dump(ast.parse(source))
    tree = get_ast(source)
    for operator in operators().values():
        places = [(node, start) for node in ast_nodes(tree) for start, _ in operator.mutation_positions(node)]
        for occurrence, (node, start) in enumerate(places):
            try:
                changed = mutate_code(source, operator, occurrence)
                dump = ast.dump(ast.parse(changed))
            except (SyntaxError, AttributeError):  # its exception replacer knows no `(module.Error, Other)`
                continue
            if dump != original and not _is_word_to_readers(node):
                was, now = _difference(source, changed)
                yield dump, Mutant(module, ASTQuery(node).get_definition_name() or "", was, now, start[0], changed)


def _is_word_to_readers(node: Any) -> bool:
    """Whether it is a promise that no behaviour shows: what a decorator is told, as ``frozen=True``, a name of ``__all__``, the
    star after which parameters are told by their names.
    """
    statement = node.search_ancestor("expr_stmt")
    return (
        (node.type != "decorator" and node.search_ancestor("decorator") is not None)
        or (statement is not None and statement.get_code().lstrip().startswith("__all__ "))
        or (node.type == "operator" and node.parent.type == "parameters")
    )


def _difference(source: str, changed: str) -> tuple[str, str]:
    """The lines that differ, as each is and as it becomes, without their indentation."""
    lines = list(difflib.ndiff(source.splitlines(), changed.splitlines()))
    was, now = (" ".join(line[2:].strip() for line in lines if line.startswith(sign)) for sign in "-+")
    return " ".join(was.split()), " ".join(now.split())
