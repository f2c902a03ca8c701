# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a module costs on the wire: Ansible's own payload, compressed as it is sent, for every module."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

LIMIT = 250_000
MEASURE = """
import json, pathlib, sys
from ansible.plugins.loader import init_plugin_loader

init_plugin_loader([sys.argv[1]])

from ansible.executor.module_common import modify_module
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

templar = Templar(DataLoader())
sizes = {}
for path in sys.argv[2:]:
    name = "railyard.cluster." + pathlib.Path(path).stem
    built = modify_module(module_name=name, module_path=path, module_args={}, templar=templar, module_compression="ZIP_DEFLATED",
                          task_vars={"ansible_python_interpreter": "/usr/bin/python3"})
    sizes[name] = len(built.b_module_data)
print(json.dumps(sizes))
"""


def test_every_payload_is_small(repository: pathlib.Path) -> None:
    modules = [str(path) for path in sorted((repository / "plugins/modules").glob("*.py"))]
    command = [sys.executable, "-c", MEASURE, str(repository / ".ansible/collections"), *modules]
    measured = subprocess.run(command, capture_output=True, text=True, check=False)
    assert measured.returncode == 0, measured.stderr
    sizes: dict[str, int] = json.loads(measured.stdout)
    assert len(sizes) == len(modules) > 0
    print("\n".join(f"{size:8} {name}" for name, size in sorted(sizes.items(), key=lambda item: -item[1])))
    assert {name: size for name, size in sizes.items() if size > LIMIT} == {}
