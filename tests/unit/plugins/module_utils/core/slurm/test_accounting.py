# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Accounts: what is missing is added, what differs is changed, what is there and as it should be is left alone."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.slurm import accounting

QOS = [{"name": "urgent", "config": {"Priority": 1000, "MaxWall": "1-0", "MaxTRESPerUser": {"gres/gpu": 16, "cpu": 100}, "Flags": ["DenyOnLimit", "NoDecay"]}}]
ACCOUNTS = [
    {"name": "science", "config": {"Fairshare": 10}},
    {"name": "physics", "parent": "science", "description": "of the stars", "users": ["alice", {"name": "bob", "config": {"Fairshare": 2}}]},
]
# The forms in which sacctmgr 24.11 shows them.
ANSWERS = {
    "cluster": "main\n",
    "qos": "normal|||||\nurgent|DenyOnLimit,NoDecay|cpu=100,gres/gpu=16|1-00:00:00|1000\n",
    "account": "root|default root account|root\nscience|science|main\nphysics|of the stars|main\n",
    "association": "root||||1\nroot|root|||1\nscience|||root|10\nphysics|||science|1\nphysics|alice|||1\nphysics|bob|||2\nphysics|bob|gpu||9\n",
}


def commands(accounts: list[Any], levels: list[Any], **answers: str) -> list[str]:
    wanted = accounting.read_wanted("main", accounts, levels)
    return [" ".join(argv).replace("sacctmgr --immediate --quiet ", "") for argv in accounting.plan(wanted, {**ANSWERS, **answers})]


def test_nothing_is_asked_for_what_is_not_wanted() -> None:
    assert list(accounting.queries(accounting.read_wanted("main", [], []))) == ["cluster"]
    assert list(accounting.queries(accounting.read_wanted("main", ACCOUNTS, QOS))) == ["cluster", "qos", "account", "association"]


def test_columns_are_those_that_are_read() -> None:
    queries = accounting.queries(accounting.read_wanted("main", ACCOUNTS, QOS))
    assert queries["qos"][-1] == "format=Name,Flags,MaxTRESPerUser,MaxWall,Priority"
    assert queries["association"][-2:] == ["cluster=main", "format=Account,User,Partition,ParentName,Fairshare"]


def test_new_cluster() -> None:
    empty = dict.fromkeys(ANSWERS, "")
    assert commands(ACCOUNTS, QOS, **empty) == [
        "add cluster main",
        "add qos urgent Priority=1000 MaxWall=1-0 MaxTRESPerUser=gres/gpu=16,cpu=100 Flags=DenyOnLimit,NoDecay",
        "add account science cluster=main Description=science Organization=main Parent=root Fairshare=10",
        "add account physics cluster=main Description=of the stars Organization=main Parent=science",
        "add user alice cluster=main account=physics",
        "add user bob cluster=main account=physics Fairshare=2",
    ]


def test_second_run() -> None:
    assert commands(ACCOUNTS, QOS) == []


@pytest.mark.parametrize(
    ("name", "before", "after", "expected"),
    [
        ("qos", "|1000", "|10", ["modify qos where name=urgent set Priority=1000"]),
        ("qos", "1-00:00:00", "12:00:00", ["modify qos where name=urgent set MaxWall=1-0"]),
        ("account", "of the stars", "old", ["modify account where name=physics set Description=of the stars"]),
        ("association", "|science|", "|root|", ["modify account where name=physics cluster=main set Parent=science"]),
        ("association", "science|||root|10", "science|||root|1", ["modify account where name=science cluster=main set Fairshare=10"]),
        ("association", "bob|||2", "bob|||1", ["modify user where name=bob cluster=main account=physics set Fairshare=2"]),
    ],
)
def test_difference(name: str, before: str, after: str, expected: list[str]) -> None:
    assert before in ANSWERS[name]
    assert commands(ACCOUNTS, QOS, **{name: ANSWERS[name].replace(before, after)}) == expected


def test_minus_one_stands_for_nothing() -> None:
    assert commands([{"name": "science", "config": {"GrpJobs": -1}}], [], association="science|||root|\n") == []


@pytest.mark.parametrize(("given", "shown"), [("1-0", "1-00:00:00"), ("90", "01:30:00"), ("30:00", "00:30:00"), ("1-12:30", "1-12:30:00")])
def test_times(given: str, shown: str) -> None:
    assert commands([], [{"name": "a", "config": {"MaxWall": given}}], qos=f"a|{shown}\n") == []
    assert len(commands([], [{"name": "a", "config": {"MaxWall": given}}], qos="a|3-00:00:00\n")) == 1


@pytest.mark.parametrize(
    ("accounts", "qos", "message"),
    [
        ([{"name": "Physics"}], [], "slurm_accounts[0]: 'Physics' can't be a name in Slurm's accounting. Lower-case letters, digits and '_.-' can."),
        ([{"name": "a", "parent": "b"}], [], "slurm_accounts[0].parent: account 'a' has the parent 'b', which isn't listed before it."),
        ([{"name": "a"}, {"name": "a"}], [], "slurm_accounts[1]: 'a' is there twice."),
        ([{"name": "a", "user": []}], [], "slurm_accounts[0]: 'user' is not known here; these are: name, description, organization, parent, config, users."),
        ([], [{"name": "q", "config": []}], "slurm_qos[0].config: [] is not a dict."),
    ],
)
def test_wrong_input(accounts: list[Any], qos: list[Any], message: str) -> None:
    with pytest.raises(CoreError) as caught:
        accounting.read_wanted("main", accounts, qos)
    assert str(caught.value) == message
