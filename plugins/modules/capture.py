#!/usr/bin/python
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: capture
short_description: Record what the collectors read on a node
version_added: 0.1.0
description:
  - Runs the commands and reads the files that Railyard looks at, and returns them as one document, without judging them.
  - A command that is not installed is recorded with status 127, one that does not end in time with 124.
author: The Railyard authors (@railyard)
options:
  hardware_root:
    description: The folder below which C(/proc) of the machine is found; C(/) but for simulated hardware.
    type: path
    default: /
attributes:
  check_mode:
    support: full
    description: It changes nothing.
  diff_mode:
    support: none
    description: It changes nothing.
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
