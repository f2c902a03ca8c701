# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: findings
author: The Railyard authors (@railyard)
short_description: What a validation found, and what follows from it
version_added: 0.1.0
description:
  - Reads the record of a validation (C(findings.json)) and returns its summary, the nodes to take out of service, and those that passed everything.
options:
  _terms:
    description: Paths of records, or of state folders, which stand for their newest record.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show what the last validation found
  ansible.builtin.debug:
    msg: "{{ lookup('railyard.cluster.findings', lookup('railyard.cluster.state_folder')).findings }}"
"""

RETURN = r"""
_raw:
  description:
    - For each record, its summary as M(railyard.cluster.validation_record) returns it, and C(drain), a list of C(name) and C(reason) of nodes with a critical
      finding, the worst first, and C(passed_nodes), the names of nodes with no finding. Of a state folder
      these are the nodes whose own newest record has none, in the newest eight, as a validation may have been one of some nodes only.
  type: list
  elements: dict
"""

import glob
import json
import os
import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.run import RunRecord
from ansible_collections.railyard.cluster.plugins.plugin_utils._validation import passed_nodes, summary, to_drain

_LOOK_BACK = 8


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[dict[str, t.Any]]:
        try:
            return [_summary(_newest(path) if os.path.isdir(path) else [path]) for path in (os.path.expanduser(str(term)) for term in terms)]
        except CoreError as error:
            raise AnsibleLookupError(str(error)) from None


def _summary(paths: list[str]) -> dict[str, t.Any]:
    """What the first of these records says, and who passed the first of them that has the node."""
    record = _read(paths[0])
    passed: dict[str, bool] = {}
    for older in (record, *map(_read, paths[1:])):
        good = set(passed_nodes(older))
        for node in older.nodes:
            passed.setdefault(node.name, node.name in good)
    return {**summary(record, paths[0]), "drain": to_drain(record), "passed_nodes": [name for name, good in passed.items() if good]}


def _read(path: str) -> RunRecord:
    try:
        with open(path, encoding="utf-8") as file:
            return RunRecord.from_dict(json.load(file))
    except (OSError, ValueError) as error:
        raise CoreError(f"it cannot be read: {error}.", where=path, hint="Give the findings.json of a validation.") from None


def _newest(folder: str) -> list[str]:
    """The newest records, the very newest first."""
    paths = sorted(glob.glob(f"{glob.escape(folder)}/runs/*/findings.json"), reverse=True)
    if not paths:
        raise CoreError("no validation was recorded yet.", where=folder, hint="Run one: railyard validate.")
    return paths[:_LOOK_BACK]
