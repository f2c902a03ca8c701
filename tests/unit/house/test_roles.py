# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every role has the same shape, and none of the constructs that hide a failure or an untrue change."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest
import yaml

REQUIRED = ("README.md", "defaults/main.yml", "meta/argument_specs.yml", "meta/main.yml", "tasks/main.yml")
FORBIDDEN = ("handlers", "library", "filter_plugins", "action_plugins", "module_utils")
COLLECTION_NAME = re.compile(r"\b((?:ansible|community|containers|kubernetes)\.[a-z_]+)\.[a-z_0-9]+\b")
COMMENT = re.compile(r"(^|\s)#.*$", re.MULTILINE)


class Loader(yaml.SafeLoader):
    """Reads YAML with Ansible's tags (``!vault``, ``!unsafe``), whose values do not matter here."""


Loader.add_multi_constructor("!", lambda loader, suffix, node: str(node.value))


def task_faults(tasks: t.Any) -> list[str]:
    """Return the constructs of a task list (or playbook) that hide what happened, blocks included."""
    found: list[str] = []
    for task in tasks if isinstance(tasks, list) else []:
        if not isinstance(task, dict):
            continue
        name = task.get("name", "a task without a name")
        if "ignore_errors" in task:
            found.append(f"{name}: ignore_errors")
        if task.get("changed_when") is True:
            found.append(f"{name}: changed_when is always true")
        if "notify" in task:
            found.append(f"{name}: notify; railyard.cluster.services restarts what runs with an old file")
        for part in ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks"):
            found += task_faults(task.get(part))
    return found


def task_files(repository: pathlib.Path) -> list[pathlib.Path]:
    """Return the files with tasks that run on clusters: roles and playbooks."""
    return sorted([*repository.glob("roles/*/tasks/**/*.yml"), *repository.glob("playbooks/**/*.yml")])


def test_every_role_has_its_files(repository: pathlib.Path) -> None:
    roles = sorted(path for path in (repository / "roles").iterdir() if path.is_dir())
    missing = [f"roles/{role.name}: no {name}" for role in roles for name in REQUIRED if not (role / name).is_file()]
    unwanted = [f"roles/{role.name}: has {name}/" for role in roles for name in FORBIDDEN if (role / name).exists()]
    assert not missing + unwanted, "\n".join(missing + unwanted)


def test_every_role_is_described_for_a_reader(repository: pathlib.Path) -> None:
    """A README names the role, shows a playbook and says what the role will not do."""
    problems = []
    for readme in sorted(repository.glob("roles/*/README.md")):
        text = readme.read_text().lower()
        for sign, what in ((f"railyard.cluster.{readme.parent.name}", "the role's full name"), ("```yaml", "a playbook"), ("not", "what it will not do")):
            if sign not in text:
                problems.append(f"{readme.relative_to(repository)}: lacks {what}")
    assert not problems, "\n".join(problems)


def test_no_task_hides_what_happened(repository: pathlib.Path) -> None:
    problems = [f"{path.relative_to(repository)}: {fault}" for path in task_files(repository) for fault in task_faults(yaml.load(path.read_text(), Loader))]
    assert not problems, "\n".join(problems)


def test_the_collections_in_use_are_the_declared_ones(repository: pathlib.Path) -> None:
    used: set[str] = set()
    for path in [*task_files(repository), *repository.glob("roles/*/defaults/*.yml"), *repository.glob("roles/*/templates/**/*.j2")]:
        used.update(COLLECTION_NAME.findall(COMMENT.sub("", path.read_text())))
    declared = set(yaml.safe_load((repository / "galaxy.yml").read_text())["dependencies"])
    assert used - {"ansible.builtin"} == declared


@pytest.mark.parametrize(
    ("tasks", "fault"),
    [
        ([{"name": "A", "ignore_errors": False}], "A: ignore_errors"),
        ([{"name": "A", "block": [{"name": "B", "changed_when": True}]}], "B: changed_when is always true"),
        ([{"name": "P", "tasks": [{"name": "A", "notify": "x"}]}], "A: notify; railyard.cluster.services restarts what runs with an old file"),
    ],
)
def test_this_check_sees(tasks: t.Any, fault: str) -> None:
    assert task_faults(tasks) == [fault]
