# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What runs on nodes runs on Python 3.9, the oldest one the supported systems have."""

from __future__ import annotations

import os
import pathlib
import subprocess

import pytest

IMPORT_ALL = """
import importlib, pkgutil, sys
sys.dont_write_bytecode = True
sys.path.insert(0, "plugins/module_utils")
import core
names = [module.name for module in pkgutil.walk_packages(core.__path__, "core.")]
for name in names:
    importlib.import_module(name)
print(len(names))
"""
COMPILE_ALL = """
import sys
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        compile(file.read(), path, "exec", dont_inherit=True)
"""


def oldest_python() -> str:
    """Return a Python 3.9 of this machine that starts, or skip."""
    pyenv = pathlib.Path(os.environ.get("PYENV_ROOT", pathlib.Path.home() / ".pyenv"))
    for candidate in ("python3.9", *(str(path) for path in sorted(pyenv.glob("versions/3.9.*/bin/python3.9")))):
        try:
            answer = subprocess.run([candidate, "-c", "import sys; print(sys.version_info[:2])"], capture_output=True, text=True, check=False)
        except OSError:
            continue
        if answer.stdout.strip() == "(3, 9)":
            return candidate
    pytest.skip("there is no Python 3.9 on this machine")


def test_the_library_can_be_imported(repository: pathlib.Path) -> None:
    done = subprocess.run([oldest_python(), "-c", IMPORT_ALL], cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 5


def test_everything_that_nodes_run_compiles(repository: pathlib.Path) -> None:
    files = [str(path) for folder in ("modules", "module_utils") for path in sorted((repository / "plugins" / folder).rglob("*.py"))]
    done = subprocess.run([oldest_python(), "-c", COMPILE_ALL, *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
