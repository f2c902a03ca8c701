# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Several sources make one inventory, as Ansible itself reads a folder: ours, files of the site, and NetBox's.

NetBox is a server here that answers from recordings of its API, or from devices of our own where they are absent.
"""

from __future__ import annotations

import http.server
import importlib.util
import json
import os
import pathlib
import ssl
import subprocess
import sys
import threading
import typing as t
from collections.abc import Callable, Iterator

import pytest
import recordings
from fake_redfish.certificates import Authority
from fake_redfish.machines import machine
from fake_redfish.server import Service, running

REPOSITORY = pathlib.Path(__file__).resolve().parents[4]

# The collection comes with the package ansible, not with ansible-core.
needs_netbox = pytest.mark.skipif(importlib.util.find_spec("ansible_collections.netbox") is None, reason="the collection netbox.netbox is not installed")


class Inventory:
    """What ansible-inventory --list prints."""

    def __init__(self, document: dict[str, t.Any]) -> None:
        self._document = plain(document)

    @property
    def hosts(self) -> set[str]:
        return set(self._document["_meta"]["hostvars"])

    def variables(self, host: str) -> dict[str, t.Any]:
        found: dict[str, t.Any] = self._document["_meta"]["hostvars"][host]
        return found

    def group(self, name: str) -> list[str]:
        return sorted(self._document.get(name, {}).get("hosts", []))


def plain(value: t.Any) -> t.Any:
    """Return JSON without the marks that Ansible puts on strings that are not to be evaluated."""
    if isinstance(value, dict):
        return plain(value["__ansible_unsafe"]) if set(value) == {"__ansible_unsafe"} else {key: plain(entry) for key, entry in value.items()}
    return [plain(entry) for entry in value] if isinstance(value, list) else value


Listed = Callable[..., "Inventory | str"]


@pytest.fixture
def listed(tmp_path: pathlib.Path) -> Listed:
    """Return a function that lists the inventory in the folder ``site``, or returns the error that there is none."""

    def run(*arguments: str) -> Inventory | str:
        command = [str(pathlib.Path(sys.executable).with_name("ansible-inventory")), "-i", str(tmp_path / "site"), "--list", *arguments]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        environment |= {"HOME": str(tmp_path), "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", "COLUMNS": "1000"}
        done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
        return Inventory(json.loads(done.stdout)) if done.returncode == 0 else " ".join(done.stderr.split())

    (tmp_path / "site").mkdir()
    return run


@pytest.fixture
def machines(tmp_path: pathlib.Path) -> Iterator[tuple[pathlib.Path, list[str]]]:
    """Three BMCs: the authority's certificate, and where they listen. The second has the serial number of a recorded device of NetBox."""
    authority = Authority(tmp_path)
    served: ssl.SSLContext = authority.server_context(["127.0.0.1"])
    services = [Service(machine("generic", 1)), Service(machine("generic", 2)), Service(machine("ilo", 3))]
    services[1].resources["/redfish/v1/Systems/1"]["SerialNumber"] = "5555555555"  # type: ignore[index]
    with running(services, served) as places:
        yield authority.ca_path, places


def write(folder: pathlib.Path, name: str, content: object) -> None:
    path = folder / "site" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def redfish(machines: tuple[pathlib.Path, list[str]], **options: object) -> dict[str, object]:
    login = {"username": "admin", "password": "{{ secret_redfish_password }}", "ca_path": str(machines[0])}
    return {"plugin": "railyard.cluster.redfish", "bmcs": [{"addresses": machines[1], **login}], **options}


def neighbours(*leaves: str) -> dict[str, object]:
    seen = [{f"rdma{n}": {"via": "LLDP", "chassis": {leaf: {}}, "port": {"id": {"type": "ifname", "value": "p1"}}}} for n, leaf in enumerate(leaves)]
    return {"lldp": {"interface": seen}}


