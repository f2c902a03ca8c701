# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The BMCs' resources and actions, asked without a network; the lab below them is a list of what was done to it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import TestResponse

from ansible_collections.railyard.cluster.plugins.module_utils._lab import bmcs, host
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.lab.spec import LabNode, spec_from_dict

SPEC = spec_from_dict(
    {
        "name": "default",
        "index": 3,
        "nodes": [{"name": "ctl1", "number": 11}, {"name": "node1", "number": 101, "hardware_class": "h"}],
        "hardware": {"h": {"gpus": {"count": 1, "pci_id": "10de:2330"}, "memory_mib": 65536}},
    }
)
PASSWORD = "not the one"


class FakeLab:
    spec = SPEC
    busy = False

    def __init__(self) -> None:
        self.running = {"ctl1", "node1"}
        self.done: list[tuple[str, str, str]] = []
        self.acted = threading.Event()

    def runner_pid(self, node: LabNode) -> int:
        return int(node.name in self.running)

    def power(self, node: LabNode, stop: str, start: str) -> None:
        if self.busy:
            raise CoreError("node1 does not stop.")
        self.done.append((node.name, stop, start))
        self.running = self.running - {node.name} if not start else self.running | {node.name}
        self.acted.set()


@pytest.fixture(scope="module")
def application() -> tuple[FakeLab, Any]:
    lab = FakeLab()
    return lab, bmcs.make_app(lab, PASSWORD)  # type: ignore[arg-type]


@pytest.fixture
def lab(application: tuple[FakeLab, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLab]:
    @contextlib.contextmanager
    def no_lock(_path: str, *, timeout_s: float) -> Iterator[None]:
        yield

    monkeypatch.setattr(host, "locked", no_lock)
    application[0].__init__()  # type: ignore[misc]
    yield application[0]


@pytest.fixture
def ask(application: tuple[FakeLab, Any]) -> Any:
    def ask(path: str, *, node: str = "node1", password: str | None = PASSWORD, reset: str = "") -> TestResponse:
        address = SPEC.bmc_address(SPEC.node(node))
        more: dict[str, Any] = {"auth": ("admin", password)} if password is not None else {}
        if reset:
            more.update(method="POST", json={"ResetType": reset})
        response: TestResponse = application[1].test_client().open(path, base_url=f"https://{address}", **more)
        return response

    return ask


def system(ask: Any, node: str = "node1") -> str:
    members = ask("/redfish/v1/Systems", node=node).json["Members"]
    assert len(members) == 1
    return str(members[0]["@odata.id"])


def test_each_address_is_the_bmc_of_one_machine(lab: FakeLab, ask: Any) -> None:
    assert ask(system(ask)).json["HostName"] == "node1"
    assert ask(system(ask, "ctl1"), node="ctl1").json["HostName"] == "ctl1"
    assert ask(system(ask), node="ctl1").status_code == 404


def test_every_link_leads_somewhere(lab: FakeLab, ask: Any) -> None:
    seen: dict[str, Any] = {}
    waiting = ["/redfish/v1"]
    while waiting:
        path = waiting.pop()
        if path.rstrip("/") not in seen:
            answer = ask(path)
            assert answer.status_code == 200, path
            seen[path.rstrip("/")] = answer.json
            waiting += [
                link
                for link in _links(answer.json)
                if not link.startswith(("/redfish/v1/Registries", "/redfish/v1/CertificateService", "/redfish/v1/UpdateService"))
            ]
    gpus = [resource for resource in seen.values() if resource.get("ProcessorType") == "GPU"]
    assert [gpu["Model"] for gpu in gpus] == ["NVIDIA H100 80GB HBM3"]
    assert "437XR1138R2" not in str(seen), "an example's identity"


def _links(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("@odata.id"), str):
            yield value["@odata.id"]
        for inner in value.values():
            yield from _links(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _links(inner)


def test_the_password_is_asked_for_behind_the_root(lab: FakeLab, ask: Any) -> None:
    assert ask("/redfish/v1/", password=None).status_code == 200
    for password in (None, "", PASSWORD + "!"):
        answer = ask("/redfish/v1/Systems", password=password)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Basic realm="BMC"')
        assert answer.json["error"]["message"] == "Wrong user or password."


def test_power_is_what_the_machine_has(lab: FakeLab, ask: Any) -> None:
    path = system(ask)
    assert ask(path).json["PowerState"] == "On"
    assert ask(f"{path}/Actions/ComputerSystem.Reset", reset="ForceOff").status_code == 204
    assert ask(path).json["PowerState"] == "Off"
    assert lab.done == [("node1", "cut", "")]
    lab.running.add("node1")
    assert ask(path).json["PowerState"] == "On"


def test_a_shutdown_is_not_waited_for(lab: FakeLab, ask: Any) -> None:
    assert ask(f"{system(ask)}/Actions/ComputerSystem.Reset", reset="GracefulShutdown").status_code == 204
    assert lab.acted.wait(5)
    assert lab.done == [("node1", "shut down", "")]


def test_what_cannot_be_done_is_said(lab: FakeLab, ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    target = f"{system(ask)}/Actions/ComputerSystem.Reset"
    refused = ask(target, reset="Explode")
    assert (refused.status_code, refused.json["error"]["message"].partition(". ")[0]) == (400, "ResetType: 'Explode' is not a reset")
    monkeypatch.setattr(lab, "busy", True)
    failed = ask(target, reset="ForceOff")
    assert (failed.status_code, failed.json["error"]["message"]) == (503, "node1 does not stop.")
