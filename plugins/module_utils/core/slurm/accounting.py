# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The cluster, QOS, accounts and users in slurmdbd: what is wanted, what ``sacctmgr -nP show`` says, which commands bring them together.

What is there and not wanted is left alone. A setting that isn't named is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import CoreError

SHOW = ("sacctmgr", "--noheader", "--parsable2", "show")
SET = ("sacctmgr", "--immediate", "--quiet")

_ACCOUNT_KEYS = ("name", "description", "organization", "parent", "config", "users")
_USER_KEYS = ("name", "config")
_QOS_KEYS = ("name", "config")
_NAME = re.compile(r"^[a-z0-9_][a-z0-9_.-]*$")
_DURATION = re.compile(r"^(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?$")


@dataclass(frozen=True)
class Account:
    name: str
    description: str
    organization: str
    parent: str
    config: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    cluster: str
    qos: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    accounts: tuple[Account, ...] = ()


def read_wanted(cluster: str, accounts: Sequence[Any], qos: Sequence[Any]) -> Wanted:
    """Check the site's lists."""
    levels: dict[str, Mapping[str, str]] = {}
    for place, entry in enumerate(qos):
        where = f"slurm_qos[{place}]"
        name = _entry(entry, _QOS_KEYS, where)
        if name in levels:
            raise CoreError(f"{name!r} is there twice.", where=where)
        levels[name] = _config(entry.get("config", {}), where)
    found: dict[str, Account] = {}
    for place, entry in enumerate(accounts):
        where = f"slurm_accounts[{place}]"
        name = _entry(entry, _ACCOUNT_KEYS, where)
        parent = str(entry.get("parent", "root"))
        if name in found:
            raise CoreError(f"{name!r} is there twice.", where=where)
        if parent != "root" and parent not in found:
            raise CoreError(f"account {name!r} has the parent {parent!r}, which isn't listed before it.", where=f"{where}.parent")
        users: dict[str, Mapping[str, str]] = {}
        for user in entry.get("users", []):
            one = {"name": user} if isinstance(user, str) else user
            users[_entry(one, _USER_KEYS, f"{where}.users")] = _config(one.get("config", {}), f"{where}.users")
        found[name] = Account(
            name=name,
            description=str(entry.get("description", name)),
            organization=str(entry.get("organization", cluster)),
            parent=parent,
            config=_config(entry.get("config", {}), where),
            users=users,
        )
    return Wanted(cluster.lower(), levels, tuple(found.values()))


def queries(wanted: Wanted) -> dict[str, list[str]]:
    """The commands whose output ``plan`` reads; none for what isn't wanted."""
    result = {"cluster": [*SHOW, "cluster", "format=Cluster"]}
    if wanted.qos:
        result["qos"] = [*SHOW, "qos", f"format={','.join(['Name', *_keys(wanted.qos.values())])}"]
    if wanted.accounts:
        result["account"] = [*SHOW, "account", "format=Account,Description,Organization"]
        keys = _keys(config for account in wanted.accounts for config in (account.config, *account.users.values()))
        fields = ["Account", "User", "Partition", "ParentName", *keys]
        result["association"] = [*SHOW, "association", f"cluster={wanted.cluster}", f"format={','.join(fields)}"]
    return result


def plan(wanted: Wanted, answers: Mapping[str, str]) -> list[list[str]]:
    """The commands that are missing, in an order that works."""
    commands: list[list[str]] = []
    if wanted.cluster not in {row[0] for row in _rows(answers["cluster"])}:
        commands.append([*SET, "add", "cluster", wanted.cluster])
    if wanted.qos:
        keys = _keys(wanted.qos.values())
        there = {row[0]: dict(zip(keys, row[1:])) for row in _rows(answers["qos"])}
        for name, config in wanted.qos.items():
            commands += _bring("qos", name, config, there.get(name), [])
    if wanted.accounts:
        commands += _accounts(wanted, answers)
    return commands


