# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Xids and SXids in kernel logs: every form of a line and of a log, what to do, and texts that are no log."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.xid_catalogue import HINTS
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.xid import XidEvent, XidLog
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.xid import parse

SAMPLES = Path(__file__).resolve().parents[6] / "tests/fixtures/parse/xid"
DMESG = (SAMPLES / "dmesg.txt").read_text()
JOURNAL = (SAMPLES / "journal.json").read_text()
XID = "NVRM: Xid (PCI:0000:3b:00): 31, pid=77, name=train, Ch 00000008"


def event(message: str) -> XidEvent:
    """Return the one event of a line of dmesg."""
    (found,) = parse(f"[   12.500000] {message}\n").events
    return found


def counted(document: XidLog) -> Counter[tuple[str | None, int]]:
    return Counter((found.pci_address, found.xid) for found in document.events)


def test_the_gsp_recording(recording: Callable[[str], str]) -> None:
    document = parse(recording("xid/dmesg.xid119-gsp-timeout.txt"))
    assert counted(document) == {("0000:9b:00", 119): 5}
    first = document.events[0]
    assert (first.time, first.process, first.pid) == ("2025-02-23T16:24:18", "nvidia-smi", 2024380)
    assert {found.gpu_uuid for found in document.events} == {"GPU-509665ad-b600-ac93-3616-d754b23d636d"}
    assert {(found.name, found.action) for found in document.events} == {("GSP RPC Timeout", "RESET_GPU")}
    assert first.detail.startswith("Timeout after 6s of waiting for RPC response from GPU4 GSP!")
    assert [(fault.id, fault.subject) for fault in document.faults] == [("xid_119", "GPU 0000:9b:00")]
    assert document.faults[0].message.startswith("Xid 119 (GSP RPC Timeout), 5 times from 2025-02-23T16:24:18 to ")
    assert document.complete


def test_the_ecc_recording(recording: Callable[[str], str]) -> None:
    document = parse(recording("xid/dmesg.xid48-63-94-ecc.iso.txt"))
    assert counted(document) == {("0000:19:00", 48): 1, ("0000:19:00", 63): 1, ("0000:19:00", 94): 9}
    assert [fault.id for fault in document.faults] == ["xid_48", "xid_63", "xid_94"]
    assert all((found.time or "").startswith("2024-11-") for found in document.events)
    assert document.complete


def test_the_recording_with_segfaults(recording: Callable[[str], str]) -> None:
    document = parse(recording("xid/dmesg.xid13-and-segfault.iso.txt"))
    assert counted(document) == {("0000:38:00", 13): 16, ("0000:38:00", 43): 1}
    assert {(found.xid, found.action) for found in document.events} == {(13, "RESTART_APP"), (43, "IGNORE")}
    assert len(document.faults) == 2


@pytest.mark.parametrize("name", ["kmsg.boot.txt", "kmsg.peermem.txt", "dmesg.nccl-segfault.iso.txt"])
def test_recordings_without_any(recording: Callable[[str], str], name: str) -> None:
    document = parse(recording(f"xid/{name}"))
    assert document.events == ()
    assert document.faults == ()
    assert document.complete
    assert document.lines > 1


