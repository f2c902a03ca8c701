# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Inventory plugins with their real options and inventory data, without a process of Ansible's."""

from __future__ import annotations

import types
import typing as t
from collections.abc import Callable

import yaml
from ansible import constants
from ansible.inventory.data import InventoryData
from ansible.plugins.doc_fragments import constructed, inventory_cache

from ansible_collections.railyard.cluster.plugins.doc_fragments import inventory as shared


class Site(t.NamedTuple):
    """An inventory that a plugin has filled from a file."""

    inventory: InventoryData
    warnings: list[str]

    @property
    def hosts(self) -> list[str]:
        return list(self.inventory.hosts)

    def variables(self, host: str) -> dict[str, t.Any]:
        return self.inventory.hosts[host].get_vars()

    def group(self, name: str) -> list[str]:
        return [host.name for host in self.inventory.groups[name].get_hosts()] if name in self.inventory.groups else []

    @property
    def everybody(self) -> dict[str, t.Any]:
        return self.inventory.groups["all"].get_vars()


Parsed = Callable[..., Site]


def loaded(module: types.ModuleType) -> t.Any:
    """Return a plugin as Ansible's loader makes it: with the options of its documentation and the fragments."""
    documented = yaml.safe_load(module.DOCUMENTATION)["options"]
    for fragment in (shared, constructed, inventory_cache):
        for name, option in yaml.safe_load(fragment.ModuleDocFragment.DOCUMENTATION)["options"].items():
            documented[name] = {**option, **documented.get(name, {})}
    name = module.InventoryModule.NAME
    constants.config.initialize_plugin_configuration_definitions("inventory", name, documented)
    plugin = module.InventoryModule()
    plugin._load_name = plugin.ansible_name = name
    plugin._redirected_names = [name]
    return plugin


class VaultSecret:
    """A vault password that is simply there."""

    def __init__(self, password: bytes) -> None:
        self.bytes = password

    def load(self) -> None:
        pass
