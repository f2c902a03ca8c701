#!/usr/bin/python
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: secrets
short_description: Make the secrets that a site is missing
version_added: 0.1.0
description:
  - Makes a random value for each secret of Railyard's that the inventory does not define, and adds it to one file that ansible-vault encrypts.
  - A secret that is defined anywhere in C(group_vars/all), in that file or by a lookup of the site's own, is left alone.
    An existing value is never changed.
  - The vault password is the one that C(ansible-playbook) was given. The file is replaced as a whole or not at all, and only its owner may read it.
  - It runs on the controller alone; no node is contacted.
author: The Railyard authors (@railyard)
options:
  path:
    description: The file. By default C(group_vars/all/secrets.yml) of the first inventory.
    type: path
extends_documentation_fragment:
  - railyard.cluster.attributes
  - railyard.cluster.attributes.action
  - railyard.cluster.attributes.state
attributes:
  check_mode:
    details: Says which secrets would be made.
  diff_mode:
    support: none
    details: There is nothing that may be shown.
"""

EXAMPLES = r"""
- name: Make the secrets that are missing
  railyard.cluster.secrets:
"""

RETURN = r"""
path:
  description: The file that holds the secrets.
  returned: success
  type: str
made:
  description: Names of the secrets that were made.
  returned: success
  type: list
  elements: str
  sample: [secret_munge_key]
present:
  description: Names of the secrets that were there.
  returned: success
  type: list
  elements: str
message:
  description: What was done, in one sentence.
  returned: success
  type: str
"""
