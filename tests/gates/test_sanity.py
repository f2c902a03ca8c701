# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""ansible-test sanity over the project's files.

ansible-test works in the real folder it stands in, which has to end in ansible_collections/railyard/cluster, and
leaves out what git ignores; so it runs on a copy outside the checkout. The command and the tests are not part of the
collection and have linters of their own: without them the run takes two thirds of the time. Its virtual environments are kept in a home of
its own (.ansible/sanity), which makes every run but the first short and leaves the user's home alone.
"""

from __future__ import annotations

import ast
import collections
import os
import pathlib
import shutil
import subprocess
import sys
import types

import pytest

LEFT_OUT = ("cli", "molecule", "tests/benchmark", "tests/gates", "tests/integration", "tests/lab", "tests/unit", "tests/conftest.py")
VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"


def pip_configuration() -> str:
    """Return a pip.conf with what pip is configured with here: ansible-test hides the environment from it."""
    listing = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True)
    sections: dict[str, dict[str, str]] = collections.defaultdict(dict)
    for line in sorted(listing.stdout.splitlines(), reverse=True):  # the environment last: it wins
        name, _equals, value = line.partition("=")
        section, _dot, option = name.rpartition(".")
        sections["global" if section == ":env:" else section][option] = ast.literal_eval(value)
    proxy = os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy")
    if proxy:
        sections["global"].setdefault("proxy", proxy)
    return "".join(f"[{section}]\n" + "".join(f"{option} = {value}\n" for option, value in options.items()) for section, options in sections.items())


def prepare_home(home: pathlib.Path, stand_in: pathlib.Path) -> None:
    """Lay down pip's configuration and the script that ansible-test would download."""
    from ansible_test._internal.python_requirements import get_venv_packages

    pip_version = get_venv_packages(types.SimpleNamespace(version=VERSION))["pip"].replace(".", "_")
    for path, text in ((".config/pip/pip.conf", pip_configuration()), (f".ansible/test/cache/get_pip_{pip_version}.py", stand_in.read_text())):
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text)
        (home / path).chmod(0o600)


def copy_project(repository: pathlib.Path, files: list[pathlib.Path], folder: pathlib.Path) -> None:
    """Copy the project's files and make the copy a git repository of its own, so that ansible-test sees all of them."""
    for path in files:
        if path.as_posix().startswith(LEFT_OUT):
            continue
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(repository / path, folder / path, follow_symlinks=False)
    for command in (["git", "init", "--quiet"], ["git", "add", "--all"]):
        subprocess.run(command, cwd=folder, check=True)


@pytest.mark.slow
def test_sanity(repository: pathlib.Path, project_files: list[pathlib.Path], tmp_path: pathlib.Path) -> None:
    home = repository / ".ansible/sanity"
    prepare_home(home, repository / "tests/sanity/get_pip.py")
    collection = tmp_path / "ansible_collections/railyard/cluster"
    copy_project(repository, project_files, collection)

    command = [pathlib.Path(sys.executable).with_name("ansible-test"), "sanity", "--python", VERSION, "--color", "no"]
    environment = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")}
    # The virtual environment's Python comes first: another one of the same version may lack what ansible-test needs.
    environment["PATH"] = f"{pathlib.Path(sys.executable).parent}:{environment['PATH']}"
    run = subprocess.run(
        command, cwd=collection, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    print(run.stdout)
    assert run.returncode == 0
    signs = ("Skipping sanity test", "All targets skipped", "Required program")
    assert [line for line in run.stdout.splitlines() if any(sign in line for sign in signs)] == []