def test_a_log_of_dmesg() -> None:
    document = parse(DMESG)
    assert [(found.kind, found.pci_address, found.xid, found.action) for found in document.events] == [
        ("xid", "0000:4f:00", 79, "RESTART_BM"),
        ("xid", "0000:4f:00", 154, "RESTART_BM"),
        ("xid", "0000:d2:00", 31, "RESTART_APP"),
        ("xid", "0000:d2:00", 31, "RESTART_APP"),
        ("sxid", "0000:08:00.0", 20034, "RESET_GPU"),
    ]
    assert (document.events[0].process, document.events[0].pid) == (None, None)
    assert document.events[0].gpu_uuid == "GPU-11111111-2222-3333-4444-555555555555"
    assert (document.events[2].process, document.events[2].pid, document.events[2].uptime_s) == ("train.py", 40411, 3725.41773)
    assert document.events[2].gpu_uuid is None
    assert document.lines == 15
    assert [(fault.id, fault.subject) for fault in document.faults] == [
        ("xid_79", "GPU 0000:4f:00"),
        ("xid_154", "GPU 0000:4f:00"),
        ("xid_31", "GPU 0000:d2:00"),
        ("sxid_20034", "NVSwitch 0000:08:00.0"),
    ]
    assert document.faults[2].message == (
        "Xid 31 (GPU memory page fault), 2 times from 3725.417730 s to 3725.500411 s after the start. A kernel accessed an address that is not its "
        "own. It is the application's fault, unless the same GPU reports it again and again. Running: train.py."
    )
    assert document.faults[1].hint == HINTS["RESTART_BM"]
    assert document.faults[3].message.startswith("SXid 20034 (LTSSM Fault Up) on link 30, at 3800.000001 s after the start. An NVSwitch")
    assert document.events[0].mnemonic == "ROBUST_CHANNEL_GPU_HAS_FALLEN_OFF_THE_BUS"


@pytest.mark.parametrize(
    ("before", "time", "uptime", "host"),
    [
        ("[   12.500000] ", None, 12.5, None),
        ("[   12.500000][  T512] ", None, 12.5, None),
        ("<3>[   12.500000] ", None, 12.5, None),
        ("kern  :err   : [   12.500000] ", None, 12.5, None),
        ("[Tue Mar  3 04:05:06 2026] ", "2026-03-03T04:05:06", None, None),
        ("kern  :err   : [Tue Mar  3 04:05:06 2026] ", "2026-03-03T04:05:06", None, None),
        ("2026-03-03T04:05:06,123456+01:00 ", "2026-03-03T04:05:06.123456+01:00", None, None),
        ("2026-03-03T04:05:06+0100 gpu-07 kernel: ", "2026-03-03T04:05:06+01:00", None, "gpu-07"),
        ("2026-03-03T04:05:06.123456Z gpu-07.example kernel: [   12.500000] ", "2026-03-03T04:05:06.123456Z", 12.5, "gpu-07.example"),
        ("2026-03-03 04:05:06 UTC gpu-07 kernel: ", "2026-03-03T04:05:06+00:00", None, "gpu-07"),
        ("Tue 2026-03-03 04:05:06 UTC gpu-07 kernel: ", "2026-03-03T04:05:06+00:00", None, "gpu-07"),
        ("Mar  3 04:05:06 gpu-07 kernel: ", "Mar  3 04:05:06", None, "gpu-07"),
        ("Mar 13 04:05:06.123456 gpu-07 kernel: [   12.500000] ", "Mar 13 04:05:06.123456", 12.5, "gpu-07"),
        ("1772510706.250000 gpu-07 kernel: ", "2026-03-03T04:05:06.250000+00:00", None, "gpu-07"),
        ("[   12.500000] gpu-07 kernel: ", None, 12.5, "gpu-07"),
        ("3,1234,12500000,-;", None, 12.5, None),
        ("6,1234,12500000,-,caller=T512;", None, 12.5, None),
        ("gpu-07 kernel: ", None, None, "gpu-07"),
        # Quoted in a mail, from several nodes at once, of talosctl, and of a journal without times.
        ("> [   12.500000] ", None, 12.5, None),
        ("> > gpu-07: [   12.500000] ", None, 12.5, "gpu-07"),
        ("gpu-07: kern  :err   : [   12.500000] ", None, 12.5, "gpu-07"),
        ("10.0.0.7: kern: warning: [2026-03-03T04:05:06.123456Z]: ", "2026-03-03T04:05:06.123456Z", None, "10.0.0.7"),
        ("kernel: [   12.500000] ", None, 12.5, None),
        ("", None, None, None),
    ],
)
def test_forms_of_a_log(before: str, time: str | None, uptime: float | None, host: str | None) -> None:
    (found,) = parse(f"{before}{XID}\n").events
    assert (found.time, found.uptime_s, found.host) == (time, uptime, host)
    assert (found.xid, found.pci_address, found.process, found.pid, found.detail) == (31, "0000:3b:00", "train", 77, "Ch 00000008")


