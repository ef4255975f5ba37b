"""pyproject.toml, environment.yml and requirements.lock say the same thing."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from rattler import MatchSpec

# Names that differ on conda-forge; `matplotlib` there would bring a desktop toolkit.
CONDA_NAMES = {"matplotlib": "matplotlib-base", "prometheus-client": "prometheus_client"}
CONDA_ONLY = {"python", "pip"}

Bounds = dict[str, SpecifierSet]


@pytest.fixture(scope="module")
def project(repo: Path) -> dict:
    return tomllib.loads((repo / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def conda_lines(repo: Path) -> list[str]:
    listed = yaml.safe_load((repo / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    return [line for line in listed if isinstance(line, str)]


@pytest.fixture(scope="module")
def locked(repo: Path) -> list[str]:
    """The lock as one logical line per requirement."""
    text = (repo / "requirements.lock").read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def bounds(requirements: list[str]) -> Bounds:
    parsed = [Requirement(line) for line in requirements]
    return {canonicalize_name(item.name): item.specifier for item in parsed}


def conda_bounds(lines: list[str]) -> Bounds:
    specs = [MatchSpec(line, strict=True) for line in lines]
    return {spec.name.normalized: SpecifierSet(str(spec.version or "")) for spec in specs}


def pinned(lines: list[str]) -> dict[str, str]:
    return dict(re.match(r"([\w.-]+)==([^\s;]+)", line).groups() for line in lines)


def test_conda_lists_the_same_packages_with_the_same_bounds(project: dict, conda_lines: list[str]) -> None:
    runtime = bounds(project["project"]["dependencies"])
    expected = {CONDA_NAMES.get(name, name): bound for name, bound in runtime.items()}
    conda = conda_bounds(conda_lines)
    assert {name: bound for name, bound in conda.items() if name not in CONDA_ONLY} == expected


def test_conda_asks_for_the_same_python(project: dict, conda_lines: list[str]) -> None:
    assert conda_bounds(conda_lines)["python"] == SpecifierSet(project["project"]["requires-python"])


def test_conda_installs_the_package_itself(repo: Path) -> None:
    listed = yaml.safe_load((repo / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    by_pip = next(entry["pip"] for entry in listed if isinstance(entry, dict))
    assert [line.split()[-1] for line in by_pip] == ["."]


def test_every_locked_line_is_pinned_and_hashed(locked: list[str]) -> None:
    assert len(locked) > 50
    shape = re.compile(r"[a-z0-9][\w.-]*==[^\s;]+( ;[^#]*?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*")
    assert [line[:60] for line in locked if not shape.fullmatch(line)] == []


def test_the_lock_names_no_host(repo: Path) -> None:
    text = (repo / "requirements.lock").read_text(encoding="utf-8")
    assert re.findall(r".*(?:://|--(?:extra-)?index|--find-links|--trusted-host| @ ).*", text) == []


def test_the_lock_holds_every_dependency_within_its_bounds(project: dict, locked: list[str]) -> None:
    groups = project["dependency-groups"]
    wanted = bounds([*project["project"]["dependencies"], *groups["test"], *groups["build"]])
    versions = {canonicalize_name(name): version for name, version in pinned(locked).items()}
    outside = {name: versions.get(name) for name, bound in wanted.items() if versions.get(name) not in bound}
    assert outside == {}


def test_the_locked_builder_is_the_one_that_installs_the_package(project: dict) -> None:
    assert bounds(project["build-system"]["requires"]) == bounds(project["dependency-groups"]["build"])
