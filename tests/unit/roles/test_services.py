# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What roles firewall, munge, mariadb and node_agent write on each system, from their variables."""

from __future__ import annotations

import typing as t

from ansible_collections.railyard.cluster.plugins.module_utils._pair_measurement import FIREWALL_SETS, FIREWALL_TABLE

SITE = {"railyard_cluster_networks": ["10.1.0.0/16", "2001:db8::/64"], "firewall_admin_networks": ["192.0.2.0/24"]}


def rules(render: t.Callable[..., t.Any], groups: list[str], **variables: t.Any) -> str:
    (answer,) = render("firewall", systems=[("Debian", "13.1")], templates=["firewall.nft.j2"], variables={**SITE, "group_names": groups, **variables})
    return str(answer["templates"]["firewall.nft.j2"])


def test_other_tables_are_not_touched(render: t.Callable[..., t.Any]) -> None:
    names = ["firewall.nft.j2", "railyard-firewall.service.j2"]
    for answer in render("firewall", templates=names, variables=SITE):
        assert "flush ruleset" not in "".join(answer["templates"].values())
        assert "table inet railyard\ndelete table inet railyard\n" in answer["templates"]["firewall.nft.j2"]
        assert "policy drop;" in answer["templates"]["firewall.nft.j2"]


def test_a_host_of_no_service_lets_in_ssh_from_administrators_alone(render: t.Callable[..., t.Any]) -> None:
    text = rules(render, ["base"])
    assert 'ip saddr { 192.0.2.0/24 } tcp dport { 22 } accept comment "ssh"' in text
    assert "10.1.0.0" not in text


def test_each_group_opens_what_it_offers(render: t.Callable[..., t.Any]) -> None:
    for group, port in (("slurm_controller", "6817"), ("slurm_database", "6819"), ("slurm_compute", "6818"), ("slurm_login", "60001-63000")):
        text = rules(render, ["base", group])
        for source in ("ip saddr { 10.1.0.0/16 }", "ip6 saddr { 2001:db8::/64 }"):
            assert f"{source} tcp dport {{ {port} }} accept" in text, group
    assert "3306" not in rules(render, ["base", "slurm_database"])


def test_slurm_s_own_variables_say_where_it_listens(render: t.Callable[..., t.Any]) -> None:
    variables = {
        "slurm_config": {"slurmctldport": "7000-7003", "SlurmdPort": 7018},
        "slurm_config_extra": {"SlurmdPort": 7118},
        "slurm_database_config": {"DbdPort": 7019},
        "slurm_srun_ports": "61000-61999",
        "slurm_nodesets": [{"name": "dgx", "group": "dgx", "config": {"Port": 7218}}],
    }
    expected = {
        ("slurm_controller",): {"slurmctld": "7000-7003"},
        ("slurm_database",): {"slurmdbd": "7019"},
        ("slurm_compute",): {"slurmd": "7118", "srun": "61000-61999"},
        ("slurm_compute", "dgx"): {"slurmd": "7218", "srun": "61000-61999"},
        ("slurm_login",): {"sackd": "7118", "srun": "61000-61999"},
    }
    for groups, ports in expected.items():
        text = rules(render, ["base", *groups], **variables)
        for name, port in ports.items():
            assert f'ip saddr {{ 10.1.0.0/16 }} tcp dport {{ {port} }} accept comment "{name}"' in text
        for usual in ("6817", "6818", "6819", "60001-63000"):
            assert usual not in text


def test_a_slurm_that_the_role_did_not_make(render: t.Callable[..., t.Any]) -> None:
    ports = {"slurmctld": [6820], "slurmdbd": [6819], "slurmd": [6821], "sackd": [6822], "srun": ["50000-51000"]}
    assert "tcp dport { 6820 }" in rules(render, ["slurm_controller"], firewall_slurm_ports=ports)


def test_a_measurement_opens_ports_by_sets_whose_names_the_module_knows(render: t.Callable[..., t.Any]) -> None:
    text = rules(render, ["base"])
    for (version, name), protocol in zip(FIREWALL_SETS.items(), ("ip", "ip6"), strict=True):
        assert version in (4, 6)
        assert f"set {name} {{\n\t\ttypeof {protocol} saddr . tcp dport\n\t\tflags interval, timeout\n\t}}" in text
        assert f"{protocol} saddr . tcp dport @{name} accept" in text
    assert f"table {FIREWALL_TABLE} {{" in text


def test_compute_nodes_trust_each_other_and_nobody_else_does(render: t.Callable[..., t.Any]) -> None:
    trust = 'ip saddr { 10.1.0.0/16 } accept comment "trusted"'
    assert trust in rules(render, ["base", "slurm_compute"])
    assert trust not in rules(render, ["base", "slurm_login"])
    assert trust not in rules(render, ["base", "slurm_compute"], firewall_trusted_groups=[])


