# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: fabric
short_description: Hosts from the fabric that they are cabled to
version_added: 0.1.0
author: The Railyard authors (@railyard)
description:
  - Makes hosts of what hangs on an InfiniBand fabric, from what C(ibnetdiscover) prints, or on an Ethernet fabric, from what C(lldpctl) prints on
    the hosts. The rails, leaves, scalable units and pods are worked out from the cables, with dead ports and cables in it or not.
  - The file's name has to end with C(fabric.railyard.yml) (or C(.yaml)).
  - A host of an earlier source (files of a folder are read by their names' order) is the same if it has the name that the fabric knows, with its
    domain or without.
  - Beside the groups of O(groups) and O(keyed_groups), hosts are in C(fabric_leaf_*), C(fabric_unit_*) (scalable units), C(fabric_pod_*),
    C(fabric_rail_0), C(fabric_rail_1), ..., and those whose links are not as they should be in C(fabric_faults).
extends_documentation_fragment:
  - railyard.cluster.inventory
  - constructed
  - inventory_cache
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [railyard.cluster.fabric]
  ibnetdiscover:
    description:
      - Where the output of C(ibnetdiscover) comes from. Rails that are planes of their own need a discovery each.
      - Either this or O(lldp).
    type: list
    elements: dict
    suboptions:
      command:
        description: A command that prints it, which runs on this machine.
        type: list
        elements: str
      file:
        description: A file that has it, relative to the inventory file.
        type: str
  lldp:
    description: Where the outputs of C(lldpctl -f json), of each host one, come from.
    type: list
    elements: dict
    suboptions:
      folder:
        description: A folder of files that are named by their hosts, as in C(node1.json).
        type: str
      file:
        description: A file, of one host (O(lldp[].host)) or with a JSON object that has the output of each host by its name.
        type: str
      command:
        description: A command that prints what such a file has. It runs on this machine.
        type: list
        elements: str
      host:
        description: The host that the output of the file or the command is from.
        type: str
  interfaces:
    description: A regular expression for the interfaces that are of the Ethernet fabric, to keep a management network out of it.
    type: str
    default: ""
  timeout:
    description: Seconds for a command.
    type: float
    default: 120
  variable:
    description: The host variable that holds what was found.
    type: str
    default: fabric
  new_hosts:
    description: Whether hosts that no earlier source has are added.
    type: bool
    default: true
notes:
  - "The host variable has C(unit) and C(pod) (null for a host that hangs on no leaf), C(leaves), C(ports) (each with C(rail), C(device), C(adapter),
    C(port), C(guid), C(lid), C(leaf), C(leaf_port), C(width), C(speed) and C(rate_gbits_per_s)) and C(faults), sentences about what is wrong with the
    host's links."
  - What is wrong with the fabric as a whole is told with C(-v), and is in a variable of all hosts, a sentence each. It is called like the host
    variable, with C(_defects) added.
"""

EXAMPLES = r"""
# inventories/site/fabric.railyard.yml: ask the fabric on a head node.
plugin: railyard.cluster.fabric
ibnetdiscover:
  - command: [ssh, head1, sudo, ibnetdiscover]

---
# Two planes, saved by a timer, and only hosts that the site's own files have.
plugin: railyard.cluster.fabric
ibnetdiscover:
  - file: /var/lib/site/plane0.ibnetdiscover
  - file: /var/lib/site/plane1.ibnetdiscover
new_hosts: false

---
# An Ethernet fabric. The folder lldp has the output of each host in a file of its name, which the site gathers.
plugin: railyard.cluster.fabric
lldp:
  - folder: lldp
interfaces: ^(rdma|ens)
keyed_groups:
  - key: fabric.ports | map(attribute='rate_gbits_per_s') | select | unique | list
    prefix: rate