def test_the_journal_as_json() -> None:
    document = parse(JOURNAL)
    first, second = document.events
    assert (first.time, first.uptime_s, first.host) == ("2026-03-01T12:01:00.500000+00:00", 310.499, "gpu-07")
    assert (first.component, first.severity, first.link, first.action) == ("NETIR_LINK_EVT", "fatal", 8, "RESET_GPU")
    assert (second.process, second.pid, second.uptime_s) == ("\ufffdx", 7, 311.0)
    assert document.lines == 3
    assert [fault.subject for fault in document.faults] == ["GPU 0018:01:00 of gpu-07"] * 2
    entries = [json.loads(line) for line in JOURNAL.splitlines()]
    for form in ("\n".join(json.dumps(entry, indent=4) for entry in entries), json.dumps(entries), "".join(f"\x1e{json.dumps(entry)}\n" for entry in entries)):
        assert parse(form) == document


def test_a_journal_that_is_cut_off() -> None:
    cut = parse((SAMPLES / "journal.truncated.json").read_text())
    assert not cut.complete
    assert cut.warnings == ("entry 3 can't be read: it and what follows is left out.",)
    assert [found.xid for found in cut.events] == [149]


def test_dmesg_as_json() -> None:
    document = parse(json.dumps({"dmesg": [{"pri": 3, "time": 12.5, "msg": XID}, {"pri": 6, "time": 13.0, "msg": "a\nb"}]}))
    assert [(found.xid, found.uptime_s) for found in document.events] == [(31, 12.5)]
    assert document.lines == 3


def test_entries_of_a_journal_with_values_of_another_kind() -> None:
    entries: list[object] = [
        {"MESSAGE": XID},
        {"MESSAGE": [*XID.encode(), 0, 255, 256, -1, "x", None], "__REALTIME_TIMESTAMP": "1", "_HOSTNAME": 7},
        {"MESSAGE": XID, "__REALTIME_TIMESTAMP": str(1 << 70), "__MONOTONIC_TIMESTAMP": "x"},
        {"MESSAGE": XID, "__REALTIME_TIMESTAMP": "-1000000"},
        {"MESSAGE": None},
        {"dmesg": [7, {"time": 1.0}, {"msg": XID}]},
        {"dmesg": 7},
    ]
    document = parse(json.dumps(entries))
    assert [(found.time, found.uptime_s, found.host, found.xid) for found in document.events] == [
        (None, None, None, 31),
        ("1970-01-01T00:00:00.000001+00:00", None, None, 31),
        (None, None, None, 31),
        (None, None, None, 31),
        (None, None, None, 31),
    ]
    assert document.events[1].detail == "Ch 00000008\x00\ufffd"
    assert document.complete


@pytest.mark.parametrize(
    ("message", "address"),
    [
        ("NVRM: Xid (PCI:0000:3b:00): 79, pid=1, GPU has fallen off the bus.", "0000:3b:00"),
        ("NVRM: Xid (PCI:0000:3B:00.0): 79, GPU has fallen off the bus.", "0000:3b:00.0"),
        ("NVRM: Xid (PCI:10000:3b:00): 79, GPU has fallen off the bus.", "10000:3b:00"),
        ("NVRM: Xid (0000:3b:00): 79, GPU has fallen off the bus.", "0000:3b:00"),
        ("NVRM: Xid (003b:00): 79, GPU has fallen off the bus.", "0000:3b:00"),
        ("NVRM: Xid (PCI:0000:3b:00 GPU-I:05): 79, pid=1, name=x, GPU has fallen off the bus.", "0000:3b:00"),
        ("NVRM: Xid: 79, GPU has fallen off the bus.", None),
    ],
)
def test_addresses_of_all_drivers(message: str, address: str | None) -> None:
    found = event(message)
    assert (found.xid, found.pci_address, found.detail) == (79, address, "GPU has fallen off the bus.")
    assert found.gpu_instance == (5 if "GPU-I" in message else None)


