# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What role base writes on each system, from its variables."""

from __future__ import annotations

import typing as t

import pytest

ALL = [
    "apt-proxy.j2", "chrony.conf.j2", "dnf.conf.j2", "grub.cfg.j2", "hosts.j2", "journald.conf.j2", "limits.conf.j2", "modules-load.conf.j2",
    "profile-proxy.sh.j2", "railyard.repo.j2", "railyard.sources.j2", "sshd.conf.j2", "sudoers.j2", "sysctl.conf.j2", "systemd.conf.j2", "tmpfiles.conf.j2",
]  # fmt: skip
OVERVIEW = {"__base_overview": {"hosts": "192.0.2.1 node1\n", "unmanaged": []}}
PATHS = "__base_files_all | map(attribute='path')"


def test_every_template_renders_on_every_system(render: t.Callable[..., t.Any]) -> None:
    for answer in render("base", templates=ALL, variables=OVERVIEW):
        for name, text in answer["templates"].items():
            assert "{{" not in text and "{%" not in text and text.endswith("\n"), name


def test_systems_and_their_clones(render: t.Callable[..., t.Any]) -> None:
    assert [answer["os_file"] for answer in render("base")] == ["Debian.yml"] * 4 + ["RedHat.yml"] * 3
    for system in (("Fedora", "41"), ("Debian", "11.9"), ("Ubuntu", "20.04"), ("Ubuntu", "22.10"), ("Rocky", "8.10")):
        assert render("base", systems=[system])[0]["os_file"] == "unsupported.yml"


def test_time_of_an_isolated_cluster(render: t.Callable[..., t.Any]) -> None:
    cluster = {
        "base_time_source_group": "slurm_controller",
        "base_time_networks": ["192.0.2.0/24"],
        "base_time_servers": ["ntp.example"],
        "groups": {"base": ["node1", "ctl1", "ctl2"], "slurm_controller": ["ctl1", "ctl2"]},
        "hostvars": {"ctl1": {"base_address": "192.0.2.11"}, "ctl2": {"ansible_host": "192.0.2.12"}},
    }
    debian = [("Debian", "13.1")]
    node = render("base", systems=debian, templates=["chrony.conf.j2"], variables=cluster)[0]["templates"]["chrony.conf.j2"]
    source = render("base", systems=debian, templates=["chrony.conf.j2"], variables={**cluster, "inventory_hostname": "ctl1"})[0]["templates"]["chrony.conf.j2"]
    assert "server 192.0.2.11 iburst\nserver 192.0.2.12 iburst\n" in node
    assert "ntp.example" not in node and "pool" not in node and "local stratum" not in node and "allow" not in node
    assert "server ntp.example iburst\npool pool.ntp.org iburst maxsources 4\n" in source
    assert "peer 192.0.2.12\n" in source and "peer 192.0.2.11" not in source
    assert "local stratum 10 orphan\nallow 192.0.2.0/24\n" in source


def test_files_differ_by_system(render: t.Callable[..., t.Any]) -> None:
    by_system = [set(answer["expressions"][PATHS]) for answer in render("base", expressions=[PATHS], variables={"base_kernel_command_line": ["iommu=pt"]})]
    assert all("/etc/chrony/chrony.conf" in paths and "/etc/default/grub.d/90-railyard.cfg" in paths for paths in by_system[:4])
    assert all("/etc/chrony.conf" in paths and "/etc/default/grub.d/90-railyard.cfg" not in paths for paths in by_system[4:])


@pytest.mark.parametrize("managed", [True, False])
def test_a_kernel_that_is_not_ours_is_left_alone(render: t.Callable[..., t.Any], managed: bool) -> None:
    variables = {"base_kernel_managed": managed, "base_kernel_command_line": ["iommu=pt"], "base_sysctl_extra": {"vm.nr_hugepages": 8, "net.core.somaxconn": 9}}
    expressions = [PATHS, "__base_sysctl", "__base_sysfs"]
    values = render("base", systems=[("Debian", "13.1")], expressions=expressions, variables=variables)[0]["expressions"]
    names = values["__base_sysctl"]
    assert names["net.core.somaxconn"] == 9
    assert ("vm.nr_hugepages" in names, "kernel.pid_max" in names, bool(values["__base_sysfs"])) == (managed,) * 3
    assert managed or {name.partition(".")[0] for name in names} == {"net"}
    for path in ("/etc/default/grub.d/90-railyard.cfg", "/etc/modules-load.d/railyard.conf", "/etc/tmpfiles.d/railyard-kernel.conf"):
        assert (path in values[PATHS]) is managed


