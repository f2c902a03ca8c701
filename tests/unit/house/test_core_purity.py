# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The library takes values and callables: only the standard library and itself, no file, no process, no network."""

from __future__ import annotations

import ast
import pathlib
import sys

import pytest

CORE = pathlib.Path(__file__).resolve().parents[3] / "plugins/module_utils/core"
WORLD = {"ctypes", "fcntl", "glob", "http", "io", "multiprocessing", "shutil", "signal", "smtplib", "socket", "sqlite3", "subprocess", "tempfile", "urllib"}
HARMLESS = {"urllib.parse", "io.StringIO", "io.BytesIO"}
OS_NAMES = {"os.fspath", "os.linesep", "os.sep"}
PATH_NAMES = {"basename", "commonpath", "commonprefix", "dirname", "isabs", "join", "normpath", "sep", "split", "splitext"}


def dotted(node: ast.AST) -> str:
    """Return ``os.path.join`` for that expression, or an empty text for one that is not made of names alone."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        left = dotted(node.value)
        return f"{left}.{node.attr}" if left else ""
    return ""


def refused_name(name: str) -> bool:
    """Say whether a fully named thing of the standard library reaches outside the process."""
    if name in HARMLESS or any(name.startswith(harmless + ".") for harmless in HARMLESS):
        return False
    root, _dot, rest = name.partition(".")
    if root in WORLD:
        return True
    if root == "pathlib":
        return bool(rest) and not rest.startswith("Pure")
    if name.startswith(("posixpath.", "os.path.")):
        return name.rpartition(".")[2] not in PATH_NAMES
    return root == "os" and name not in {"os", "os.path", *OS_NAMES}


def faults(source: str) -> list[str]:
    """Return what a file of the library does that it may not, a line each."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            found += [f"line {node.lineno}: imports {name}" for name in names if name.partition(".")[0] not in sys.stdlib_module_names]
            names = [name for name in names if name not in ("io", "urllib")]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            if node.module.partition(".")[0] not in sys.stdlib_module_names:
                found.append(f"line {node.lineno}: imports {node.module}")
            names = [f"{node.module}.{alias.name}" for alias in node.names] if node.module != "__future__" else []
        elif isinstance(node, ast.Attribute):
            names = [dotted(node)]
        elif isinstance(node, ast.Call) and dotted(node.func) in ("open", "exec", "eval", "input", "__import__"):
            found.append(f"line {node.lineno}: calls {dotted(node.func)}()")
        found += [f"line {node.lineno}: uses {name}" for name in names if name and refused_name(name)]
    return found


def test_the_library_is_pure() -> None:
    problems = [f"{path.relative_to(CORE)}: {fault}" for path in sorted(CORE.rglob("*.py")) for fault in faults(path.read_text())]
    assert not problems, "\n".join(problems)


def test_package_files_of_the_library_are_empty() -> None:
    """An import in one would put its whole package into the payload of every module that uses one file of it."""
    packages = sorted(CORE.rglob("__init__.py"))
    assert packages
    assert [path.relative_to(CORE) for path in packages if path.stat().st_size] == []


def test_every_folder_of_the_library_is_a_package() -> None:
    """Ansible ships no module from a folder without this file."""
    assert sorted({path.parent for path in CORE.rglob("*.py") if not (path.parent / "__init__.py").exists()}) == []


def test_only_python_lies_in_the_library() -> None:
    """Other files of module_utils are not shipped to nodes."""
    assert sorted(path for path in CORE.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc", ".typed")) == []


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("import yaml", "line 1: imports yaml"),
        ("from ansible.errors import AnsibleError", "line 1: imports ansible.errors"),
        ("import subprocess", "line 1: uses subprocess"),
        ("from shutil import which", "line 1: uses shutil.which"),
        ("x = open('/etc/hosts')", "line 1: calls open()"),
        ("import os\nos.system('true')", "line 2: uses os.system"),
        ("import os\nos.path.exists('/')", "line 2: uses os.path.exists"),
        ("from os import environ", "line 1: uses os.environ"),
        ("from pathlib import Path", "line 1: uses pathlib.Path"),
        ("import urllib.request", "line 1: uses urllib.request"),
    ],
)
def test_this_check_sees(source: str, fault: str) -> None:
    assert fault in faults(source)


@pytest.mark.parametrize(
    "source",
    [
        "from ..errors import CoreError",
        "import os\nos.path.join('a', 'b')",
        "from pathlib import PurePosixPath",
        "import posixpath\nposixpath.join('a', 'b')",
        "from urllib.parse import quote",
        "import json, re, dataclasses",
    ],
)
def test_this_check_allows(source: str) -> None:
    assert faults(source) == []