@pytest.mark.parametrize(
    ("words", "process", "pid"),
    [
        ("pid=77, name=python3, Ch 1", "python3", 77),
        ("pid=77, Ch 1", None, 77),
        ("pid='<unknown>', name=<unknown>, Ch 1", None, None),
        ("pid=<unknown>, name=<unknown>, Ch 1", None, None),
        ("pid=77, name=, Ch 1", None, 77),
        ("Ch 1", None, None),
    ],
)
def test_processes(words: str, process: str | None, pid: int | None) -> None:
    found = event(f"NVRM: Xid (PCI:0000:3b:00): 43, {words}")
    assert (found.process, found.pid, found.detail) == (process, pid, "Ch 1")


def test_processes_of_a_fault() -> None:
    names = ["a", "b", "a", "c"]
    lines = [f"[ {at}.0] NVRM: Xid (PCI:0000:3b:00): 31, pid=1, name={name}, Ch 1" for at, name in enumerate(names)]
    assert parse("\n".join(lines)).faults[0].message.endswith(" Running: a, b, c.")
    assert parse("\n".join((*lines, lines[0].replace("name=a", "name=d")))).faults[0].message.endswith(" Running: a, b, c ….")
    assert parse(lines[0].replace(", pid=1, name=a", "")).faults[0].message.endswith("reports it again and again.")


def test_a_number_that_nobody_knows() -> None:
    document = parse("[    1.000000] NVRM: Xid (PCI:0000:3b:00): 999, pid=1, name=x, something new\n")
    (found,) = document.events
    assert (found.xid, found.name, found.mnemonic, found.action) == (999, None, None, None)
    assert found.meaning == "NVIDIA's catalogue, as Railyard has it, does not list this number."
    assert document.faults[0].message == f"Xid 999, at 1.000000 s after the start. {found.meaning} Running: x."
    assert document.faults[0].hint == "See NVIDIA's Xid catalogue."


@pytest.mark.parametrize(
    ("words", "action", "hint"),
    [
        ("GPU recovery action changed from 0x0 (None) to 0x1 (GPU Reset Required)", "RESET_GPU", HINTS["RESET_GPU"]),
        ("GPU recovery action changed from 0x1 (GPU Reset Required) to 0x0 (None)", "IGNORE", HINTS["IGNORE"]),
        ("GPU recovery action changed from 0x0 (None) to 0x4 (Drain and Reset)", "DRAIN_AND_RESET", HINTS["DRAIN_AND_RESET"]),
        ("GPU recovery action changed from 0x0 (None) to 0x9 (Call Home)", "CALL_HOME", "Do what NVIDIA calls CALL_HOME."),
        ("something else", "XID_154", HINTS["XID_154"]),
    ],
)
def test_the_drivers_word_on_recovery(words: str, action: str, hint: str) -> None:
    document = parse(f"[    1.000000] NVRM: Xid (PCI:0000:3b:00): 154, pid=1, name=x, {words}\n")
    assert document.events[0].action == action
    assert document.faults[0].hint == hint


def test_each_word_on_recovery_is_a_fault_of_its_own() -> None:
    words = "NVRM: Xid (PCI:0000:3b:00): 154, pid=1, name=x, GPU recovery action changed from 0x0 (None) to 0x1 (GPU Reset Required)"
    reboot = words.replace("0x1 (GPU Reset", "0x2 (Node Reboot")
    assert [fault.hint for fault in parse(f"[ 1.0] {words}\n[ 2.0] {words}\n[ 3.0] {reboot}\n").faults] == [HINTS["RESET_GPU"], HINTS["RESTART_BM"]]


