"""One measurement beside its budget."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """`measured` and `budget` in the same `unit`; at_least: the budget is the least, not the most, allowed."""

    what: str
    measured: float
    budget: float
    unit: str
    detail: str = ""
    at_least: bool = False

    @property
    def within(self) -> bool:
        """Whether it keeps its budget."""
        return self.measured >= self.budget if self.at_least else self.measured <= self.budget

    def __str__(self) -> str:
        sign = ">=" if self.at_least else "<="
        verdict = "within" if self.within else "OVER"
        line = f"{self.what:<46} {self.measured:8.3g} {self.unit:<3} {sign} {self.budget:g} {self.unit}  {verdict}"
        return f"{line}   ({self.detail})" if self.detail else line
