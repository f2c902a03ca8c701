# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What happens to jobs and nodes when something breaks."""

from __future__ import annotations

from lab.cluster import Cluster, until


def run_now(cluster: Cluster, number: int) -> None:
    """Spare the two minutes that Slurm keeps a requeued job waiting."""
    cluster.controller(f"scontrol update jobid={number} starttime=now")


def test_a_failing_health_check_drains_the_node_with_its_reason(cluster: Cluster) -> None:
    check = "/etc/railyard/healthcheck.d/99-test"
    cluster.on("node3", f"printf '#!/bin/sh\\necho the test says no\\nexit 1\\n' > {check} && chmod 755 {check}").ok()
    try:
        until("node3 is drained by the health check", lambda: cluster.node_state("node3") == "drained")
        assert cluster.reason("node3") == "railyard: 99-test: the test says no"
    finally:
        cluster.on("node3", f"rm -f {check}")
        cluster.controller("scontrol update nodename=node3 state=resume")
    until("node3 is idle again", lambda: cluster.node_state("node3") == "idle")


def test_a_failing_prolog_requeues_the_job_and_drains_the_node(cluster: Cluster) -> None:
    prolog = "/etc/slurm/prolog.d/99-test"
    cluster.on("node1", f"printf '#!/bin/sh\\nexit 1\\n' > {prolog} && chmod 755 {prolog}").ok()
    try:
        number = cluster.submit("hostname", "--nodelist=node1")
        until("node1 is drained by its prolog", lambda: cluster.node_state("node1").startswith("drain"))
        assert "Prolog error" in cluster.reason("node1")
        until("the job is back in the queue", lambda: cluster.job(number)["JobState"] == "PENDING")
        assert int(cluster.job(number)["Restarts"]) >= 1
    finally:
        cluster.on("node1", f"rm -f {prolog}")
        cluster.controller("scontrol update nodename=node1 state=resume")
    run_now(cluster, number)
    until("the job has run in the end", lambda: cluster.job(number)["JobState"] == "COMPLETED")


def test_a_job_whose_node_loses_power_finishes_elsewhere(cluster: Cluster) -> None:
    number = cluster.submit("sleep 15; hostname", "--nodes=1", "--requeue")
    until("the job runs", lambda: cluster.job(number)["JobState"] == "RUNNING")
    victim = cluster.job(number)["NodeList"]
    cluster.lab("fail", target=victim)
    try:
        until(f"{victim} is seen to be down", lambda: cluster.node_state(victim).startswith("down"), timeout_s=150)
        until("the job is back in the queue", lambda: cluster.job(number)["JobState"] in ("PENDING", "RUNNING"))
        run_now(cluster, number)
        until("the job has finished", lambda: cluster.job(number)["JobState"] == "COMPLETED")
        assert cluster.job(number)["NodeList"] != victim
        assert int(cluster.job(number)["Restarts"]) == 1
    finally:
        cluster.lab("heal", target=victim)
        until(f"{victim} is back", lambda: cluster.node_state(victim) in ("idle", "down"), timeout_s=120)
        if cluster.node_state(victim) == "down":
            cluster.controller(f"scontrol update nodename={victim} state=resume")
    until(f"{victim} is idle", lambda: cluster.node_state(victim) == "idle")


def test_a_node_that_slurm_reboots_comes_back(cluster: Cluster) -> None:
    before = cluster.on("node4", "cat /proc/sys/kernel/random/boot_id").ok().stdout
    cluster.controller("scontrol reboot ASAP nextstate=RESUME node4").ok()

    def rebooted() -> bool:
        answer = cluster.on("node4", "cat /proc/sys/kernel/random/boot_id")
        return answer.rc == 0 and answer.stdout != before

    until("node4 has rebooted", rebooted)
    until("node4 is idle again", lambda: cluster.node_state("node4") == "idle")
