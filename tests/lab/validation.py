# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Validations of a live lab, as a person starts them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from lab.cluster import INVENTORY, REPOSITORY, Cluster

COMPUTE = ("node1", "node2", "node3", "node4")


class Validation:
    """What a validation of the lab answered."""

    def __init__(self, rc: int, document: dict[str, Any]) -> None:
        self.rc, self.document = rc, document
        self.verdict: str = document["verdict"]
        self.record: dict[str, Any] = json.loads(Path(document["path"]).read_text())

    @property
    def found(self) -> list[tuple[str, str, str, str]]:
        """Of each finding the kind and name of its subject, the check and the verdict."""
        return [(entry["subject"]["kind"], entry["subject"]["name"], entry["check"], entry["verdict"]) for entry in self.document["findings"]]

    def verdict_of(self, node: str, check: str = "network_bandwidth") -> str:
        subject = {"kind": "node", "name": node}
        return str(next(entry["verdict"] for entry in self.record["results"] if entry["check"] == check and subject.items() <= entry["subject"].items()))


def start(*arguments: str, **variables: Any) -> subprocess.Popen[str]:
    command = [
        str(Path(sys.executable).with_name("railyard")),
        "validate",
        "--json",
        "-i",
        str(INVENTORY),
        "-e",
        json.dumps(variables),
        *arguments,
    ]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL, start_new_session=True
    )


def finish(run: subprocess.Popen[str]) -> Validation:
    stdout, stderr = run.communicate(timeout=300)
    assert stdout.startswith("{"), stderr
    return Validation(run.returncode, json.loads(stdout))


def validate(*arguments: str, **variables: Any) -> Validation:
    return finish(start(*arguments, **variables))


def last_record(cluster: Cluster) -> dict[str, Any]:
    """The record of the lab's newest validation."""
    return dict(json.loads(max(cluster.folder.glob("runs/*/findings.json")).read_text()))
