# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Both ends of a test, both directions, UDP, tests that failed or were cut off, many in one log, and a stream of events."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.iperf3 import parse

from .conftest import SAMPLES


def total(gbits: float, *, sender: bool = True, start: float = 0, **more: Any) -> dict[str, Any]:
    return {"start": start, "end": start + 1, "seconds": 1, "bits_per_second": gbits * 1e9, "sender": sender, "omitted": False, **more}


def document(end: dict[str, Any], *, server: bool = False, asked: dict[str, Any] | None = None, **more: Any) -> str:
    peer = {"accepted_connection": {"host": "10.0.0.1", "port": 40000}} if server else {"connecting_to": {"host": "node2", "port": 5201}}
    connected = [{"local_port": 5201 if server else 40001}]
    start = {
        "version": "iperf 3.18",
        "connected": connected,
        **peer,
        "test_start": {"protocol": "TCP", "num_streams": 1, "duration": 1, "reverse": 0, **(asked or {})},
    }
    return json.dumps({"start": start, "intervals": [], "end": end, **more}, indent=1)


def test_a_client() -> None:
    found = parse((SAMPLES / "iperf3/client.json").read_text())
    assert (found.version, found.role, found.host, found.port, found.protocol, found.streams, found.duration_s) == (
        "3.12",
        "client",
        "node2",
        5301,
        "TCP",
        4,
        2,
    )
    assert (found.sent_gbits_per_s, found.received_gbits_per_s, found.retransmits) == (0.951, 0.942, 3)
    assert found.cpu_percent is not None and (found.cpu_percent.host, found.cpu_percent.remote) == (12.5, 20.25)
    assert [(entry.start_s, entry.end_s, entry.gbits_per_s) for entry in found.intervals] == [(0, 1, 0.951), (1, 2, 0.951)]
    assert (found.extra_data, found.reverse, found.bidirectional, found.error) == ("run 7 round 1", False, False, None)
    assert found.complete and not found.faults and not found.warnings


def test_a_server_does_not_know_what_was_sent() -> None:
    found = parse((SAMPLES / "iperf3/server.log.json").read_text())
    assert (found.role, found.host, found.port) == ("server", "10.40.0.1", 5301)
    assert (found.sent_gbits_per_s, found.received_gbits_per_s, found.retransmits) == (None, 0.942, None)
    assert found.cpu_percent is not None and found.cpu_percent.remote is None
    assert [(run.extra_data, run.received_gbits_per_s) for run in (found, *found.further_runs)] == [("run 7 round 1", 0.942), ("run 7 round 2", 0.471)]
    assert found.warnings == ("2 tests follow one another: the first is shown, the others are in further_runs.",)


def test_a_server_that_sends_knows_only_that() -> None:
    text = document({"sum_sent": total(3, retransmits=7), "sum_received": total(0)}, server=True, asked={"reverse": 1})
    found = parse(text)
    assert (found.reverse, found.sent_gbits_per_s, found.received_gbits_per_s, found.retransmits) == (True, 3, None, 7)
    assert not found.faults


def test_both_directions() -> None:
    sums = {"sum_sent": total(4), "sum_received": total(3), "sum_sent_bidir_reverse": total(2), "sum_received_bidir_reverse": total(1)}
    client = parse(document(sums))
    assert client.bidirectional
    assert (client.sent_gbits_per_s, client.received_gbits_per_s, client.reverse_sent_gbits_per_s, client.reverse_received_gbits_per_s) == (4, 3, 2, 1)
    server = parse(document({**sums, "sum_sent": total(0), "sum_received_bidir_reverse": total(0)}, server=True))
    assert (server.sent_gbits_per_s, server.received_gbits_per_s, server.reverse_sent_gbits_per_s, server.reverse_received_gbits_per_s) == (None, 3, 2, None)


