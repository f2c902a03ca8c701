# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: state_folder
author: The Railyard authors (@railyard)
short_description: Where the state of a site is kept on the controller
version_added: 0.1.0
description:
  - Returns the folder of runs, of the history and of the known fabric.
  - It is E(RAILYARD_STATE_DIR), which the command C(railyard) sets, or what is given, or C(railyard/SITE) below E(XDG_STATE_HOME) or C(~/.local/state), where
    the site is the name of the inventory's folder.
options:
  _terms:
    description: What the inventory declares, which may be empty.
    type: list
    elements: str
    required: false
"""

EXAMPLES = r"""
- name: Show where the runs are
  ansible.builtin.debug:
    msg: "{{ lookup('railyard.cluster.state_folder', railyard_state_dir | default('')) }}/runs"
"""

RETURN = r"""
_raw:
  description: The folder's path. It may not exist yet.
  type: list
  elements: str
"""

import os
import typing as t

from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[str]:
        declared = os.environ.get("RAILYARD_STATE_DIR") or "".join(str(term) for term in terms[:1])
        if declared:
            return [os.path.expanduser(declared)]
        home = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
        return [f"{home}/railyard/{_site(variables or {})}"]


def _site(variables: dict[str, t.Any]) -> str:
    """The name of the inventory's folder; a host that is in no inventory, as localhost, has that of the first one that is read."""
    folder = str(variables.get("inventory_dir") or "")
    if not folder:
        source = str((variables.get("ansible_inventory_sources") or [""])[0])
        folder = source if os.path.isdir(source) else os.path.dirname(source)
    return os.path.basename(folder.rstrip("/")) or "adhoc"
