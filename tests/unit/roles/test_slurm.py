# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the role slurm installs and writes on each system, from its variables."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.slurm.plan import plan

GROUPS = {
    "slurm_controller": ["ctl1"],
    "slurm_database": ["ctl2"],
    "slurm_login": ["login1"],
    "slurm_compute": ["node1", "node2"],
    "gpu": ["node1", "node2"],
}
SITE: dict[str, t.Any] = {
    "groups": GROUPS,
    "hostvars": {"node1": {"railyard_hardware_class": "h100_sxm_8"}},
    "railyard_hardware_class": "h100_sxm_8",
    "railyard_cluster_name": "main",
    "slurm_nodesets": [{"name": "h100", "group": "gpu"}],
    "secret_slurm_database_password": "p" * 40,
    "secret_slurm_jwt_key": "j" * 40,
}
# SchedMD's packages have the release that the site's repository has: 25.05 here.
RELEASES = {"Debian 12": "22.05", "Debian 13": "24.11", "Ubuntu 24.04": "23.11"}
SYSTEMS = {
    "Debian 12": ("Debian", "12.11"),
    "Debian 13": ("Debian", "13.1"),
    "Ubuntu 22.04": ("Ubuntu", "22.04"),
    "Ubuntu 24.04": ("Ubuntu", "24.04"),
    "RHEL 9": ("RedHat", "9.6"),
    "Rocky 9": ("Rocky", "9.6"),
    "Alma 9": ("AlmaLinux", "9.6"),
}
VARIABLES = "__slurm_variables"
PACKAGES = "__slurm_packages | unique | sort"

Answer = dict[str, t.Any]


def work_out(variables: dict[str, t.Any]) -> dict[str, t.Any]:
    return plan(variables, GROUPS, class_of=lambda _host: "h100_sxm_8", hardware_classes={}, hosts=[])


def release(system: str) -> str:
    return RELEASES.get(system, "25.05")


@pytest.fixture(scope="module")
def ask(render: t.Callable[..., t.Any]) -> t.Callable[..., Answer]:
    """Evaluate expressions of a host of one system. A process answers for all systems of a kind at once."""
    answers: dict[str, dict[str, Answer]] = {}

    def call(system: str, groups: list[str], *expressions: str, **variables: t.Any) -> Answer:
        kind = [name for name in SYSTEMS if (name in RELEASES) == (system in RELEASES)]
        version = {} if system in RELEASES else {"slurm_version": release(system)}
        given = {**SITE, "group_names": ["base", *groups], **version, **variables}
        key = json.dumps([kind, expressions, given])
        if key not in answers:
            rendered = render("slurm", systems=[SYSTEMS[name] for name in kind], expressions=list(expressions), variables=given)
            answers[key] = {name: answer["expressions"] for name, answer in zip(kind, rendered, strict=True)}
        return answers[key][system]

    return call


@pytest.mark.parametrize("system", SYSTEMS)
def test_files_are_for_the_release_of_the_system(ask: t.Callable[..., Answer], system: str) -> None:
    cluster = work_out(ask(system, ["slurm_controller"], VARIABLES)[VARIABLES])
    assert cluster["version"] == release(system)
    assert cluster["conf_server"] == "ctl1:6817"
    conf, gres = cluster["files"]["slurm.conf"], cluster["files"]["gres.conf"]
    assert "NodeName=node[1-2] Sockets=2 CoresPerSocket=56 ThreadsPerCore=2 RealMemory=1992294 Gres=gpu:h100:8 Feature=h100\n" in conf
    assert ("AutoDetect=nvidia" in gres) == (release(system) >= "24.11")
    assert ("HealthCheckNodeState=IDLE,CYCLE\n" in conf) == (release(system) == "22.05")


