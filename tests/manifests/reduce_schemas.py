"""Make schemas.json anew: what Kubernetes and the extensions that the lessons use publish, reduced to keys, types and limits.

    python tests/manifests/reduce_schemas.py CRD.yaml [CRD.yaml ...] > tests/manifests/schemas.json

It needs the package ``kubernetes`` (its models are Kubernetes' own OpenAPI description), which no test needs: run it in an environment of
its own. The files are the CustomResourceDefinitions of LeaderWorkerSet, of the Gateway API (HTTPRoute, Gateway), of its inference
extension (InferencePool) and of KEDA (ScaledObject). Words and defaults are dropped; a key that is not published is refused.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

#: kinds of Kubernetes itself -> the model of each
CORE = {
    "v1/Pod": "V1Pod",
    "v1/Service": "V1Service",
    "v1/ConfigMap": "V1ConfigMap",
    "v1/PersistentVolumeClaim": "V1PersistentVolumeClaim",
    "apps/v1/Deployment": "V1Deployment",
    "apps/v1/StatefulSet": "V1StatefulSet",
    "autoscaling/v2/HorizontalPodAutoscaler": "V2HorizontalPodAutoscaler",
    "policy/v1/PodDisruptionBudget": "V1PodDisruptionBudget",
    "networking.k8s.io/v1/NetworkPolicy": "V1NetworkPolicy",
}
KEPT = (
    "type",
    "required",
    "enum",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "minLength",
    "maxLength",
    "pattern",
    "additionalProperties",
)
#: the client writes quantities as text; the cluster takes numbers too
QUANTITIES = {"V1ResourceRequirements": ("limits", "requests"), "V1VolumeResourceRequirements": ("limits", "requests")}
POD_TEMPLATE = {"$ref": "#/$defs/V1PodTemplateSpec"}


def reduced(schema: Any) -> Any:
    """Keys, types and limits alone; where an object's keys are told, no others are let in."""
    if not isinstance(schema, Mapping):
        return schema
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    properties = schema.get("properties", {})
    if {"containers", "initContainers"} <= set(properties.get("spec", {}).get("properties", {})):
        return POD_TEMPLATE
    if "anyOf" in schema:
        kinds = [reduced(kind) for kind in schema["anyOf"] if kind != {"type": "null"}]
        return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    out = {key: reduced(schema[key]) for key in KEPT if key in schema}
    if properties:
        out["properties"] = {name: reduced(each) for name, each in properties.items()}
        out.setdefault("additionalProperties", False)
    if "items" in schema:
        out["items"] = reduced(schema["items"])
    return out


def core() -> tuple[dict[str, Any], dict[str, Any]]:
    """(kind -> schema, the definitions that they share)."""
    import kubernetes.client

    kinds, shared = {}, {}
    for kind, model in CORE.items():
        whole = getattr(kubernetes.client, model).model_json_schema(by_alias=True, mode="serialization")
        shared.update({name: reduced(each) for name, each in whole.pop("$defs").items()})
        kinds[kind] = reduced(whole)
    for name, keys in QUANTITIES.items():
        for key in keys:
            shared[name]["properties"][key]["additionalProperties"] = {"type": ["string", "integer", "number"]}
    return kinds, shared


def custom(path: Path) -> dict[str, Any]:
    """Those of one CustomResourceDefinition, by version."""
    crd = yaml.safe_load(path.read_text(encoding="utf-8"))["spec"]
    kinds = {}
    for version in crd["versions"]:
        schema = reduced(version["schema"]["openAPIV3Schema"])
        schema["properties"]["metadata"] = {"$ref": "#/$defs/V1ObjectMeta"}
        kinds[f"{crd['group']}/{version['name']}/{crd['names']['kind']}"] = schema
    return kinds


def main() -> None:
    """Print all of them as one document."""
    kinds, shared = core()
    for path in sys.argv[1:]:
        kinds.update(custom(Path(path)))
    print(json.dumps({"kinds": kinds, "$defs": shared}, sort_keys=True, separators=(",", ":")))


if __name__ == "__main__":
    main()
