"""The manifests of the lessons: filled in on every lab, each is what a cluster would take, and each is asked about."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lessonlib.base.errors import LessonlibError
from lessonlib.base.paths import checkout_dir, data_dir
from lessonlib.base.versions import vllm
from lessonlib.lesson.items import BlockItem
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.source import lesson_names, load_source
from lessonlib.roofline import DEFAULT_LAB, lab_names, load_lab
from lessonlib.show.blocks import BLOCKS
from lessonlib.show.manifest import Manifest
from tests.manifests.checks import faults


def named(lesson: str) -> list[dict[str, Any]]:
    return [entry["manifest"] for entry in load_source(lesson)["steps"] if "manifest" in entry]


WITH_MANIFESTS = [name for name in lesson_names() if named(name)]


def manifests(lesson: Lesson) -> Iterator[Manifest]:
    for item in lesson.items.values():
        if isinstance(item, BlockItem) and isinstance(item.block, Manifest):
            yield item.block


@pytest.mark.parametrize("lab", lab_names())
def test_a_cluster_would_take_every_manifest(lab: str) -> None:
    for name in WITH_MANIFESTS:
        for manifest in manifests(Lesson(name, load_lab(lab), blocks=BLOCKS)):
            for document in manifest.objects():
                assert faults(document) == [], f"{name}: {manifest.path.name}"


def test_every_variable_of_the_file_of_versions_is_set_by_a_manifest() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (data_dir() / "manifests").glob("*.yaml")]
    assert [name for name in vllm().environment if not any(f"name: {name}" in text for text in texts)] == []


@pytest.mark.parametrize("lesson", WITH_MANIFESTS)
def test_no_manifest_is_a_pod_that_nothing_brings_back(lesson: str) -> None:
    """A bare Pod stays away once it is deleted or its node fails: a replica belongs to a Deployment or a LeaderWorkerSet."""
    for manifest in manifests(Lesson(lesson, load_lab(DEFAULT_LAB), blocks=BLOCKS)):
        assert "Pod" not in {each["kind"] for each in manifest.objects()}, manifest.path.name


def test_every_file_is_shown_by_a_lesson() -> None:
    shown = {each["file"] for name in WITH_MANIFESTS for each in named(name)}
    assert {path.stem for path in (data_dir() / "manifests").glob("*.yaml")} == shown


def test_the_class_servers_own_objects_are_taken_too() -> None:
    folder = (checkout_dir() or Path()) / "deploy" / "kubernetes"
    documents = yaml.safe_load_all((folder / "class-server.yaml").read_text(encoding="utf-8"))
    assert [line for document in documents for line in faults(document)] == []


# --- the checks see what they are for ------------------------------------------------------------------------------

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: decode}
spec:
  replicas: 3
  selector: {matchLabels: {app: decode}}
  template:
    metadata: {labels: {app: decode}}
    spec:
      containers:
      - name: vllm
        image: vllm/vllm-openai:v0.33.0
        args: ["--max-num-seqs", "64"]
        resources: {limits: {nvidia.com/gpu: 2}}
"""
SENDS = """
apiVersion: v1
kind: Pod
metadata: {name: prefill}
spec:
  containers:
  - name: vllm
    image: vllm/vllm-openai:v0.33.0
    args: ['--kv-transfer-config={"kv_connector":"NixlConnector","kv_role":"kv_both"}']
    env:
    - {name: UCX_NET_DEVICES, value: "mlx5_0:1,eth0"}
    - {name: VLLM_NIXL_SIDE_CHANNEL_HOST, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
"""
SCALED = """
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: decode}
spec:
  scaleTargetRef: {name: decode}
  minReplicaCount: 1
  maxReplicaCount: 8
  triggers:
  - type: prometheus
    metadata:
      serverAddress: http://prometheus:9090
      query: sum(vllm:num_requests_waiting)
      threshold: "5"
"""
AUTOSCALER = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: decode}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: decode}
  minReplicas: 1
  maxReplicas: 8
  metrics:
  - type: Pods
    pods: {metric: {name: in_flight}, target: {type: AverageValue, averageValue: "40"}}
"""
POOL = """
apiVersion: inference.networking.k8s.io/v1
kind: InferencePool
metadata: {name: pool}
spec:
  targetPorts: [{number: 8000}]
  selector: {matchLabels: {app: decode}}
  endpointPickerRef: {name: picker, port: {number: 9002}, failureMode: FailOpen}
"""
GROUP = """
apiVersion: leaderworkerset.x-k8s.io/v1
kind: LeaderWorkerSet
metadata: {name: group}
spec:
  replicas: 1
  leaderWorkerTemplate:
    size: 2
    restartPolicy: RecreateGroupOnPodRestart
    workerTemplate:
      spec: {containers: [{name: vllm, image: "vllm/vllm-openai:v0.33.0"}]}
"""
ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: route}
spec:
  parentRefs: [{name: gateway}]
  rules:
  - backendRefs: [{group: inference.networking.k8s.io, kind: InferencePool, name: pool, port: 8000}]
    timeouts: {request: 600s}
"""


