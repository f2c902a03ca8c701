# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils._lab import bmc_service
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.lab.spec import spec_from_dict

SPEC = spec_from_dict({"name": "default", "index": 3, "nodes": [{"name": "node1", "number": 101}]})


def test_what_is_missing_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bmc_service, "EMULATOR", "no_such_package")
    with pytest.raises(CoreError) as error:
        bmc_service.BmcService(SPEC, str(tmp_path)).require()
    assert str(error.value) == (
        f"The lab's BMCs need the Python package sushy-tools, and {sys.executable} has none. "
        f"{sys.executable} -m pip install sushy-tools, or set lab_bmcs to false."
    )
    bmc_service.BmcService(replace(SPEC, bmcs=False), str(tmp_path)).require()


def test_a_bmc_that_does_not_run_or_has_a_fault_is_down(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    service, node = bmc_service.BmcService(SPEC, str(tmp_path)), SPEC.nodes[0]
    assert service.state(node, {}) == "down"
    monkeypatch.setattr(service, "pid", lambda: 1)
    assert service.state(node, {}) == "10.215.3.101"
    assert service.state(node, {"bmc:node1": {"down": True}}) == "down"
    assert bmc_service.BmcService(replace(SPEC, bmcs=False), str(tmp_path)).state(node, {}) == ""


def test_a_process_that_has_written_half_its_number_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "pid").touch()
    ready = threading.Timer(0.3, (tmp_path / "ready").touch)
    ready.start()
    bmc_service.BmcService(SPEC, str(tmp_path)).wait()
    ready.join()


def test_a_process_that_ended_is_not_waited_for(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as process:
        (tmp_path / "pid").write_text(f"{process.pid}\n")
        start = time.monotonic()
        with pytest.raises(CoreError, match="the BMCs did not start"):
            bmc_service.BmcService(SPEC, str(tmp_path)).wait()
    assert time.monotonic() - start < 5