@pytest.mark.parametrize(
    ("system", "compute", "login"),
    [
        ("Debian 12", ["libpmix2", "logrotate", "slurm-client", "slurm-wlm-basic-plugins", "slurmd"], ["libpmix2", "logrotate", "slurm-client"]),
        ("Debian 13", ["logrotate", "slurm-client", "slurm-wlm-basic-plugins", "slurmd"], ["logrotate", "sackd", "slurm-client"]),
        (
            "Ubuntu 22.04",
            ["logrotate", "munge", "slurm-smd", "slurm-smd-client", "slurm-smd-slurmd"],
            ["logrotate", "munge", "slurm-smd", "slurm-smd-client", "slurm-smd-sackd"],
        ),
        ("Ubuntu 24.04", ["libpmix2t64", "logrotate", "slurm-client", "slurm-wlm-basic-plugins", "slurmd"], ["libpmix2t64", "logrotate", "slurm-client"]),
        ("RHEL 9", ["logrotate", "munge", "slurm", "slurm-slurmd"], ["logrotate", "munge", "slurm", "slurm-sackd"]),
    ],
)
def test_packages(ask: t.Callable[..., Answer], system: str, compute: list[str], login: list[str]) -> None:
    assert ask(system, ["slurm_compute"], PACKAGES)[PACKAGES] == compute
    assert ask(system, ["slurm_login"], PACKAGES)[PACKAGES] == login


def test_packages_of_a_host_with_several_parts(ask: t.Callable[..., Answer]) -> None:
    variables = {"slurm_jwt": True, "slurm_packages_extra": ["openmpi"]}
    assert ask("Debian 13", ["slurm_controller", "slurm_database"], PACKAGES, **variables)[PACKAGES] == [
        "logrotate",
        "openmpi",
        "slurm-client",
        "slurm-wlm-basic-plugins",
        "slurm-wlm-jwt-plugin",
        "slurm-wlm-mysql-plugin",
        "slurmctld",
        "slurmdbd",
    ]
    # An image is built for a part without any group.
    assert "slurmd" in ask("Debian 13", [], PACKAGES, slurm_parts=["compute"])[PACKAGES]


def test_packages_of_schedmd_on_debian(ask: t.Callable[..., Answer]) -> None:
    answer = ask("Debian 13", ["slurm_compute"], "__slurm_packages", "__slurm_version", "__slurm_source.makes_user", slurm_packages_source="schedmd")
    assert "slurm-smd-slurmd" in answer["__slurm_packages"]
    # Nobody knows which release the site's repository has.
    assert answer["__slurm_version"] == ""
    assert answer["__slurm_source.makes_user"] is False


@pytest.mark.parametrize(("system", "folder"), [("Debian 12", "/etc/default"), ("Ubuntu 24.04", "/etc/default"), ("Alma 9", "/etc/sysconfig")])
def test_options_are_where_the_unit_reads_them(ask: t.Callable[..., Answer], system: str, folder: str) -> None:
    names = ["__slurm_database_files", "__slurm_controller_files", "__slurm_compute_files"]
    plan = {"__slurm_plan": {"conf_server": "ctl1:6817"}}
    answer = ask(system, ["slurm_compute"], *names, slurm_daemon_options={"slurmd": "-b"}, **plan)
    for name, daemon in zip(names, ["slurmdbd", "slurmctld", "slurmd"], strict=True):
        assert f"{folder}/{daemon}" in [entry["path"] for entry in answer[name]]
    (options,) = (entry["vars"]["options"] for entry in answer["__slurm_compute_files"] if entry["path"] == f"{folder}/slurmd")
    assert options == "--conf-server ctl1:6817 -b"


@pytest.mark.parametrize(("system", "by_sackd"), [("Debian 12", False), ("Debian 13", True), ("Ubuntu 24.04", False), ("Alma 9", True)])
def test_login_nodes_have_sackd_where_there_is_one(ask: t.Callable[..., Answer], system: str, by_sackd: bool) -> None:
    cluster = work_out(ask(system, ["slurm_controller"], VARIABLES)[VARIABLES])
    known = {"sackd": cluster["sackd"], "conf_server": "ctl1:6817", "entries": [{"path": "/etc/slurm/slurm.conf"}]}
    answer = ask(system, ["slurm_login"], "__slurm_login_by_sackd", "__slurm_login_files", "__slurm_login_alone", __slurm_plan=known)
    assert answer["__slurm_login_by_sackd"] is by_sackd
    paths = [entry["path"] for entry in answer["__slurm_login_files"]]
    assert ("/etc/slurm/slurm.conf" in paths) is not by_sackd
    assert answer["__slurm_login_alone"] is True


