# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Users and groups as they should be against /etc/passwd and /etc/group: what to run, and what to say about it."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .errors import CoreError

_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,30}\$?")
_KEY = re.compile(r"(?:[^#\s].*\s)?(?:ssh-(?:rsa|ed25519|dss)|ecdsa-sha2-\S+|sk-\S+)\s+[A-Za-z0-9+/=]{16,}(?:\s.*)?")


@dataclass(frozen=True)
class Account:
    """A line of /etc/passwd."""

    name: str
    uid: int
    gid: int
    comment: str
    home: str
    shell: str


@dataclass(frozen=True)
class Group:
    """A line of /etc/group."""

    name: str
    gid: int
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One command, and the line that tells what it does."""

    argv: tuple[str, ...]
    text: str


def parse_passwd(text: str) -> dict[str, Account]:
    """Read /etc/passwd; lines that aren't accounts (comments, NIS compat) are passed over."""
    accounts = {}
    for fields in (line.split(":") for line in text.splitlines()):
        if len(fields) >= 7 and fields[2].isdigit() and fields[3].isdigit():
            accounts[fields[0]] = Account(fields[0], int(fields[2]), int(fields[3]), fields[4], fields[5], fields[6])
    return accounts


def parse_group(text: str) -> dict[str, Group]:
    """Read /etc/group."""
    groups = {}
    for fields in (line.split(":") for line in text.splitlines()):
        if len(fields) >= 4 and fields[2].isdigit():
            groups[fields[0]] = Group(fields[0], int(fields[2]), tuple(name for name in fields[3].split(",") if name))
    return groups


def check(users: Sequence[Mapping[str, t.Any]], groups: Sequence[Mapping[str, t.Any]]) -> None:
    """Raise ``CoreError`` for a name, a number or a key that can't be meant."""
    for kind, items, number in (("users", users, "uid"), ("groups", groups, "gid")):
        names: set[str] = set()
        numbers: dict[int, str] = {}
        for index, item in enumerate(items):
            where, name = f"{kind}[{index}]", str(item["name"])
            if not _NAME.fullmatch(name):
                raise CoreError(f"{name!r} can't be a name in {kind}.", where=where, hint="Lower case letters, digits, hyphens and underscores, at most 32.")
            if name in names:
                raise CoreError(f"{name} is listed twice.", where=where, hint="Keep one of them.")
            names.add(name)
            value = item.get(number)
            if value is not None and numbers.setdefault(value, name) != name:
                raise CoreError(f"{name} and {numbers[value]} both have {number} {value}.", where=where, hint=f"Give each its own {number}.")
            for key in item.get("ssh_keys") or ():
                if "\n" in key.strip() or not _KEY.fullmatch(key.strip()):
                    shown = key.strip()[:40]
                    raise CoreError(f"{shown!r}… of {name} is not a public SSH key.", where=where, hint="Copy one line of a .pub file, ssh-ed25519 AAAA…")
    if any(user["name"] == "root" and user.get("state") == "absent" for user in users):
        raise CoreError("root can't be removed.", where="users")


def plan(
    users: Sequence[Mapping[str, t.Any]],
    groups: Sequence[Mapping[str, t.Any]],
    accounts: Mapping[str, Account],
    known: Mapping[str, Group],
) -> list[Step]:
    """Return the commands that are missing, in order: groups, users, groups that go."""
    check(users, groups)
    present = [group for group in groups if group.get("state", "present") == "present"]
    steps = [step for group in present for step in _plan_group(group, known)]
    names = {*known, *(group["name"] for group in present), *(user["name"] for user in users if user.get("state", "present") == "present")}
    names -= {group["name"] for group in groups if group.get("state") == "absent"}
    for index, user in enumerate(users):
        steps += _plan_user(user, accounts, known, names, f"users[{index}]")
    for group in groups:
        if group.get("state") == "absent" and group["name"] in known:
            steps.append(Step(("groupdel", group["name"]), f"remove group {group['name']}"))
    return steps


def _plan_group(group: Mapping[str, t.Any], known: Mapping[str, Group]) -> list[Step]:
    name, gid = group["name"], group.get("gid")
    if name in known:
        if gid is not None and known[name].gid != gid:
            raise CoreError(
                f"Group {name} has gid {known[name].gid} on this node, not {gid}.",
                hint="Files would keep the old number: change the group and its files by hand, or the inventory.",
            )
        return []
    number = ("--gid", str(gid)) if gid is not None else ()
    return [Step(("groupadd", *number, *(("--system",) if group.get("system") else ()), name), f"add group {name}")]


def _plan_user(user: Mapping[str, t.Any], accounts: Mapping[str, Account], known: Mapping[str, Group], names: set[str], where: str) -> list[Step]:
    name = user["name"]
    now = accounts.get(name)
    if user.get("state", "present") == "absent":
        return [Step(("userdel", *(("--remove",) if user.get("remove_home") else ()), name), f"remove user {name}")] if now else []
    unknown = [group for group in (*(user.get("groups") or ()), *([user["group"]] if user.get("group") else ())) if group not in names]
    if unknown:
        raise CoreError(f"User {name} is to be in group {unknown[0]}, which does not exist on this node.", where=where, hint="Add it to the groups.")
    return _add_user(user, name, known) if now is None else _change_user(user, now, known)


def _add_user(user: Mapping[str, t.Any], name: str, known: Mapping[str, Group]) -> list[Step]:
    argv = ["useradd", "--create-home" if user.get("create_home", True) else "--no-create-home"]
    if user.get("uid") is not None:
        argv += ["--uid", str(user["uid"])]
    if user.get("group"):
        argv += ["--gid", user["group"]]
    else:
        argv += ["--gid", name] if name in known else ["--user-group"]
    for option, key in (("--comment", "comment"), ("--home-dir", "home"), ("--shell", "shell")):
        if user.get(key):
            argv += [option, user[key]]
    if user.get("groups"):
        argv += ["--groups", ",".join(sorted(user["groups"]))]
    if user.get("system"):
        argv.append("--system")
    return [Step((*argv, name), f"add user {name}")]


def _change_user(user: Mapping[str, t.Any], now: Account, known: Mapping[str, Group]) -> list[Step]:
    if user.get("uid") is not None and user["uid"] != now.uid:
        raise CoreError(
            f"User {now.name} has uid {now.uid} on this node, not {user['uid']}.",
            hint="Files would keep the old number: change the user and its files by hand, or the inventory.",
        )
    argv: list[str] = []
    said: list[str] = []
    for option, key, value in (("--comment", "comment", now.comment), ("--home", "home", now.home), ("--shell", "shell", now.shell)):
        if user.get(key) is not None and user[key] != value:
            argv += [option, user[key]]
            said.append(f"{key} {user[key]}")
    primary = user.get("group")
    if primary and (primary not in known or known[primary].gid != now.gid):
        argv += ["--gid", primary]
        said.append(f"group {primary}")
    if user.get("groups") is not None:
        # Being listed in one's own primary group says nothing.
        own = {group.name for group in known.values() if group.gid == now.gid}
        member_of = {group.name for group in known.values() if now.name in group.members} - own
        if set(user["groups"]) - own != member_of:
            argv += ["--groups", ",".join(sorted(set(user["groups"])))]
            said.append(f"groups {', '.join(sorted(user['groups'])) or 'none'}")
    return [Step(("usermod", *argv, now.name), f"change user {now.name}: {'; '.join(said)}")] if argv else []


def authorized_keys(keys: Sequence[str]) -> str:
    """Return the whole of an authorized_keys file."""
    return "".join(f"{key.strip()}\n" for key in dict.fromkeys(keys))
