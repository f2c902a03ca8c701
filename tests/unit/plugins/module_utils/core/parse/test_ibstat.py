# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The output of ibstat and ibstatus: every port with what its host sees of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.model.infiniband import Adapter, AdapterPort, Adapters
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.ibstat import parse

from .conftest import SAMPLES

Read = Callable[[str], str]
Refused = Callable[[Callable[[str], object], str], str]

WHOLE = (SAMPLES / "ibstat/four-adapters.txt").read_text()
STATUS = (SAMPLES / "ibstat/status.txt").read_text()
OLD = """CA: 'mlx4_0'
Port 2:
State: Active
Physical state: LinkUp
Rate: 20
Base lid: 3
LMC: 0
SM lid: 3
Capability mask: 0x02510868
Port GUID: 0x00a0cc0000000202
"""


def ports(document: Adapters) -> dict[str, AdapterPort]:
    return {hca.name: hca.ports[0] for hca in document.hcas}


@pytest.mark.parametrize(
    ("name", "states", "rates", "layers", "down"),
    [
        ("h100-12ca-all-active", {"Active": 12}, {400: 8, 100: 4}, {"Ethernet": 12}, []),
        ("h100-12ca-3-down", {"Active": 9, "Down": 3}, {400: 8, 100: 1, 40: 3}, {"InfiniBand": 8, "Ethernet": 4}, ["mlx5_2", "mlx5_7", "mlx5_8"]),
        ("a100-9ca-all-active", {"Active": 9}, {200: 9}, {"Ethernet": 1, "InfiniBand": 8}, []),
    ],
)
def test_recordings(name: str, states: dict[str, int], rates: dict[float, int], layers: dict[str, int], down: list[str], recording: Read) -> None:
    document = parse(recording(f"infiniband/ibstat.{name}.txt"))
    found = ports(document).values()
    assert Counter(port.state for port in found) == states
    assert Counter(port.rate_gbits_per_s for port in found) == rates
    assert Counter(port.link_layer for port in found) == layers
    assert [hca for hca, port in ports(document).items() if port.state == "Down"] == down
    assert [fault.subject for fault in document.faults] == [f"{hca} port 1" for hca in down]
    assert (document.complete, document.warnings) == (True, ())


def test_recorded_adapter(recording: Read) -> None:
    adapter = parse(recording("infiniband/ibstat.h100-12ca-3-down.txt")).hcas[0]
    port = AdapterPort(1, "Active", "LinkUp", 400.0, None, None, "InfiniBand", "0x946dae0300cde72c", 75, 334)
    assert adapter == Adapter("mlx5_0", "MT4129", "28.39.1002", "0", "0x946dae0300cde72c", "0x946dae0300cde72c", (port,))


def test_recorded_ibstatus(recording: Read) -> None:
    document = parse(recording("infiniband/ibstatus.a100-8ib.txt"))
    found = ports(document)
    assert Counter((port.rate_gbits_per_s, port.width, port.speed) for port in found.values()) == {(200, "4x", "HDR"): 8, (40, "4x", "QDR"): 1}
    assert {(port.state, port.physical_state) for port in found.values()} == {("Active", "LinkUp")}
    assert found["mlx5_0"] == AdapterPort(1, "Active", "LinkUp", 200.0, "4x", "HDR", "InfiniBand", "0x00155dfffd3411eb", 0x33BF, 1)
    # An Ethernet port's GID is made of its address, and here there is none.
    assert (found["mlx5_8"].link_layer, found["mlx5_8"].guid, found["mlx5_8"].lid) == ("Ethernet", None, 0)
    assert (document.complete, document.faults) == (True, ())


def test_ports() -> None:
    document = parse(WHOLE)
    assert [(hca.name, hca.type, hca.firmware, len(hca.ports)) for hca in document.hcas] == [
        ("mlx5_0", "MT4129", "28.43.2026", 1),
        ("mlx4_0", "MT4099", "2.42.5000", 2),
        ("rocep1s0", "MT41692", "32.43.2026", 1),
        ("cxgb4_0", None, "1.2.3", 1),
    ]
    first, second = document.hcas[1].ports
    assert (first.rate_gbits_per_s, first.speed, first.lid, first.state) == (40, "FDR10", 65535, "Initializing")
    assert (second.port, second.rate_gbits_per_s, second.physical_state, second.guid) == (2, 2.5, "Polling", "0x00a0cc0000000202")
    assert document.hcas[3].hardware is None


def test_faults() -> None:
    assert [(fault.id, fault.subject, fault.message) for fault in parse(WHOLE).faults] == [
        ("port_not_active", "mlx4_0 port 1", "the link is up, but no subnet manager has made it active (Initializing)."),
        ("port_down", "mlx4_0 port 2", "the port is down: it finds nobody at the other end."),
        ("port_down", "rocep1s0 port 1", "the port is down: it is switched off."),
        ("port_recovering", "cxgb4_0 port 1", "the port is recovering from errors on the link."),
    ]
    assert "it has no link" in parse(WHOLE.replace("Physical state: Polling", "Physical state: Sleep")).faults[1].message


def test_indentation_does_not_matter() -> None:
    assert parse("\n".join(line.strip() for line in WHOLE.splitlines())) == parse(WHOLE)


def test_one_port_and_an_old_release_without_link_layer() -> None:
    document = parse(OLD)
    assert document.hcas == (Adapter("mlx4_0", ports=(AdapterPort(2, "Active", "LinkUp", 20.0, None, None, None, "0x00a0cc0000000202", 3, 3),)),)
    assert (document.complete, document.warnings, document.faults) == (True, (), ())


