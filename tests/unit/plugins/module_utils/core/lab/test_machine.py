# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import json
import subprocess

from ansible_collections.railyard.cluster.plugins.module_utils.core.lab import machine, seed
from ansible_collections.railyard.cluster.plugins.module_utils.core.lab.fabric import Fabric, make_fabric
from ansible_collections.railyard.cluster.plugins.module_utils.core.lab.spec import LabNode, LabSpec

NODE = LabNode("node1", 101, "leaf1", "h100")
RAILS = {"rails": {"count": 1, "rate_gbits_per_s": 200, "link_layer": "infiniband"}}
SPEC = LabSpec("it's", 3, (NODE,), {"leaf1": 2.0}, 1.0)
SEED = {
    "authorized_key": "key\n",
    "host_key": "secret\n",
    "host_key_public": "public\n",
    "apt_sources": "deb x\n",
    "cgroup_v1": True,
    "hardware": {"gpus": {"count": 2, "pci_id": "10de:2330"}},
    "fabric": Fabric((), (), ()),
}


def script(hierarchies: tuple[str, ...]) -> str:
    return machine.launch_script(SPEC, NODE, root="/r", share="/s", pid_file="/p", console="/c", hierarchies=hierarchies)


def test_the_script_is_one_that_the_shell_reads() -> None:
    for hierarchies in ((), machine.MIXED_HIERARCHIES):
        checked = subprocess.run(["sh", "-n"], input=script(hierarchies), text=True, capture_output=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, "")


def test_a_node_starts_again_only_when_it_asked_for_it() -> None:
    assert "[ $? -eq 133 ] || exit 0" in script(())


def test_each_hierarchy_has_a_group_of_the_nodes_own() -> None:
    text = script(("memory", "unified"))
    assert "/sys/fs/cgroup/memory/railyard/it" in text
    assert "/sys/fs/cgroup/unified/railyard/it" in text
    assert "cgroup.procs" not in script(())


def test_the_topmost_layer_comes_first() -> None:
    options = machine.overlay_options(["/top", "/middle", "/image"], "/u", "/w")
    assert options == "lowerdir=/top:/middle:/image,upperdir=/u,workdir=/w,volatile"


def by_path(**changes: object) -> dict[str, seed.SeedFile]:
    return {file.path: file for file in seed.seed_files(SPEC, NODE, **{**SEED, **changes})}  # type: ignore[arg-type]


def test_private_files_are_private() -> None:
    files = by_path()
    assert files["/etc/ssh/ssh_host_ed25519_key"].mode == 0o600
    assert files["/root/.ssh/authorized_keys"].mode == 0o600


def test_sshd_answers_on_the_management_network_alone() -> None:
    assert "ListenAddress 10.213.3.101\n" in str(by_path()["/etc/ssh/sshd_config.d/lab.conf"].content)


def test_there_is_a_device_file_per_gpu() -> None:
    lines = str(by_path()["/etc/tmpfiles.d/lab-gpus.conf"].content).splitlines()
    assert lines == ["c /dev/nvidia0 0666 root root - 195:0", "c /dev/nvidia1 0666 root root - 195:1", "c /dev/nvidiactl 0666 root root - 195:255"]
    assert "/etc/tmpfiles.d/lab-gpus.conf" not in by_path(hardware={})


def test_a_node_with_gpus_has_their_tool() -> None:
    assert by_path()["/usr/local/bin/nvidia-smi"].link == "/usr/local/lib/lab/share/simulator.pyz"
    assert len(json.loads(str(by_path()["/etc/railyard-lab/hardware.json"].content))["gpus"]) == 2
    assert "/usr/local/bin/nvidia-smi" not in by_path(hardware={})


def test_the_files_of_the_hardware_are_there_before_anybody_can_look() -> None:
    unit = str(by_path()["/etc/systemd/system/lab-hardware.service"].content)
    assert "Before=ssh.service slurmd.service\n" in unit
    assert "ExecStart=/usr/local/bin/railyard-simulator render\n" in unit
    assert by_path()["/etc/systemd/system/multi-user.target.wants/lab-hardware.service"].link == "../lab-hardware.service"
    assert "/etc/systemd/system/lab-hardware.service" not in by_path(hardware={})


def test_the_infiniband_tools_know_where_the_fabric_is() -> None:
    spec = LabSpec("it's", 3, (NODE, LabNode("ctl1", 11, "spine")), {"leaf1": 2.0}, 1.0, hardware={"h100": RAILS})
    fabric = make_fabric(spec)
    files = by_path(fabric=fabric)
    assert files["/usr/local/bin/ibstat"].link == "/usr/local/lib/lab/share/infiniband"
    lines = str(files["/etc/railyard-lab/fabric"].content).splitlines()
    assert lines == ["server 10.213.3.254", "made_for 4X 53.125", f"hca mlx5_0 {fabric.hcas[0].id}"]
    controller = {file.path: file for file in seed.seed_files(spec, spec.nodes[1], **{**SEED, "fabric": fabric})}  # type: ignore[arg-type]
    assert str(controller["/etc/railyard-lab/fabric"].content).splitlines()[2:] == [f"hca - {fabric.switches[-1].id}"]
    assert "/usr/local/bin/ibstat" not in by_path()


def test_only_a_mixed_host_needs_cgroup_mounts() -> None:
    assert "/etc/systemd/system/lab-cgroups.service" in by_path()
    assert "/etc/systemd/system/lab-cgroups.service" not in by_path(cgroup_v1=False)


def test_the_mark_is_written_last() -> None:
    assert seed.seed_files(SPEC, NODE, **SEED)[-1].path == seed.MARK  # type: ignore[arg-type]