def test_sources_join_by_name(machines: tuple[pathlib.Path, list[str]], listed: Listed, tmp_path: pathlib.Path) -> None:
    """A static file says what hosts are for, their BMCs what they are, LLDP where they are cabled to, Slurm what it thinks of them."""
    write(tmp_path, "group_vars/all/secrets.yml", {"secret_redfish_password": "secret"})
    write(
        tmp_path, "10_hosts.yml", {"slurm_compute": {"hosts": {"node1": {}, "node2": {}, "node3": {}, "spare": {}}, "vars": {"railyard_hardware_class": "x"}}}
    )
    write(tmp_path, "20.redfish.railyard.yml", redfish(machines, hostnames=["hostname"]))
    write(tmp_path, "30.fabric.railyard.yml", {"plugin": "railyard.cluster.fabric", "lldp": [{"file": str(tmp_path / "lldp.json")}]})
    (tmp_path / "lldp.json").write_text(json.dumps({f"node{n}": neighbours("leaf-a", "leaf-b") for n in range(1, 5)}))
    slurm = "".join(f"NodeName=node{n} State=IDLE Partitions=batch Gres=gpu:x:8\\n" for n in range(1, 3))
    write(tmp_path, "40.slurm.railyard.yml", {"plugin": "railyard.cluster.slurm", "command": ["printf", slurm]})
    found = listed()
    assert isinstance(found, Inventory), found
    # node3's BMC says node3.example.org; node4 is in the fabric alone.
    assert found.hosts == {"node1", "node2", "node3", "node4", "spare"}
    node = found.variables("node1")
    assert (node["railyard_hardware_class"], node["redfish"]["serial"], node["fabric"]["leaves"], node["slurm"]["states"]) == (
        "x",
        "SN00001",
        ["leaf-a", "leaf-b"],
        ["idle"],
    )
    assert found.variables("node3")["redfish"]["vendor"] == "hpe"
    assert "redfish" not in found.variables("spare")
    assert (found.group("slurm_compute"), found.group("redfish_vendor_supermicro")) == (["node1", "node2", "node3", "spare"], ["node1", "node2"])
    assert (found.group("fabric_leaf_leaf_a"), found.group("slurm_partition_batch")) == (["node1", "node2", "node3", "node4"], ["node1", "node2"])


def test_a_source_that_is_gone(tmp_path: pathlib.Path, listed: Listed) -> None:
    """What was found is used until it is too old; a source that has to be asked and is not there is an error, and no empty inventory."""
    authority = Authority(tmp_path)
    write(tmp_path, "group_vars/all/secrets.yml", {"secret_redfish_password": "secret"})
    write(tmp_path, "hosts.yml", {"all": {"hosts": {"node9": {}}}})
    with running([Service(machine("dell", 1))], authority.server_context(["127.0.0.1"])) as places:
        write(tmp_path, "redfish.railyard.yml", redfish((authority.ca_path, places)))
        fresh = listed()
    assert isinstance(fresh, Inventory), fresh
    cached = listed()
    assert isinstance(cached, Inventory), cached
    assert cached.hosts == {"node9", "TAG0001"}
    assert cached.variables("TAG0001") == fresh.variables("TAG0001")
    assert [path.name.startswith("ansible_inventory_") for path in (tmp_path / ".cache/railyard/inventory").iterdir()] == [True]

    error = listed("--flush-cache")
    assert isinstance(error, str)
    assert f"no BMC of {places[0]} could be read. {places[0]}: No connection: Connection refused." in error
    assert "secret" not in error.replace("secret_redfish_password", "")


def named_in(devices: t.Iterable[dict[str, t.Any]], *path: str) -> list[dict[str, t.Any]]:
    """Return the objects that devices name under the path, each once: what NetBox lists of them."""
    found: dict[int, dict[str, t.Any]] = {}
    for entry in devices:
        value: t.Any = entry
        for name in path:
            value = (value or {}).get(name)
        if value:
            found[value["id"]] = {"prefix_count": 0, **value}
    return list(found.values())


