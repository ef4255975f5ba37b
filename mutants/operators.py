"""Which changes are tried: Cosmic Ray's own, as far as each tells something of its own, and two of ours.

Cosmic Ray puts every operator for every other (``a + b`` becomes ten others); one wrong neighbour of each is enough.
It never takes anything away, which is how a table loses a unit and a function its check: so there are two operators
for that, in Cosmic Ray's own form.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cosmic_ray.plugins
from cosmic_ray.operators.operator import Operator
from parso.python.tree import Keyword

_CORE = (
    "NumberReplacer",
    "AddNot",
    "ZeroIterationForLoop",
    "ExceptionReplacer",
    "RemoveDecorator",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "ReplaceUnaryOperator_Delete_Not",
    "ReplaceUnaryOperator_Delete_USub",
    "ReplaceBinaryOperator_Add_Sub",
    "ReplaceBinaryOperator_Sub_Add",
    "ReplaceBinaryOperator_Mul_Div",
    "ReplaceBinaryOperator_Div_Mul",
    "ReplaceBinaryOperator_Div_FloorDiv",
    "ReplaceBinaryOperator_FloorDiv_Div",
    "ReplaceBinaryOperator_Mod_FloorDiv",
    "ReplaceBinaryOperator_Pow_Mul",
    "ReplaceComparisonOperator_Lt_LtE",
    "ReplaceComparisonOperator_LtE_Lt",
    "ReplaceComparisonOperator_Gt_GtE",
    "ReplaceComparisonOperator_GtE_Gt",
    "ReplaceComparisonOperator_Eq_NotEq",
    "ReplaceComparisonOperator_NotEq_Eq",
    "ReplaceComparisonOperator_Is_IsNot",
    "ReplaceComparisonOperator_IsNot_Is",
)


class DropStatement(Operator):
    """A statement that does something becomes ``pass``: a call, a raise, a change of an attribute or of an entry."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        """(start, end) of each change that can be made at a node."""
        if node.type == "simple_stmt" and _does_something(node.children[0]):
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """The node with the change of that number."""
        first = node.children[0]
        node.children[0] = Keyword("pass", first.start_pos, prefix=first.get_first_leaf().prefix)
        return node

    @classmethod
    def examples(cls) -> tuple[Any, ...]:
        """None: they are for Cosmic Ray's own tests."""
        return ()


class DropEntry(Operator):
    """One entry of a written dict, set, list or tuple is missing."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        """(start, end) of each change that can be made at a node."""
        for entry in _entries(node):
            yield entry[0].start_pos, entry[-1].end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """The node with the change of that number."""
        kept = [leaf for place, entry in enumerate(_entries(node, commas=True)) if place != index for leaf in entry]
        node.children[:] = kept
        return node

    @classmethod
    def examples(cls) -> tuple[Any, ...]:
        """None: they are for Cosmic Ray's own tests."""
        return ()


def operators() -> dict[str, Operator]:
    """Every operator by name."""
    core = {name: cosmic_ray.plugins.get_operator(f"core/{name}")() for name in _CORE}
    return {**core, "DropStatement": DropStatement(), "DropEntry": DropEntry()}


def _does_something(statement: Any) -> bool:
    if statement.type in ("raise_stmt", "atom_expr"):
        return True
    if statement.type != "expr_stmt":
        return False
    target, sign = statement.children[:2]
    if sign.type == "annassign" and len(sign.children) == 2:  # a type alone, without a value
        return False
    return target.type == "atom_expr" or (sign.type == "operator" and sign.value != "=")


def _entries(node: Any, commas: bool = False) -> list[list[Any]]:
    """The entries of a written collection of two or more, each with its comma if ``commas``."""
    if node.type not in ("dictorsetmaker", "testlist_comp") or any(
        child.type in ("comp_for", "sync_comp_for") for child in node.children
    ):
        return []
    entries: list[list[Any]] = [[]]
    for child in node.children:
        if child.type == "operator" and child.value == ",":
            if commas:
                entries[-1].append(child)
            entries.append([])
        else:
            entries[-1].append(child)
    entries = [entry for entry in entries if entry]
    return entries if len(entries) > 1 else []
