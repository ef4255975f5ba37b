"""README, CONTRIBUTING, licences and workflows name only what is there."""

from __future__ import annotations

import os
import re
import shlex
import tomllib
from pathlib import Path

import pytest
import yaml

import lessonlib
from lessonlib.cli.main import build_parser
from lessonlib.lesson.course_plan import kept_minutes

PAPERS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE-CONTENT.md")
WORKFLOWS = ("test.yml", "wheel.yml")


def blocks(text: str) -> list[str]:
    """The lines of the ```bash blocks, without their comments."""
    lines = "\n".join(re.findall(r"```bash\n(.*?)```", text, re.DOTALL)).splitlines()
    return [stripped for line in lines if (stripped := re.sub(r"\s+# .*", "", line).strip())]


def make_targets(repo: Path) -> set[str]:
    return set(re.findall(r"^([\w-]+):", (repo / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def steps(repo: Path, workflow: str) -> list[dict[str, str]]:
    jobs = yaml.safe_load((repo / ".github" / "workflows" / workflow).read_text(encoding="utf-8"))["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


@pytest.mark.parametrize("paper", PAPERS)
def test_every_link_into_the_repository_leads_somewhere(repo: Path, paper: str) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", (repo / paper).read_text(encoding="utf-8"))
    inside = {link for link in links if "://" not in link}
    if not (repo / "docs").is_dir():
        inside = {link for link in inside if not link.startswith("docs/")}
    assert {link for link in inside if not (repo / link).exists()} == set()


@pytest.mark.parametrize("paper", PAPERS)
def test_every_command_in_the_papers_is_known(repo: Path, paper: str) -> None:
    commands = build_parser()._subparsers._group_actions[0].choices  # type: ignore[union-attr]
    text = (repo / paper).read_text(encoding="utf-8")
    named = re.findall(r"^(?:python -m )?lessonlib (\w+)", "\n".join(blocks(text)), re.MULTILINE)
    assert set(named) <= set(commands)
    made = re.findall(r"^make ([\w-]+)", "\n".join(blocks(text)), re.MULTILINE)
    assert set(made) | set(re.findall(r"`make ([\w-]+)`", text)) <= make_targets(repo)


def test_every_option_in_the_readme_is_known(repo: Path) -> None:
    lines = [line for line in blocks((repo / "README.md").read_text(encoding="utf-8")) if "lessonlib " in line]
    assert len(lines) > 5
    parser = build_parser()
    for line in lines:
        words = shlex.split(line.replace("[", "").replace("]", ""))
        _, unknown = parser.parse_known_args(words[words.index("lessonlib") + 1 :])
        assert not unknown, line


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_the_actions_of_a_workflow_are_pinned(repo: Path, workflow: str) -> None:
    uses = [step["uses"] for step in steps(repo, workflow) if "uses" in step]
    assert uses and [line for line in uses if not re.fullmatch(r"actions/[\w-]+@v\d+\.\d+\.\d+", line)] == []


def test_what_the_workflows_run_is_there(repo: Path) -> None:
    runs = {name: " ".join(step.get("run", "") for step in steps(repo, name)) for name in WORKFLOWS}
    assert ".ci/run" in runs["test.yml"] and os.access(repo / ".ci" / "run", os.X_OK)
    assert re.search(r"^make test\b", (repo / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(re.findall(r"make ([\w-]+)", runs["wheel.yml"])) == {"wheel"} <= make_targets(repo)


def test_a_commit_runs_what_make_check_runs(repo: Path) -> None:
    [local] = yaml.safe_load((repo / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    [hook] = local["hooks"]
    assert (local["repo"], hook["language"], hook["entry"]) == ("local", "system", "make check")
    assert "check" in make_targets(repo)


def test_the_changelog_has_this_version(repo: Path) -> None:
    headings = re.findall(r"^## (.+)$", (repo / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert lessonlib.__version__ in headings[0]


def test_the_licences_are_named_alike_everywhere(repo: Path) -> None:
    project = tomllib.loads((repo / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license"] == "MIT AND CC-BY-4.0"
    assert [(repo / name).is_file() for name in project["license-files"]] == [True, True]
    assert (repo / "LICENSE").read_text(encoding="utf-8").startswith("MIT License\n")
    assert "https://creativecommons.org/licenses/by/4.0/" in (repo / "LICENSE-CONTENT.md").read_text(encoding="utf-8")


def test_the_minutes_of_the_readme_are_those_of_the_formula(repo: Path) -> None:
    rows = re.findall(
        r"\(notebooks/([a-z0-9-]+)\.ipynb\) \|.*\| (\d+) \|", (repo / "README.md").read_text(encoding="utf-8")
    )
    assert dict(rows) == {name: f"{minutes:.0f}" for name, minutes in kept_minutes().items()}
