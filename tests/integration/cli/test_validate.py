# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What goes wrong before anything is measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

HOSTS = "validate:\n  hosts:\n    n1: {ansible_host: 127.0.0.1, ansible_port: 9}\n    n2: {ansible_host: 127.0.0.2, ansible_port: 9}\n"


def validate(site: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "RAILYARD_"))}
    environment["RAILYARD_STATE_DIR"] = str(site / "state")
    command = [Path(sys.executable).with_name("railyard"), "validate", "--json", "-i", site / "hosts.yml"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL)


def test_a_typo_is_refused_and_nothing_is_measured(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text(HOSTS + "  vars:\n    validate_netwrok_gbits_per_s: 100\n")
    done = validate(tmp_path)
    # A refusal.
    assert done.returncode == 1, done.stdout
    assert "did you mean validate_network_gbits_per_s?" in done.stdout
    assert not list(tmp_path.glob("state/runs/*/pairs"))


def test_nodes_that_do_not_answer_are_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text(HOSTS)
    done = validate(tmp_path)
    assert done.returncode == 1, done.stderr
    document = json.loads(done.stdout)
    assert document["verdict"] == "inconclusive"
    left_out = {entry["what"]: entry["why"] for entry in document["not_tested"]}
    assert {"n1", "n2"} <= set(left_out)
    assert "Connection refused" in left_out["n1"]
