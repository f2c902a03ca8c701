# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to the collection: it may change at any time.
"""Every variable an inventory sets, with the place that sets it.

Reading them through the merged variables of each host would cost (hosts x variables) and lose the place, so this
goes to the sources: the inventory's groups and hosts, their group_vars and host_vars, and the extra vars. Ansible
has no public interface for that; what is private to it is used in this file alone.
"""

from __future__ import annotations

import os
import typing as t

from ansible.errors import AnsibleError
from ansible.vars.plugins import get_vars_from_inventory_sources, get_vars_from_path

from ansible_collections.railyard.cluster.plugins.module_utils.core.variables import SetVariable

try:
    from ansible._internal._datatag._tags import Origin
except ImportError:  # a later ansible-core may move it: then places are named by group and host
    Origin = None  # type: ignore[assignment,misc]

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ansible.inventory.group import Group
    from ansible.inventory.host import Host
    from ansible.parsing.dataloader import DataLoader


def inventory_variables(task_vars: Mapping[str, t.Any], loader: DataLoader) -> Iterator[SetVariable]:
    """Yield what the inventory's groups and hosts and the command line set."""
    try:
        inventory = task_vars["hostvars"]._inventory
        extra_vars = task_vars["hostvars"]._variable_manager.extra_vars
        sources = inventory._sources
    except (KeyError, AttributeError) as error:
        raise AnsibleError(f"This version of ansible-core hides the inventory from plugins ({error}): use one that Railyard supports.") from error

    yield from _placed(extra_vars, "extra vars")
    for group in inventory.groups.values():
        yield from _placed(_entity_variables(group, group.vars, loader, sources), f"group {group.name}")
    for host in inventory.hosts.values():
        yield from _placed(_entity_variables(host, host.vars, loader, sources), f"host {host.name}")


def _entity_variables(entity: Group | Host, own: Mapping[str, t.Any], loader: DataLoader, sources: list[str]) -> dict[str, t.Any]:
    variables = dict(own)
    for stage in ("inventory", "task"):
        variables.update(get_vars_from_inventory_sources(loader, sources, [entity], stage))
        variables.update(get_vars_from_path(loader, loader.get_basedir(), [entity], stage))
    return variables


def _placed(variables: Mapping[str, t.Any], fallback: str) -> Iterator[SetVariable]:
    for name in variables:
        yield SetVariable(str(name), _place(name) or fallback)


def _place(name: str) -> str:
    origin = Origin.get_tag(name) if Origin is not None else None
    if origin is None or not origin.path:
        return ""
    path = os.path.relpath(origin.path)
    path = origin.path if path.startswith("..") else path
    return f"{path}:{origin.line_num}" if origin.line_num else path
