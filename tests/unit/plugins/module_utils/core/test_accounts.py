# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Users and groups: which commands are missing on a node, and what is refused."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.accounts import authorized_keys, parse_group, parse_passwd, plan
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError

ACCOUNTS = parse_passwd("root:x:0:0:root:/root:/bin/bash\nalice:x:3001:3001:Alice:/home/alice:/bin/bash\n+::::::\n")
GROUPS = parse_group("root:x:0:\nalice:x:3001:alice\noperators:x:3000:alice\ndocker:x:998:\n")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN2tTHs8rHZT3Uq1yvnCzVwN0m8cVQfWPzlH2mHgQn0X alice@desk"


@pytest.mark.parametrize(
    ("users", "groups", "commands"),
    [
        ([{"name": "alice"}], [], []),
        ([{"name": "alice", "uid": 3001, "groups": ["operators"], "comment": "Alice", "shell": "/bin/bash", "home": "/home/alice"}], [], []),
        ([{"name": "alice", "groups": ["operators", "alice"]}], [], []),
        ([{"name": "alice", "groups": []}], [], ["usermod --groups  alice"]),
        ([{"name": "alice", "groups": ["operators", "docker"]}], [], ["usermod --groups docker,operators alice"]),
        ([{"name": "alice", "shell": "/bin/zsh", "group": "operators"}], [], ["usermod --shell /bin/zsh --gid operators alice"]),
        ([{"name": "alice", "group": "alice"}], [], []),
        ([{"name": "bob"}], [], ["useradd --create-home --user-group bob"]),
        ([{"name": "docker", "system": True, "create_home": False}], [], ["useradd --no-create-home --gid docker --system docker"]),
        (
            [{"name": "bob", "uid": 3002, "groups": ["gpu"], "shell": "/bin/bash"}],
            [{"name": "gpu", "gid": 3100}],
            ["groupadd --gid 3100 gpu", "useradd --create-home --uid 3002 --user-group --shell /bin/bash --groups gpu bob"],
        ),
        ([{"name": "alice", "state": "absent"}], [{"name": "docker", "state": "absent"}], ["userdel alice", "groupdel docker"]),
        ([{"name": "alice", "state": "absent", "remove_home": True}], [], ["userdel --remove alice"]),
        ([{"name": "nobody2", "state": "absent"}], [{"name": "none2", "state": "absent"}], []),
        ([], [{"name": "operators", "gid": 3000}], []),
    ],
)
def test_plan(users: list[dict[str, t.Any]], groups: list[dict[str, t.Any]], commands: list[str]) -> None:
    assert [" ".join(step.argv) for step in plan(users, groups, ACCOUNTS, GROUPS)] == commands


@pytest.mark.parametrize(
    ("users", "groups", "message"),
    [
        ([{"name": "alice", "uid": 9}], [], "User alice has uid 3001 on this node, not 9. Files would keep the old number"),
        ([], [{"name": "docker", "gid": 9}], "Group docker has gid 998 on this node, not 9. Files would keep the old number"),
        ([{"name": "bob", "groups": ["gpu"]}], [], "users[0]: User bob is to be in group gpu, which does not exist on this node. Add it to the groups."),
        ([{"name": "bob", "groups": ["docker"]}], [{"name": "docker", "state": "absent"}], "users[0]: User bob is to be in group docker"),
        ([{"name": "Bob"}], [], "users[0]: 'Bob' can't be a name in users."),
        ([{"name": "bob"}, {"name": "bob"}], [], "users[1]: bob is listed twice."),
        ([{"name": "bob", "uid": 7}, {"name": "eve", "uid": 7}], [], "users[1]: eve and bob both have uid 7."),
        ([{"name": "bob", "ssh_keys": ["not a key"]}], [], "users[0]: 'not a key'… of bob is not a public SSH key."),
        ([{"name": "bob", "ssh_keys": [KEY + "\n" + KEY]}], [], "users[0]: 'ssh-ed25519 AAAAC3Nza"),
        ([{"name": "root", "state": "absent"}], [], "users: root can't be removed."),
    ],
)
def test_mistakes(users: list[dict[str, t.Any]], groups: list[dict[str, t.Any]], message: str) -> None:
    with pytest.raises(CoreError) as caught:
        plan(users, groups, ACCOUNTS, GROUPS)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    "key",
    [KEY, 'from="192.0.2.0/24",no-pty ' + KEY, "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5", "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY="],
)
def test_keys(key: str) -> None:
    plan([{"name": "alice", "ssh_keys": [key]}], [], ACCOUNTS, GROUPS)
    assert authorized_keys([key, f" {key}\n", key]) in (f"{key}\n", f"{key}\n{key}\n")