@pytest.mark.parametrize("text", [DEPLOYMENT, SENDS, SCALED, AUTOSCALER, POOL, GROUP, ROUTE])
def test_what_is_right_has_no_fault(text: str) -> None:
    assert faults(yaml.safe_load(text)) == []


@pytest.mark.parametrize(
    ("text", "old", "new", "said"),
    [
        (DEPLOYMENT, "replicas: 3", "replica: 3", "'replica' was unexpected"),
        (DEPLOYMENT, "replicas: 3", 'replicas: "3"', "not of type 'integer'"),
        (DEPLOYMENT, "labels: {app: decode}", "labels: {app: prefill}", "does not choose its own pods"),
        (DEPLOYMENT, "--max-num-seqs", "--max-seqs", "no flag or metric “--max-seqs”"),
        (DEPLOYMENT, '"--max-num-seqs", "64"', '"--data-parallel-start-rank", "0"', "say --headless or"),
        (DEPLOYMENT, "image:", "images:", "'images' was unexpected"),
        (DEPLOYMENT, "apps/v1", "apps/v1beta1", "no kind that is known"),
        (SENDS, "mlx5_0:1,eth0", "eth0", "UCX_NET_DEVICES=eth0 leaves RDMA out"),
        (SENDS, "status.podIP", "status.hostIP", "is not the pod's own address"),
        (SENDS, "UCX_NET_DEVICES", "VLLM_NIXL_NET", "no “VLLM_NIXL_NET”"),
        (SCALED, '"5"', "5", "5 is not of type 'string'"),
        (SCALED, "minReplicaCount: 1", "minReplicaCount: 9", "minReplicaCount 9 is above maxReplicaCount 8"),
        (SCALED, "threshold", "treshold", "“treshold” is no key"),
        (SCALED, "num_requests_waiting", "gpu_cache_usage_perc", "no flag or metric “vllm:gpu_cache_usage_perc”"),
        (AUTOSCALER, "averageValue", "avgValue", "'avgValue' was unexpected"),
        (AUTOSCALER, "maxReplicas: 8", "maxReplicas: many", "not of type 'integer'"),
        (POOL, "FailOpen", "Open", "'Open' is not one of"),
        (POOL, "targetPorts", "targetPort", "'targetPort' was unexpected"),
        (GROUP, "RecreateGroupOnPodRestart", "Recreate", "'Recreate' is not one of"),
        (GROUP, "size: 2", "sizes: 2", "'sizes' was unexpected"),
        (ROUTE, "request: 600s", "request: 600", "not of type 'string'"),
    ],
)
def test_what_is_wrong_is_said(text: str, old: str, new: str, said: str) -> None:
    assert old in text
    assert said in "\n".join(faults(yaml.safe_load(text.replace(old, new))))


# --- the block -----------------------------------------------------------------------------------------------------


class Fake:
    """A lesson of one's own, as far as a manifest needs it."""

    def __init__(self, folder: Path) -> None:
        self.name = str(folder / "07-mine.yaml")
        self.words = Lesson("00-start-here", load_lab(DEFAULT_LAB)).words


def block(folder: Path, text: str) -> Manifest:
    (folder / "manifests").mkdir(exist_ok=True)
    (folder / "manifests" / "mine.yaml").write_text(text, encoding="utf-8")
    return Manifest({"id": "it", "title": "It", "text": "Read it.", "file": "mine"}, Fake(folder))  # type: ignore[arg-type]


def test_it_is_filled_in_for_the_lab_and_shown_line_by_line(tmp_path: Path) -> None:
    shown = block(tmp_path, DEPLOYMENT.replace("{name: decode}", "{name: '{{ lab.name }}'}  # <its> name", 1))
    [document] = shown.objects()
    assert document["metadata"] == {"name": DEFAULT_LAB}
    html = shown.draw()["html"]
    assert f"metadata: {{name: '{DEFAULT_LAB}'}} <i> # &lt;its&gt; name</i>\n" in html
    assert html.count("<pre") == 1 and "<its>" not in html and "\n  replicas: 3\n" in html


def test_several_objects_in_one_file(tmp_path: Path) -> None:
    assert [each["kind"] for each in block(tmp_path, f"{DEPLOYMENT}---{SCALED}").objects()] == [
        "Deployment",
        "ScaledObject",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "not valid YAML"),
        ("a: 1\na: 2", "a"),
        ("kind: Pod\nmetadata: {}", "lacks apiVersion"),
        ("- one", "lacks apiVersion, kind, metadata"),
        (f"{DEPLOYMENT}\nof: {{{{ nothing }}}}", "no working “nothing”"),
    ],
)
def test_what_is_no_manifest_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(LessonlibError, match="manifests/mine.yaml") as told:
        block(tmp_path, text).objects()
    assert said in str(told.value) and "\n" not in str(told.value)


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    missing = Manifest({"id": "it", "title": "It", "text": "Read it.", "file": "gone"}, Fake(tmp_path))  # type: ignore[arg-type]
    with pytest.raises(LessonlibError, match="manifests/gone.yaml"):
        missing.objects()
