"""What a cluster would have against a manifest, as far as that can be said without one."""

from __future__ import annotations

import functools
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema

from lessonlib.base.errors import LessonlibError
from lessonlib.base.versions import vllm

#: keys of KEDA's Prometheus trigger: all are text (keda.sh/docs/2.21/scalers/prometheus)
PROMETHEUS = {
    *("serverAddress", "query", "queryParameters", "threshold", "activationThreshold", "namespace", "customHeaders", "ignoreNullValues"),
    *("authModes", "unsafeSsl", "timeout"),
}  # fmt: skip
_METRIC = re.compile(r"vllm:[a-z_:]+")
#: a device of RDMA and its port, as UCX names it; a plain interface, such as eth0, is TCP
_RDMA_PORT = re.compile(r"[\w-]+:\d+")


@functools.cache
def schemas() -> Mapping[str, Any]:
    """``kinds`` and ``$defs``, as reduce_schemas.py made them."""
    found: Mapping[str, Any] = json.loads((Path(__file__).parent / "schemas.json").read_text(encoding="utf-8"))
    return found


def faults(document: Mapping[str, Any]) -> list[str]:
    """One line for each; none for what a cluster takes."""
    kind = f"{document['apiVersion']}/{document['kind']}"
    if kind not in schemas()["kinds"]:
        return [f"{kind} is no kind that is known here"]
    validator = jsonschema.Draft202012Validator({**schemas()["kinds"][kind], "$defs": schemas()["$defs"]})
    found = [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in validator.iter_errors(document)]
    return [f"{kind}: {line}" for line in found or _by_hand(document)]


def _by_hand(document: Mapping[str, Any]) -> Iterator[str]:
    """What no schema says."""
    spec = document.get("spec", {})
    for low, high in (("minReplicas", "maxReplicas"), ("minReplicaCount", "maxReplicaCount")):
        if low in spec and high in spec and spec[low] > spec[high]:
            yield f"{low} {spec[low]} is above {high} {spec[high]}"
    labels = spec.get("template", {}).get("metadata", {}).get("labels", {})
    wanted = spec.get("selector", {})
    wanted = wanted.get("matchLabels", {}) if isinstance(wanted, Mapping) else {}
    if document["kind"] in ("Deployment", "StatefulSet") and not (wanted and wanted.items() <= labels.items()):
        yield f"selector: {wanted} does not choose its own pods {labels}"
    for trigger in spec.get("triggers", ()):
        if trigger["type"] == "prometheus":
            yield from _trigger(trigger["metadata"])
    for container in _containers(document):
        yield from _flags(container)
        yield from _environment(container)
        yield from _sends_caches(container)


def _trigger(given: Mapping[str, Any]) -> Iterator[str]:
    for key in given:
        if key not in PROMETHEUS:
            yield f"triggers: “{key}” is no key of the Prometheus scaler"
    for key in {"serverAddress", "query", "threshold"} - set(given):
        yield f"triggers: {key} is missing"
    for name in _METRIC.findall(str(given.get("query", ""))):
        yield from _unknown(name)


def _containers(node: Any) -> Iterator[Mapping[str, Any]]:
    """All containers of pods, wherever a template holds them."""
    if isinstance(node, Mapping):
        yield from node.get("containers", ()) if isinstance(node.get("containers"), list) else ()
        for value in node.values():
            yield from _containers(value)
    elif isinstance(node, list):
        for value in node:
            yield from _containers(value)


def _flags(container: Mapping[str, Any]) -> Iterator[str]:
    """Flags of ``vllm serve`` that data/versions.toml does not know."""
    if "vllm" not in str(container.get("image", "")):
        return
    words = [
        word for text in (*container.get("command", ()), *container.get("args", ())) for word in shlex.split(str(text))
    ]
    flags = {word.partition("=")[0] for word in words if word.startswith("--")}
    for flag in sorted(flags):
        yield from _unknown(flag)
    if "--data-parallel-start-rank" in flags and not flags & {"--headless", "--data-parallel-hybrid-lb"}:
        yield "--data-parallel-start-rank: say --headless or --data-parallel-hybrid-lb; vLLM guesses the latter on all nodes but the first"


def _environment(container: Mapping[str, Any]) -> Iterator[str]:
    """Variables of vLLM that data/versions.toml does not know."""
    for each in container.get("env", ()):
        if each["name"].startswith("VLLM_") and each["name"] not in vllm().environment:
            yield f"env: data/versions.toml has no “{each['name']}”"


def _sends_caches(container: Mapping[str, Any]) -> Iterator[str]:
    """What a server needs whose caches others fetch from another node."""
    if not any("NixlConnector" in str(text) for text in container.get("args", ())):
        return
    given = {each["name"]: each for each in container.get("env", ())}
    host = given.get("VLLM_NIXL_SIDE_CHANNEL_HOST", {})
    if host.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath") != "status.podIP":
        yield "env: VLLM_NIXL_SIDE_CHANNEL_HOST is not the pod's own address, so no other pod can ask it for a cache"
    devices = given.get("UCX_NET_DEVICES", {}).get("value", "all").split(",")
    if devices != ["all"] and not any(_RDMA_PORT.fullmatch(device) for device in devices):
        yield f"env: UCX_NET_DEVICES={','.join(devices)} leaves RDMA out"


def _unknown(name: str) -> Iterator[str]:
    try:
        vllm().name(name)
    except LessonlibError as error:
        yield str(error)