def _accounts(wanted: Wanted, answers: Mapping[str, str]) -> list[list[str]]:
    commands: list[list[str]] = []
    keys = _keys(config for account in wanted.accounts for config in (account.config, *account.users.values()))
    texts = {row[0]: {"Description": row[1], "Organization": row[2]} for row in _rows(answers["account"]) if len(row) > 2}
    links = {(row[0], row[1]): {"Parent": row[3], **dict(zip(keys, row[4:]))} for row in _rows(answers["association"]) if len(row) > 3 and not row[2]}
    place = [f"cluster={wanted.cluster}"]
    for account in wanted.accounts:
        described = {"Description": account.description, "Organization": account.organization}
        there = links.get((account.name, ""))
        if there is None:
            settings = _settings({**described, "Parent": account.parent, **account.config})
            commands.append([*SET, "add", "account", account.name, *place, *settings])
        else:
            differ = {key: value for key, value in described.items() if not _same(key, value, texts.get(account.name, {}).get(key, ""))}
            if differ:
                commands.append([*SET, "modify", "account", "where", f"name={account.name}", "set", *_settings(differ)])
            commands += _bring("account", account.name, {"Parent": account.parent, **account.config}, there, place)
        for user, config in account.users.items():
            commands += _bring("user", user, config, links.get((account.name, user)), [*place, f"account={account.name}"])
    return commands


def _bring(kind: str, name: str, config: Mapping[str, str], there: Mapping[str, str] | None, place: list[str]) -> list[list[str]]:
    if there is None:
        return [[*SET, "add", kind, name, *place, *_settings(config)]]
    differ = {key: value for key, value in config.items() if not _same(key, value, there.get(key, ""))}
    return [[*SET, "modify", kind, "where", f"name={name}", *place, "set", *_settings(differ)]] if differ else []


def _same(key: str, wanted: str, there: str) -> bool:
    return _normal(key, wanted) == _normal(key, there)


def _normal(key: str, value: str) -> object:
    """What sacctmgr shows for what it was given: lists sorted, times in seconds, -1 as nothing."""
    text = value.strip().lower()
    if text in ("", "-1"):
        return ""
    if "wall" in key.lower() and (match := _DURATION.match(text)):
        return _seconds(match)
    return tuple(sorted(text.split(",")))


def _seconds(match: re.Match[str]) -> int:
    days, first, second, third = (int(group) if group else 0 for group in match.groups())
    if match.group(1):  # days-hours[:minutes[:seconds]]
        return ((days * 24 + first) * 60 + second) * 60 + third
    if match.group(4):
        return (first * 60 + second) * 60 + third
    return first * 60 + second  # minutes[:seconds]


def _settings(config: Mapping[str, str]) -> list[str]:
    return [f"{key}={value}" for key, value in config.items()]


def _keys(configs: Iterable[Mapping[str, str]]) -> list[str]:
    return sorted({key for config in configs for key in config})


def _rows(text: str) -> list[list[str]]:
    return [line.split("|") for line in text.splitlines() if line]


def _entry(entry: Any, known: Sequence[str], where: str) -> str:
    if not isinstance(entry, Mapping):
        raise CoreError(f"{entry!r} is not a dict.", where=where)
    for key in entry:
        if key not in known:
            raise CoreError(f"{key!r} is not known here; these are: {', '.join(known)}.", where=where)
    name = str(entry.get("name", ""))
    # sacctmgr writes the names of accounts and QOS in lower case.
    if not _NAME.match(name):
        raise CoreError(f"{name!r} can't be a name in Slurm's accounting.", where=where, hint="Lower-case letters, digits and '_.-' can.")
    return name


def _config(value: Any, where: str) -> Mapping[str, str]:
    if not isinstance(value, Mapping):
        raise CoreError(f"{value!r} is not a dict.", where=f"{where}.config")
    result: dict[str, str] = {}
    for key, item in value.items():
        if not re.match(r"^[A-Za-z]+$", str(key)):
            raise CoreError(f"{key!r} can't be a key.", where=f"{where}.config")
        if isinstance(item, Mapping):
            item = ",".join(f"{name}={amount}" for name, amount in item.items())
        elif isinstance(item, (list, tuple)):
            item = ",".join(str(word) for word in item)
        result[str(key)] = str(item)
    return result
