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
  - It is E(RAILYARD_STATE_DIR), which the command C(railyard) sets, or what the inventory's variable C(railyard_state_dir) says, as the lab's does, or
    C(railyard/SITE) below E(XDG_STATE_HOME) or C(~/.local/state), where the site is the name of the inventory's folder.
options:
  _terms:
    description: Nothing is given.
    type: list
    elements: str
    required: false
"""

EXAMPLES = r"""
- name: Show where the runs are
  ansible.builtin.debug:
    msg: "{{ lookup('railyard.cluster.state_folder') }}/runs"
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
        return [state_folder(variables or {}, self._templar)]


def state_folder(variables: dict[str, t.Any], templar: t.Any) -> str:
    """Return the folder for the site that these variables belong to."""
    if os.environ.get("RAILYARD_STATE_DIR"):
        return os.environ["RAILYARD_STATE_DIR"]
    if variables.get("railyard_state_dir"):
        return str(templar.template(variables["railyard_state_dir"]))
    home = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    site = os.path.basename(variables.get("inventory_dir") or "adhoc")
    return f"{home}/railyard/{site}"
