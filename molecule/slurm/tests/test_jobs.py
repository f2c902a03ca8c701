# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Real jobs on real nodes: what a user of the cluster relies on."""

from __future__ import annotations

import re

from lab.cluster import Cluster, until

MPI_SUM = "from mpi4py import MPI; c = MPI.COMM_WORLD; print('rank', c.rank, 'of', c.size, 'sum', c.allreduce(c.rank + 1), MPI.Get_processor_name())"


def test_an_mpi_job_runs_on_two_nodes_over_pmix(cluster: Cluster) -> None:
    answer = cluster.login(f'srun --nodes=2 --ntasks=4 --mpi=pmix /usr/bin/python3 -c "{MPI_SUM}"').ok()
    ranks = {tuple(re.findall(r"rank (\d) of (\d) sum (\d+)", line)[0]) for line in answer.lines if line.startswith("rank")}
    assert ranks == {("0", "4", "10"), ("1", "4", "10"), ("2", "4", "10"), ("3", "4", "10")}
    assert len({line.split()[-1] for line in answer.lines if line.startswith("rank")}) == 2


def test_pmix_is_what_srun_uses_unasked(cluster: Cluster) -> None:
    answer = cluster.login("srun --ntasks=1 env").ok()
    assert any(line.startswith("PMIX_RANK=") for line in answer.lines)


def test_a_job_sees_the_gpus_it_asked_for_and_is_denied_another(cluster: Cluster) -> None:
    # There is no driver behind the device files: an allowed one answers "No such device", a forbidden one "not permitted".
    probe = "echo seen $CUDA_VISIBLE_DEVICES; for g in 0 1 2 3; do (: < /dev/nvidia$g) 2>&1 | sed s/^.*nvidia/nvidia/; done"
    answer = cluster.login(f"srun --gres=gpu:h100:2 sh -c '{probe}'").ok()
    allowed = [line for line in answer.lines if "No such device" in line]
    denied = [line for line in answer.lines if "not permitted" in line]
    assert answer.lines[0] == "seen 0,1"
    assert (len(allowed), len(denied)) == (2, 2), answer.stdout


def test_a_job_without_gpus_gets_none(cluster: Cluster) -> None:
    answer = cluster.login("srun sh -c '(: < /dev/nvidia0) 2>&1'")
    assert "not permitted" in answer.stdout + answer.stderr


def test_more_gpus_than_a_node_has_are_refused(cluster: Cluster) -> None:
    answer = cluster.login("srun --nodes=1 --gres=gpu:h100:5 true")
    assert answer.rc != 0
    assert "Requested node configuration is not available" in answer.stderr


def test_a_job_that_takes_more_memory_than_it_asked_for_is_killed(cluster: Cluster) -> None:
    number = cluster.submit('exec python3 -c "x = bytearray(400 << 20); print(len(x))"', "--mem=100M")
    until("the job has ended", lambda: cluster.job(number)["JobState"] not in ("PENDING", "RUNNING", "COMPLETING"))
    assert cluster.job(number)["JobState"] == "OUT_OF_MEMORY"


def test_a_finished_job_is_in_the_accounts(cluster: Cluster) -> None:
    number = cluster.submit("sleep 1", "--gres=gpu:h100:3")
    until(
        "the job is in the accounts",
        lambda: "COMPLETED" in cluster.login(f"sacct -j {number} -X -n -P -o State").ok().stdout,
    )
    row = cluster.login(f"sacct -j {number} -X -n -P -o User,Account,State,AllocTRES").ok().stdout
    assert row.startswith("alice|")
    assert "gres/gpu=3" in row
    assert "gres/gpu:h100=3" in row


def test_a_drained_node_takes_no_job_until_it_is_resumed(cluster: Cluster) -> None:
    cluster.controller("scontrol update nodename=node2 state=drain reason='a test'").ok()
    until("node2 is drained", lambda: cluster.node_state("node2") == "drained")
    number = cluster.submit("hostname", "--nodelist=node2")
    until("the job waits for the node", lambda: "ReqNodeNotAvail" in cluster.job(number)["Reason"] or cluster.job(number)["Reason"] == "Resources")
    assert cluster.job(number)["JobState"] == "PENDING"
    cluster.controller("scontrol update nodename=node2 state=resume").ok()
    until("the job has run", lambda: cluster.job(number)["JobState"] == "COMPLETED")
    assert cluster.job(number)["NodeList"] == "node2"


def test_a_job_of_a_higher_tier_requeues_a_lower_one(cluster: Cluster) -> None:
    low = cluster.submit("sleep 300", "--partition=scavenge", "--nodes=4", "--exclusive")
    until("the low job runs", lambda: cluster.job(low)["JobState"] == "RUNNING")
    high = cluster.submit("true", "--partition=gpu", "--nodes=4", "--exclusive")
    until("the high job has run", lambda: cluster.job(high)["JobState"] == "COMPLETED")
    assert int(cluster.job(low)["Restarts"]) == 1


def test_a_job_that_wants_one_leaf_gets_one_leaf(cluster: Cluster) -> None:
    answer = cluster.login("srun --nodes=2 --switches=1 hostname").ok()
    assert sorted(answer.lines) in (["node1", "node2"], ["node3", "node4"])
