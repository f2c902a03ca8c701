# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The output of perfquery: plain, extended, in detail, of old releases, of all ports."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.perfquery import parse

from .conftest import SAMPLES

Read = Callable[[str], str]
Refused = Callable[[Callable[[str], object], str], str]

PLAIN = (SAMPLES / "perfquery/plain-and-old.txt").read_text()
EXTENDED = (SAMPLES / "perfquery/extended.txt").read_text()


@pytest.mark.parametrize(
    ("name", "lid", "blocks"),
    [
        (
            "0x7cfe9003009ce5b0",
            1719,
            [
                {"PortXmitData": 36298026860928, "PortRcvData": 12279028775751, "LinkDownedCounter": 0, "PortXmitDiscards": 0, "PortXmitWait": 22730501},
                {"PortXmitData": 26006570014026, "PortRcvData": 39078804993378, "LinkDownedCounter": 0, "PortXmitDiscards": 0, "PortXmitWait": 36510964},
            ],
        ),
        (
            "0x506b4b03005c2740",
            2052,
            [
                {
                    "PortXmitData": 178791657177235,
                    "PortRcvData": 178762341961629,
                    "SymbolErrorCounter": 0,
                    "LinkDownedCounter": 1,
                    "PortRcvErrors": 0,
                    "PortRcvSwitchRelayErrors": 7,
                    "PortXmitDiscards": 20046,
                    "PortXmitWait": 41864608,
                }
            ],
        ),
        ("0x7cfe9003003b4bde", 134, [{"PortXmitData": 9049592493976, "PortRcvData": 9752484588300, "PortXmitWait": 0}]),
        ("0x7cfe9003003b4b96", 133, [{"PortXmitData": 37108676853855, "PortRcvData": 37225401952885, "PortXmitWait": 0}]),
    ],
)
def test_recordings(name: str, lid: int, blocks: list[dict[str, int]], recording: Read) -> None:
    document = parse(recording(f"infiniband/perfquery-x.{name}.txt"))
    assert [(port.query, port.lid, port.port) for port in document.ports] == [("extended", lid, number) for number in range(1, len(blocks) + 1)]
    for port, block in zip(document.ports, blocks, strict=True):
        assert {counter: port.counters[counter] for counter in block} == block
        assert (port.xmit_bytes, port.rcv_bytes, port.saturated) == (4 * block["PortXmitData"], 4 * block["PortRcvData"], ())
        assert len(port.counters) == 22
    assert (document.complete, document.warnings) == (True, ())


def test_recorded_details(recording: Read) -> None:
    document = parse(recording("infiniband/perfquery-E.0x7cfe9003009ce5b0-1.txt"))
    (port,) = document.ports
    assert (port.query, port.lid, port.port, set(port.counters.values()), len(port.counters)) == ("PortRcvErrorDetails", 1719, 1, {0}, 6)
    assert (document.complete, document.faults) == (True, ())


def test_plain_and_old() -> None:
    document = parse(PLAIN)
    new, old = document.ports
    assert (new.query, new.lid, new.path, new.port) == ("counters", 6, None, 1)
    assert (new.counters["LinkDownedCounter"], new.counters["QP1Dropped"], new.rcv_bytes) == (11, 0, 4000)
    assert new.saturated == ("SymbolErrorCounter", "LocalLinkIntegrityErrors", "PortXmitData")
    assert "CounterSelect2" not in new.counters
    assert (old.lid, old.path, old.port) == (None, "DR path slid 65535; dlid 65535; 0,1,3", 255)
    # The names are today's.
    assert set(old.counters) < set(new.counters)
    assert (old.counters["SymbolErrorCounter"], old.counters["PortXmitDiscards"], old.xmit_bytes) == (7, 101, 100)
    assert (document.complete, document.warnings) == (True, ())


def test_faults() -> None:
    assert [(fault.id, fault.subject, fault.message) for fault in parse(PLAIN).faults] == [
        (
            "port_errors",
            "LID 6 port 1",
            "it counted SymbolErrorCounter 65535 (its largest value), LinkDownedCounter 11, LocalLinkIntegrityErrors 15 (its largest value).",
        ),
        ("port_errors", "DR path slid 65535; dlid 65535; 0,1,3, all ports", "it counted PortXmitDiscards 101."),
    ]
    # Ten are what any link may have had since it was plugged in.
    assert len(parse(PLAIN.replace("65535\n", "10\n", 1).replace("........11", "........10").replace("........15", "........0")).faults) == 1


def test_extended_and_other_attributes() -> None:
    document = parse(EXTENDED)
    assert [(port.query, port.counters) for port in document.ports[1:]] == [
        ("PortXmitDataSL", {"XmtDataSL0": 36}),
        ("PortExtendedSpeedsCounters with RS-FEC Active", {"FECCorrectedSymbolCtrLane0": 5}),
    ]
    assert document.ports[0].xmit_bytes == 1_200_000_000_000
    assert (document.complete, document.faults) == (True, ())


def test_a_head_without_the_sign_and_an_older_one() -> None:
    text = PLAIN.replace("# Port counters: Lid 6 port 1 (CapMask: 0x5A00)", " Port counters: Lid 6 port 1")
    assert parse(text).ports == parse(PLAIN).ports


def test_cut_off() -> None:
    text = PLAIN[: PLAIN.index("LinkDownedCounter:...............11") + len("LinkDownedCounter:...............1")]
    document = parse(text)
    assert (document.complete, document.warnings) == (False, ("line 6: the output is cut off after LinkDownedCounter.",))
    # 1 might have been 11.
    assert "LinkDownedCounter" not in document.ports[0].counters
    assert "LinkDownedCounter" in parse(text + "1\n").ports[0].counters


def test_cut_off_before_the_counters() -> None:
    assert parse("# Port counters: Lid 6 port 1 (CapMask: 0x5A00)\nPortSelect:......................1\n").warnings == (
        "line 2: the output is cut off before the counters.",
    )


def test_the_second_port_has_fewer_counters() -> None:
    first = PLAIN[: PLAIN.index("# Port counters: DR")]
    document = parse(first + first[: first.index("PortXmitWait")])
    assert (document.complete, document.warnings) == (False, ("line 43: the last answer has 20 values, the one before 21.",))


def test_values_that_are_none() -> None:
    document = parse(
        PLAIN.replace("PortRcvErrors:...................10", "PortRcvErrors:...................1o").replace("PortXmitPkts:....................12", "garbage")
    )
    assert not document.complete
    assert document.warnings == ("line 7: the value '1o' of PortRcvErrors can't be read.", "line 20: 'garbage' can't be read.")
    assert "PortRcvErrors" not in document.ports[0].counters


def test_what_the_tool_complains_of_is_a_warning() -> None:
    said = "ibwarn: [5] dump_perfcounters: PerfMgt ClassPortInfo CapMask 0x00; No extended counter support indicated"
    assert parse(f"{said}\n{EXTENDED}").warnings == (f"line 1: the tool said {said!r}.",)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "It is empty."),
        ("perfquery: iberror: failed: can't resolve destination port 77\n", 'It begins with "perfquery: iberror: failed: can\'t resolve destination port 77".'),
        ("SymbolErrorCounter:....0\n", "It begins with 'SymbolErrorCounter:....0'."),
    ],
)
def test_another_text_is_refused(text: str, found: str, refused: Refused) -> None:
    assert refused(parse, text) == f"this is not what perfquery prints: there is no port with counters. {found}"