"""

import json
import typing as t

from ansible.errors import AnsibleParserError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.build import build
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.defects import find_defects
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.read import read_fabric
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.views import host_views
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.wiring import Neighbour, from_neighbours
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse import lldp
from ansible_collections.railyard.cluster.plugins.plugin_utils._inventory import RailyardInventoryPlugin, group_name, host_name, now, some

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ansible_collections.railyard.cluster.plugins.module_utils.core.model.fabric import Defect, Fabric

DISCOVERY: dict[str, t.Any] = {
    "argument_spec": {"command": {"type": "list", "elements": "str"}, "file": {"type": "str"}},
    "mutually_exclusive": [["command", "file"]],
    "required_one_of": [["command", "file"]],
}
NEIGHBOURS: dict[str, t.Any] = {
    "argument_spec": {**DISCOVERY["argument_spec"], "folder": {"type": "str"}, "host": {"type": "str"}},
    "mutually_exclusive": [["command", "file", "folder"], ["folder", "host"]],
    "required_one_of": [["command", "file", "folder"]],
}


class InventoryModule(RailyardInventoryPlugin):
    NAME = "railyard.cluster.fabric"
    SUFFIX = "fabric.railyard"

    def fetch(self) -> dict[str, t.Any]:
        discoveries, neighbours = self.get_option("ibnetdiscover"), self.get_option("lldp")
        if bool(discoveries) == bool(neighbours):
            raise AnsibleParserError(f"{self._path}: either ibnetdiscover or lldp has to say where the fabric is known from.")
        try:
            fabric, warnings = self._infiniband(discoveries) if discoveries else self._ethernet(neighbours)
        except CoreError as error:
            raise AnsibleParserError(f"{self._path}: {error}") from None
        if not fabric.hosts:
            raise AnsibleParserError(
                f"{self._path}: no host hangs on this fabric, of {len(fabric.wiring.nodes)} devices and {len(fabric.wiring.cables)} cables."
            )
        defects = find_defects(fabric)
        return {
            "asked_at": now(),
            "warnings": list(warnings),
            "defects": [_sentence(defect) for defect in defects],
            "hosts": {name: {**view, "faults": _faults(fabric, name, defects)} for name, view in host_views(fabric).items()},
        }

    def populate(self, answer: t.Any) -> None:
        names = {host_name(name): view for name, view in answer["hosts"].items() if host_name(name)}
        for name, host in self.joined(names).items():
            if host not in self.inventory.hosts and not self.get_option("new_hosts"):
                continue
            view = names[name]
            groups = [group_name("fabric", "leaf", leaf) for leaf in view["leaves"]]
            groups += [group_name("fabric", kind, view[kind]) for kind in ("unit", "pod") if view[kind]]
            groups += [group_name("fabric", "rail", rail) for rail in sorted({port["rail"] for port in view["ports"] if port["rail"] is not None})]
            groups += ["fabric_faults"] if view["faults"] else []
            self.add(host, {self.get_option("variable"): view}, groups)
        defects = f"{self.get_option('variable')}_defects"
        self.inventory.set_variable("all", defects, [*self.inventory.groups["all"].get_vars().get(defects, []), *answer["defects"]])
        for defect in answer["defects"]:
            self.display.v(f"{self._path}: {defect}")
        if answer["warnings"]:
            self.display.warning(f"{self._path}: not all of the fabric could be read at {answer['asked_at']}. {some(answer['warnings'])}")

    def _infiniband(self, sources: list[dict[str, t.Any]]) -> tuple[Fabric, tuple[str, ...]]:
        return read_fabric([self._text(self._source(f"ibnetdiscover[{index}]", source, DISCOVERY)) for index, source in enumerate(sources)])

    def _ethernet(self, sources: list[dict[str, t.Any]]) -> tuple[Fabric, tuple[str, ...]]:
        rows: list[Neighbour] = []
        warnings: list[str] = []
        read = 0
        for index, source in enumerate(sources):
            for host, text in self._outputs(f"lldp[{index}]", self._source(f"lldp[{index}]", source, NEIGHBOURS)):
                try:
                    found = lldp.parse(text)
                except CoreError as error:
                    warnings.append(f"{host}: {error}")
                    continue
                read += 1
                warnings += [f"{host}: {warning}" for warning in found.warnings]
                for neighbour in found.neighbors:
                    switch, port = neighbour.chassis_name or neighbour.chassis_id, neighbour.port_id or neighbour.port_description
                    if switch and port:
                        rows.append(Neighbour(host, neighbour.interface, switch, port, None))
        if not read:
            raise CoreError(f"the neighbours of no host could be read. {some(warnings)}".strip())
        return build(from_neighbours(rows, interfaces=self.get_option("interfaces"))), tuple(warnings)

    def _source(self, where: str, source: Mapping[str, t.Any], spec: Mapping[str, t.Any]) -> dict[str, t.Any]:
        checked = ArgumentSpecValidator(**spec).validate({key: self.templated(value, f"{where}.{key}") for key, value in source.items()})
        if checked.error_messages:
            raise AnsibleParserError(f"{self._path}: {where}: {'; '.join(checked.error_messages)}.")
        return checked.validated_parameters

    def _text(self, source: Mapping[str, t.Any]) -> str:
        return self.run(source["command"], self.get_option("timeout")) if source["command"] else self.read(source["file"])

    def _outputs(self, where: str, source: Mapping[str, t.Any]) -> Iterator[tuple[str, str]]:
        """Yield hosts with what lldpctl printed on them."""
        if source["folder"]:
            folder = self.beside(source["folder"])
            try:
                paths = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
            except OSError as error:
                raise AnsibleParserError(f"{self._path}: {folder} can't be read: {error.strerror}.") from None
            if not paths:
                raise AnsibleParserError(f"{self._path}: {folder} has no file.")
            yield from ((path.stem if path.suffix in (".json", ".txt") else path.name, self.read(str(path))) for path in paths)
        elif source["host"]:
            yield source["host"], self._text(source)
        else:
            try:
                outputs = json.loads(self._text(source))
            except ValueError:
                outputs = None
            if not isinstance(outputs, dict) or not outputs or "lldp" in outputs:
                raise AnsibleParserError(f"{self._path}: {where} is no JSON object of hosts; for the output of one host, add its name as host.")
            yield from ((host, output if isinstance(output, str) else json.dumps(output)) for host, output in outputs.items())


def _faults(fabric: Fabric, host: str, defects: tuple[Defect, ...]) -> list[str]:
    """Return what is wrong with a host's links, a sentence each."""
    adapters = {link.adapter for link in fabric.hosts[host].links}
    return [_sentence(defect) for defect in defects if defect.host == host or adapters.intersection(node for node, _port in defect.places)]


def _sentence(defect: Defect) -> str:
    return f"{defect.subject}: {defect.message} {defect.hint}".strip()
