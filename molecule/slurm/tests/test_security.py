# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a user of the cluster, and a stranger on its network, must not be able to do."""

from __future__ import annotations

import pytest
from lab.cluster import Cluster

SECRETS = [
    ("ctl1", "/etc/munge/munge.key"),
    ("node1", "/etc/munge/munge.key"),
    ("login1", "/etc/munge/munge.key"),
    ("ctl2", "/etc/slurm/slurmdbd.conf"),
]
# Who may be reached by whom from within the cluster, over the data network: (from, to, port, open).
REACH = [
    ("node1", "ctl1", 6817, True),
    ("login1", "ctl1", 6817, True),
    ("ctl1", "ctl2", 6819, True),
    ("ctl1", "node1", 6818, True),
    ("node1", "ctl2", 3306, False),
    ("login1", "ctl2", 3306, False),
]


@pytest.mark.parametrize(("node", "path"), SECRETS)
def test_no_user_can_read_a_key(cluster: Cluster, node: str, path: str) -> None:
    cluster.on(node, f"test -s {path}").ok()
    answer = cluster.on(node, f"cat {path}", user="alice")
    assert answer.rc != 0
    assert "Permission denied" in answer.stderr


def test_a_job_can_not_read_a_key(cluster: Cluster) -> None:
    answer = cluster.login("srun sh -c 'cat /etc/munge/munge.key'")
    assert answer.rc != 0
    assert "Permission denied" in answer.stderr


def test_no_secret_is_in_a_process_list(cluster: Cluster) -> None:
    secrets = [path.read_text() for path in (cluster.folder / "secrets").iterdir()]
    for node in ("ctl1", "ctl2", "node1"):
        listing = cluster.on(node, "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'").stdout
        assert listing
        assert not [secret for secret in secrets if secret in listing]


@pytest.mark.parametrize(("source", "target", "port", "is_open"), REACH)
def test_the_firewall_opens_what_is_needed_and_nothing_else(cluster: Cluster, source: str, target: str, port: int, is_open: bool) -> None:
    probe = f"import socket; socket.create_connection(('{target}', {port}), timeout=2).close()"
    assert (cluster.on(source, f'/usr/bin/python3 -c "{probe}"').rc == 0) is is_open


def test_the_database_listens_on_its_own_machine_only(cluster: Cluster) -> None:
    listening = cluster.on("ctl2", "ss -Hltn 'sport = :3306'").ok().stdout
    assert "0.0.0.0" not in listing_of(listening)
    assert "10.214" not in listing_of(listening)


def listing_of(text: str) -> str:
    return " ".join(line.split()[3] for line in text.splitlines())


def test_only_root_logs_in_where_no_user_works(cluster: Cluster) -> None:
    assert cluster.on("ctl1", "systemctl is-active munge slurmctld").ok().lines == ["active", "active"]
    answer = cluster.on("ctl1", "sacctmgr -i add account intruder", user="alice")
    assert answer.rc != 0
