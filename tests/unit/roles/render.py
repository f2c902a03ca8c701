# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Render a role's expressions and templates as on a node, without one: ``render.py COLLECTIONS_PATH < cases``.

It runs in a process of its own, since Ansible's plugin loader can be set up once. A case is
``{role, distribution, version, os_family, variables, expressions, templates}``; the answer has the rendered texts and values.
"""

from __future__ import annotations

import json
import pathlib
import sys
import typing as t

from ansible.plugins.loader import init_plugin_loader

init_plugin_loader([sys.argv[1]])

from ansible.parsing.dataloader import DataLoader  # noqa: E402
from ansible.template import Templar, trust_as_template  # noqa: E402

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]


def render(case: dict[str, t.Any]) -> dict[str, t.Any]:
    role = REPOSITORY / "roles" / case["role"]
    loader = DataLoader()
    variables: dict[str, t.Any] = {
        "ansible_managed": "Ansible managed",
        "role_path": str(role),
        "inventory_hostname": "node1",
        "inventory_hostname_short": "node1",
        "group_names": ["base"],
        "groups": {"base": ["node1"]},
        "hostvars": {},
        "ansible_facts": {
            "distribution": case["distribution"],
            "distribution_version": case["version"],
            "distribution_major_version": case["version"].split(".")[0],
        },
    }
    for name in ("defaults/main.yml", "vars/main.yml"):
        variables.update(loader.load_from_file(str(role / name), trusted_as_template=True) or {})
    templar = Templar(loader, variables=variables)
    os_file, os_files = "", f"__{case['role']}_os_files"
    if os_files in variables:
        os_file = templar.template(trust_as_template("{{ lookup('ansible.builtin.first_found', " + os_files + ") }}"))
        variables.update(loader.load_from_file(str(os_file), trusted_as_template=True))
    variables.update(case.get("variables", {}))
    templar = Templar(loader, variables=variables)
    answer: dict[str, t.Any] = {"os_file": pathlib.Path(str(os_file)).resolve().name, "templates": {}, "expressions": {}}
    for name in case.get("templates", []):
        source = trust_as_template((role / "templates" / name).read_text())
        answer["templates"][name] = str(templar.template(source, escape_backslashes=False, overrides={"trim_blocks": True, "lstrip_blocks": False}))
    for expression in case.get("expressions", []):
        answer["expressions"][expression] = templar.template(trust_as_template("{{ " + expression + " }}"))
    return answer


print(json.dumps([render(case) for case in json.load(sys.stdin)], default=str))
