# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The inventory from the metal: Redfish, the fabric and facts at once, of a lab that is whole and of one that is broken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import testinfra
from lab.cluster import INVENTORY, REPOSITORY

Found = tuple[int, dict[str, Any]]
HostOf = Callable[[str], testinfra.host.Host]
COMPUTE = ["node1", "node2", "node3", "node4"]
UNIT_OF = {"node1": "leaf1", "node2": "leaf1", "node3": "leaf2", "node4": "leaf2"}


def hosts(found: Found) -> dict[str, dict[str, Any]]:
    return {host["name"]: host for host in found[1]["hosts"]}


def faults(found: Found) -> dict[str, list[str]]:
    """What is wrong with each host that has something."""
    return {name: [f"{fault['subject']}: {fault['message']}" for fault in host["faults"]] for name, host in hosts(found).items() if host["faults"]}


def told(found: Found, source: str) -> list[str]:
    return [entry["message"] for entry in found[1]["source_faults"] if entry["source"] == source]


def test_a_whole_lab_has_nothing_to_tell(whole: Found) -> None:
    assert (whole[0], faults(whole), whole[1]["source_faults"]) == (0, {}, [])
    assert sorted(hosts(whole)) == ["ctl1", "ctl2", "login1", *COMPUTE]
    assert all(host["seen"] for host in hosts(whole).values())


def test_every_source_adds_what_it_knows(whole: Found) -> None:
    for name, unit in UNIT_OF.items():
        host = hosts(whole)[name]
        assert {"slurm_compute", "redfish_gpu_nvidia_h100_80gb_hbm3", f"fabric_unit_{unit}", "fabric_rail_0", "fabric_rail_1"} <= set(host["groups"])
        assert [(kind["product"], kind["count"]) for kind in host["gpus"]] == [("NVIDIA H100 80GB HBM3", 4)]
        assert (host["rails"]["count"], host["rails"]["active"], host["rails"]["rate_gbits_per_s"]) == (2, 2, 200)
    assert "redfish_vendor_railyard" in hosts(whole)["ctl1"]["groups"]
    assert not [group for group in hosts(whole)["ctl1"]["groups"] if group.startswith("fabric_")]


def test_what_bmc_and_fabric_say_of_a_node_is_what_the_node_says(whole: Found, host_of: HostOf) -> None:
    variables = inventory_variables("node3")
    node = host_of("node3")
    sys_class = "/var/lib/railyard-lab/hardware/sys/class"
    assert variables["redfish"]["serial"] == node.file(f"{sys_class}/dmi/id/product_serial").content_string.strip()
    assert variables["redfish"]["power_state"] == "On"
    assert node.file("/sys/class/net/mgmt0/address").content_string.strip() in {nic["mac"] for nic in variables["redfish"]["nics"]}
    guids = {node.file(f"{sys_class}/infiniband/{device}/node_guid").content_string.strip().replace(":", "") for device in ("mlx5_0", "mlx5_1")}
    assert {port["adapter"].removeprefix("0x") for port in variables["fabric"]["ports"]} == guids


def inventory_variables(host: str) -> dict[str, Any]:
    command = [Path(sys.executable).with_name("ansible-inventory"), "-i", REPOSITORY / "inventories" / "lab_discovered", "--host", host]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg")}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_facts_cost_one_remote_operation_per_node(whole: Found) -> None:
    command = [sys.executable, "tests/benchmark/remote_operations.py", "--playbook", "playbooks/discover.yml", "--only", "no_change", "--max-operations", "1"]
    done = subprocess.run([*command, "--inventory", INVENTORY, "--json"], cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    nodes = json.loads(done.stdout)["no_change"]["nodes"]
    assert {name: counts["operations"] for name, counts in nodes.items()} == dict.fromkeys(["ctl1", "ctl2", "login1", *COMPUTE], 1)


def test_a_lost_gpu_is_named(broken: Found) -> None:
    assert broken[0] == 1
    assert hosts(broken)["node2"]["gpus"][0]["lost"] == 1
    (lost,) = faults(broken)["node2"]
    assert lost.startswith("GPU 0000:3b:00.0: "), lost


def test_a_failed_link_is_named_by_its_host_and_by_the_fabric(broken: Found) -> None:
    assert hosts(broken)["node4"]["rails"] == {"count": 2, "active": 1, "rate_gbits_per_s": 200, "link_layer": "infiniband"}
    (down,) = faults(broken)["node4"]
    assert down.startswith("mlx5_1 port 1: "), down
    assert len([sentence for sentence in told(broken, "fabric") if sentence.startswith("node4 rail 1: ") and "leaf2-rail1" in sentence]) == 1
    assert "fabric_faults" in hosts(broken)["node4"]["groups"]


def test_a_failed_cable_between_switches_is_named(broken: Found) -> None:
    assert len([sentence for sentence in told(broken, "fabric") if "no cable from leaf1-rail0 to spine2" in sentence]) == 1


def test_a_dead_bmc_is_named_and_costs_nobody_else(broken: Found, host_of: HostOf) -> None:
    (dead,) = told(broken, "redfish")
    number = next(line.split(".")[-1] for line in host_of("node3").check_output("hostname -I").split() if line.startswith("10.213."))
    assert dead.partition(":")[0].endswith(f".{number}"), dead
    assert "redfish_vendor_railyard" not in hosts(broken)["node3"]["groups"]
    assert hosts(broken)["node3"]["seen"]
    assert all("redfish_vendor_railyard" in host["groups"] for name, host in hosts(broken).items() if name != "node3")


def test_nothing_else_is_named(broken: Found) -> None:
    assert sorted(faults(broken)) == ["node2", "node4"]
    assert len(broken[1]["source_faults"]) == 3
