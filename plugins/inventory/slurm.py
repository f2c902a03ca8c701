# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: slurm
short_description: Hosts from Slurm
version_added: 0.1.0
author: The Railyard authors (@railyard)
description:
  - Makes hosts of Slurm's nodes, from what C(scontrol) or C(sinfo) prints, or from slurmrestd.
  - The file's name has to end with C(slurm.railyard.yml) (or C(.yaml)).
  - A host of an earlier source (files of a folder are read by their names' order) is the same if it has the node's name, with its domain or without.
  - Beside the groups of O(groups) and O(keyed_groups), hosts are in C(slurm_partition_*), C(slurm_state_*) (the state and each of its flags, such as
    C(slurm_state_drain)), C(slurm_feature_*), C(slurm_gres_*) (types, or names where there is none) and C(slurm_reason_*) (why a node is drained
    or down).
extends_documentation_fragment:
  - railyard.cluster.inventory
  - constructed
  - inventory_cache
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [railyard.cluster.slurm]
  command:
    description:
      - A command that prints nodes, which runs on this machine. C(scontrol show nodes), also with C(-o) and C(--json), and C(sinfo --json) are read.
      - One of O(command), O(file) and O(url) is needed.
    type: list
    elements: str
  file:
    description: A file that has what such a command prints, relative to the inventory file.
    type: str
  url:
    description: Where slurmrestd listens, as in V(https://ctl1:6820).
    type: str
  api_version:
    description: The version of slurmrestd's interface. Each release of Slurm has a few; V(v0.0.41) came with 24.05, V(v0.0.44) with 25.11.
    type: str
    default: v0.0.41
  user:
    description: The user that slurmrestd is asked as. May be a template.
    type: str
  token:
    description:
      - That user's token, as C(scontrol token) makes it.
      - It is to come from Ansible Vault, as a template of a variable, of a lookup, or as a C(!vault) string.
    type: str
  validate_certs:
    description: Whether slurmrestd's certificate is checked. Without it, anybody on the network can pose as slurmrestd and be told the token.
    type: bool
    default: true
  ca_path:
    description: The authorities that the certificate is checked against, as a PEM file, relative to the inventory file. The default is the system's.
    type: str
  timeout:
    description: Seconds for the answer.
    type: float
    default: 60
  variable:
    description: The host variable that holds what was found.
    type: str
    default: slurm
  new_hosts:
    description: Whether hosts that no earlier source has are added.
    type: bool
    default: true
notes:
  - The host variable has the fields of a node as C(railyard parse slurm-nodes) gives them, such as C(states), C(reason), C(gres) (each with C(name),
    C(type), C(count) and C(used)), C(partitions), C(features), C(cpus), C(memory_mib) and C(version).
  - Nodes whose states change by the minute want a short O(cache_timeout).
"""

EXAMPLES = r"""
# inventories/site/slurm.railyard.yml: ask Slurm's controller.
plugin: railyard.cluster.slurm
command: [ssh, ctl1, scontrol, show, nodes, --json]
cache_timeout: 300

---
# slurmrestd, with a token from an encrypted group_vars/all beside the file.
plugin: railyard.cluster.slurm
url: https://ctl1.example.org:6820
api_version: v0.0.42
user: railyard
token: "{{ secret_slurm_token }}"
ca_path: site-authority.pem
groups:
  out_of_service: "'drain' in slurm.states or 'down' in slurm.states"
keyed_groups:
  - key: slurm.version
    prefix: slurmd
"""

import re
import typing as t
import urllib.error

from ansible.errors import AnsibleParserError
from ansible.module_utils.urls import ConnectionError as UrlsConnectionError
from ansible.module_utils.urls import SSLValidationError, open_url

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.document import as_json
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse import slurm_nodes
from ansible_collections.railyard.cluster.plugins.plugin_utils._inventory import RailyardInventoryPlugin, group_name, host_name, now, some

# Of an answer; 10,000 nodes have some 30 MB.
MOST_BYTES = 2**28
# Reasons can be long; hosts are grouped by how they begin.
REASON = 60


class InventoryModule(RailyardInventoryPlugin):
    NAME = "railyard.cluster.slurm"
    SUFFIX = "slurm.railyard"

    def fetch(self) -> dict[str, t.Any]:
        named = [name for name in ("command", "file", "url") if self.get_option(name)]
        if len(named) != 1:
            raise AnsibleParserError(f"{self._path}: one of command, file and url has to say where Slurm is asked; there is {' and '.join(named) or 'none'}.")
        source = self.templated(self.get_option(named[0]), named[0])
        if named[0] == "command":
            text, place = self.run(source, self.get_option("timeout")), " ".join(source)
        elif named[0] == "file":
            text, place = self.read(source), source
        else:
            text, place = self._ask(source), source
        try:
            found = slurm_nodes.parse(text)
        except CoreError as error:
            raise AnsibleParserError(f"{self._path}: {place}: {error}") from None
        return {"asked_at": now(), "warnings": list(found.warnings), "nodes": [as_json(node) for node in found.nodes]}

    def populate(self, answer: t.Any) -> None:
        nodes = {host_name(node["name"]): node for node in answer["nodes"] if host_name(node["name"])}
        for name, host in self.joined(nodes).items():
            if host not in self.inventory.hosts and not self.get_option("new_hosts"):
                continue
            node = nodes[name]
            groups = [group_name("slurm", "partition", partition) for partition in node["partitions"]]
            groups += [group_name("slurm", "state", state) for state in node["states"]]
            groups += [group_name("slurm", "feature", feature) for feature in node["features"]]
            groups += [group_name("slurm", "gres", gres["type"] or gres["name"]) for gres in node["gres"]]
            groups += [group_name("slurm", "reason", node["reason"][:REASON])] if node["reason"] else []
            self.add(host, {self.get_option("variable"): node}, groups)
        if answer["warnings"]:
            self.display.warning(f"{self._path}: not all of Slurm's answer could be read at {answer['asked_at']}. {some(answer['warnings'])}")

    def _ask(self, url: str) -> str:
        """Return what slurmrestd answers about its nodes."""
        if not re.fullmatch(r"v\d+\.\d+\.\d+", self.get_option("api_version")):
            raise AnsibleParserError(f"{self._path}: api_version is {self.get_option('api_version')!r}; it has the form v0.0.41.")
        address = f"{url.rstrip('/')}/slurm/{self.get_option('api_version')}/nodes"
        login = {"X-SLURM-USER-NAME": "user", "X-SLURM-USER-TOKEN": "token"}
        headers = {header: str(self.templated(self.get_option(name), name)) for header, name in login.items() if self.get_option(name)}
        authorities = str(self.beside(self.get_option("ca_path"))) if self.get_option("ca_path") else None
        try:
            answer = open_url(
                address,
                headers=headers,
                timeout=self.get_option("timeout"),
                validate_certs=self.get_option("validate_certs"),
                ca_path=authorities,
                follow_redirects="none",
                use_proxy=False,
            )
            content = answer.read(MOST_BYTES + 1)
        except urllib.error.HTTPError as error:
            refused = " Is the token still valid?" if error.code == 401 else " Does it have this api_version?" if error.code == 404 else ""
            raise AnsibleParserError(f"{self._path}: {address}: HTTP status {error.code}.{refused}") from None
        except (OSError, ValueError, UrlsConnectionError, SSLValidationError) as error:
            raise AnsibleParserError(f"{self._path}: {address} can't be asked: {getattr(error, 'reason', None) or error}.") from None
        if len(content) > MOST_BYTES:
            raise AnsibleParserError(f"{self._path}: {address}: the answer is larger than {MOST_BYTES // 2**20} MiB.")
        return content.decode("utf-8", "replace")
