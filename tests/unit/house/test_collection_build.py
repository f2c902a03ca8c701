# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``ansible-galaxy collection build`` packs what belongs to the collection, all of it and nothing else."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import tarfile

PACKED = {"CHANGELOG.rst", "LICENSE", "README.md", "changelogs", "docs", "meta", "playbooks", "plugins", "roles"}
MADE = {"FILES.json", "MANIFEST.json"}


def test_the_build_packs_what_belongs(repository: pathlib.Path, project_files: list[pathlib.Path], tmp_path: pathlib.Path) -> None:
    galaxy = pathlib.Path(sys.executable).with_name("ansible-galaxy")
    built = subprocess.run([galaxy, "collection", "build", "--output-path", tmp_path, repository], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (archive,) = tmp_path.glob("railyard-cluster-*.tar.gz")
    with tarfile.open(archive) as tar:
        packed = {member.name for member in tar.getmembers() if not member.isdir()}
    expected = {str(path) for path in project_files if path.parts[0] in PACKED}
    assert sorted(packed - MADE - expected) == []
    assert sorted(expected - packed) == []
    assert {"LICENSE", "README.md", "CHANGELOG.rst", "meta/runtime.yml", "playbooks/site.yml"} <= packed
