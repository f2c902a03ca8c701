# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the role needs to know of the cluster, from its variables and the inventory, worked out once for all hosts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import CoreError
from ..hardware.hardware_class import hardware_class
from . import changes, config, features, validate
from .model import Cluster

# A key that signs tokens: HS256 wants as many bits as its digest has.
JWT_KEY_LENGTH = 32


def plan(
    variables: Mapping[str, Any], groups: Mapping[str, list[str]], *, class_of: validate.ClassOf, hardware_classes: Mapping[str, Any], hosts: list[str]
) -> dict[str, Any]:
    """Check everything, and return the files and what follows from them. ``hosts`` are those of this run."""
    cluster = validate.read_cluster(variables, groups, class_of=class_of, hardware_of=lambda name: hardware_class(name, hardware_classes))
    if cluster.jwt and int(variables["jwt_key_length"]) < JWT_KEY_LENGTH:
        raise CoreError(f"it is shorter than {JWT_KEY_LENGTH} bytes.", where="slurm_jwt_key", hint="Give secret_slurm_jwt_key a longer text.")
    _check_classes(cluster, hosts, class_of)
    files = config.render(cluster)
    first = {nodeset.name: nodeset.nodes[0] for nodeset in cluster.nodesets if nodeset.nodes}
    return {
        "version": str(cluster.version),
        "files": files,
        "entries": [entry(str(cluster.version), name, text) for name, text in files.items()],
        "conf_server": config.conf_server(cluster),
        "sackd": features.has(cluster.version, "sackd"),
        "accounting": bool(cluster.databases),
        "slurmd_digests": changes.slurmd_digests(cluster.version, files, first),
    }


def entry(version: str, name: str, text: str) -> dict[str, Any]:
    """A file as railyard.cluster.files takes it."""
    path = f"{config.DIRECTORY}/{name}"
    if not text:
        return {"path": path, "state": "absent"}
    if name != "slurm.conf":
        return {"path": path, "content": text}
    # scontrol reads the whole file before it does anything, and stops at what it doesn't understand. It asks no daemon.
    # scontrol looks for a configuration even when it is only asked for its version, and on a blank controller there is none.
    check = f'export SLURM_CONF=$0; case "$(scontrol -V)" in *" {version}."*) exec scontrol show hostnames ok;; esac'
    return {"path": path, "content": text, "validate": f"sh -c '{check}; scontrol -V; echo is installed, but slurm_version is {version}; exit 1' %s"}


def _check_classes(cluster: Cluster, hosts: list[str], class_of: validate.ClassOf) -> None:
    """Refuse a host of this run whose own hardware class isn't that of its nodeset."""
    nodeset_of = {node: nodeset for nodeset in cluster.nodesets for node in nodeset.nodes}
    for host in hosts:
        nodeset = nodeset_of.get(validate.short_name(host))
        own = class_of(host) if nodeset else ""
        if nodeset and own and own != nodeset.hardware_class:
            raise CoreError(
                f"host {host} has the hardware class {own!r}, but nodeset {nodeset.name!r} is of class {nodeset.hardware_class!r}.",
                where="railyard_hardware_class",
                hint="A nodeset has one class: make another nodeset, or correct the host.",
            )
