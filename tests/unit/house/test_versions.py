# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One version everywhere, and the ansible-core that is promised is the one that is tested."""

from __future__ import annotations

import importlib
import pathlib
import tomllib
import typing as t

import yaml
from ansible.release import __version__ as core_version
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

# Which ansible-core a major version of the package "ansible" brings.
CORE_OF_ANSIBLE = {"12": "2.19", "13": "2.20", "14": "2.21"}


def load(path: pathlib.Path) -> dict[str, t.Any]:
    """Return a YAML file's mapping."""
    return yaml.safe_load(path.read_text())


def test_command_and_collection_have_one_version(repository: pathlib.Path) -> None:
    assert importlib.import_module("railyard").__version__ == load(repository / "galaxy.yml")["version"]


def test_the_running_ansible_core_is_a_supported_one(repository: pathlib.Path) -> None:
    assert core_version in SpecifierSet(load(repository / "meta/runtime.yml")["requires_ansible"])


def test_the_command_asks_for_the_ansible_that_the_collection_needs(repository: pathlib.Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    ansible = next(requirement for requirement in map(Requirement, project["dependencies"]) if requirement.name == "ansible")
    oldest = str(ansible.specifier).removeprefix(">=").partition(".")[0]
    assert load(repository / "meta/runtime.yml")["requires_ansible"] == f">={CORE_OF_ANSIBLE[oldest]}.0"


def test_no_released_version_is_newer_than_this_one(repository: pathlib.Path) -> None:
    releases = load(repository / "changelogs/changelog.yaml")["releases"]
    version = load(repository / "galaxy.yml")["version"]
    assert [release for release in releases if release not in SpecifierSet(f"<={version}")] == []
