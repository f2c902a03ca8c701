# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The programs of perftest as they would run between two nodes: what they take, what each end tells the other, and what both print.

Options and forms are those of perftest 24.07 (``src/perftest_parameters.c``, ``.h``); the text was compared with recordings. A pair meets over TCP, as
the real programs do, and gives the lower rate of its two ends.
"""

from __future__ import annotations

import getopt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .profile import effective
from .rates import Outcome, healthy, rdma_rate

DEFAULT_PORT = 18515
_LINE = "-" * 87 + "\n"
_TITLES = {"ib_write_bw": "RDMA_Write BW", "ib_read_bw": "RDMA_Read BW", "ib_send_bw": "Send BW", "ib_write_lat": "RDMA_Write Latency"}
# Option -> whether it takes a value; those of all programs, then of those that measure bandwidth, latency, and by what they do.
_ALL = {
    "c": ("connection", True),
    "d": ("ib-dev", True),
    "D": ("duration", True),
    "f": ("margin", True),
    "F": ("CPU-freq", False),
    "h": ("help", False),
    "i": ("ib-port", True),
    "L": ("hop_limit", True),
    "m": ("mtu", True),
    "n": ("iters", True),
    "p": ("port", True),
    "R": ("rdma_cm", False),
    "s": ("size", True),
    "S": ("sl", True),
    "T": ("tos", True),
    "u": ("qp-timeout", True),
    "V": ("version", False),
    "a": ("all", False),
    "W": ("report-counters", True),
    "x": ("gid-index", True),
    "z": ("comm_rdma_cm", False),
}
_BANDWIDTH = {
    "b": ("bidirectional", False),
    "l": ("post_list", True),
    "N": ("noPeak", False),
    "O": ("dualport", False),
    "q": ("qp", True),
    "Q": ("cq-mod", True),
    "t": ("tx-depth", True),
    "w": ("limit_bw", True),
    "y": ("limit_msgrate", True),
}
_LATENCY = {"C": ("report-cycles", False), "H": ("report-histogram", False), "U": ("report-unsorted", False)}
_READ, _INLINE = {"o": ("outs", True), "e": ("events", False), "X": ("vector", True)}, {"I": ("inline_size", True)}
_SEND = {"r": ("rx-depth", True), "g": ("mcg", True), "M": ("MGID", True), "e": ("events", False), "X": ("vector", True)}
_OF = {
    "ib_write_bw": {**_ALL, **_BANDWIDTH, **_INLINE},
    "ib_read_bw": {**_ALL, **_BANDWIDTH, **_READ},
    "ib_send_bw": {**_ALL, **_BANDWIDTH, **_INLINE, **_SEND},
    "ib_write_lat": {**_ALL, **_LATENCY, **_INLINE},
}
_LONG = {
    **dict.fromkeys(("out_json", "cpu_util", "dont_xchg_versions", "ipv6", "odp", "use_old_post_send", "perform_warm_up", "use_cuda_dmabuf"), False),
    **dict.fromkeys(("use_hugepages", "no_lock", "no_ddp", "use_ooo"), False),
    **dict.fromkeys(("out_json_file", "dlid", "force-link", "ipv6-addr", "bind_source_ip", "mmap", "mmap-offset", "output", "payload_file_path"), True),
    **dict.fromkeys(("pkey_index", "retry_count", "tclass", "flow_label", "use_cuda", "use_cuda_bus_id"), True),
}
_LONG_BANDWIDTH = {
    **dict.fromkeys(("report-both", "report_gbits", "report-per-port", "reversed", "run_infinitely", "mr_per_qp", "disable_pcie_relaxed"), False),
    **dict.fromkeys(("recv_post_list", "wait_destroy", "burst_size", "typical_pkt_size", "rate_limit", "rate_units", "rate_limit_type"), True),
}
_LONG_OF = {
    "ib_write_bw": {**_LONG, **_LONG_BANDWIDTH, "write_with_imm": False, "use-null-mr": False},
    "ib_read_bw": {**_LONG, **_LONG_BANDWIDTH, "use-null-mr": False},
    "ib_send_bw": {**_LONG, **_LONG_BANDWIDTH, "use-srq": False, "connectionless": False},
    "ib_write_lat": {**_LONG, "latency_gap": True, "write_with_imm": False, "use-null-mr": False},
}
_MEBIBYTE_PER_GBIT = 1e9 / 8 / 2**20


@dataclass(frozen=True)
class End:
    """One end of a pair: what it is asked for and what its hardware gives. It tells the other end all of it."""

    program: str
    host: str
    """The server; empty at the server itself."""
    port: int
    device: str
    rail: int
    gbits_per_s: float
    """What its adapter moves in one direction."""
    latency_us: float
    link: str
    lid: int
    sizes: tuple[int, ...]
    iterations: int
    duration_s: float
    qps: int
    bidirectional: bool
    gbits: bool
    json_file: str
    gpu: int | None = None

    @property
    def seconds(self) -> float:
        """How long the measurement takes: as asked for, but no longer than a few seconds."""
        return min(2.0, self.duration_s or 0.2 * len(self.sizes))


def end_of(program: str, profile: Mapping[str, Any], argv: Sequence[str]) -> End | Outcome:
    """Return what this end is to do, or what the program says and ends with."""
    node = effective(profile)
    short = "".join(f"{letter}{':' if takes else ''}" for letter, (_long, takes) in _OF[program].items())
    names = {**dict(_OF[program].values()), **_LONG_OF[program]}
    try:
        found, rest = getopt.gnu_getopt(list(argv), short, [f"{name}{'=' if takes else ''}" for name, takes in names.items()])
    except getopt.GetoptError as error:
        said = f"unrecognized option '--{error.opt}'" if len(error.opt) > 1 else f"invalid option -- '{error.opt}'"
        return Outcome(
            _usage(program),
            1,
            f"{program}: {said}\n Invalid Command or flag.\n Please check command line and run again.\n\n Parser function exited with Error\n",
        )
    long_of = {letter: name for letter, (name, _takes) in _OF[program].items()}
    given = {long_of.get(name.lstrip("-"), name.lstrip("-")): value for name, value in found}
    if "help" in given:
        return Outcome(_usage(program), 1)
    if "version" in given:
        return Outcome("Version: 6.21\n", 1)
    if len(rest) > 1:
        return Outcome("", 1, " Invalid Command line. Please check command rerun \n Parser function exited with Error\n")
    devices = [*node["nics"], *node["other_nics"]]
    device = given.get("ib-dev") or (devices[0]["name"] if devices else "")
    rail = next((number for number, nic in enumerate(devices) if nic["name"] == device), None)
    if rail is None:
        said = f"IB device {device} not found\n" if device else "No IB devices found\n"
        return Outcome("", 1, f"{said} Unable to find the Infiniband/RoCE device\n")
    numbers = {
        name: _number(given.get(name, default)) for name, default in (("port", str(DEFAULT_PORT)), ("iters", ""), ("duration", "0"), ("qp", "1"), ("size", ""))
    }
    latency = program.endswith("_lat")
    size = numbers["size"] or (2 if latency else 65536)
    gpu = _number(given["use_cuda"]) if "use_cuda" in given else None
    if gpu is not None and (gpu >= len(node["gpus"]) or node["gpus"][gpu]["state"] != "ok" or node["driver"] != "loaded"):
        return Outcome("initializing CUDA\n", 1, f"No such device ID ({gpu}) exists in system\n Couldn't init CUDA\n")
    is_rail = rail < len(node["nics"])
    return End(
        program=program,
        host=rest[0] if rest else "",
        port=numbers["port"],
        device=device,
        rail=rail,
        gbits_per_s=8 * rdma_rate(node, rail) if is_rail else float(devices[rail]["rate_gbits_per_s"]) * 0.96,
        latency_us=1.9 * (2 - healthy(node, f"latency{rail}")),
        link={"infiniband": "IB", "ethernet": "Ethernet"}[devices[rail]["link_layer"]],
        lid=1 + int(hashlib.sha256(str(devices[rail]["guid"]).encode()).hexdigest()[:3], 16),
        sizes=tuple(2**power for power in range(1, 24)) if "all" in given else (size,),
        iterations=numbers["iters"] or (5000 if program == "ib_write_bw" else 1000),
        duration_s=float(numbers["duration"]),
        qps=max(1, numbers["qp"]),
        bidirectional="bidirectional" in given,
        gbits="report_gbits" in given,
        json_file=(given.get("out_json_file") or "perftest_out.json") if "out_json" in given else "",
        gpu=gpu,
    )


def waiting(end: End) -> str:
    """Return what a server prints while it waits."""
    return "" if end.host else "\n************************************\n* Waiting for client to connect... *\n************************************\n"


def compatible(own: End, other: End) -> bool:
    """Say whether the two ends do the same test; else the real ones fail while they exchange what they are."""
    return (own.program, own.sizes, own.bidirectional, own.qps) == (other.program, other.sizes, other.bidirectional, other.qps)


def report(own: End, other: End) -> Outcome:
    """Return what one end prints when both have met, and the file that it writes."""
    cuda = "" if own.gpu is None else f"initializing CUDA\nPicking GPU number {own.gpu}\ncreating CUDA Ctx\nmaking it the current CUDA Ctx\n"
    bandwidth = not own.program.endswith("_lat")
    direction = " Bidirectional" if own.bidirectional else ""
    title = f"{_TITLES[own.program].replace(' BW', '')}{direction} BW Test" if bandwidth else f"{_TITLES[own.program]} Test"
    depth = " TX depth        : 128\n" if bandwidth and own.host else " TX depth        : 1\n" if not bandwidth else ""
    head = (
        f"{cuda}{_LINE}                    {title}\n"
        f" Dual-port       : OFF\t\tDevice         : {own.device}\n Number of qps   : {own.qps}\t\tTransport type : IB\n"
        " Connection type : RC\t\tUsing SRQ      : OFF\n PCIe relax order: ON\t\tLock-free      : OFF\n"
        f" ibv_wr* API     : ON\t\tUsing DDP      : OFF\n{depth}"
        + (f" CQ Moderation   : {1 if own.duration_s else 100}\n" if bandwidth else "")
        + f" Mtu             : 4096[B]\n Link type       : {own.link}\n"
        + (" GID index       : 3\n" if own.link == "Ethernet" else "")
        + f" Max inline data : {0 if bandwidth else 220}[B]\n rdma_cm QPs\t : OFF\n Data ex. method : Ethernet\n{_LINE}"
    )
    for side, lid in (("local", own.lid), ("remote", other.lid)):
        head += "".join(
            f" {side} address: LID {lid:#04x} QPN 0x{number + 0x100:04x} PSN 0x3c9e{number:02x} RKey 0x200000 VAddr 0x007f0000000000\n"
            for number in range(own.qps)
        )
    rows = ""
    results: dict[str, Any] = {}
    for size in own.sizes:
        row, results = (_bandwidth_row if bandwidth else _latency_row)(own, other, size)
        rows += row
    unit = "Gb/sec" if own.gbits else "MB/sec"
    if bandwidth:
        columns = f" #bytes     #iterations    BW peak[{unit}]    BW average[{unit}]   MsgRate[Mpps]\n"
    elif own.duration_s:
        columns = " #bytes        #iterations       t_avg[usec]    tps average\n"
    else:
        columns = " #bytes #iterations    t_min[usec]    t_max[usec]  t_typical[usec]    t_avg[usec]    t_stdev[usec]"
        columns += "   99% percentile[usec]   99.9% percentile[usec] \n"
    files = {own.json_file: _json(own, title, results)} if own.json_file else {}
    return Outcome(f"{rows}{_LINE}", seconds=own.seconds, before=f"{head}{_LINE}{columns}", files=files)


def _bandwidth_row(own: End, other: End, size: int) -> tuple[str, dict[str, Any]]:
    rate = min(own.gbits_per_s, other.gbits_per_s) * size / (size + 512) * (2 if own.bidirectional else 1)
    messages = rate * 1e9 / 8 / size
    iterations = int(messages * own.duration_s) if own.duration_s else own.iterations
    value = rate if own.gbits else rate * _MEBIBYTE_PER_GBIT
    peak = 0.0 if own.duration_s else value * 1.001
    result = {"MsgSize": size, "n_iterations": iterations, "BW_peak": round(peak, 2), "BW_average": round(value, 2), "MsgRate": round(messages / 1e6, 6)}
    return f" {size:<7}    {iterations:<10}       {peak:<7.2f}            {value:<7.2f}\t\t   {messages / 1e6:<7.6f}\n", result


def _latency_row(own: End, other: End, size: int) -> tuple[str, dict[str, Any]]:
    typical = max(own.latency_us, other.latency_us) + size * 8 / min(own.gbits_per_s, other.gbits_per_s) / 1e3
    if own.duration_s:
        count = int(own.duration_s * 1e6 / typical / 2)
        result = {"MsgSize": size, "n_iterations": count, "t_avg": round(typical, 2), "tps_average": round(1e6 / typical / 2, 2)}
        return f" {size:<7}       {count:<10}            {typical:<7.2f}      {1e6 / typical / 2:<7.2f}\n", result
    values = [typical * part for part in (0.97, 1.6, 1.0, 1.01)] + [0.04, typical * 1.1, typical * 1.4]
    names = ("t_min", "t_max", "t_typical", "t_avg", "t_stdev", "percentile_99", "percentile_99.9")
    low, high, middle, average, deviation, most, nearly = values
    row = f" {size:<7} {own.iterations:<10}          {low:<7.2f}        {high:<7.2f}      {middle:<7.2f}  \t       {average:<7.2f}"
    row += f"     \t{deviation:<7.2f}\t\t{most:<7.2f} \t\t{nearly:<7.2f}\n"
    return row, {"MsgSize": size, "n_iterations": own.iterations, **{name: round(value, 2) for name, value in zip(names, values)}}


def _json(own: End, title: str, results: Mapping[str, Any]) -> str:
    info = {
        "test": title.replace(" ", "_"),
        "Dual_port": "OFF",
        "Device": own.device,
        "Number_of_qps": own.qps,
        "Transport_type": "IB",
        "Connection_type": "RC",
        "Using_SRQ": "OFF",
        "PCIe_relax_order": "ON",
        "ibv_wr_API": "ON",
        "Mtu": 4096,
        "Link_type": own.link,
        "rdma_cm_QPs": "OFF",
        "Data_ex_method": "Ethernet",
    }
    parts = []
    for name, values in (("test_info", info), ("results", results)):
        lines = ",\n".join(f'"{key}": "{value}"' if isinstance(value, str) else f'"{key}": {value}' for key, value in values.items())
        parts.append(f'"{name}": {{\n{lines}\n}}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _usage(program: str) -> str:
    lines = [f"  -{letter}, --{name}{'=<value>' if takes else ''} " for letter, (name, takes) in _OF[program].items()]
    lines += [f"      --{name}{'=<value>' if takes else ''} " for name, takes in _LONG_OF[program].items()]
    said = f"  {program}            start a server and wait for connection\n  {program} <host>     connect to server at <host>\n"
    return f"Usage:\n{said}\nOptions:\n" + "\n".join(lines) + "\n\n"


def _number(text: str) -> int:
    """Return what strtol makes of it: 0 for what is no number."""
    return int(text) if text.isdigit() and len(text) < 12 else 0
