# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A capture answers like the node it was recorded on, and holds no more than what was looked at."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.railyard.cluster.plugins.module_utils.core.collect import record
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.facts.parts import collect_facts
from ansible_collections.railyard.cluster.plugins.module_utils.core.facts.recording import CaptureRunner, RecordingRunner, essential_content, essential_output
from ansible_collections.railyard.cluster.plugins.module_utils.core.facts.summary import LARGEST, summary
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.capture import load
from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult

from .nodes import Node, make
from .test_pci import LSPCI

EXAMPLES = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)


def capture(node: Node) -> str:
    return json.dumps(record(node, node="node1", recorded="2026-07-04T08:02:03Z", hardware_root=node.root))


@pytest.mark.parametrize("name", ["h100_sxm_8", "gb200_4", "mi300x_8", "l40s_4"])
def test_facts_of_a_capture_are_those_of_the_node(name: str) -> None:
    node = make(name, *([("gpu_lost", 1)] if name != "mi300x_8" else []))
    node.commands["lspci"] = CommandResult(0, LSPCI, "")
    node.denied = {"/sys/class/dmi/id/product_serial"}
    assert collect_facts(CaptureRunner(load(capture(node)))) == node.facts()


def test_a_capture_of_a_big_node_is_small() -> None:
    node = make(storage_nics=4)
    bridge = LSPCI + "\tCapabilities: [68] Express (v2) Root Port (Slot+), MSI 00\n" + "\t\tLnkCap:\tPort #1\n" * 60
    node.commands["lspci"] = lambda argv: CommandResult(0, bridge * 40 if "-vv" in argv else "0000:15:01.0 PCI bridge [0604]: x [8086:352a]\n" * 400, "")
    assert len(capture(node)) < 300_000


def test_what_was_not_recorded_is_not_there() -> None:
    runner = CaptureRunner({"commands": {}, "files": {}})
    assert runner.run(["nvidia-smi"], 1.0) == CommandResult(127, "", "not recorded")
    for ask in (runner.read, runner.listdir, runner.readlink):
        with pytest.raises(FileNotFoundError):
            ask("/sys")


def test_paths_are_kept_without_the_hardware_root() -> None:
    node = make("l40s_4")
    recording = RecordingRunner(node, node.root)
    recording.read(f"{node.root}/proc/meminfo")
    recording.read("/etc/os-release")
    assert set(recording.files) == {"/proc/meminfo", "/etc/os-release"}


def test_no_process_no_kernel_address_and_no_secret_is_kept() -> None:
    node = make("l40s_4")
    node.write("/proc/cmdline", "quiet rd.password=hunter2\n")
    node.write("/proc/modules", "nvidia 56889344 1 nvidia_uvm, Live 0xffffffffc1234000 (POE)\n")
    plain = node.commands["nvidia-smi"]

    def with_processes(argv: list[str]) -> CommandResult:
        answer = plain(argv)
        return CommandResult(answer.rc, answer.stdout.replace("</gpu>", "<processes><process_name>train --token hunter2</process_name></processes></gpu>"), "")

    node.commands["nvidia-smi"] = with_processes
    text = capture(node)
    assert "hunter2" not in text
    assert "ffffffffc1234000" not in text
    assert json.loads(text)["files"]["/proc/modules"] == "nvidia\n"


def test_only_one_processor_is_kept() -> None:
    text = "processor\t: 0\nmodel name\t: X\n\nprocessor\t: 1\nmodel name\t: X\n\n"
    assert essential_content("/proc/cpuinfo", text) == "processor\t: 0\nmodel name\t: X\n"


def test_of_lspci_names_and_access_control_are_kept() -> None:
    kept = essential_output(("lspci", "-D", "-nn", "-vv", "-d", "::0604"), LSPCI)
    assert [line[:12].strip() for line in kept.splitlines()] == ["0000:15:01.0", "ACSCtl:\tSr", "0000:17:01.0", "ACSCtl:\tSr", "0000:17:02.0"]
    assert essential_output(("lspci", "-Dnn"), LSPCI) == LSPCI


# --- whatever a capture holds --------------------------------------------------------------------------------------------

WHOLE = json.loads(capture(make("l40s_4", ("gpu_lost", 1))))
VALUES = st.one_of(st.text(max_size=20), st.sampled_from(("-1", "9" * 30, "0x", "nan", "²", "\x00", "1e999", "0-9999999", "../../x", "32.0 GT/s PCIe", "\n")))


@EXAMPLES
@given(st.data())
def test_a_damaged_capture_gives_facts_or_a_sentence(data: st.DataObject) -> None:
    damaged = json.loads(json.dumps(WHOLE))
    for _ in range(data.draw(st.integers(1, 12))):
        kind = data.draw(st.sampled_from(("files", "links", "folders", "commands", "denied")))
        if kind == "denied":
            damaged[kind].append(data.draw(st.sampled_from(sorted(WHOLE["files"]))))
            continue
        key = data.draw(st.sampled_from(sorted(WHOLE[kind])))
        how = data.draw(st.sampled_from(("drop", "value", "cut", "wrong")))
        if how == "drop":
            damaged[kind].pop(key, None)
        elif how == "wrong":
            damaged[kind][key] = data.draw(st.sampled_from((None, 1, [], {}, [1], {"rc": "x"}, {"rc": 0, "stdout": 5})))
        elif kind in ("files", "links"):
            text = WHOLE[kind][key]
            damaged[kind][key] = data.draw(VALUES) if how == "value" else text[: len(text) // 2]
        elif kind == "folders":
            names = list(WHOLE[kind][key])
            damaged[kind][key] = [*names[: len(names) // 2], data.draw(VALUES)]
        else:
            text = WHOLE[kind][key]["stdout"]
            damaged[kind][key] = {"rc": data.draw(st.integers(0, 127)), "stdout": text[: data.draw(st.integers(0, len(text)))], "stderr": ""}
    try:
        facts = collect_facts(CaptureRunner(load(json.dumps(damaged))))
    except CoreError as error:
        assert str(error)
        return
    assert len(json.dumps(summary(facts)).encode()) <= LARGEST


@EXAMPLES
@given(st.sampled_from(("drop", "value")), st.randoms(use_true_random=False), VALUES)
def test_many_files_damaged_at_once(how: str, random: object, value: str) -> None:
    damaged = json.loads(json.dumps(WHOLE))
    for kind in ("files", "links"):
        for key in [key for key in WHOLE[kind] if random.random() < 0.3]:  # type: ignore[attr-defined]
            if how == "drop":
                del damaged[kind][key]
            else:
                damaged[kind][key] = value
    collect_facts(CaptureRunner(damaged))