@pytest.mark.parametrize("part", ["slurm_controller", "slurm_compute"])
def test_a_login_node_that_is_more_has_the_configuration_already(ask: t.Callable[..., Answer], part: str) -> None:
    assert ask("Debian 13", ["slurm_login", part], "__slurm_login_alone")["__slurm_login_alone"] is False


def test_secrets_are_files_of_their_daemon_alone(ask: t.Callable[..., Answer]) -> None:
    answer = ask("Debian 13", ["slurm_database"], "__slurm_database_files", "__slurm_jwt_files", "__slurm_hook_files", "slurm_accounting_enforce")
    (slurmdbd,) = (entry for entry in answer["__slurm_database_files"] if entry["path"] == "/etc/slurm/slurmdbd.conf")
    assert "StoragePass=" + "p" * 40 + "\n" in slurmdbd["content"]
    assert "StorageHost=localhost\n" in slurmdbd["content"]
    for entry in (slurmdbd, *answer["__slurm_jwt_files"]):
        assert (entry["owner"], entry["group"], entry["mode"]) == ("slurm", "slurm", "0600")
    # Without scripts and accounts.
    assert answer["__slurm_hook_files"] == []
    assert answer["slurm_accounting_enforce"] == []


def test_scripts_and_accounts(ask: t.Callable[..., Answer]) -> None:
    scripts = {
        "slurm_prolog_scripts": [{"name": "10-gpus", "content": "#!/bin/sh\n"}],
        "slurm_epilog_scripts": [{"name": "90-clean", "content": "#!/bin/sh\n"}],
    }
    wanted = ("__slurm_hook_files", "slurm_accounting_enforce", "__slurm_compute_files | selectattr('purge', 'defined')")
    answer = ask("Debian 13", ["slurm_compute"], *wanted, slurm_accounts=[{"name": "a"}], **scripts)
    # A script that is no longer listed goes.
    assert [(entry["path"], entry["purge"]) for entry in answer[wanted[2]]] == [("/etc/slurm/prolog.d", "slurm"), ("/etc/slurm/epilog.d", "slurm")]
    files = [(entry["path"], entry["mode"]) for entry in answer["__slurm_hook_files"]]
    assert files == [("/etc/slurm/prolog.d/10-gpus", "0755"), ("/etc/slurm/epilog.d/90-clean", "0755")]
    assert answer["slurm_accounting_enforce"] == ["associations", "limits", "qos", "safe"]


def test_units(render: t.Callable[..., t.Any]) -> None:
    names = ["slurmd.conf.j2", "slurmctld.conf.j2", "slurmdbd.conf.j2"]
    (answer,) = render("slurm", systems=[SYSTEMS["Debian 12"]], templates=names, variables=SITE)
    slurmd = answer["templates"]["slurmd.conf.j2"].splitlines()
    for line in ("ConditionPathExists=", "LimitMEMLOCK=infinity", "LimitSTACK=infinity", "TasksMax=infinity", "Delegate=yes", "KillMode=process"):
        assert line in slurmd
    for name in names[1:]:
        assert "User=slurm\n" in answer["templates"][name]


def test_logs_are_opened_again_after_their_rotation(render: t.Callable[..., t.Any]) -> None:
    variables = {**SITE, "daemon": "slurmctld", "slurm_log_keep": 3}
    (answer,) = render("slurm", systems=[SYSTEMS["RHEL 9"]], templates=["logrotate.j2"], variables=variables)
    text = answer["templates"]["logrotate.j2"]
    assert "/var/log/slurm/slurmctld.log {" in text
    assert "rotate 3\n" in text
    assert "--signal=SIGUSR2 slurmctld.service" in text


def test_unknown_system(render: t.Callable[..., t.Any]) -> None:
    (answer,) = render("slurm", systems=[("Debian", "11.9")], expressions=["__slurm_os_supported"], variables=SITE)
    assert answer["os_file"] == "unsupported.yml"
    assert answer["expressions"]["__slurm_os_supported"] is False