class NetBox(http.server.BaseHTTPRequestHandler):
    """Answers as NetBox's API does: devices, what they name, and nothing of everything else."""

    devices: t.ClassVar[list[dict[str, t.Any]]] = []

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        parameters = {"get": {"parameters": [{"name": "status"}, {"name": "role"}]}}
        answers = {
            "/api/status/": {"netbox-version": "4.2.0"},
            "/api/schema/": {"info": {"version": "4.2.0"}, "paths": {"/api/dcim/devices/": parameters, "/api/virtualization/virtual-machines/": parameters}},
            "/api/dcim/devices/": {"results": self.devices, "next": None},
        }
        lists = {"sites": ["site"], "racks": ["rack"], "platforms": ["platform"], "device-roles": ["role"], "device-types": ["device_type"]}
        for name, place in {**lists, "manufacturers": ["device_type", "manufacturer"]}.items():
            answers[f"/api/dcim/{name}/"] = {"results": named_in(self.devices, *place), "next": None}
        body = json.dumps(answers.get(path, {"results": [], "next": None})).encode()
        self.send_response(200 if self.headers.get("Authorization") == "Token hush-hush" else 403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


def device(number: int, name: str, serial: str) -> dict[str, t.Any]:
    """Return a device as NetBox 4 has it, with what the inventory plugin reads."""
    empty = dict.fromkeys(("tenant", "platform", "cluster", "location", "rack", "primary_ip", "primary_ip4", "primary_ip6", "virtual_chassis", "parent_device"))
    role, kind = {"id": 1, "name": "GPU node", "slug": "gpu-node"}, {"id": 1, "model": "G", "slug": "g", "manufacturer": {"id": 1, "slug": "m"}}
    filled = {"role": role, "device_type": kind, "site": {"id": 1, "slug": "s"}, "status": {"value": "active", "label": "Active"}, "tags": []}
    return {"id": number, "name": name, "display": name, "serial": serial, "asset_tag": None, "custom_fields": {}, **empty, **filled}


@pytest.fixture
def netbox() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), NetBox)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def netbox_file(address: str) -> dict[str, object]:
    return {"plugin": "netbox.netbox.nb_inventory", "api_endpoint": address, "token": "hush-hush", "validate_certs": True, "config_context": False}


@needs_netbox
def test_netbox_names_the_machines(netbox: str, machines: tuple[pathlib.Path, list[str]], listed: Listed, tmp_path: pathlib.Path) -> None:
    """Machines are NetBox's devices by their serial numbers; what either does not know of shows."""
    NetBox.devices = [device(1, "r1-gpu01", "SN00001"), device(2, "r1-gpu02", "5555555555"), device(3, "r1-gpu09", "SN00009")]
    write(tmp_path, "group_vars/all/secrets.yml", {"secret_redfish_password": "secret"})
    write(tmp_path, "10.netbox.yml", netbox_file(netbox))
    groups = {"not_in_netbox": "device_types is not defined"}
    write(tmp_path, "20.redfish.railyard.yml", redfish(machines, serial_variable="serial", groups=groups))
    found = listed()
    assert isinstance(found, Inventory), found
    assert found.hosts == {"r1-gpu01", "r1-gpu02", "r1-gpu09", "SN00003"}
    assert (found.variables("r1-gpu01")["serial"], found.variables("r1-gpu01")["redfish"]["serial"]) == ("SN00001", "SN00001")
    assert (found.group("not_in_netbox"), found.group("redfish_vendor_supermicro")) == (["SN00003"], ["r1-gpu01", "r1-gpu02"])
    assert "redfish" not in found.variables("r1-gpu09")


@needs_netbox
def test_recorded_devices_of_netbox(netbox: str, machines: tuple[pathlib.Path, list[str]], listed: Listed, tmp_path: pathlib.Path) -> None:
    recorded = json.loads(recordings.text("netbox/pynetbox.devices.json"))["results"]
    # They are older than tags in devices.
    NetBox.devices = [{"tags": [], **entry} for entry in recorded]
    write(tmp_path, "group_vars/all/secrets.yml", {"secret_redfish_password": "secret"})
    write(tmp_path, "10.netbox.yml", netbox_file(netbox))
    write(tmp_path, "20.redfish.railyard.yml", redfish(machines, serial_variable="serial"))
    found = listed()
    assert isinstance(found, Inventory), found
    assert len(found.hosts) == 11 + 2
    assert found.variables("test1-edge1")["redfish"]["serial"] == "5555555555"
    assert found.group("redfish_vendor_supermicro") == ["SN00001", "test1-edge1"]