def test_ibstatus() -> None:
    first, second = (hca.ports[0] for hca in parse(STATUS).hcas)
    assert first == AdapterPort(1, "Active", "LinkUp", 400.0, "4x", "NDR", "InfiniBand", "0x00a0cc0000000100", 28, 1)
    assert second == AdapterPort(1, "Down", "Disabled", 2.5, "1x", "SDR", "Ethernet", None, 0, 0)
    states = parse(STATUS.replace("4: ACTIVE", "2: INIT").replace("5: LinkUp", "8: Other").replace("InfiniBand", "IB")).hcas[0].ports[0]
    assert (states.state, states.physical_state, states.link_layer) == ("Initializing", "Other", "InfiniBand")


def test_unreadable_values_are_null_and_said() -> None:
    document = parse(
        WHOLE.replace("Rate: 400", "Rate: fast", 1).replace("Link layer: Ethernet", "Link layer: Token Ring", 1).replace("State: Active", "State: ???", 1)
    )
    assert document.hcas[0].ports[0].rate_gbits_per_s is None
    assert document.hcas[0].ports[0].state is None
    assert document.hcas[2].ports[0].link_layer is None
    assert document.warnings == ("mlx5_0 port 1: the rate 'fast' can't be read.", "rocep1s0 port 1: the link layer 'Token Ring' is not known.")
    assert parse(WHOLE.replace("Rate: 400", "Rate: 400 Gb/sec", 1)) == parse(WHOLE)


@pytest.mark.parametrize(
    ("end", "within", "lost"),
    [
        ("CA type: MT41", "mlx5_0, before its ports", lambda hca: hca.type),
        ("Node GUID: 0x00a0cc", "mlx5_0, before its ports", lambda hca: hca.guid),
        ("\tPort 1:\n", "mlx5_0 port 1", lambda hca: hca.ports[0].state),
        ("Rate: 4", "mlx5_0 port 1", lambda hca: hca.ports[0].rate_gbits_per_s),
        ("Base lid: 1", "mlx5_0 port 1", lambda hca: hca.ports[0].lid),
        ("Port GUID: 0x00a0cc00", "mlx5_0 port 1", lambda hca: hca.ports[0].guid),
        ("Link layer: Infini", "mlx5_0 port 1", lambda hca: hca.ports[0].link_layer),
    ],
)
def test_a_value_that_lost_its_end_is_no_value(end: str, within: str, lost: Callable[[Adapter], object]) -> None:
    document = parse(WHOLE[: WHOLE.index(end) + len(end)])
    assert not document.complete
    assert document.warnings[-1].endswith(f"the output is cut off within {within}.")
    assert lost(document.hcas[0]) is None


def test_cut_off_between_two_ports() -> None:
    document = parse(WHOLE[: WHOLE.index("\tPort 2:")])
    assert document.warnings == ("line 34: the output is cut off within mlx4_0, which has 2 ports.",)
    assert len(document.hcas[1].ports) == 1
    document = parse(WHOLE[: WHOLE.index("		Link layer: InfiniBand\n	Port 2:")])
    assert document.warnings == ("line 33: the output is cut off within mlx4_0 port 1.",)


def test_ibstatus_cut_off() -> None:
    document = parse(STATUS[: STATUS.index("	link_layer:	 Ethernet")])
    assert (document.complete, document.warnings) == (False, ("line 16: the output is cut off within mlx5_1 port 1.",))


def test_other_lines() -> None:
    document = parse("$ ibstat\n" + WHOLE.replace("CA 'mlx4_0'", "ibwarn: [9] sys_read: can't read\nwhat is this\nCA 'mlx4_0'"))
    assert document.warnings == ('line 19: the tool said "ibwarn: [9] sys_read: can\'t read".', "line 20: 'what is this' can't be read.")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "It is empty."),
        ("ibpanic: [7] main: can't list IB device names: (Success)\n", 'It begins with "ibpanic: [7] main: can\'t list IB device names: (Success)".'),
        ("Fatal error:  No devices\n", "It begins with 'Fatal error:  No devices'."),
        ("mlx5_0\nmlx5_1\n", "It begins with 'mlx5_0'."),
    ],
)
def test_another_text_is_refused(text: str, found: str, refused: Refused) -> None:
    assert refused(parse, text) == f"this is not what ibstat prints: it names no adapter. {found} Without the driver there is no adapter."


PORT = (
    "CA 'mlx5_3'\n\tCA type: MT4129\n\tNumber of ports: 1\n\tFirmware version: 28.43.1014\n\tHardware version: 0\n"
    "\tNode GUID: 0x0002c90300aa0030\n\tSystem image GUID: 0x0002c90300aa0030\n\tPort 1:\n\t\tState: Active\n\t\tPhysical state: LinkUp\n"
    "\t\tRate: 400\n\t\tBase lid: 31\n\t\tLMC: 0\n\t\tSM lid: 1\n\t\tCapability mask: 0xa751e848\n\t\tPort GUID: 0x0002c90300aa0030\n"
    "\t\tLink layer: InfiniBand\n"
)


def test_a_tool_that_died_on_the_next_adapter() -> None:
    document = parse(f"{PORT}ibpanic: [4711] main: stat of IB device 'mlx5_4' failed: No such file or directory\n")
    assert len(document.hcas) == 1
    assert not document.complete
    assert document.warnings == ("line 18: the tool said \"ibpanic: [4711] main: stat of IB device 'mlx5_4' failed: No such file or directory\".",)


def test_a_virtual_function_that_is_down() -> None:
    (fault,) = parse(PORT.replace("State: Active", "State: Down")).faults
    assert fault.message == "the port is down: it has a link, but is switched off as a port of InfiniBand."
