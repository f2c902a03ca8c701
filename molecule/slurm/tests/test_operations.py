# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Day 2: the playbook again, on part of the cluster, interrupted, watched for secrets."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
import yaml
from lab import timeline
from lab.cluster import ANSIBLE_PLAYBOOK, INVENTORY, REPOSITORY, Cluster, until

RECAP = re.compile(r"^(\S+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)


def changed(output: str) -> dict[str, int]:
    """Changed tasks per host, read off the recap; empty when there is none."""
    return {host: int(count) for host, _ok, count, _unreachable, _failed in RECAP.findall(output)}


def assert_unchanged(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    counts = changed(done.stdout)
    assert counts
    assert set(counts.values()) == {0}, done.stdout[-6000:]


@pytest.fixture
def smaller_inventory(tmp_path: Path) -> Path:
    """The lab's inventory without node4 in any group of Slurm."""
    inventory = tmp_path / "lab"
    shutil.copytree(INVENTORY, inventory)
    hosts = yaml.safe_load((inventory / "hosts.yml").read_text())
    hosts["lab_gpu"]["hosts"] = {"node[1:3]": None}
    (inventory / "hosts.yml").write_text(yaml.safe_dump(hosts))
    return inventory


def test_check_mode_on_blank_nodes_foresaw_a_part_of_what_changed() -> None:
    foreseen, changed_then = timeline.check_and_converge(timeline.of_scenario("slurm"))
    assert any(role == "railyard.cluster.slurm" for _host, role, _task in foreseen)
    assert sorted(foreseen - changed_then) == []


def test_check_mode_on_a_converged_cluster_reports_no_change(cluster: Cluster) -> None:
    assert_unchanged(cluster.playbook("site", "--check", "--diff"))


def test_a_node_leaves_and_joins_without_disturbing_a_job(cluster: Cluster, smaller_inventory: Path) -> None:
    number = cluster.submit("sleep 600", "--nodelist=node1")
    until("the job runs", lambda: cluster.job(number)["JobState"] == "RUNNING")
    done = cluster.playbook("site", "--limit", "slurm_controller", "--tags", "slurm", inventory=smaller_inventory)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    until("node4 is gone", lambda: "node4" not in cluster.controller("sinfo -hN").stdout)
    assert cluster.job(number)["JobState"] == "RUNNING"

    done = cluster.playbook("site", "--limit", "node4", "--tags", "slurm")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    until("node4 is idle again", lambda: "node4" in cluster.controller("sinfo -hN").stdout and cluster.node_state("node4") == "idle")
    assert set(changed(done.stdout)) <= {"node4", "ctl1", "localhost"}
    job = cluster.job(number)
    assert (job["JobState"], job["Restarts"]) == ("RUNNING", "0")


def test_a_setting_that_can_be_reloaded_restarts_nothing(cluster: Cluster) -> None:
    pids = {node: cluster.on(node, "systemctl show -P MainPID slurmd").ok().stdout for node in ("node1", "node4")}
    done = cluster.playbook("site", "--tags", "slurm", "-e", '{"slurm_config_extra": {"KillWait": 45}}')
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    until("the setting is in force", lambda: "KillWait                = 45" in cluster.controller("scontrol show config").stdout)
    after = {node: cluster.on(node, "systemctl show -P ActiveEnterTimestampMonotonic slurmd").ok().stdout for node in pids}
    done = cluster.playbook("site", "--tags", "slurm")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    until("the setting is back", lambda: "KillWait                = 45" not in cluster.controller("scontrol show config").stdout)
    assert after == {node: cluster.on(node, "systemctl show -P ActiveEnterTimestampMonotonic slurmd").ok().stdout for node in pids}


def test_a_run_that_was_killed_is_repaired_by_the_next(cluster: Cluster) -> None:
    """Every node has another MUNGE key; the run that mends it is killed once files are written and before daemons are restarted."""
    nodes = ("ctl1", "ctl2", "login1", "node1", "node2", "node3", "node4")
    right = cluster.on("ctl1", "sha256sum < /etc/munge/munge.key").ok().stdout
    for node in nodes:
        cluster.on(node, "head -c 64 /dev/urandom | base64 -w0 > /etc/munge/munge.key && systemctl restart munge").ok()
    env = {**os.environ, "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", "PYTHONUNBUFFERED": "1"}
    argv = [str(ANSIBLE_PLAYBOOK), "-i", str(INVENTORY), "railyard.cluster.site", "--tags", "slurm,munge"]
    with subprocess.Popen(argv, cwd=REPOSITORY, env=env, stdout=subprocess.PIPE, text=True, start_new_session=True) as run:
        assert run.stdout is not None
        for line in run.stdout:
            # Ansible has the answers of the task that writes the key, and is about to start the one that restarts the daemon.
            if line.startswith("TASK [railyard.cluster.munge : Run the daemon]"):
                break
        os.killpg(run.pid, signal.SIGKILL)
    assert {cluster.on(node, "sha256sum < /etc/munge/munge.key").ok().stdout for node in nodes} == {right}

    done = cluster.playbook("site", "--tags", "slurm,munge")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    until("the nodes answer the controller again", cluster.all_idle, timeout_s=200)
    assert sorted(cluster.login("srun --nodes=4 hostname").ok().lines) == ["node1", "node2", "node3", "node4"]
    assert_unchanged(cluster.playbook("site", "--tags", "slurm,munge"))


def test_no_secret_is_in_what_a_run_of_the_command_prints_or_keeps(cluster: Cluster, tmp_path: Path) -> None:
    secrets = {path.name: path.read_text() for path in (cluster.folder / "secrets").iterdir()}
    assert secrets
    cluster.on("node2", "rm -f /etc/munge/munge.key").ok()
    command = [str(ANSIBLE_PLAYBOOK.with_name("railyard")), "apply", "-i", str(INVENTORY), "--limit", "node2,slurm_database", "--diff", "-vvv"]
    env = {**os.environ, "RAILYARD_STATE_DIR": str(tmp_path / "state"), "TMPDIR": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=900, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    kept = {str(path): path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file()}
    log = "".join(text for path, text in kept.items() if path.startswith(str(tmp_path / "state")))
    assert "Write the key" in log, "the log of the run does not have the task that handles the key"
    places = {"stdout": done.stdout, "stderr": done.stderr, **kept}
    assert [(name, place) for name, value in secrets.items() for place, text in places.items() if value in text] == []


def test_a_node_of_another_operating_system_is_refused_by_name(cluster: Cluster) -> None:
    other = r'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.20\n'
    cluster.on("node4", f"mv /usr/lib/os-release /usr/lib/os-release.lab && printf '{other}' > /usr/lib/os-release").ok()
    try:
        done = cluster.playbook("site", "--limit", "node4")
    finally:
        cluster.on("node4", "mv /usr/lib/os-release.lab /usr/lib/os-release").ok()
    assert done.returncode != 0
    assert "Debian 12 and 13, Ubuntu 22.04 and 24.04, and Enterprise Linux 9, not Alpine Linux 3.20" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert not any(changed(done.stdout).values())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["-e", "slurm_partitons=[]"], "slurm_partitons"),
        (["-e", '{"slurm_partitions": [{"name": "gpu", "nodesets": ["b200"]}]}'], "b200"),
        (["-e", '{"slurm_nodesets": [{"name": "h100", "group": "lab_gpu"}, {"name": "again", "group": "lab_gpu"}]}'], "node1"),
    ],
)
def test_wrong_input_gets_one_sentence_that_names_it(cluster: Cluster, arguments: list[str], sentence: str) -> None:
    done = cluster.playbook("site", "--tags", "slurm", *arguments)
    assert done.returncode != 0
    failures = [line for line in done.stdout.splitlines() if "fatal:" in line or "[ERROR]" in line]
    assert any(sentence in line for line in (done.stdout + done.stderr).splitlines()), done.stdout[-3000:]
    assert failures
    assert "Traceback" not in done.stdout + done.stderr
    assert not any(changed(done.stdout).values())
