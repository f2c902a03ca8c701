#!/usr/bin/python
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make what all labs of this machine share."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: lab_image
short_description: Base image and package cache of the lab
version_added: 0.1.0
author: The Railyard authors (@railyard)
description:
  - Builds the root tree that every lab node starts from and the one that serves all labs of this machine, out of packages
    of Debian's archive, and runs the package cache.
  - Both are shared between labs and kept until they are removed.
extends_documentation_fragment:
  - railyard.cluster.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: There is nothing to show as a difference.
  idempotent:
    support: full
options:
  state:
    description: Whether the image and the cache are there, or everything that labs share is removed unless a lab still stands on it.
    type: str
    choices: [present, absent]
    default: present
  release:
    description: Code name of the Debian release that the nodes run.
    type: str
    default: trixie
  packages:
    description: Packages of the base image.
    type: list
    elements: str
    default: []
  mirror:
    description: Address of a Debian archive. Empty means the one that this machine's own apt uses.
    type: str
    default: ""
  components:
    description: Components of the archive.
    type: list
    elements: str
    default: [main]
  cache_address:
    description: Address that the package cache listens on; made on the loopback interface.
    type: str
    required: true
requirements:
  - mmdebstrap
  - systemd-nspawn
  - root
seealso:
  - module: railyard.cluster.lab
"""

EXAMPLES = r"""
- name: Make the lab's base image
  railyard.cluster.lab_image:
    packages: [systemd, systemd-sysv, dbus, openssh-server, python3]
    cache_address: 10.213.255.1
"""

RETURN = r"""
image:
  description: Folder of the base image.
  type: str
  returned: when O(state=present)
services:
  description: Folder of the tree that what serves the labs runs from.
  type: str
  returned: when O(state=present)
sources:
  description: Content of the nodes' sources.list.
  type: str
  returned: when O(state=present)
"""

import os
import shutil
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.railyard.cluster.plugins.module_utils._lab import host, image
from ansible_collections.railyard.cluster.plugins.module_utils._module import ModuleRunner, run_module


def present(params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    release, components = params["release"], params["components"]
    mirror = params["mirror"] or image.host_mirror()
    base = image.image_path(release, params["packages"], mirror, components)
    tree = image.services_tree(release, mirror, components)
    changed = not os.path.isdir(base) or not os.path.isdir(tree) or not image.cache_running()
    if not check_mode:
        image.build_all([(base, params["packages"]), (tree, image.SERVICE_PACKAGES)], release, mirror, components)
        image.start_cache(tree, params["cache_address"])
    return {"changed": changed, "image": base, "services": tree, "sources": image.node_sources(mirror, release, components)}


def absent(params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    changed = not host.lab_names() and (os.path.isdir(f"{host.STATE_DIR}/images") or image.cache_running())
    if changed and not check_mode:
        image.stop_cache(params["cache_address"])
        for name in ("images", "cache", "programs"):
            shutil.rmtree(f"{host.STATE_DIR}/{name}", ignore_errors=True)
    return {"changed": changed}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "release": {"type": "str", "default": "trixie"},
            "packages": {"type": "list", "elements": "str", "default": []},
            "mirror": {"type": "str", "default": ""},
            "components": {"type": "list", "elements": "str", "default": ["main"]},
            "cache_address": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )

    def work(_runner: ModuleRunner) -> dict[str, t.Any]:
        host.require_lab_host()
        step = present if module.params["state"] == "present" else absent
        return step(module.params, module.check_mode)

    run_module(module, work)


if __name__ == "__main__":
    main()
