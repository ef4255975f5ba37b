"""deploy/kubernetes: values, manifests and the image, as far as they can be judged without a cluster."""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from lessonlib.base.paths import checkout_dir
from lessonlib.classroom.class_file import code_of
from lessonlib.classroom.hub_login import INSTRUCTORS, HubPlace
from lessonlib.classroom.server import address
from tests.deploy.chart_checks import faults, merged

HERE = (checkout_dir() or Path()) / "deploy" / "kubernetes"
LABELS = {"app.kubernetes.io/name": "class"}
#: of each object of ours, the keys that Kubernetes has and we use; a slip in one is dropped or refused on the cluster alone
SPECS = {
    "Deployment": {"replicas", "selector", "strategy", "template"},
    "Service": {"selector", "ports"},
    "PodDisruptionBudget": {"minAvailable", "selector"},
    "NetworkPolicy": {"podSelector", "policyTypes", "ingress"},
}
POD = {
    *("automountServiceAccountToken", "enableServiceLinks", "terminationGracePeriodSeconds", "securityContext"),
    *("topologySpreadConstraints", "containers", "volumes"),
}
CONTAINER = {
    *("name", "image", "command", "args", "env", "ports", "startupProbe", "readinessProbe", "livenessProbe"),
    *("resources", "securityContext", "volumeMounts"),
}
PROBE = {"httpGet", "periodSeconds", "timeoutSeconds", "failureThreshold", "initialDelaySeconds"}