@pytest.mark.parametrize(
    ("number", "words", "component", "severity", "link", "action"),
    [
        (145, "RLW_REMAP    Nonfatal XC1 i0 Link -1 (0x00000004 0x00000020 0x80000000 0x00000000)", "RLW_REMAP", "nonfatal", None, "XID_154_EVAL"),
        (145, "RLW_REMAP    Nonfatal XC1 i0 Link 04 (0x00000004 0x00000040 0x80000000 0x00000000)", "RLW_REMAP", "nonfatal", 4, "IGNORE"),
        (145, "RLW_REMAP/RLW Non-fatal XC1 i0 Link 04 (0x00000004 0x00000001 0x0)", "RLW_REMAP", "nonfatal", 4, "XID_154_EVAL"),
        (149, "NETIR_LINK_EVT  Fatal   XC0 i0 Link 08 (0x004505c6 0x00000000 0x0)", "NETIR_LINK_EVT", "fatal", 8, "RESET_GPU"),
        (149, "NETIR_LINK_DOWN Link Fatal XC0 i0 Link 08 (0x02600000 0x00000000 0x0)", "NETIR_LINK_DOWN", "fatal", 8, "IGNORE"),
        (149, "NETIR_LINK_DOWN Link Fatal XC0 i0 Link 08 (0x02700000 0x00000000 0x0)", "NETIR_LINK_DOWN", "fatal", 8, "RESET_GPU"),
        (148, "NVLPW_CTRL Nonfatal XC0 i0 Link 00 (0x00000000 0xffffffff 0x0)", "NVLPW_CTRL", "nonfatal", 0, "IGNORE"),
        (150, "MSE_WATCHDOG Fatal   XC0 i0 Link 08 (0x02600000 0x00000000 0x0)", "MSE_WATCHDOG", "fatal", 8, "RESET_GPU"),
        (144, "in a form of its own", None, None, None, "WORKFLOW_NVLINK5_ERR"),
    ],
)
def test_registers_of_nvlink_5(number: int, words: str, component: str | None, severity: str | None, link: int | None, action: str) -> None:
    found = event(f"NVRM: Xid (PCI:0000:3b:00): {number}, {words}")
    assert (found.component, found.severity, found.link, found.action) == (component, severity, link, action)


def test_an_nvlink_of_before_blackwell() -> None:
    words = "NVRM: Xid (PCI:0000:3b:00): 74, pid=1, name=x, NVLink: fatal error detected on link 11(0x10000, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0)"
    document = parse(f"[ 1.0] {words}\n[ 2.0] {words.replace('link 11', 'link 3')}\n")
    assert [(found.link, found.severity, found.action) for found in document.events] == [(number, "fatal", "WORKFLOW_NVLINK_ERR") for number in (11, 3)]
    assert document.faults[0].message.startswith(f"Xid 74 ({document.events[0].name}) on links 3, 11, 2 times from 1.000000 s to 2.000000 s after the start. ")
    assert event("NVRM: Xid (PCI:0000:3b:00): 74, NVLink is down").link is None


def test_the_worst_of_a_group_says_what_to_do() -> None:
    quiet = "NVRM: Xid (PCI:0000:3b:00): 145, RLW_REMAP Nonfatal XC1 i0 Link 04 (0x0 0x00000040)"
    bad = "NVRM: Xid (PCI:0000:3b:00): 145, RLW_REMAP Fatal XC1 i0 Link 04 (0x0 0x00000040)"
    (fault,) = parse(f"[ 1.0] {quiet}\n[ 2.0] {bad}\n[ 3.0] {quiet}\n").faults
    assert fault.hint == HINTS["RESET_GPU"]


