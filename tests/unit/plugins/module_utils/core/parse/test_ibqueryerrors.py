# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The output of ibqueryerrors: ports, their counters, and the summary that says whether all of it is there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.model.infiniband import PortEnd, PortErrors
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.ibqueryerrors import parse

from .conftest import SAMPLES

Read = Callable[[str], str]
Refused = Callable[[Callable[[str], object], str], str]

ERRORS = (SAMPLES / "ibqueryerrors/errors.txt").read_text()
NONE = (SAMPLES / "ibqueryerrors/none.txt").read_text()


def test_recording(recording: Read) -> None:
    document = parse(recording("infiniband/ibqueryerrors.sx6036.txt"))
    assert list(dict.fromkeys(port.node for port in document.ports)) == ["dl380g7 mlx4_0", "server mlx4_0", "MF0;ys23ib4:SX6036/U1", "rd240 mlx4_0"]
    assert (document.nodes_checked, document.bad_nodes, document.ports_checked, document.bad_ports) == (4, 4, 43, 14)
    assert [(port.guid, port.port) for port in document.ports if "SymbolErrorCounter" in port.saturated] == [
        ("0x0002c903006e29b0", 5),
        ("0x0002c903006e29b0", 7),
    ]
    assert [port.node for port in document.ports if port.port is None] == ["MF0;ys23ib4:SX6036/U1"]
    assert document.ports[0] == PortErrors("dl380g7 mlx4_0", 1, "0x7cfe900300179b31", {"VL15Dropped": 14, "PortXmitWait": 4294967295}, ("PortXmitWait",), None)
    # Fourteen ports, and the sum over all ports of the switch.
    assert len(document.ports) == 15
    assert (document.complete, document.warnings) == (True, ())
    assert [fault.subject.rpartition(" ")[2] for fault in document.faults] == ["1", "2", "3", "4", "5", "6", "7", "8"]
    assert "SymbolErrorCounter 65535 (its largest value), LinkErrorRecoveryCounter 8" in document.faults[4].message


def test_ports_and_their_links() -> None:
    document = parse(ERRORS)
    port, *switch = document.ports
    assert port.counters == {"SymbolErrorCounter": 2**64 - 1, "PortXmitDiscards": 120, "PortXmitData": 19892634015130}
    assert port.saturated == ("SymbolErrorCounter",)
    assert port.link is not None
    assert (port.link.a, port.link.b) == (PortEnd(port.guid, "node1 mlx5_0", 1, 5), PortEnd("0x00a0aa0000000010", "MF0;leaf1:MQM8700/U1", 1, 3))
    assert (port.link.width, port.link.speed, port.link.rate_gbits_per_s) == ("4x", "HDR", 200)
    assert [(entry.port, entry.counters, entry.saturated) for entry in switch] == [
        (None, {"LinkDownedCounter": 255, "PortXmitDiscards": 7, "PortInactiveDiscards": 3}, ("LinkDownedCounter",)),
        (4, {"LinkDownedCounter": 255}, ("LinkDownedCounter",)),
        (5, {"PortXmitDiscards": 7, "PortInactiveDiscards": 3}, ()),
    ]
    assert switch[1].link is None


def test_summary() -> None:
    document = parse(ERRORS)
    assert (document.nodes_checked, document.bad_nodes, document.ports_checked, document.bad_ports, document.query_failures) == (12, 2, 80, 3, 1)
    assert document.thresholds == {"SymbolErrorCounter": 10, "LinkDownedCounter": 10}
    assert document.suppressed == ("PortRcvSwitchRelayErrors", "PortXmitWait")


def test_faults() -> None:
    assert [(fault.id, fault.subject, fault.message) for fault in parse(ERRORS).faults] == [
        ("port_errors", "node1 mlx5_0 port 1", "it counted SymbolErrorCounter 18446744073709551615 (its largest value), PortXmitDiscards 120."),
        ("port_errors", "MF0;leaf1:MQM8700/U1 port 4", "it counted LinkDownedCounter 255 (its largest value)."),
        ("port_errors", "MF0;leaf1:MQM8700/U1 port 5", "it counted PortXmitDiscards 7."),
        ("port_silent", "node9 mlx5_0 port 1", "it did not answer the question for IB_GSI_PORT_COUNTERS."),
    ]
    assert "congestion" in parse(ERRORS).faults[2].hint


def test_no_errors() -> None:
    document = parse(NONE)
    assert (document.ports, document.nodes_checked, document.bad_nodes) == ((), 48, 0)
    assert (document.complete, document.warnings, document.faults) == (True, (), ())


def test_data_counters_alone() -> None:
    document = parse(ERRORS.replace("Errors for", "Data Counters for", 1).replace("2 bad nodes", "0 bad nodes"))
    assert [port.node for port in document.ports] == ["node1 mlx5_0", *["MF0;leaf1:MQM8700/U1"] * 3]
    assert document.warnings == ()


def test_the_summary_counts_other_nodes() -> None:
    assert parse(ERRORS.replace("2 bad nodes", "5 bad nodes")).warnings == ("the summary counts 5 bad nodes, and 2 are told of.",)


def test_cut_off() -> None:
    document = parse(ERRORS[: ERRORS.index("\n## Summary")])
    assert (document.complete, document.warnings) == (False, ("line 9: the output ends without the tool's summary.",))
    document = parse(ERRORS[: ERRORS.index("LinkDownedCounter == 255] [PortXmit") + 10])
    assert not document.complete
    assert document.warnings[0] == "line 6: '[LinkDowned' is no counter that can be read."
    assert document.ports[1].counters == {}


def test_damaged_lines() -> None:
    document = parse(
        ERRORS.replace("Link info:      5   1[  ] ==(", "Link info:      5   1[  ] ==").replace("   GUID 0xa0aa0000000010 port 4:", "   GUID port 4:")
    )
    assert not document.complete
    assert [warning.split(":")[0] for warning in document.warnings] == ["line 4", "line 7"]


def test_what_the_tool_complains_of_is_a_warning() -> None:
    assert parse("Query SA failed: Timeout; sa call path_query failed\n" + NONE).warnings == (
        "line 1: the tool said 'Query SA failed: Timeout; sa call path_query failed'.",
    )


@pytest.mark.parametrize(
    ("text", "found"), [("", "It is empty."), ("ibwarn: [3] mad_rpc_open_port: can't open\n", 'It begins with "ibwarn: [3] mad_rpc_open_port: can\'t open".')]
)
def test_another_text_is_refused(text: str, found: str, refused: Refused) -> None:
    assert refused(parse, text) == f"this is not what ibqueryerrors prints: it has no node and no summary. {found}"