def read(name: str) -> list[Any]:
    return list(yaml.safe_load_all((HERE / name).read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def values() -> dict[str, Any]:
    return dict(read("values.yaml")[0])


@pytest.fixture(scope="module")
def objects() -> dict[str, Any]:
    return {each["kind"]: each for each in read("class-server.yaml")}


@pytest.fixture(scope="module")
def pod(objects: Mapping[str, Any]) -> Any:
    return objects["Deployment"]["spec"]["template"]["spec"]


@pytest.fixture(scope="module")
def container(pod: Any) -> Any:
    return pod["containers"][0]


# --- values ------------------------------------------------------------------------------------------------------------


def test_values_have_no_fault(values: dict[str, Any]) -> None:
    assert faults(values) == []


def _set(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(values: Any) -> None:
        *way, last = path.split(".")
        for step in way:
            values = values[int(step)] if isinstance(values, list) else values[step]
        values[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_set("hub.services.class.oauth_noconfirm", True), "hub.services.class.oauth_noconfirm: no such setting"),
        (_set("hub.services.class.url", "http://class"), "hub.services.class.url"),
        (_set("hub.services.class.oauth_redirect_uri", "/services/clas/oauth_callback"), "oauth_redirect_uri"),
        (_set("hub.loadRoles.server.scope", []), "hub.loadRoles.server.scope: no such setting"),
        (_set("hub.loadRoles.server.scopes", ["access:services!service=klass"]), "there is no service klass"),
        (_set("hub.loadRoles.server.scopes", ["access:servers!user"]), "needs users:activity!user"),
        (_set("hub.loadRoles.user.scopes", ["access services"]), "is no scope"),
        (_set("singleuser.profileList.0.displayname", "x"), "profileList[0].displayname: no such setting"),
        (_set("singleuser.profileList.0.default", False), "one profile is the default"),
        (_set("singleuser.profileList.1.kubespawner_override", {"memLimit": "4G"}), "memLimit: no such setting"),
        (_set("hub.config.KubeSpawner.group_overrides.instructors.group", []), "group: no such setting"),
        (_set("hub.config.KubeSpawner.group_overrides.instructors.groups", ["tutors"]), "there is no group tutors"),
        (_set("singleuser.memmory", {}), "singleuser.memmory: not a key"),
        (_set("proxy.chp.extraCommandlineFlags", []), "proxy.chp.extraCommandlineFlags: not a key"),
        (_set("singleuser.memory", "1G"), "singleuser.memory: holds keys"),
    ],
)
def test_a_slip_in_the_values_is_found(values: dict[str, Any], change: Any, told: str) -> None:
    wrong = copy.deepcopy(values)
    change(wrong)
    assert any(told in fault for fault in faults(wrong)), faults(wrong)


def test_values_against_the_chart_itself(values: dict[str, Any]) -> None:
    """Z2JH_CHART names the unpacked chart: helm pull jupyterhub/jupyterhub --version 4.4.0 --untar."""
    chart = Path(os.environ.get("Z2JH_CHART") or "no chart")
    if not chart.is_dir():
        pytest.skip("the chart is not here: unpack Zero to JupyterHub 4.4.0, and name its folder in Z2JH_CHART")
    from jsonschema import Draft7Validator

    names = ("values.schema.json", "values.schema.yaml")  # in a packed chart it is JSON
    schema = yaml.safe_load(next(chart / name for name in names if (chart / name).exists()).read_text(encoding="utf-8"))
    defaults = yaml.safe_load((chart / "values.yaml").read_text(encoding="utf-8"))
    validator = Draft7Validator(schema)
    told = [
        f"{'.'.join(map(str, each.path))}: {each.message}" for each in validator.iter_errors(merged(defaults, values))
    ]
    assert told == []
    wrong = merged(defaults, merged(values, {"singleuser": {"memmory": {}}}))
    assert list(validator.iter_errors(wrong))


def test_helm_lays_values_over_defaults() -> None:
    defaults = {"a": {"b": 1, "c": [1, 2]}, "d": 1, "e": {"f": 1}}
    assert merged(defaults, {"a": {"c": [3]}, "d": None, "e": 2}) == {"a": {"b": 1, "c": [3]}, "e": 2}


def test_no_password_of_anybody_is_in_the_values() -> None:
    text = (HERE / "values.yaml").read_text(encoding="utf-8") + (HERE / "class-server-secret.yaml").read_text(
        encoding="utf-8"
    )
    assert "set-me-with-a-second-values-file" in text and 'steering-token: ""' in text
    assert not re.search(r"[0-9a-f]{32}", text)


# --- manifests -----------------------------------------------------------------------------------------------------------------


def test_every_key_is_one_of_kubernetes(objects: Mapping[str, Any], pod: Any, container: Any) -> None:
    for kind, each in objects.items():
        assert set(each) == {"apiVersion", "kind", "metadata", "spec"} and set(each["spec"]) <= SPECS[kind], kind
        assert each["metadata"]["name"] == "class" and each["metadata"]["labels"].items() >= LABELS.items()
    assert set(objects) == set(SPECS)
    assert set(pod) <= POD and set(container) <= CONTAINER
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert set(container[probe]) <= PROBE
        assert container[probe]["httpGet"] == {"path": "/services/class/screen", "port": "http"}


def test_they_select_each_other(objects: Mapping[str, Any], values: Mapping[str, Any], container: Any) -> None:
    pods = objects["Deployment"]["spec"]["template"]["metadata"]["labels"]
    selectors = (
        objects["Deployment"]["spec"]["selector"]["matchLabels"],
        objects["Service"]["spec"]["selector"],
        objects["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        objects["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
        values["singleuser"]["networkPolicy"]["egress"][0]["to"][0]["podSelector"]["matchLabels"],
    )
    assert all(pods.items() >= selector.items() for selector in selectors)
    port = objects["Service"]["spec"]["ports"][0]
    assert values["hub"]["services"]["class"]["url"] == f"http://class:{port['port']}"
    assert container["ports"] == [{"name": port["targetPort"], "containerPort": port["port"]}]
    assert values["singleuser"]["networkPolicy"]["egress"][0]["ports"][0]["port"] == port["port"]
    assert values["singleuser"]["extraEnv"]["LESSONLIB_CLASS_URL"] == f"http://class:{port['port']}/services/class/"
    assert pods["hub.jupyter.org/network-access-hub"] == "true"


def test_it_runs_as_nobody_special(pod: Any, container: Any) -> None:
    assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] >= 1000
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["automountServiceAccountToken"] is False and pod["enableServiceLinks"] is False
    mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert mounted == {"/state", "/tmp"}
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}


