# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The wheel alone, in an empty virtual environment: the command, the collection and the lab's inventory are in it and work."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile

import pytest

# What the environment has beside the wheel comes from the one that runs the tests, so that nothing is downloaded.
TOOLS = {"ansible-playbook": "ansible.cli.playbook", "ansible-doc": "ansible.cli.doc"}
COLLECTION = "ansible_collections/railyard/cluster"


@pytest.fixture(scope="module")
def wheel(project_files: list[pathlib.Path], repository: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in project_files:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(repository / name, source / name, follow_symlinks=False)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(target), str(source)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (path,) = target.glob("railyard-*.whl")
    return path


@pytest.fixture(scope="module")
def environment(wheel: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A virtual environment with the wheel, in which Ansible and the other dependencies can be imported."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, symlinks=True)
    python = folder / "bin/python"
    packages = pathlib.Path(sysconfig.get_path("purelib", "venv", {"base": str(folder), "platbase": str(folder)}))
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(command, capture_output=True, text=True, check=True)
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    for name, module in TOOLS.items():
        (folder / "bin" / name).write_text(f"#!{python}\nfrom {module} import main\nmain()\n")
        (folder / "bin" / name).chmod(0o755)
    return folder


def call(environment: pathlib.Path, home: pathlib.Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the environment far away from the checkout, with nothing of the caller's but the language."""
    variables = {
        "HOME": str(home),
        "PATH": f"{environment}/bin:/usr/bin:/bin",
        "LC_ALL": os.environ.get("LC_ALL", "C.UTF-8"),
        "RAILYARD_STATE_DIR": str(home / "state"),
    }
    program = [str(environment / "bin" / argv[0]), *argv[1:]]
    return subprocess.run(program, cwd=home, env=variables, capture_output=True, text=True, check=False)


def test_the_command_starts(environment: pathlib.Path, tmp_path: pathlib.Path) -> None:
    answer = call(environment, tmp_path, "railyard", "--help")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "usage: railyard" in answer.stdout


def test_the_site_playbook_and_the_lab_inventory_are_found(environment: pathlib.Path, tmp_path: pathlib.Path) -> None:
    (inventory,) = environment.glob(f"lib/*/site-packages/{COLLECTION}/inventories/lab")
    answer = call(environment, tmp_path, "ansible-playbook", "--list-tasks", "-i", str(inventory), "railyard.cluster.site")
    assert answer.returncode == 0, answer.stderr
    assert "TAGS: [base" in answer.stdout


def test_modules_are_documented_from_the_wheel(environment: pathlib.Path, tmp_path: pathlib.Path) -> None:
    answer = call(environment, tmp_path, "ansible-doc", "--json", "railyard.cluster.files")
    assert answer.returncode == 0, answer.stderr
    documentation = json.loads(answer.stdout)["railyard.cluster.files"]["doc"]
    assert documentation["filename"].startswith(str(environment))
    assert set(documentation["attributes"]) == {"action", "check_mode", "diff_mode", "idempotent"}  # they come from a fragment


def test_a_command_runs_a_playbook_over_the_lab_s_inventory(environment: pathlib.Path, tmp_path: pathlib.Path) -> None:
    answer = call(environment, tmp_path, "railyard", "discover", "--json")
    # Where no lab stands, its hosts do not answer.
    assert answer.returncode in (0, 1), answer.stderr
    assert "ctl1" in {host["name"] for host in json.loads(answer.stdout)["hosts"]}


def test_the_wheel_has_all_of_the_collection_and_nothing_else(wheel: pathlib.Path, project_files: list[pathlib.Path]) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    parts = ("plugins", "roles", "playbooks", "meta")
    wanted = {
        f"{COLLECTION}/{name}"
        for name in project_files
        if name.parts[0] in parts or name.parts[:2] in (("inventories", "lab"), ("inventories", "lab_discovered"))
    }
    assert wanted - packed == set()
    core = {f"railyard/{name.relative_to('plugins/module_utils')}" for name in project_files if name.parts[:3] == ("plugins", "module_utils", "core")}
    assert core - packed == set()
    roots = {pathlib.PurePath(name).parts[0] for name in packed}
    assert {root for root in roots if not root.endswith(".dist-info")} == {"railyard", "ansible_collections"}
    folders = {pathlib.PurePath(name).parts[3] for name in packed if name.startswith(COLLECTION) and len(pathlib.PurePath(name).parts) > 4}
    assert folders == {*parts, "inventories", "docs"}
    assert [name for name in packed if name.endswith(".pyc")] == []
