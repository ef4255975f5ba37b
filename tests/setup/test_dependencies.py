"""pyproject.toml, environment.yml and the two locks say the same thing."""

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
LEARNER_LOCK, TEST_LOCK = LOCKS = ("requirements.lock", "requirements-test.lock")

Bounds = dict[str, SpecifierSet]


@pytest.fixture(scope="module")
def project(repo: Path) -> dict:
    return tomllib.loads((repo / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def conda_lines(repo: Path) -> list[str]:
    listed = yaml.safe_load((repo / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    return [line for line in listed if isinstance(line, str)]


def locked(repo: Path, lock: str) -> list[str]:
    """A lock as one logical line per requirement."""
    text = (repo / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def without_marker(line: str) -> str:
    """Version and hashes of a requirement, wherever it is wanted."""
    pin, _, hashes = line.partition("--hash")
    return f"{pin.partition(';')[0].strip()} {' '.join(hashes.split())}"


def runtime(project: dict) -> list[str]:
    """What `make lab` installs: what a learner needs, and the extra `all`, its parts spelt out."""
    extras = project["project"]["optional-dependencies"]
    assert extras["all"] == ["lessonlib[author,teacher,class]"]
    assert set(extras) == {"all", "author", "teacher", "class", "postgres", "dask"}
    return [*project["project"]["dependencies"], *extras["author"], *extras["teacher"], *extras["class"]]


def bounds(requirements: list[str]) -> Bounds:
    parsed = [Requirement(line) for line in requirements]
    return {canonicalize_name(item.name): item.specifier for item in parsed}


def match_spec(line: str) -> MatchSpec:
    """As conda tools read it."""
    return MatchSpec(line, strict=True)


def conda_bounds(lines: list[str]) -> Bounds:
    """Name -> bounds of the packages that pyproject.toml knows too."""
    specs = [spec for spec in map(match_spec, lines) if spec.name.normalized not in CONDA_ONLY]
    return {spec.name.normalized: SpecifierSet(str(spec.version or "")) for spec in specs}


def pinned(lines: list[str]) -> dict[str, str]:
    return dict(re.match(r"([\w.-]+)==([^\s;]+)", line).groups() for line in lines)


def test_conda_lists_the_same_packages_with_the_same_bounds(project: dict, conda_lines: list[str]) -> None:
    expected = {CONDA_NAMES.get(name, name): bound for name, bound in bounds(runtime(project)).items()}
    assert conda_bounds(conda_lines) == expected


def test_conda_names_one_minor_version_of_python(project: dict, conda_lines: list[str]) -> None:
    """Binder's repo2docker reads the version of a line `python =3.12`; a bound such as >=3.11 it takes for no wish and
    builds on its default, which is older than the packages here allow.
    """
    [line] = [line for line in conda_lines if line.split()[0] == "python"]
    named = re.fullmatch(r"python =(\d+\.\d+)", line)
    assert named and str(match_spec(line).version) == f"{named[1]}.*", line
    assert f"{named[1]}.0" in SpecifierSet(project["project"]["requires-python"])


def test_conda_installs_the_package_itself(repo: Path) -> None:
    listed = yaml.safe_load((repo / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    by_pip = next(entry["pip"] for entry in listed if isinstance(entry, dict))
    assert [line.split()[-1] for line in by_pip] == ["."]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_line_is_pinned_and_hashed(repo: Path, lock: str) -> None:
    lines = locked(repo, lock)
    assert len(lines) > 50
    shape = re.compile(r"[a-z0-9][\w.-]*==[^\s;]+( ;[^#]*?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*")
    assert [line[:60] for line in lines if not shape.fullmatch(line)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_names_no_host(repo: Path, lock: str) -> None:
    text = (repo / lock).read_text(encoding="utf-8")
    assert re.findall(r".*(?:://|--(?:extra-)?index|--find-links|--trusted-host| @ ).*", text) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_holds_every_dependency_within_its_bounds(repo: Path, project: dict, lock: str) -> None:
    groups = project["dependency-groups"]
    more = (
        [*groups["check"], *groups["test"], *project["project"]["optional-dependencies"]["postgres"]]
        if lock == TEST_LOCK
        else []
    )
    wanted = bounds([*runtime(project), *groups["build"], *more])
    versions = {canonicalize_name(name): version for name, version in pinned(locked(repo, lock)).items()}
    outside = {name: versions.get(name) for name, bound in wanted.items() if versions.get(name) not in bound}
    assert outside == {}


def test_what_the_tests_add_changes_nothing_that_a_learner_has(repo: Path) -> None:
    """`make test` installs its lock over the environment of `make lab`: the same versions and files, on more Pythons perhaps."""
    learner, tester = ({without_marker(line) for line in locked(repo, lock)} for lock in (LEARNER_LOCK, TEST_LOCK))
    assert learner - tester == set()


def test_a_learner_is_spared_what_only_the_tests_need(repo: Path, project: dict) -> None:
    groups = project["dependency-groups"]
    names = {canonicalize_name(name) for name in pinned(locked(repo, LEARNER_LOCK))}
    # nbval brings pytest and coverage, matplotlib pillow, and JupyterLab what it needs
    shared = {"pytest", "coverage", "pillow"}
    assert names & (set(bounds([*groups["test"], *groups["check"]])) - shared) == set()


def test_the_locked_builder_is_the_one_that_installs_the_package(project: dict) -> None:
    assert bounds(project["build-system"]["requires"]) == bounds(project["dependency-groups"]["build"])
