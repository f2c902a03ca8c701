# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: firewall_rules
author: The Railyard authors
short_description: Packet filter rules for what a node's groups let in
version_added: 0.1.0
description:
  - Takes the names of a host's groups and returns the rules of the services that these groups offer, IPv4 and IPv6 apart, networks merged.
  - All services are checked, also those of other groups. Raises an error that names the place for anything that can't be meant.
options:
  _input:
    description: Names of groups.
    type: list
    elements: str
    required: true
  services:
    description: Services by group, each with C(name), C(proto) (tcp, udp or all), C(ports) and C(from).
    type: dict
    required: true
  networks:
    description: Lists of networks by name. The name C(any) stands for everywhere.
    type: dict
    default: {}
positional: services, networks
"""

EXAMPLES = r"""
- name: Show what is let in
  ansible.builtin.debug:
    msg: "{{ group_names | railyard.cluster.firewall_rules(firewall_services, firewall_networks) | map(attribute='nft') }}"
"""

RETURN = r"""
_value:
  description: Rules with C(name), C(proto), C(ports), C(family), C(sources), and C(nft), the rule in nftables' language.
  type: list
  elements: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.railyard.cluster.plugins.module_utils.core import firewall
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError


def firewall_rules(groups: t.Any, services: t.Any, networks: t.Any = None) -> list[dict[str, t.Any]]:
    try:
        return firewall.as_dicts(firewall.rules(groups, services, networks or {}))
    except CoreError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Filters of the firewall role."""

    def filters(self) -> dict[str, t.Any]:
        return {"firewall_rules": firewall_rules}
