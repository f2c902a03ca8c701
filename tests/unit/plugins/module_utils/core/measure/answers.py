# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What nodes' agents bring back from a schedule, with the outputs of the tools that they ran."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.railyard.cluster.plugins.module_utils.core.agent.measurement import RESULT_SCHEMA, SCHEMA_VERSION, Part

Rate = Callable[[str, str], float]
"""Of a server and a client, in Gbit/s."""


def outcome(argv: Sequence[str], stdout: str = "", *, rc: int = 0, stderr: str = "", seconds: float = 3.0) -> dict[str, Any]:
    return {"argv": list(argv), "rc": rc, "stdout": stdout, "stderr": stderr, "seconds": seconds, "attempts": 1}


def iperf3(argv: Sequence[str], gbits_per_s: float, *, mark: str = "", way: int = 0, error: str = "") -> dict[str, Any]:
    """What one end of iperf3 prints; a server does not know what its client sent, and says 0."""
    client = "--client" in argv
    reverse = "--reverse" in argv or bool(not client and way)
    bits = gbits_per_s * 1e9
    sent, received = (bits, bits) if client else (bits, 0.0) if reverse else (0.0, bits)
    start: dict[str, Any] = {"version": "iperf 3.12", "test_start": {"protocol": "TCP", "num_streams": 4, "duration": 2, "reverse": int(reverse)}}
    start.update({"connecting_to": {"host": "192.0.2.1", "port": 28101}} if client else {"accepted_connection": {"host": "192.0.2.2", "port": 40000}})
    document: dict[str, Any] = {"start": start, "intervals": [], "end": {"sum_sent": {"bits_per_second": sent}, "sum_received": {"bits_per_second": received}}}
    if error:
        document = {"start": start, "intervals": [], "end": {}, "error": error}
    if mark:
        document["extra_data"] = mark
    return outcome(argv, json.dumps(document, indent="\t") + "\n")


def perftest(argv: Sequence[str], gbits_per_s: float) -> dict[str, Any]:
    title = {"ib_write_bw": "RDMA_Write BW Test", "ib_read_bw": "RDMA_Read BW Test"}[argv[0]]
    line = "-" * 87 + "\n"
    columns = " #bytes     #iterations    BW peak[Gb/sec]    BW average[Gb/sec]   MsgRate[Mpps]\n"
    row = f" 1048576    50000            0.00               {gbits_per_s:.2f}\t\t     0.040000\n"
    head = f"                    {title}\n Dual-port       : OFF\t\tDevice         : mlx5_0\n Number of qps   : 4\n Link type       : IB\n"
    return outcome(argv, line + head + line + columns + row + line)


def brought_back(parts: Mapping[str, Part], rate: Rate) -> dict[str, dict[str, Any]]:
    """By node, what its agent writes when all goes well."""
    found = {}
    for name, part in parts.items():
        slots = []
        for slot in part.slots:
            # A client names its mark, which the server reports; a server's outputs come from what its client ran.
            partner = next(one for one in parts[slot.peer].slots if (one.test, one.number) == (slot.test, slot.number))
            words = [word for stage in (*slot.run, *partner.run) for argv in stage for word in argv]
            mark = words[words.index("--extra-data") + 1] if "--extra-data" in words else ""
            reached = rate(name, slot.peer) if slot.serve else rate(slot.peer, name)
            served = [_answer(argv, reached, mark, way) for way, argv in enumerate(slot.serve)]
            run = [[_answer(argv, reached, mark, way) for argv in stage] for way, stage in enumerate(slot.run)]
            slots.append({"test": slot.test, "number": slot.number, "peer": slot.peer, "late_s": 0.0, "serve": served, "run": run})
        found[name] = {
            "schema": RESULT_SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "run_id": part.run_id,
            "phase": part.phase,
            "node": name,
            "status": "done",
            "conductor": part.conductors[0][0],
            "present": list(parts),
            "notes": [],
            "slots": slots,
        }
    return found


def _answer(argv: Sequence[str], gbits_per_s: float, mark: str, way: int) -> dict[str, Any]:
    return iperf3(argv, gbits_per_s, mark=mark, way=way) if argv[0] == "iperf3" else perftest(argv, gbits_per_s)
