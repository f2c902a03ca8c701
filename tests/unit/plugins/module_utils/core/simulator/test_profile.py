# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Profiles: identities follow from the node's name, faults are listed, applied when asked, and healed."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.hardware_class import hardware_class
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.profile import FAULTS, apply_fault, effective, heal, kernel_log, make_profile

CLASS = hardware_class("h100_sxm_8")


def profile(node: str = "node1") -> dict[str, Any]:
    return make_profile(CLASS, node, "h100_sxm_8")


def test_node_has_the_same_hardware_every_time() -> None:
    assert profile() == profile()
    assert json.loads(json.dumps(profile())) == profile()


def test_no_two_gpus_of_a_cluster_share_an_identity() -> None:
    gpus = [gpu for number in range(200) for gpu in profile(f"node{number}")["gpus"]]
    for key in ("uuid", "serial", "pdi"):
        assert len({gpu[key] for gpu in gpus}) == 1600
    assert {len(gpu["serial"]) for gpu in gpus} == {13}


def test_gpus_and_adapters_are_spread_over_the_sockets() -> None:
    assert [gpu["numa"] for gpu in profile()["gpus"]] == [nic["numa"] for nic in profile()["nics"]] == [0, 0, 0, 0, 1, 1, 1, 1]
    assert len({gpu["pci"] for gpu in profile()["gpus"]}) == 8


def test_machine_without_gpus_has_none() -> None:
    own = {"cpu": {"sockets": 1, "cores_per_socket": 8, "threads_per_core": 2}, "memory_mib": 65536}
    assert make_profile(hardware_class("plain", {"plain": own}), "ctl1", "plain")["gpus"] == []


@pytest.mark.parametrize("kind", FAULTS)
def test_every_fault_changes_what_tools_see_and_heals(kind: str) -> None:
    healthy = profile()
    before = copy.deepcopy(healthy)
    faulty = apply_fault(healthy, kind, 2)
    assert healthy == before
    seen = [{**effective(each), "faults": kernel_log(each)} for each in (healthy, faulty)]
    assert seen[0] != seen[1]
    assert heal(faulty) == heal(faulty, kind) == healthy


def test_same_fault_again_replaces_the_first() -> None:
    twice = apply_fault(apply_fault(profile(), "pcie_width", 1, width=8), "pcie_width", 1, width=4)
    assert twice["faults"] == [{"kind": "pcie_width", "gpu": 1, "width": 4}]


def test_heal_takes_away_what_it_is_told() -> None:
    faulty = apply_fault(apply_fault(apply_fault(profile(), "hot", 0), "hot", 1), "gpu_lost", 1)
    assert [(fault["kind"], fault["gpu"]) for fault in heal(faulty, gpu=1)["faults"]] == [("hot", 0)]
    assert [(fault["kind"], fault["gpu"]) for fault in heal(faulty, "hot")["faults"]] == [("gpu_lost", 1)]
    assert [(fault["kind"], fault["gpu"]) for fault in heal(faulty, "hot", 1)["faults"]] == [("hot", 0), ("gpu_lost", 1)]


def test_kernel_log_names_the_gpu_as_the_driver_does() -> None:
    faulty = apply_fault(apply_fault(profile(), "gpu_lost", 1), "xid", 0, xid=94, text="Contained ECC error.")
    assert kernel_log(faulty) == [
        "NVRM: Xid (PCI:0000:3b:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.",
        "NVRM: Xid (PCI:0000:19:00): 94, pid='<unknown>', name=<unknown>, Contained ECC error.",
    ]


@pytest.mark.parametrize(
    ("kind", "gpu", "details", "message"),
    [
        ("gpu_lots", 0, {}, "fault: there is no fault 'gpu_lots'. Did you mean gpu_lost?"),
        ("gpu_lost", None, {}, "gpu: the fault gpu_lost needs a GPU, and None is none. node1 has 8 GPUs: 0 to 7."),
        ("gpu_lost", 8, {}, "gpu: the fault gpu_lost needs a GPU, and 8 is none. node1 has 8 GPUs: 0 to 7."),
        ("pcie_width", 0, {"lanes": 8}, "fault: the fault pcie_width takes no 'lanes'. It takes: width."),
    ],
)
def test_impossible_fault_is_refused(kind: str, gpu: int | None, details: dict[str, Any], message: str) -> None:
    with pytest.raises(CoreError) as caught:
        apply_fault(profile(), kind, gpu, **details)
    assert str(caught.value) == message


def test_unknown_generation_is_refused() -> None:
    with pytest.raises(CoreError, match=r"^generation: driver generation '1' is not simulated\. There are: 590, 595\.$"):
        make_profile(CLASS, "node1", "h100_sxm_8", "1")
