#!/usr/bin/python
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: capture
short_description: Record what the collectors read on a node
version_added: 0.1.0
author:
  - The Railyard authors (@railyard)
description:
  - Runs the commands and reads the files, links and folders that M(railyard.cluster.hardware_facts) looks at, and some that help a person besides, and
    returns the answers as one document, without judging them. From it the facts of the node follow anywhere.
  - A command that is not installed is recorded with status 127, one that does not end in time with 124.
  - Of long answers only what is looked at is kept. No environment is recorded, no command line of a process, no address in the kernel's memory, and of the
    kernel's command line no value of a password or token.
extends_documentation_fragment:
  - railyard.cluster.attributes
  - railyard.cluster.attributes.read_only
options:
  hardware_root:
    description: The folder below which C(/sys) and C(/proc) of the machine are found; C(/) but for simulated hardware.
    type: path
    default: /
seealso:
  - module: railyard.cluster.hardware_facts
"""

EXAMPLES = r"""
- name: Record what the collectors read
  railyard.cluster.capture:
  register: recorded
"""

RETURN = r"""
capture:
  description: The document, as C(docs/schemas/capture.json) describes it.
  returned: success
  type: dict
"""

import platform
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.railyard.cluster.plugins.module_utils._module import run_module
from ansible_collections.railyard.cluster.plugins.module_utils.core.collect import record


def main() -> None:
    module = AnsibleModule(argument_spec={"hardware_root": {"type": "path", "default": "/"}}, supports_check_mode=True)
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    root = module.params["hardware_root"]
    run_module(module, lambda runner: {"changed": False, "capture": record(runner, node=platform.node(), recorded=now, hardware_root=root)})


if __name__ == "__main__":
    main()