def test_a_budget_makes_sense_only_for_two(objects: Mapping[str, Any]) -> None:
    budget, deployment = objects["PodDisruptionBudget"]["spec"], objects["Deployment"]["spec"]
    assert budget["minAvailable"] < deployment["replicas"]
    assert deployment["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_the_server_reads_what_it_is_given(values: Mapping[str, Any], container: Any) -> None:
    """Its environment and its arguments, by the program that will read them."""
    secret = read("class-server-secret.yaml")[0]
    given = {each["name"]: each.get("value", "of a secret") for each in container["env"]}
    named = {
        (each["valueFrom"]["secretKeyRef"]["name"], each["valueFrom"]["secretKeyRef"]["key"])
        for each in container["env"]
        if "valueFrom" in each
    }
    assert named == {
        *((secret["metadata"]["name"], key) for key in secret["stringData"]),
        ("hub", "hub.services.class.apiToken"),
    }
    where = address(None, None, None, given)
    assert (where.host, where.port, where.prefix) == ("0.0.0.0", 8010, "/services/class/")
    assert where.for_phones(8010) == "https://hub.example.org/services/class/"
    place = HubPlace.of(given, where.prefix)
    assert place and (place.client, place.api) == ("service-class", "http://hub:8081/hub/api")
    assert place.callback == values["hub"]["services"]["class"]["oauth_redirect_uri"]
    lesson, flag, code = container["args"]
    assert (
        container["command"] == ["lessonlib", "class"] and lesson == "01" and flag == "--code" and code_of(code) == code
    )
    home = container["securityContext"]["readOnlyRootFilesystem"] and Path(given["LESSON_JOURNAL"]).parent
    assert str(home) == given["HOME"] == "/state"


def test_room_for_what_was_measured(container: Any, values: Mapping[str, Any]) -> None:
    sizes = {"Mi": 2**20 / 1e6, "G": 1e3, "M": 1.0}

    def mb(text: str) -> float:
        number, unit = re.fullmatch(r"(\d+)(Mi|G|M)", text).groups()  # type: ignore[union-attr]
        return int(number) * sizes[unit]

    assert mb(container["resources"]["requests"]["memory"]) >= 180
    assert mb(values["singleuser"]["memory"]["guarantee"]) >= 136 + 2 * 84


def test_who_leads_is_the_group_that_the_server_asks_for(values: Mapping[str, Any]) -> None:
    assert list(values["hub"]["config"]["JupyterHub"]["load_groups"]) == [INSTRUCTORS]
    override = values["hub"]["config"]["KubeSpawner"]["group_overrides"][INSTRUCTORS]
    assert override["spawner_override"]["environment"] == {"LESSONLIB_CLASS_LEAD": "yes"}


def test_the_proxy_keeps_connections_as_long_as_the_server(values: Mapping[str, Any]) -> None:
    from lessonlib.classroom.server import KEEP_ALIVE_S

    assert values["proxy"]["chp"]["extraCommandLineFlags"] == [f"--keep-alive-timeout={KEEP_ALIVE_S * 1000}"]


# --- the image ------------------------------------------------------------------------------------------------------------------


def _lines() -> Iterator[str]:
    text = (HERE / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    return (line for line in text.splitlines() if line and not line.startswith("#"))


def test_the_image_is_built_of_locked_packages_and_runs_as_nobody_special() -> None:
    lines = list(_lines())
    installs = [line for line in lines if "pip install" in line]
    assert all("--require-hashes" in line or "--no-deps --no-build-isolation" in line for line in installs)
    begins = max(number for number, line in enumerate(lines) if line.startswith("FROM"))
    last = lines[begins:]
    assert [line for line in last if line.startswith("USER")] == ["USER 1000:100"]
    assert not any(line.startswith("ADD") or "://" in line for line in lines)
    root = checkout_dir() or Path()
    for line in lines:
        if line.startswith("COPY") and "--from" not in line:
            assert all((root / source).exists() for source in line.split()[1:-1]), line