def test_when_a_fault_was() -> None:
    def when(before: str, again: str) -> str:
        """Return what stands between name and meaning."""
        (fault,) = parse(f"{before}{XID}\n{again}{XID}\n").faults
        return fault.message.partition(")")[2].partition(". A kernel")[0]

    assert when("[ 1.0] ", "[ 2.0] ") == ", 2 times from 1.000000 s to 2.000000 s after the start"
    assert when("[Tue Mar  3 04:05:06 2026] ", "[Tue Mar  3 04:05:06 2026] ") == ", 2 times, at 2026-03-03T04:05:06"
    assert when("Mar  3 04:05:06 a kernel: ", "Mar  3 04:05:07 a kernel: ") == ", 2 times from Mar  3 04:05:06 to Mar  3 04:05:07"
    assert when("", "") == when("[ 1.0] ", "") == when("", "[ 1.0] ") == ", 2 times"


def test_a_switch_has_its_own_advice() -> None:
    (fault,) = parse("[ 1.0] nvidia-nvswitch0: SXid (PCI:0000:c1:00.0): 12028, Non-fatal, Link 61 egress\n").faults
    assert fault.hint == "Nothing has to be done at once; watch whether it comes often, and on which link."


@pytest.mark.parametrize(
    ("words", "severity", "link", "name", "action"),
    [
        ("28006, Non-fatal, Link 46 MC TS crumbstore MCTO (First)", "nonfatal", 46, "MC TS crumbstore MCTO (First)", "IGNORE"),
        ("10003, Fatal, Host_priv_timeout", "fatal", None, "Host_priv_timeout", "RESET_GPU"),
        ("20034, Fatal, Link 30 LTSSM Fault Up", "fatal", 30, "LTSSM Fault Up", "RESET_GPU"),
        ("20009, Something", None, None, None, None),
    ],
)
def test_nvswitches(words: str, severity: str | None, link: int | None, name: str | None, action: str | None) -> None:
    found = event(f"nvidia-nvswitch3: SXid (PCI:0000:c1:00.0): {words}")
    assert (found.kind, found.component, found.pci_address) == ("sxid", "nvidia-nvswitch3", "0000:c1:00.0")
    assert (found.severity, found.link, found.name, found.action) == (severity, link, name, action)
    assert found.meaning.startswith("An NVSwitch reports an error" + {"fatal": " that it can't", "nonfatal": " that it can go", None: "."}[severity])


def test_further_lines_of_an_sxid_count_once() -> None:
    begin = "nvidia-nvswitch3: SXid (PCI:0000:c1:00.0): "
    first, severity, data = (
        begin + words for words in ("28006, Non-fatal, Link 46 MCTO", "28006, Severity 0 Engine instance 46 Sub-engine instance 00", "28006, Data {0x00140004}")
    )
    assert len(parse(f"[ 1.0] {first}\n[ 1.0] {severity}\n[ 1.0] {data}\n[ 2.0] {first}\n").events) == 2
    # Of a switch whose first line is not in the log, they are all there is.
    assert len(parse(f"[ 1.0] {severity}\n[ 1.0] {data}\n").events) == 1
    assert len(parse(f"[ 1.0] {first}\n[ 1.0] {severity.replace('c1:', 'c2:')}\n").events) == 2


def test_hosts_and_gpus_are_told_apart() -> None:
    lines = [
        f"Mar  3 04:05:0{second} {host} kernel: {XID.replace('3b:', f'{bus}:')}" for second, (host, bus) in enumerate([("a", "3b"), ("b", "3b"), ("a", "4c")])
    ]
    assert [fault.subject for fault in parse("\n".join(lines)).faults] == ["GPU 0000:3b:00 of a", "GPU 0000:3b:00 of b", "GPU 0000:4c:00 of a"]