def test_datagrams() -> None:
    new = parse(document({"sum": total(9), "sum_sent": total(1), "sum_received": total(0.9, lost_percent=10)}, asked={"protocol": "UDP"}))
    assert (new.protocol, new.sent_gbits_per_s, new.received_gbits_per_s, new.lost_percent) == ("UDP", 1, 0.9, 10)
    old = parse(document({"sum": total(1, lost_percent=25)}, asked={"protocol": "UDP"}))
    assert (old.sent_gbits_per_s, old.received_gbits_per_s, old.lost_percent, old.complete) == (1, 0.75, 25, True)


def test_an_interval_that_is_left_out_is_not_shown() -> None:
    text = json.loads(document({"sum_sent": total(1), "sum_received": total(1)}))
    text["intervals"] = [{"sum": total(5, omitted=True) | {"omitted": True}}, {"sum": total(1)}, {"sum": {"start": 1, "end": "x"}}]
    found = parse(json.dumps(text))
    assert [entry.gbits_per_s for entry in found.intervals] == [1]
    assert found.warnings == ("1 intervals have no sum.",)


@pytest.mark.parametrize("more", [{}, {"end": {}, "start": {"connected": [], "version": "iperf 3.12"}, "intervals": []}])
def test_an_error(more: dict[str, Any]) -> None:
    found = parse(json.dumps({**more, "error": "unable to connect to server: Connection refused"}))
    assert not found.complete and found.received_gbits_per_s is None
    assert [fault.message for fault in found.faults] == ["the test failed: unable to connect to server: Connection refused."]


def test_rates_of_a_test_that_failed_are_not_taken() -> None:
    """The server divides by the time since its machine was booted."""
    found = parse(document({"sum_sent": total(0), "sum_received": total(0.001)}, server=True, error="the client has terminated"))
    assert (found.sent_gbits_per_s, found.received_gbits_per_s, found.complete) == (None, None, False)


def test_nothing_received_is_a_fault() -> None:
    assert [fault.id for fault in parse(document({"sum_sent": total(1), "sum_received": total(0)})).faults] == ["nothing_received"]


def test_cut_off() -> None:
    found = parse((SAMPLES / "iperf3/client.truncated.json").read_text())
    assert not found.complete and found.received_gbits_per_s is None
    assert len(found.intervals) == 1 and found.host == "node2"
    assert found.warnings[0] == "the output is cut off: what follows the last whole entry is lost."


def test_one_that_was_cut_off_does_not_hide_the_next() -> None:
    whole = document({"sum_sent": total(1), "sum_received": total(1)}, extra_data="second")
    found = parse(document({}, extra_data="first")[:-80] + "\niperf3: the client has terminated\n" + whole)
    assert (found.complete, [run.extra_data for run in found.further_runs], [run.complete for run in found.further_runs]) == (False, ["second"], [True])


def test_a_stream_of_events() -> None:
    single = json.loads(document({"sum_sent": total(2), "sum_received": total(1.5)}))
    events = [("start", single["start"]), ("interval", {"sum": total(2)}), ("interval", {"sum": total(2, start=1)}), ("end", single["end"])]
    lines = [json.dumps({"event": name, "data": data}) for name, data in events]
    found = parse("\n".join(lines))
    assert (found.received_gbits_per_s, len(found.intervals), found.complete, found.version) == (1.5, 2, True, "3.18")
    assert not parse("\n".join(lines[:-1])).complete
    failed = parse("\n".join((*lines[:2], json.dumps({"event": "error", "data": "the server is busy"}), *lines)))
    assert failed.error == "the server is busy" and len(failed.further_runs) == 1


def test_what_is_refused(refused: Callable[[Callable[[str], object], str], str]) -> None:
    assert refused(parse, " \n") == "the output is empty: expected is what iperf3 writes with -J."
    said = refused(parse, "iperf3: error - unable to connect to server: Connection refused\n")
    assert said == (
        "this is no JSON of iperf3, but says 'iperf3: error - unable to connect to server: Connection refused': expected is what iperf3 writes with -J. "
        "Run iperf3 with -J."
    )
    assert "not of iperf3" in refused(parse, '{"testcases": []}')
