# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: redfish
short_description: Hosts from their BMCs
version_added: 0.1.0
author: The Railyard authors (@railyard)
description:
  - Asks BMCs over Redfish what machines they manage, many at once, and makes each machine a host.
  - The file's name has to end with C(redfish.railyard.yml) (or C(.yaml)), as in C(row1.redfish.railyard.yml).
  - A BMC that is slow, broken or hostile costs neither the others nor the run. Each is given a bounded time, number of requests and size of
    answers, no link or redirect to another host is followed, and its certificate is checked. One that could not be read is named, with the
    reason, in a warning and in the variable C(redfish_failed) of all hosts.
  - Only what is needed is asked for, which is 10 to 60 requests, depending on the service. Nothing is changed on a BMC.
  - Beside the groups of O(groups) and O(keyed_groups), hosts are in C(redfish_vendor_*) (maker), C(redfish_model_*) and C(redfish_gpu_*) (one for
    each model of GPU).
requirements:
  - aiohttp
  - netaddr
extends_documentation_fragment:
  - railyard.cluster.inventory
  - constructed
  - inventory_cache
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [railyard.cluster.redfish]
  bmcs:
    description:
      - BMCs, in ranges that share a user name and a password.
      - An address that is in several of them belongs to the first.
    type: list
    elements: dict
    required: true
    suboptions:
      addresses:
        description:
          - Networks (V(10.0.1.0/24)), ranges (V(10.0.2.10-10.0.2.40), V(10.0.2.10-40)), addresses, and names (V(bmc[001-128].example.org)).
          - An address or a name may have a port (V(bmc1:8443)).
          - Addresses of networks and ranges where nothing listens are counted, and not reported one by one.
        type: list
        elements: str
        required: true
      username:
        description: User name. A user who may only read is enough. May be a template.
        type: str
        required: true
      password:
        description:
          - Password. It is to come from Ansible Vault, as a template of a variable in an encrypted C(group_vars/all) beside the file, of a lookup,
            or as a C(!vault) string.
        type: str
        required: true
      auth:
        description:
          - V(basic) sends user name and password with each request.
          - V(session) begins a session and ends it, which costs two requests more; for services that do not take V(basic), or are slow to check it.
        type: str
        choices: [basic, session]
        default: basic
      port:
        description: TCP port. The default is that of O(bmcs[].scheme).
        type: int
      scheme:
        description: V(http) sends the password in clear text.
        type: str
        choices: [https, http]
        default: https
      validate_certs:
        description: Whether certificates are checked. Without it, anybody on the network can pose as a BMC and be told the password.
        type: bool
        default: true
      ca_path:
        description:
          - The authorities that certificates are checked against, a PEM file or a folder of them, relative to the inventory file.
          - The default is the system's.
        type: str
      required:
        description: Whether it is an error if none of the range's BMCs can be read.
        type: bool
        default: true
  hostnames:
    description:
      - How hosts are named, by the first of these that a machine has a value for. Either a template, with the machine's fields as variables, or
        one of V(service_tag) (Dell's), V(serial), V(uuid), V(hostname), V(sku), V(asset_tag), V(name), V(bmc).
      - V(hostname) is what the operating system told the BMC. Not every system does that, and not at every time, so hosts can change their names.
      - Several machines of the same name (the nodes of a blade share a serial number) have their system's id added.
    type: list
    elements: str
    default: [service_tag, serial, uuid]
  serial_variable:
    description:
      - The host variable in which earlier sources have serial numbers or service tags, such as V(serial) of C(netbox.netbox.nb_inventory).
      - A machine whose serial number or service tag a host has there is that host, whatever O(hostnames) would call it.
      - The files of a folder are read in the order of their names.
    type: str
  variable:
    description:
      - The host variable that holds what was found. The variable of all hosts with the BMCs that failed has the same name and C(_failed).
    type: str
    default: redfish
  parallel:
    description: How many BMCs are asked at a time. Each takes about a megabyte of memory meanwhile.
    type: int
    default: 150
  connect_timeout:
    description: Seconds for a connection.
    type: float
    default: 5
  timeout:
    description: Seconds for an answer. The first one of a BMC, its service root, has to come within 10 seconds.
    type: float
    default: 30
  deadline:
    description: Seconds for all of a BMC.
    type: float
    default: 180
notes:
  - "The host variable has the fields of a system as C(railyard parse redfish) gives them: C(manufacturer), C(model), C(serial), C(service_tag), C(sku),
    C(uuid), C(asset_tag), C(hostname), C(bios_version), C(power_state), C(health), C(health_rollup), C(memory_gib), C(cpus), C(gpus), C(nics) (each
    with C(mac)); and C(bmc) (its address), C(manager), C(vendor), C(gpu_count), C(gpu_models), C(cpu_count), C(cpu_models), C(faults), C(warnings)
    and C(complete), which is false where not all could be read."
  - The GPUs of an HGX baseboard are given to the host beside it.
  - What a BMC says is not evaluated as a template.
"""

EXAMPLES = r"""
# inventories/site/redfish.railyard.yml: one network of BMCs. The password is in inventories/site/group_vars/all/secrets.yml, which is
# encrypted with ansible-vault.
plugin: railyard.cluster.redfish
bmcs:
  - addresses: [10.0.1.0/24]
    username: railyard
    password: "{{ secret_redfish_password }}"
    ca_path: bmc-authority.pem

---
# Two makers with different passwords; hosts named by rack position, from a variable that maps serial numbers to names.
plugin: railyard.cluster.redfish
bmcs:
  - addresses: ["10.0.1.10-10.0.1.41", "10.0.1.50-57"]
    username: root
    password: "{{ secret_idrac_password }}"
  - addresses: ["bmc[001-032].mgmt.example.org"]
    username: admin
    password: "{{ lookup('ansible.builtin.env', 'BMC_PASSWORD') }}"
    auth: session
    required: false
hostnames:
  - "{{ rack_positions[serial] }}"
  - service_tag
  - serial

---
# Names from NetBox: inventories/site/10.netbox.yml has "plugin: netbox.netbox.nb_inventory", this is inventories/site/20.redfish.railyard.yml. A
# machine that NetBox knows by its serial number has NetBox's name and variables; one that it does not know is a host all the same, and in a group.
plugin: railyard.cluster.redfish
bmcs:
  - addresses: [10.0.1.0/24]
    username: railyard
    password: "{{ secret_redfish_password }}"
serial_variable: serial
groups:
  not_in_netbox: device_types is not defined
  powered_off: redfish.power_state != 'On'
  not_healthy: redfish.health_rollup not in ['OK', none]
keyed_groups:
  - key: redfish.bios_version
    prefix: bios
compose:
  boot_mac: redfish.nics | selectattr('mac') | map(attribute='mac') | first
"""

import ssl
import typing as t

from ansible.errors import AnsibleParserError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.plugin_utils import _addresses, _redfish
from ansible_collections.railyard.cluster.plugins.plugin_utils._addresses import MOST_ADDRESSES, addresses
from ansible_collections.railyard.cluster.plugins.plugin_utils._inventory import RailyardInventoryPlugin, group_name, host_name, now, some
from ansible_collections.railyard.cluster.plugins.plugin_utils._redfish import Bmc, Limits, Visit, sweep

if t.TYPE_CHECKING:
    from collections.abc import Mapping

NAMES = ("service_tag", "serial", "uuid", "hostname", "sku", "asset_tag", "name", "bmc")
RANGE: dict[str, t.Any] = {
    "addresses": {"type": "list", "elements": "str", "required": True},
    "username": {"type": "str", "required": True},
    "password": {"type": "str", "required": True, "no_log": True},
    "auth": {"type": "str", "choices": ["basic", "session"], "default": "basic"},
    "port": {"type": "int"},
    "scheme": {"type": "str", "choices": ["https", "http"], "default": "https"},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "str"},
    "required": {"type": "bool", "default": True},
}


class Range(t.NamedTuple):
    """BMCs that share a login."""

    name: str
    required: bool
    bmcs: list[Bmc]


class InventoryModule(RailyardInventoryPlugin):
    NAME = "railyard.cluster.redfish"
    SUFFIX = "redfish.railyard"

    _serials: dict[str, str] | None = None

    def fetch(self) -> dict[str, t.Any]:
        missing = " ".join((*_redfish.MISSING, *_addresses.MISSING))
        if missing:
            raise AnsibleParserError(f"{self._path}: {self.NAME} needs more Python packages where Ansible runs: pip install {missing}")
        ranges = [self._range(f"bmcs[{index}]", values) for index, values in enumerate(self.get_option("bmcs"))]
        bmcs: dict[tuple[str, int], Bmc] = {}
        for bmc in (bmc for range_ in ranges for bmc in range_.bmcs):
            bmcs.setdefault((bmc.host, bmc.port), bmc)
        if len(bmcs) > MOST_ADDRESSES:
            raise AnsibleParserError(f"{self._path}: these are {len(bmcs)} addresses; at most {MOST_ADDRESSES} are asked.")
        limits = Limits(**{name: self.get_option(name) for name in ("parallel", "connect_timeout", "timeout", "deadline")})
        visits = dict(zip(bmcs, sweep(bmcs.values(), limits, self._tell), strict=True))
        for range_ in ranges:
            self._refuse_silence(range_, [visits[bmc.host, bmc.port] for bmc in range_.bmcs])
        if not any(visit.machines for visit in visits.values()):
            self._refuse_silence(Range("all ranges", True, []), list(visits.values()))
        return {
            "asked_at": now(),
            "failed": [{"bmc": place(visit), "reason": visit.error} for visit in visits.values() if visit.error and not visit.silent],
            "machines": [{"bmc": place(visit), "warnings": visit.warnings, **machine} for visit in visits.values() for machine in visit.machines],
        }

    def populate(self, answer: t.Any) -> None:
        variable = self.get_option("variable")
        named = self._named(answer["machines"])
        hosts = self.joined(name for name, _machine in named)
        for name, machine in named:
            groups = [group_name("redfish", "vendor", machine["vendor"] or "unknown")]
            groups += [group_name("redfish", "model", machine["model"])] if machine["model"] else []
            groups += [group_name("redfish", "gpu", model) for model in machine["gpu_models"]]
            self.add(self._by_serial(machine) or hosts[name], {variable: machine}, groups)
        failed = self.inventory.groups["all"].get_vars().get(f"{variable}_failed", []) + answer["failed"]
        self.inventory.set_variable("all", f"{variable}_failed", failed)
        self._warn(answer)

    def _by_serial(self, machine: Mapping[str, t.Any]) -> str:
        """Return the host of an earlier source that has the machine's serial number, or an empty text."""
        variable = self.get_option("serial_variable")
        if variable and self._serials is None:
            numbers = ((str(host.get_vars().get(variable) or "").strip(), name) for name, host in self.inventory.hosts.items())
            self._serials = {number: name for number, name in numbers if number}
        return next((self._serials[number] for number in (machine["serial"], machine["service_tag"]) if number in self._serials), "") if self._serials else ""

    def _range(self, where: str, values: Mapping[str, t.Any]) -> Range:
        filled = {key: self.templated(value, f"{where}.{key}") for key, value in values.items()}
        checked = ArgumentSpecValidator(RANGE).validate(filled)
        if checked.error_messages:
            raise AnsibleParserError(f"{self._path}: {where}: {'; '.join(checked.error_messages)}.")
        found = checked.validated_parameters
        tls = self._tls(where, found)
        port = found["port"] or (443 if tls else 80)
        login = {"username": found["username"], "password": found["password"], "auth": found["auth"], "tls": tls}
        try:
            places = [place for text in found["addresses"] for place in addresses(text, port)]
        except CoreError as error:
            raise AnsibleParserError(f"{self._path}: {where}.addresses: {error}") from None
        bmcs = [Bmc(place.host, place.port, perhaps=place.perhaps, **login) for place in places]
        return Range(", ".join(found["addresses"]), found["required"], bmcs)

    def _tls(self, where: str, found: Mapping[str, t.Any]) -> ssl.SSLContext | None:
        if found["scheme"] == "http":
            return None
        try:
            authorities = self.beside(found["ca_path"]) if found["ca_path"] else None
            folder = authorities is not None and authorities.is_dir()
            context = ssl.create_default_context(cafile=None if folder else authorities, capath=authorities if folder else None)
        except (OSError, ssl.SSLError) as error:
            raise AnsibleParserError(f"{self._path}: {where}.ca_path: {authorities} can't be read as certificates: {error.strerror or error}.") from None
        if not found["validate_certs"]:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def _tell(self, visit: Visit) -> None:
        found = visit.error or ", ".join(str(machine["serial"] or machine["id"]) for machine in visit.machines)
        self.display.vv(f"{place(visit)}: {found} ({visit.requests} requests, {visit.seconds:.1f} s)")

    def _refuse_silence(self, range_: Range, visits: list[Visit]) -> None:
        """Raise an error if a range must have a BMC that can be read, and has none."""
        if not range_.required or any(visit.machines for visit in visits):
            return
        reasons = some([f"{place(visit)}: {visit.error}" for visit in sorted(visits, key=lambda visit: visit.silent)])
        raise AnsibleParserError(f"{self._path}: no BMC of {range_.name} could be read. {reasons}")

    def _named(self, machines: list[dict[str, t.Any]]) -> list[tuple[str, dict[str, t.Any]]]:
        """Return machines with their names. Those that would have the same are told apart by the system's id, or left out if they are the same."""
        names: dict[str, list[dict[str, t.Any]]] = {}
        for machine in machines:
            names.setdefault(self._name(machine), []).append(machine)
        found = []
        for name, same in names.items():
            apart = {(host_name(f"{name}-{machine['id']}") if len(same) > 1 else name): machine for machine in reversed(same)}
            if len(apart) < len(same):
                twins = ", ".join(machine["bmc"] for machine in same)
                self.display.warning(f"{self._path}: the BMCs {twins} tell of the same machine, {name}: it is one host.")
                apart = {name: same[0]} if len(apart) == 1 else apart
            found += list(reversed(apart.items()))
        return found

    def _name(self, machine: dict[str, t.Any]) -> str:
        for wanted in self.get_option("hostnames"):
            if self.templar.is_template(wanted):
                try:
                    value = self.templated(wanted, "hostnames", {**machine, self.get_option("variable"): machine})
                except AnsibleParserError:
                    if self.get_option("strict"):
                        raise
                    continue
            elif wanted in NAMES:
                value = machine[wanted]
            else:
                raise AnsibleParserError(f"{self._path}: hostnames has {wanted!r}: use a template, or one of {', '.join(NAMES)}.")
            name = host_name(value)
            if name:
                return name
        return host_name(machine["bmc"])

    def _warn(self, answer: Mapping[str, t.Any]) -> None:
        failed = [f"{failure['bmc']}: {failure['reason']}" for failure in answer["failed"]]
        if failed:
            advice = f"The variable {self.get_option('variable')}_failed has them all."
            self.display.warning(f"{self._path}: {len(failed)} BMCs could not be read at {answer['asked_at']}. {some(failed)} {advice}")
        partial = [f"{machine['bmc']}: {warning}" for machine in answer["machines"] for warning in machine["warnings"]]
        if partial:
            self.display.warning(f"{self._path}: not all could be read of some BMCs. {some(partial)}")


def place(visit: Visit) -> str:
    """Return a BMC's address, with its port if that is not the usual one."""
    usual = 443 if visit.bmc.tls else 80
    return visit.bmc.host if visit.bmc.port == usual else visit.bmc.origin.partition("//")[2]