def test_a_site_adds_to_what_a_group_offers(render: t.Callable[..., t.Any]) -> None:
    extra = {"slurm_login": [{"name": "web", "ports": [443], "from": ["any"]}], "storage": [{"name": "nfs", "ports": [2049], "from": ["cluster"]}]}
    text = rules(render, ["base", "slurm_login"], firewall_services_extra=extra, firewall_log_dropped=True)
    assert 'tcp dport { 443 } accept comment "web"' in text and 'comment "sackd"' in text and "nfs" not in text
    assert 'log prefix "railyard-firewall: "' in text


def test_other_firewalls_are_masked(render: t.Callable[..., t.Any]) -> None:
    (answer,) = render("firewall", systems=[("Rocky", "9.6")], expressions=["__firewall_masked"], variables=SITE)
    assert answer["expressions"]["__firewall_masked"][0] == {"path": "/etc/systemd/system/firewalld.service", "state": "link", "target": "/dev/null"}


def test_munge(render: t.Callable[..., t.Any]) -> None:
    answers = render("munge", expressions=["__munge_files"], variables={"munge_key": "k" * 40})
    for answer, options in zip(answers, ["/etc/default/munge"] * 4 + ["/etc/sysconfig/munge"] * 3, strict=True):
        key, file = answer["expressions"]["__munge_files"]
        assert key == {"path": "/etc/munge/munge.key", "content": "k" * 40, "owner": "munge", "group": "munge", "mode": "0400"}
        assert (file["path"], 'OPTIONS="--num-threads=10"' in file["content"]) == (options, True)


def config(render: t.Callable[..., t.Any], **variables: t.Any) -> list[str]:
    answers = render("mariadb", templates=["railyard.cnf.j2"], expressions=["__mariadb_config"], variables=variables)
    assert [answer["expressions"]["__mariadb_config"].split("/")[2] for answer in answers] == ["mysql"] * 4 + ["my.cnf.d"] * 3
    return str(answers[1]["templates"]["railyard.cnf.j2"]).splitlines()


def test_mariadb(render: t.Callable[..., t.Any]) -> None:
    lines = config(render, mariadb_buffer_pool_mib=512, mariadb_settings_extra={"max_connections": 500, "max_allowed_packet": "omit"})
    assert lines[1] == "[mariadbd]"
    assert {"bind_address = 127.0.0.1", "innodb_buffer_pool_size = 512M", "innodb_lock_wait_timeout = 900", "max_connections = 500"} <= set(lines)
    assert "loose_innodb_snapshot_isolation = OFF" in lines
    assert not any(line.startswith("max_allowed_packet") for line in lines)


def test_the_share_of_the_memory_is_a_step(render: t.Callable[..., t.Any]) -> None:
    def pool(memory_mib: int) -> str:
        facts = {"distribution": "Debian", "distribution_version": "13.1", "distribution_major_version": "13", "memtotal_mb": memory_mib}
        return next(line for line in config(render, ansible_facts=facts) if line.startswith("innodb_buffer_pool_size"))

    assert pool(64_000) == pool(64_300) == "innodb_buffer_pool_size = 15872M"
    assert pool(500) == "innodb_buffer_pool_size = 256M"


def test_health_scripts_that_are_no_longer_listed_go(render: t.Callable[..., t.Any]) -> None:
    scripts = [{"name": "10-gpu", "content": "#!/bin/sh\n"}, {"name": "20-disk", "source": "disk.sh"}]
    folder = {"path": "/etc/railyard/healthcheck.d", "state": "directory", "purge": "node_agent"}
    expected = [
        folder,
        {"path": "/etc/railyard/healthcheck.d/10-gpu", "mode": "0755", "content": "#!/bin/sh\n"},
        {"path": "/etc/railyard/healthcheck.d/20-disk", "mode": "0755", "source": "disk.sh"},
    ]
    for given, files in ((scripts, expected), ([], [folder])):
        (answer,) = render("node_agent", systems=[("Debian", "13.1")], expressions=["__node_agent_scripts"], variables={"node_agent_health_scripts": given})
        assert answer["expressions"]["__node_agent_scripts"] == files
    # An image gets the program alone: what is listed for a node would be missing from that list.
    (answer,) = render("node_agent", systems=[("Debian", "13.1")], expressions=["__node_agent_program | map(attribute='path')"])
    assert "/etc/railyard/healthcheck.d" not in answer["expressions"]["__node_agent_program | map(attribute='path')"]
