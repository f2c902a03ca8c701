# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``railyard resolve``, as a person calls it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from railyard.main import main

A100 = ["--pci", "10de:20b2", "--pci", "10de:1af1", "--os", "ubuntu2404", "--kernel", "6.8.0-45-generic"]
FACTS: dict[str, Any] = {
    "schema": "railyard.facts",
    "system": {"os_id": "rocky", "os_version": "9.5", "kernel": "5.14.0-503.el9_5.x86_64"},
    "gpus": [{"pci_id": "10de:2330"}] * 8,
}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An inventory of one site, whose state is beside it."""
    monkeypatch.setenv("RAILYARD_STATE_DIR", str(tmp_path / "state"))
    inventory = tmp_path / "site"
    inventory.mkdir()
    (inventory / "hosts.yml").write_text("gpu:\n  hosts: {gpu1: , gpu2: }\n  vars: {railyard_hardware_class: ours}\nother:\n  hosts: {login1: }\n")
    (inventory / "group_vars/all").mkdir(parents=True)
    (inventory / "group_vars/all/hardware.yml").write_text("railyard_hardware_classes: {ours: {based_on: b200_sxm_8, memory_mib: 4194304}}\n")
    return inventory


def saw(site: Path, run: str, node: str, facts: dict[str, Any]) -> Path:
    path = site.parent / "state/runs" / run / "facts" / f"{node}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(facts))
    return path


def answer(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_devices_of_no_inventory(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["resolve", *A100, "--version", "580.173.02", "--json"]) == 0
    document = answer(capsys)
    jsonschema.Draft202012Validator(json.loads((repository / "docs/schemas/stack.json").read_text())).validate(document)
    assert [package["spec"] for package in document["packages"]][:5] == [
        "nvidia-driver-pinning-580.173.02",
        "linux-headers-6.8.0-45-generic",
        "nvidia-open-580=580.173.02-*",
        "nvidia-fabricmanager=580.173.02-*",
        "libnvidia-nscq=580.173.02-*",
    ]
    assert (document["node"], document["os"], document["repository"]) == ("", "ubuntu2404", "ubuntu2404/x86_64")


def test_every_wish_arrives(capsys: pytest.CaptureFixture[str]) -> None:
    line = "--pci 10de:1eb8 --os rhel9 --arch x86_64 --kernel 5.14.0-503.el9_5.x86_64 --source mirror --proprietary --precompiled --secure-boot --rdma doca"
    more = "--scheduler kubernetes --cuda 12.9 --nccl 2.30.7-1 --profiling --branch 570 --json"
    assert main(["resolve", *line.split(), *more.split()]) == 0
    document = answer(capsys)
    assert (document["source"], document["modules"], document["build"], document["branch"]) == ("mirror", "proprietary", "precompiled", 570)
    assert document["gpudirect"] == "peermem"
    assert "options nvidia NVreg_RestrictProfilingToAdminUsers=0" in document["modprobe"]
    specs = [package["spec"] for package in document["packages"]]
    assert {"cuda-toolkit-12-9", "libnccl-2.30.7-1+cuda12.9"} <= set(specs)
    assert any("Secure Boot" in warning for warning in document["warnings"])
    tray = ["--pci", "10de:2941", "--os", "ubuntu2404", "--arch", "sbsa", "--scheduler", "kubernetes", "--open", "--dkms", "--json"]
    assert main(["resolve", *tray]) == 0
    assert answer(capsys)["masked"] == ["nvidia-imex"]


def test_a_person_sees_packages_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["resolve", *A100]) == 0
    shown = capsys.readouterr().out
    assert "driver: newest of branch 580, open modules, built by DKMS, CUDA 13\n" in shown
    assert "nvidia-fabricmanager=580.*" in shown
    assert "because: Fabric Manager, exactly the driver's version: there are NVSwitches.\n" in shown
    assert "warning: No exact version was given" in shown
    assert "masked" not in shown, "what is empty is not shown"


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_refusal_is_status_1_and_names_the_nearest(form: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["resolve", "--pci", "10de:2901", "--os", "debian13", "--source", "distribution", *form]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == ("railyard: B200 SXM6 (Blackwell) is not in branch 550: the first one for it is 570. The nearest that can be met: source nvidia.\n")


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["--pci", "10de:2330"],
        ["node1", "--pci", "10de:2330"],
        ["node1", "--from", "x.json"],
        [*A100, "--open", "--proprietary"],
        [*A100, "--source", "ours"],
        [*A100, "--branch", "new"],
    ],
)
def test_wrong_usage_is_status_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["resolve", *argv])
    assert stopped.value.code == 2
    assert "railyard resolve: error: " in capsys.readouterr().err


@pytest.mark.parametrize("argv", [["--pci", "2330", "--os", "rhel9"], ["--pci", "10de:2330", "--os", "beos5"], [*A100, "--version", "latest"]])
def test_what_cannot_be_read_is_status_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["resolve", *argv]) == 2
    assert capsys.readouterr().err.startswith("railyard: '")


def test_a_host_as_the_last_run_saw_it(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saw(site, "20260101-000000-aaaa", "gpu1", {**FACTS, "gpus": [{"pci_id": "10de:1eb8"}]})
    saw(site, "20260201-000000-aaaa", "gpu1", FACTS)
    saw(site, "20260301-000000-aaaa", "gpu2", {**FACTS, "gpus": [{"pci_id": "10de:1eb8"}]})
    assert main(["resolve", "gpu1", "-i", str(site), "--json"]) == 0
    document = answer(capsys)
    assert (document["node"], document["os"], document["gpus"]) == ("gpu1", "rhel9", ["H100 SXM5"])
    assert document["kernels"] == ["5.14.0-503.el9_5.x86_64"]
    assert "nvidia-fabricmanager" in document["services"]
    # The kernels to build for may be others than the one that ran.
    assert main(["resolve", "gpu1", "-i", str(site), "--json", "--kernel", "5.14.0-570.el9.x86_64", "--os", "rhel10"]) == 0
    document = answer(capsys)
    assert (document["kernels"], document["os"]) == (["5.14.0-570.el9.x86_64"], "rhel10")


def test_a_host_as_its_hardware_class_declares_it(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["resolve", "gpu1", "-i", str(site), "--os", "ubuntu2404", "--json"]) == 0
    document = answer(capsys)
    assert document["gpus"] == ["B200 SXM6"]
    assert document["kernel_modules"] == ["mlx5_ib", "ib_umad"]


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["gpu1"], "gpu1 was not seen by any run, and its hardware class does not tell its system. Give --os, or railyard discover --limit gpu1 looks at it."),
        (["login1"], "login1 was not seen by any run, and {site} names no railyard_hardware_class for it. railyard discover --limit login1 looks at it."),
        (["a/b"], "'a/b' is not the name of a host. A file is given with --from."),
        (["gpu*"], "{site}: ansible-inventory does not tell of gpu*: "),
    ],
)
def test_a_host_that_nothing_is_known_of(argv: list[str], sentence: str, site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saw(site, "20260301-000000-aaaa", "gpu2", FACTS)
    assert main(["resolve", *argv, "-i", str(site)]) == 2
    assert capsys.readouterr().err.startswith(f"railyard: {sentence.format(site=site)}")


def test_a_file_of_facts(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saw(site, "20260301-000000-aaaa", "gpu2", FACTS)
    assert main(["resolve", "--from", str(path), "--json"]) == 0
    assert answer(capsys)["os"] == "rhel9"


def test_a_capture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    devices = "/sys/bus/pci/devices"
    gpu, switch = "0000:01:00.0", "0000:05:00.0"
    document = {
        "schema": "railyard.capture",
        "schema_version": 1,
        "node": "gpu1",
        "recorded": "2026-03-01T00:00:00Z",
        "commands": {
            "lspci -Dnn": {
                "rc": 0,
                "stdout": f"{gpu} 3D controller [0302]: NVIDIA Corporation GA100 [10de:20b2]\n{switch} Bridge [0680]: NVIDIA Corporation Device [10de:1af1]\n",
                "stderr": "",
            }
        },
        "files": {
            "/etc/os-release": "ID=debian\nVERSION_ID=13\n",
            "/proc/sys/kernel/osrelease": "6.12.38+deb13-amd64\n",
            f"{devices}/{gpu}/class": "0x030200\n",
            f"{devices}/{gpu}/vendor": "0x10de\n",
            f"{devices}/{gpu}/device": "0x20b2\n",
        },
        "folders": {devices: [gpu]},
        "links": {},
        "denied": [],
    }
    path = tmp_path / "gpu1.capture.json"
    path.write_text(json.dumps(document))
    assert main(["resolve", "--from", str(path), "--json"]) == 0
    found = answer(capsys)
    assert (found["os"], found["kernels"]) == ("debian13", ["6.12.38+deb13-amd64"])
    assert "nvidia-fabricmanager" in found["services"]


@pytest.mark.parametrize(
    ("content", "status", "sentence"),
    [
        (None, 2, "the file cannot be read: No such file or directory."),
        ("{", 2, "this is neither a capture nor a facts document."),
        ("[]", 2, "this is neither a capture nor a facts document."),
        ('{"schema": "railyard.facts"}', 2, "the facts have no GPU."),
        ('{"schema": "railyard.facts", "gpus": 3}', 2, "the document is damaged."),
        ('{"schema": "railyard.capture"}', 2, "commands: the capture has no 'commands'."),
        (json.dumps({**FACTS, "gpus": [{"pci_id": "1002:74a1"}]}), 1, "1002:74a1 is of AMD"),
    ],
)
def test_a_file_that_is_no_node(content: str | None, status: int, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.json"
    if content is not None:
        path.write_text(content)
    assert main(["resolve", "--from", str(path)]) == status
    assert capsys.readouterr().err.startswith(f"railyard: {path}: {sentence}")
