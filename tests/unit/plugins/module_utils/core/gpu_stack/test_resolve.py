# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The resolver against the tables of cases, and what holds for all of its answers."""

from __future__ import annotations

import itertools

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.gpu_stack import tables
from ansible_collections.railyard.cluster.plugins.module_utils.core.gpu_stack.draft import read_os
from ansible_collections.railyard.cluster.plugins.module_utils.core.gpu_stack.gpus import identify
from ansible_collections.railyard.cluster.plugins.module_utils.core.gpu_stack.model import NodeHardware, RefusalError, Wish
from ansible_collections.railyard.cluster.plugins.module_utils.core.gpu_stack.resolve import RULES, decide, resolve
from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.platforms import PLATFORMS

from .cases import BRANCHES, CASES, GPUS, L40S, SYSTEMS, Case
from .checking import wrong, wrong_in_grid


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.source}: {case.name}")
def test_case(case: Case) -> None:
    assert wrong(case, resolve, hints=True) == []


@pytest.mark.parametrize(("gpu", "system"), list(itertools.product(GPUS, SYSTEMS)))
def test_grid(gpu: str, system: str) -> None:
    assert list(wrong_in_grid(gpu, system, decide)) == []


def test_the_grids_have_every_branch_system_and_generation() -> None:
    assert tuple(tables.BRANCHES) == BRANCHES
    assert set(SYSTEMS) == set(tables.SYSTEMS)
    generations = {identify(pci_ids, architecture).gpus[0].generation.name for pci_ids, architecture, _modules, _source in GPUS.values()}
    assert generations == {chip[3].name for chip in tables.CHIPS} | {tables.GRACE_HOPPER.name}
    assert len({case.name + str(case.node) + str(case.wish) for case in CASES}) == len(CASES)


def test_platforms_and_chips_agree() -> None:
    """The tables of hardware and this one know the same GPUs the same way, and no board is in both."""
    of_architecture = {"sm_70": "Volta", "sm_80": "Ampere", "sm_89": "Ada", "sm_90": "Hopper", "sm_100": "Blackwell", "sm_120": "Blackwell"}
    of_architecture["sm_103"] = "Blackwell Ultra"
    for platform in PLATFORMS:
        for pci_id in platform.pci_ids:
            assert pci_id not in tables.BOARDS
            if pci_id.startswith("10de:"):
                assert identify((pci_id,), "x86_64").gpus[0].generation.name == of_architecture[platform.architecture], pci_id
    rows = sorted(tables.CHIPS)
    assert all(one[1] < other[0] for one, other in itertools.pairwise(rows))
    assert not any(row[0] <= int(switch[5:], 16) <= row[1] for row in rows for switch in tables.NVSWITCHES.values())


@pytest.mark.parametrize("case", [case for case in CASES if not case.refused], ids=lambda case: case.name)
def test_what_holds_for_every_answer(case: Case) -> None:
    stack = resolve(case.node, case.wish)
    names = [package.name for package in stack.packages]
    assert len(names) == len(set(names)) or stack.manager == "dnf", "the headers of several kernels of EL are one package in several versions"
    version = f"{stack.version}-*" if stack.version else f"{stack.branch}.*"
    assert {package.version for package in stack.packages if package.lockstep} == {version}
    assert {package.name for package in stack.packages if package.lockstep} <= set(stack.holds)
    # apt-get takes a version exactly, or with one asterisk at its end.
    assert stack.manager == "dnf" or not any("*" in package.version[:-1] for package in stack.packages)
    assert not set(names) & set(stack.absent)
    assert not set(stack.services) & set(stack.masked)
    assert {reason.rule for reason in stack.reasons} <= {rule.__name__ for rule in RULES}
    assert all(text.endswith(".") for text in (*stack.warnings, *(reason.sentence for reason in stack.reasons)))
    if "pinning" in [package.component for package in stack.packages]:
        assert stack.packages[0].component == "pinning"
    assert resolve(case.node, case.wish) == stack


def test_the_nearest_wish_can_be_met() -> None:
    with pytest.raises(RefusalError) as refused:
        resolve(NodeHardware(("10de:2901",), "debian13"), Wish(source="distribution", build="precompiled", cuda="12.9"))
    assert refused.value.hint == "The nearest that can be met: source nvidia, modules built by DKMS."
    resolve(NodeHardware(("10de:2901",), "debian13"), Wish(source="nvidia", cuda="12.9"))


def test_where_no_wish_helps_none_is_named() -> None:
    with pytest.raises(RefusalError) as refused:
        resolve(NodeHardware(("10de:102d",), "ubuntu2404"))
    assert refused.value.message == "GK110, GK210 (10de:102d) (Kepler) is not in branch 580: the last one for it is 470."
    assert refused.value.hint == ""


def test_the_day_decides_which_branches_have_ended() -> None:
    node = NodeHardware((L40S,), "ubuntu2404")
    assert not any("ended" in warning for warning in resolve(node, Wish(branch=595), today="2027-03-31").warnings)
    assert any("ended branch 595 by 2027-03" in warning for warning in resolve(node, Wish(branch=595), today="2027-04-01").warnings)


@pytest.mark.parametrize(
    ("node", "wish", "sentence"),
    [
        (NodeHardware(("nvidia",), "ubuntu2404"), Wish(), "'nvidia' is not a PCI ID. Write vendor and device as lspci -nn prints them: 10de:2330."),
        (NodeHardware((L40S,), "ubuntu2504"), Wish(), f"'ubuntu2504' is not a system that stacks are known for. There are: {', '.join(tables.SYSTEMS)}."),
        (NodeHardware((L40S,), "ubuntu2404", "ppc64le"), Wish(), "'ppc64le' is not an architecture that stacks are known for. There are: x86_64, sbsa."),
        (NodeHardware((L40S,), "ubuntu2404", kernels=("generic",)), Wish(), "'generic' is not a kernel. Write it as uname -r prints it: 6.8.0-45-generic."),
        (
            NodeHardware((L40S,), "ubuntu2404", kernels=("6.8; reboot",)),
            Wish(),
            "'6.8; reboot' is not a kernel. Write it as uname -r prints it: 6.8.0-45-generic.",
        ),
        (NodeHardware((L40S,), "ubuntu2404"), Wish(version="latest"), "'latest' is not a version of the driver. Write it as in 580.173.02."),
        (NodeHardware((L40S,), "ubuntu2404"), Wish(cuda="13"), "'13' is not a version of CUDA. Write it as in 13.0."),
        (NodeHardware((L40S,), "ubuntu2404"), Wish(nccl="2.30*"), "'2.30*' is not a version of NCCL. Write it as in 2.30.7-1."),
        (NodeHardware((L40S,), "ubuntu2404"), Wish(source="ours"), "'ours' is not a source of drivers. There are: nvidia, distribution, mirror."),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_read_is_no_refusal(node: NodeHardware, wish: Wish, sentence: str) -> None:
    with pytest.raises(CoreError) as error:
        resolve(node, wish)
    assert not isinstance(error.value, RefusalError)
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("text", "name"),
    [("Ubuntu 24.04", "ubuntu2404"), ("rocky9.5", "rhel9"), ("almalinux8", "rhel8"), ("el10", "rhel10"), ("debian13", "debian13"), ("debian-sid", "debiansid")],
)
def test_names_of_systems(text: str, name: str) -> None:
    assert read_os(text).name == name
