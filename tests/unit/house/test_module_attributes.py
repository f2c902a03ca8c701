# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an attribute of a module means is said once, in the documentation fragment ``attributes``."""

from __future__ import annotations

import importlib.util
import pathlib
import typing as t

import yaml

FRAGMENT = "railyard.cluster.attributes"
SHARED = {"check_mode", "diff_mode", "idempotent"}


def documentation(path: pathlib.Path) -> dict[str, t.Any]:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return yaml.safe_load(module.DOCUMENTATION)


def faults(document: dict[str, t.Any]) -> list[str]:
    found = [] if FRAGMENT in document.get("extends_documentation_fragment", []) else [f"does not extend {FRAGMENT}"]
    return found + [f"describes {name} again" for name, entry in document.get("attributes", {}).items() if name in SHARED and "description" in entry]


def test_every_module_uses_the_fragment(repository: pathlib.Path) -> None:
    modules = sorted((repository / "plugins/modules").glob("*.py"))
    assert modules
    assert [f"{path.name}: {fault}" for path in modules for fault in faults(documentation(path))] == []


def test_this_check_sees() -> None:
    assert faults({}) == [f"does not extend {FRAGMENT}"]
    assert faults({"extends_documentation_fragment": [FRAGMENT], "attributes": {"check_mode": {"description": "x"}}}) == ["describes check_mode again"]
