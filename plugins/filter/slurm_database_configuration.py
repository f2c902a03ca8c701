# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: slurm_database_configuration
author: The Railyard authors
short_description: The text of slurmdbd.conf
version_added: 0.1.0
description:
  - The result holds the database's password. Use it in a task with C(secret) or C(no_log).
options:
  _input:
    description: C(version), C(hosts), C(password), C(user), C(name), C(host), C(jwt) and the free dict C(config).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Write the database daemon's configuration
  railyard.cluster.files:
    secret: true
    files:
      - path: /etc/slurm/slurmdbd.conf
        content: "{{ __slurm_database_variables | railyard.cluster.slurm_database_configuration }}"
        owner: slurm
        group: slurm
        mode: "0600"
"""

RETURN = r"""
_value:
  description: The text.
  type: str
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.slurm import config, features, validate


def slurm_database_configuration(variables: t.Mapping[str, t.Any]) -> str:
    try:
        return config.database_conf(
            features.parse_version(variables["version"]),
            [validate.short_name(host) for host in variables["hosts"]],
            password=variables["password"],
            user=variables["user"],
            database=variables["name"],
            host=variables["host"],
            jwt=bool(variables["jwt"]),
            config=variables["config"],
        )
    except CoreError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The database daemon's file."""

    def filters(self) -> dict[str, t.Any]:
        return {"slurm_database_configuration": slurm_database_configuration}