def test_a_sysctl_can_be_left_alone(render: t.Callable[..., t.Any]) -> None:
    variables = {"base_sysctl_extra": {"vm.swappiness": "omit"}}
    (answer,) = render("base", systems=[("Debian", "13.1")], templates=["sysctl.conf.j2"], variables=variables)
    assert "vm.swappiness" not in answer["templates"]["sysctl.conf.j2"]
    assert "-vm.max_map_count = 1048576\n" in answer["templates"]["sysctl.conf.j2"]


def test_sudo(render: t.Callable[..., t.Any]) -> None:
    users = [
        {"name": "alice", "uid": 1, "sudo": True},
        {"name": "bob", "sudo": "ALL=(root) /usr/bin/systemctl"},
        {"name": "carol", "sudo": False},
        {"name": "mallory", "sudo": True, "state": "absent"},
    ]
    (answer,) = render("base", systems=[("Debian", "13.1")], templates=["sudoers.j2"], expressions=["__base_users"], variables={"base_users": users})
    assert answer["templates"]["sudoers.j2"].splitlines()[1:] == ["alice ALL=(ALL:ALL) NOPASSWD: ALL", "bob ALL=(root) /usr/bin/systemctl"]
    assert answer["expressions"]["__base_users"][0] == {"name": "alice", "uid": 1}


PACKAGE_FILES = "__base_package_files | map(attribute='state')"


def test_proxy_and_mirrors(render: t.Callable[..., t.Any]) -> None:
    mirror = {"name": "debian", "url": "http://mirror.example/debian", "suites": ["trixie"], "components": ["main"], "key": "/usr/share/keyrings/k.gpg"}
    variables = {"base_proxy": {"http": "http://proxy.example:3128", "no_proxy": ["mirror.example"]}, "base_mirrors": [mirror]}
    names = ["apt-proxy.j2", "railyard.sources.j2", "profile-proxy.sh.j2", "dnf.conf.j2", "railyard.repo.j2"]
    debian, redhat = render("base", systems=[("Debian", "13.1"), ("Rocky", "9.6")], templates=names, variables=variables, expressions=[PACKAGE_FILES])
    assert 'Acquire::http::Proxy "http://proxy.example:3128";\nAcquire::http::Proxy::mirror.example "DIRECT";\n' in debian["templates"]["apt-proxy.j2"]
    assert (
        "URIs: http://mirror.example/debian\nSuites: trixie\nComponents: main\nSigned-By: /usr/share/keyrings/k.gpg\n"
        in debian["templates"]["railyard.sources.j2"]
    )
    assert "export http_proxy='http://proxy.example:3128'\nexport no_proxy='mirror.example'\n" in debian["templates"]["profile-proxy.sh.j2"]
    assert "proxy=http://proxy.example:3128\n" in redhat["templates"]["dnf.conf.j2"]
    assert "[railyard-debian]\nname=debian\nbaseurl=http://mirror.example/debian\nenabled=1\ngpgcheck=1\n" in redhat["templates"]["railyard.repo.j2"]
    assert debian["expressions"][PACKAGE_FILES] == redhat["expressions"][PACKAGE_FILES] == ["file", "file"]


def test_without_a_proxy_apt_has_none_and_dnf_is_left_alone(render: t.Callable[..., t.Any]) -> None:
    debian, redhat = render("base", systems=[("Debian", "13.1"), ("Rocky", "9.6")], expressions=[PATHS, PACKAGE_FILES])
    assert debian["expressions"][PACKAGE_FILES] == ["absent", "absent"]
    assert "/etc/apt/apt.conf.d/90railyard-proxy" in debian["expressions"][PATHS]
    assert "/etc/dnf/dnf.conf" not in redhat["expressions"][PATHS]
    assert "/etc/yum.repos.d/railyard.repo" in redhat["expressions"][PATHS]