@pytest.mark.parametrize(
    "words",
    [
        "NVRM: GPU 0000:3b:00.0: GPU has fallen off the bus.",
        "NVRM: GPU at PCI:0000:3b:00.0: GPU has fallen off the bus.",
        "NVRM: The NVIDIA GPU 0000:3b:00.0\n[ 1.0] NVRM: (PCI ID: 10de:2330) installed in this system has\n[ 1.0] NVRM: fallen off the bus and is",
    ],
)
def test_a_lost_gpu_without_an_xid(words: str) -> None:
    document = parse(f"[    1.000000] {words}\n")
    assert document.events == ()
    (fault,) = document.faults
    assert (fault.id, fault.subject) == ("gpu_off_the_bus", "GPU 0000:3b:00.0")
    assert fault.message.startswith("the driver says that it has fallen off the bus. The GPU does not answer")
    assert fault.hint == HINTS["RESTART_BM"]


def test_a_lost_gpu_with_its_xid_is_said_once() -> None:
    lost = "[ 1.0] NVRM: GPU 0000:3b:00.0: GPU has fallen off the bus."
    assert [fault.id for fault in parse(f"[ 1.0] NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus.\n{lost}\n").faults] == ["xid_79"]
    assert [fault.id for fault in parse(f"[ 1.0] NVRM: Xid (PCI:0000:3b:00): 31, Ch 1\n{lost}\n").faults] == ["xid_31", "gpu_off_the_bus"]


@pytest.mark.parametrize(
    "text", ["", "\n\n", "-- No entries --\n", "-- Journal begins at Tue 2026-03-03 04:05:06 UTC. --\n-- No entries --\n", "\x1b[32m\x1b[0m"]
)
def test_an_empty_log_has_no_events(text: str) -> None:
    document = parse(text)
    assert (document.events, document.faults, document.complete) == ((), (), True)


def test_lines_that_only_look_like_one() -> None:
    words = ("NVRM: Xid messages are explained elsewhere", "user says Xid 79", "NVRM: Xid (PCI:0000:3b:00): none", "nvswitch SXid 12028 found")
    assert parse("".join(f"[ 1.0] {each}\n" for each in words)).events == ()


@pytest.mark.parametrize("end", ["NVRM: Xid (PCI:0000:3b:00): 7", "NVRM: Xid (PCI:0000:3b:0", "NVRM: Xid", "nvidia-nvswitch3: SXid (PCI:0000:c1:00.0): 280"])
def test_a_log_that_is_cut_off_within_an_xid(end: str) -> None:
    document = parse(f"[ 1.0] NVRM: loading\n[ 2.0] {end}")
    assert document.events == ()
    assert not document.complete
    assert document.warnings == ("line 2: the log is cut off within an Xid; the line is left out.",)
    assert parse(f"[ 1.0] NVRM: loading\n[ 2.0] {XID}").complete


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "<html><body>Not found</body></html>",
            "this is no kernel log: no line has a time or is one that a kernel writes; it begins with '<html><body>Not found</body></html>'.",
        ),
        (
            "dmesg: read kernel buffer failed: Operation not permitted\n",
            "the log was not read, the file says: 'dmesg: read kernel buffer failed: Operation not permitted'. Save it as root, with dmesg or journalctl -k.",
        ),
        (
            "No journal files were opened due to insufficient rights.\n",
            "the log was not read, the file says: 'No journal files were opened due to insufficient rights.'. Save it as root, with dmesg or journalctl -k.",
        ),
        ("\x7fELF\x02\x01\x01" + "\x01\x02\x03\x04" * 40, "this is binary, and no kernel log. Save it with dmesg or journalctl -k."),
        ("PK\x03\x04" + "\ufffd\ufffd a" * 40, "this is binary, and no kernel log. Save it with dmesg or journalctl -k."),
        ('{"a": 1}', "this is JSON, but no log: it has neither the 'MESSAGE' of a journal's entry nor the 'dmesg' of dmesg --json."),
        ('{"MESSAGE": "x', "this is JSON, but no log: it has neither the 'MESSAGE' of a journal's entry nor the 'dmesg' of dmesg --json."),
    ],
)
def test_what_is_no_log_is_refused(refused: Callable[[Callable[[str], object], str], str], text: str, sentence: str) -> None:
    assert refused(parse, text) == sentence
