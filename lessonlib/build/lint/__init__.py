"""The linter of lessons: what every lesson must have, and what none may have.

``lint_places`` looks at lessons as they lie on disk, ``lint`` at one that is data already; a good lesson has no finding.
The schema says which keys there are; the rules say what good words are.
"""

from __future__ import annotations

from lessonlib.build.lint.course import course_findings
from lessonlib.build.lint.finding import BEFORE_RULES, RULES, Finding, Rule
from lessonlib.build.lint.lesson import lint
from lessonlib.build.lint.run import Report, lint_places
from lessonlib.lesson.budget import Budget

__all__ = ["BEFORE_RULES", "RULES", "Budget", "Finding", "Report", "Rule", "course_findings", "lint", "lint_places"]
