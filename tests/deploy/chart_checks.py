"""What is wrong with values for Zero to JupyterHub 4.4.0, one line each: what the chart's own schema lets pass, and which keys of ours it has.

The schema takes any key in hub.services, hub.loadRoles, hub.config.CLASS and singleuser.profileList, so that a slip there shows only
on the cluster. KNOWN stands in where the chart is not at hand: the keys of the chart that values.yaml uses, and no more.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any

#: of a service, in JupyterHub 5's reference (and apiToken, which is the chart's)
SERVICE = {
    *("name", "admin", "url", "apiToken", "api_token", "display", "info", "command", "cwd", "environment", "user"),
    *("oauth_client_id", "oauth_client_allowed_scopes", "oauth_redirect_uri", "oauth_no_confirm", "cookie_options"),
}
#: of a role, in JupyterHub's reference
ROLE = {"name", "description", "scopes", "users", "services", "groups"}
#: of an entry of KubeSpawner.profile_list, and what of KubeSpawner it may set here
PROFILE = {"display_name", "slug", "description", "default", "kubespawner_override", "profile_options"}
OVERRIDE = {
    *(
        "image",
        "mem_guarantee",
        "mem_limit",
        "cpu_guarantee",
        "cpu_limit",
        "environment",
        "node_selector",
        "tolerations",
    ),
    *("default_url", "start_timeout", "extra_resource_limits", "extra_resource_guarantees"),
}
GROUP_OVERRIDE = {"groups", "spawner_override"}
SCOPE = re.compile(
    r"(self|(?:read:|list:|admin:|delete:|access:)?[a-z]+(?::[a-z]+)*)(?:!(?:user|service|server|group)(?:=[\w-]+)?)?"
)
_OPEN = object()  # any key
KNOWN: dict[str, Any] = {
    "hub": {"config": _OPEN, "services": _OPEN, "loadRoles": _OPEN},
    "proxy": {
        "chp": {"extraCommandLineFlags": None},
        "https": {"enabled": None, "type": None, "hosts": None, "letsencrypt": {"contactEmail": None}},
    },
    "singleuser": {
        "image": {"name": None, "tag": None},
        "cmd": None,
        "defaultUrl": None,
        "storage": {"capacity": None},
        "memory": {"guarantee": None, "limit": None},
        "cpu": {"guarantee": None, "limit": None},
        "extraEnv": _OPEN,
        "networkPolicy": {"egress": None},
        "profileList": None,
    },
    "cull": {"enabled": None, "timeout": None, "every": None},
}


def faults(values: Mapping[str, Any]) -> list[str]:
    """Every fault that is found without the chart."""
    return [
        *unknown(values, KNOWN),
        *_services(values.get("hub", {}).get("services", {})),
        *_roles(values.get("hub", {}).get("loadRoles", {}), set(values.get("hub", {}).get("services", {}))),
        *_config(values.get("hub", {}).get("config", {})),
        *_profiles(values.get("singleuser", {}).get("profileList", [])),
    ]


def unknown(values: Mapping[str, Any], known: Mapping[str, Any], where: str = "") -> Iterator[str]:
    """Keys that are not among the known ones."""
    for key, value in values.items():
        path = f"{where}.{key}".lstrip(".")
        if key not in known:
            yield f"{path}: not a key of the chart that we know"
        elif known[key] is None or known[key] is _OPEN:
            continue
        elif not isinstance(value, Mapping):
            yield f"{path}: holds keys, not {value!r}"
        else:
            yield from unknown(value, known[key], path)


def _keys(where: str, given: Any, known: set[str]) -> Iterator[str]:
    if not isinstance(given, Mapping):
        yield f"{where}: holds keys, not {given!r}"
        return
    for key in sorted(set(given) - known):
        yield f"{where}.{key}: no such setting"


def _services(services: Mapping[str, Any]) -> Iterator[str]:
    for name, service in services.items():
        where = f"hub.services.{name}"
        yield from _keys(where, service, SERVICE)
        if not re.fullmatch(r"http://[a-z][a-z0-9-]*:\d+", str(service.get("url", ""))):
            yield f"{where}.url: a Service and its port, not {service.get('url')!r}"
        if service.get("oauth_redirect_uri") != f"/services/{name}/oauth_callback":
            yield f"{where}.oauth_redirect_uri: /services/{name}/oauth_callback"
        if not isinstance(service.get("oauth_no_confirm", False), bool):
            yield f"{where}.oauth_no_confirm: true or false"


def _roles(roles: Mapping[str, Any], services: set[str]) -> Iterator[str]:
    for name, role in roles.items():
        where = f"hub.loadRoles.{name}"
        yield from _keys(where, role, ROLE)
        for scope in role.get("scopes", ()):
            if not isinstance(scope, str) or not SCOPE.fullmatch(scope):
                yield f"{where}.scopes: {scope!r} is no scope"
            elif (named := scope.partition("!service=")[2]) and named not in services:
                yield f"{where}.scopes: there is no service {named}"
    for name, needed in (("user", "self"), ("server", "users:activity!user"), ("server", "access:servers!user")):
        if name in roles and needed not in roles[name].get("scopes", ()):
            yield f"hub.loadRoles.{name}: replaces the Hub's own role, so it needs {needed} too"


def _config(config: Mapping[str, Any]) -> Iterator[str]:
    groups = config.get("JupyterHub", {}).get("load_groups", {})
    for name, override in config.get("KubeSpawner", {}).get("group_overrides", {}).items():
        where = f"hub.config.KubeSpawner.group_overrides.{name}"
        yield from _keys(where, override, GROUP_OVERRIDE)
        for group in override.get("groups", ()):
            if group not in groups:
                yield f"{where}.groups: there is no group {group}"
        yield from _keys(f"{where}.spawner_override", override.get("spawner_override"), OVERRIDE)


def _profiles(profiles: Any) -> Iterator[str]:
    for number, profile in enumerate(profiles):
        where = f"singleuser.profileList[{number}]"
        yield from _keys(where, profile, PROFILE)
        if not profile.get("display_name"):
            yield f"{where}.display_name: is missing"
        if "kubespawner_override" in profile:
            yield from _keys(f"{where}.kubespawner_override", profile["kubespawner_override"], OVERRIDE)
    if profiles and sum(profile.get("default") is True for profile in profiles) != 1:
        yield "singleuser.profileList: one profile is the default"


def merged(defaults: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Values over a chart's defaults, as Helm lays them: mappings key by key, all else as a whole, null takes a key away."""
    found = copy.deepcopy(dict(defaults))
    for key, value in values.items():
        if value is None:
            found.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(found.get(key), Mapping):
            found[key] = merged(found[key], value)
        else:
            found[key] = copy.deepcopy(value)
    return found
