# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""nvidia-smi as it would answer on the node of a profile: arguments in, text and exit status out.

The form of the table, -L, -q, --query-gpu, --query-compute-apps, topo -m and nvlink -s is that of recordings of real
cards. Where none was at hand the form follows published output and is so far unproven: -q -x (recorded for another
card), the exit statuses beside the documented ones, and what is printed around a GPU that is lost.
An option that the real tool has and this one does not is refused in words of its own, with exit status 255.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from .gpu_models import model_of
from .nvidia_smi_layout import APP_ALIASES, APP_FIELDS, DISPLAYS, FIELD_ALIASES, QUERY_FIELDS, QUERY_ROWS, RETIRED_PAGES_FIELDS
from .nvidia_smi_values import DEPRECATED, NA, values
from .profile import effective

# Documented under "RETURN VALUE" in the tool's manual.
OK, INVALID, NOT_FOUND, NO_DRIVER, MISMATCH, LOST, OTHER = 0, 2, 6, 9, 18, 15, 255

_HELP = "Please run 'nvidia-smi -h' for help."
_REASON = {
    "lost": "GPU is lost.  Reboot the system to recover this GPU",
    "unknown_error": "Unknown Error",
}
_WIDTH = 55
# Options of the real tool that are not simulated, so that the refusal says what is the matter.
_NOT_SIMULATED = frozenset(
    (
        *("-f", "--filename", "-l", "--loop", "-lms", "--loop-ms", "-u", "--unit", "--dtd", "-B", "--list-excluded-gpus", "--debug"),
        *("-pm", "--persistence-mode", "-e", "--ecc-config", "-p", "--reset-ecc-errors", "-c", "--compute-mode", "--gom", "-r", "--gpu-reset"),
        *("-vm", "--virt-mode", "-lgc", "--lock-gpu-clocks", "-lmc", "-ac", "--applications-clocks", "-rac", "-rgc", "-rmc", "-pl", "--power-limit"),
        *("-sc", "-cc", "-am", "--accounting-mode", "-caa", "-mig", "--multi-instance-gpu", "--help-query-gpu", "--help-query-compute-apps"),
        *("--query-accounted-apps", "--query-supported-clocks", "dmon", "daemon", "replay", "pmon", "drain", "vgpu", "mig", "stats"),
        *("encodersessions", "fbcsessions", "boost-slider", "power-hint", "conf-compute", "c2c", "gpm", "power-smoothing", "power-profiles"),
        *("compute-policy", "pci", "rus"),
    )
)
_FLAGS = {"-L": "list", "--list-gpus": "list", "-q": "query", "--query": "query", "-x": "xml", "--xml-format": "xml", "-h": "help", "--help": "help"}
_WITH_VALUE = {
    "-i": "id",
    "--id": "id",
    "-d": "display",
    "--display": "display",
    "--format": "format",
    "--query-gpu": "fields",
    "--query-compute-apps": "apps",
    "--query-retired-pages": "pages",
    "--query-remapped-rows": "rows",
}


@dataclass(frozen=True)
class Answer:
    """What a command printed, and its exit status."""

    stdout: str
    rc: int = OK
    stderr: str = ""


class _RefusalError(Exception):
    def __init__(self, text: str, rc: int = INVALID, stderr: str = "") -> None:
        super().__init__(text)
        self.answer = Answer(f"{text}\n" if text else "", rc, f"{stderr}\n" if stderr else "")


@dataclass
class _Request:
    options: dict[str, str] = field(default_factory=dict)
    command: str = ""

    def has(self, name: str) -> bool:
        return name in self.options


def nvidia_smi(profile: Mapping[str, Any], argv: Sequence[str], now: datetime, denied: Collection[int] = ()) -> Answer:
    """Answer ``nvidia-smi ARGV`` (without the command's own name) at the time ``now`` to one who may not open the devices ``denied``."""
    try:
        request = _parse(argv)
        node = effective(profile, denied)
        if request.has("help"):
            return Answer(_usage(node))
        return _answer(request, node, now)
    except _RefusalError as refusal:
        return refusal.answer


def _parse(argv: Sequence[str]) -> _Request:
    request = _Request()
    rest = list(argv)
    if rest and rest[0] in ("topo", "nvlink"):
        return _parse_command(rest[0], rest[1:])
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if word in _FLAGS or word == "--version":
            request.options[_FLAGS.get(word, "version")] = ""
        elif name in _WITH_VALUE and (equals or not name.startswith("--query-")):
            if not equals:
                if not rest:
                    raise _RefusalError(f"ERROR: Option {word} is missing its value. {_HELP}\n")
                value = rest.pop(0)
            request.options[_WITH_VALUE[name]] = value
        else:
            _refuse(word, name)
    asked = [name for name in ("list", "query", "fields", "apps", "pages", "rows") if request.has(name)]
    alone = (request.has("xml") or request.has("display")) and asked != ["query"]
    if len(asked) > 1 or alone or (request.has("format") and (not asked or asked[0] in ("list", "query"))):
        raise _RefusalError(f"Invalid combination of input arguments. {_HELP}\n")
    return request


def _parse_command(command: str, rest: list[str]) -> _Request:
    request = _Request(command=command)
    actions = {"topo": ("-m", "--matrix"), "nvlink": ("-s", "--status")}[command]
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if word in actions:
            request.options["action"] = ""
        elif command == "nvlink" and name in ("-i", "--id"):
            request.options["id"] = value if equals else (rest.pop(0) if rest else "")
        elif command == "nvlink" and name in ("-l", "--link"):
            request.options["link"] = value if equals else (rest.pop(0) if rest else "")
        else:
            _refuse(f"{command} {word}", f"{command} {word}" if word.startswith("-") else word)
    if not request.has("action"):
        _refuse(command, "dmon")
    return request


def _refuse(word: str, name: str) -> None:
    if name in _NOT_SIMULATED or " " in word:
        raise _RefusalError("", OTHER, f"railyard: nvidia-smi {word} is not simulated.")
    raise _RefusalError(f"ERROR: Option {word} is not recognized. {_HELP}\n")


def _answer(request: _Request, node: Mapping[str, Any], now: datetime) -> Answer:
    if node["driver"] == "not_loaded":
        text = "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. "
        raise _RefusalError(text + "Make sure that the latest NVIDIA driver is installed and running.\n", NO_DRIVER)
    if node["driver"] == "mismatch":
        raise _RefusalError(f"Failed to initialize NVML: Driver/library version mismatch\nNVML library version: {_nvml(node)}", MISMATCH)
    if request.has("version"):
        return Answer(_version(node))
    _check_options(request, node)
    gpus = _selected(node, request.options.get("id"))
    if request.command == "topo":
        text = _topology(node, gpus)
    elif request.command == "nvlink":
        text = _nvlink(gpus, request.options.get("link", ""))
    elif request.has("list"):
        text = "".join(_each(gpus, lambda gpu: f"GPU {gpu['index']}: {gpu['name']} (UUID: {gpu['uuid']})\n"))
    elif request.has("xml"):
        text = _query_xml(node, gpus, now)
    elif request.has("query"):
        text = _query(node, gpus, now, request.options.get("display", ""))
    elif request.has("fields") or request.has("rows"):
        text = _csv(node, gpus, now, request)
    elif request.has("apps") or request.has("pages"):
        text = _csv_per_item(node, gpus, now, request)
    else:
        text = _table(node, gpus, now)
    states = {gpu["state"] for gpu in gpus}
    return Answer(text, LOST if "lost" in states else OTHER if "unknown_error" in states else OK)


def _check_options(request: _Request, node: Mapping[str, Any]) -> None:
    generation = str(node["generation"])
    if any(request.has(name) for name in ("fields", "apps", "pages", "rows")):
        if not request.has("format"):
            raise _RefusalError(f'"--format=" switch is missing. {_HELP}')
        parts = request.options["format"].split(",")
        if "csv" not in parts or set(parts) - {"csv", "noheader", "nounits"}:
            raise _RefusalError(f"ERROR: Option --format={request.options['format']} is not recognized. {_HELP}\n")
        _fields(request, generation)
    for name in request.options.get("display", "").split(",") if request.has("display") else ():
        if name.strip().upper() not in DISPLAYS:
            raise _RefusalError(f"ERROR: Option -d {name} is not recognized. {_HELP}\n")


def _selected(node: Mapping[str, Any], wanted: str | None) -> list[dict[str, Any]]:
    gpus: list[dict[str, Any]] = node["gpus"]
    if wanted is not None:
        keys = [key.strip().lower() for key in wanted.split(",")]
        gpus = [gpu for gpu in gpus if {str(gpu["index"]), gpu["uuid"].lower(), gpu["serial"], gpu["pci"].lower(), gpu["pci"][4:].lower()} & set(keys)]
    if not gpus:
        raise _RefusalError("No devices were found", NOT_FOUND)
    return gpus


def _lost_line(gpu: Mapping[str, Any]) -> str:
    return f"Unable to determine the device handle for GPU{gpu['index']}: {gpu['pci'][4:]}: {_REASON[gpu['state']]}\n"


def _each(gpus: Sequence[Mapping[str, Any]], render: Callable[[Mapping[str, Any]], str]) -> list[str]:
    return [render(gpu) if gpu["state"] == "ok" else _lost_line(gpu) for gpu in gpus]


def _lost_first(gpus: Sequence[Mapping[str, Any]]) -> str:
    return "".join(_lost_line(gpu) for gpu in gpus if gpu["state"] != "ok")


# --- summary table ---------------------------------------------------------------------------------------------------

_RULE = "+-----------------------------------------+------------------------+----------------------+\n"
_WIDE = "+-----------------------------------------------------------------------------------------+\n"


def _table(node: Mapping[str, Any], gpus: Sequence[Mapping[str, Any]], now: datetime) -> str:
    usable = [gpu for gpu in gpus if gpu["state"] == "ok"]
    if not usable:
        return _lost_first(gpus) + "No devices were found\n"
    driver, cuda = node["driver_version"], node["cuda_version"]
    heading = f"| NVIDIA-SMI {driver:<23}Driver Version: {driver:<15}CUDA Version: {cuda:<9}|\n"
    lines = [
        _lost_first(gpus),
        f"{_stamp(now)}       \n",
        _WIDE,
        heading,
        _RULE,
        "| GPU  Name                 Persistence-M | Bus-Id          Disp.A | Volatile Uncorr. ECC |\n",
        "| Fan  Temp   Perf          Pwr:Usage/Cap |           Memory-Usage | GPU-Util  Compute M. |\n",
        "|                                         |                        |               MIG M. |\n",
        "|=========================================+========================+======================|\n",
    ]
    lines += [_table_gpu(values(node, gpu)) for gpu in usable]
    lines += [
        "\n",
        _WIDE,
        "| Processes:                                                                              |\n",
        "|  GPU   GI   CI              PID   Type   Process name                        GPU Memory |\n",
        "|        ID   ID                                                               Usage      |\n",
        "|=========================================================================================|\n",
    ]
    processes = [
        f"|{gpu['index']:>5}   N/A  N/A {process['pid']:>15}      C   {process['name']:<36.36}{str(process['memory_mib']) + 'MiB':>10} |\n"
        for gpu in usable
        for process in gpu["processes"]
    ]
    lines += processes or ["|  No running processes found                                                             |\n"]
    return "".join(lines) + _WIDE


def _table_gpu(of: Mapping[str, str]) -> str:
    persistence = "On" if of["persistence"] == "Enabled" else "Off"
    power = f"{int(float(of['power_average'].split()[0]))}W"
    cap = f"{int(float(of['power_max'].split()[0]))}W"
    used, total = of["memory_used"].replace(" ", ""), of["memory_total"].replace(" ", "")
    return (
        f"|{of['index']:>4}  {of['name']:<30.30} {persistence:<3} |   {of['pci']} Off |{of['ecc_uncorrected']:>21} |\n"
        f"| N/A {of['temperature'].replace(' ', ''):>5}    {of['performance_state']:<2} {power:>15} / {cap:>5} |"
        f"{used:>11} / {total:>9} |{of['utilization_gpu'].replace(' ', ''):>8}      Default |\n"
        f"|{'':41}|{'':24}|{of['mig']:>21} |\n" + _RULE
    )


# --- -q and -q -x ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Row:
    depth: int
    label: str
    element: str
    value: str


def _rows(generation: str) -> list[_Row]:
    rows = []
    for line in QUERY_ROWS.splitlines():
        cells = [cell.strip() for cell in line.split(" | ")]
        if len(cells) < 4 or int(generation) >= int(cells[3]):
            rows.append(_Row((len(line) - len(line.lstrip())) // 4, *cells[:3]))
    return rows


def _value(row: _Row, of: Mapping[str, str]) -> str:
    return row.value[1:] if row.value.startswith("=") else of[row.value.rpartition(":")[2]]


def _pair(label: str, value: str) -> str:
    return f"{label:<{_WIDTH}}: {value}\n"


def _query(node: Mapping[str, Any], gpus: Sequence[Mapping[str, Any]], now: datetime, display: str) -> str:
    lines = [_lost_first(gpus), "\n==============NVSMI LOG==============\n\n", _pair("Timestamp", _stamp(now))]
    lines += [
        _pair("Driver Version", node["driver_version"]),
        _pair("CUDA Version", node["cuda_version"]),
        "\n",
        _pair("Attached GPUs", str(len(node["gpus"]))),
    ]
    shown = {label for name in display.split(",") if name for label in DISPLAYS[name.strip().upper()]}
    for gpu in gpus:
        if gpu["state"] == "ok":
            lines.append(f"GPU {gpu['pci']}\n")
            lines += _query_gpu(str(node["generation"]), gpu, values(node, gpu), shown)
            lines.append("\n")
    return "".join(lines)


def _query_gpu(generation: str, gpu: Mapping[str, Any], of: Mapping[str, str], shown: set[str]) -> list[str]:
    lines, section = [], ""
    for row in _rows(generation):
        section = row.label if row.depth == 0 else section
        if row.label == "-" or (shown and section not in shown):
            continue
        indent = "    " * (row.depth + 1)
        if row.value == "@processes":
            lines += _query_processes(gpu, indent)
        elif row.value == ">":
            lines.append(f"{indent}{row.label.replace('~', ' ')}\n")
        else:
            lines.append(_pair(indent + row.label, _value(row, of)))
    return lines


def _query_processes(gpu: Mapping[str, Any], indent: str) -> list[str]:
    if not gpu["processes"]:
        return [_pair(f"{indent}Processes", "None")]
    lines = [f"{indent}Processes\n"]
    for process in gpu["processes"]:
        rows = [
            ("GPU instance ID", NA),
            ("Compute instance ID", NA),
            ("Process ID", process["pid"]),
            ("    Type", "C"),
            ("    Name", process["name"]),
            ("    Used GPU Memory", f"{process['memory_mib']} MiB"),
        ]
        lines += [f"{indent + '    ' + label:<42}: {value}\n" for label, value in rows]
    return lines


def _query_xml(node: Mapping[str, Any], gpus: Sequence[Mapping[str, Any]], now: datetime) -> str:
    lines = [
        _lost_first(gpus),
        '<?xml version="1.0" ?>\n<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v13.dtd">\n<nvidia_smi_log>\n',
        _element(1, "timestamp", _stamp(now)),
        _element(1, "driver_version", node["driver_version"]),
        _element(1, "cuda_version", node["cuda_version"]),
        _element(1, "attached_gpus", str(len(node["gpus"]))),
    ]
    for gpu in gpus:
        if gpu["state"] == "ok":
            lines += [f'\t<gpu id="{gpu["pci"]}">\n', *_xml_gpu(str(node["generation"]), gpu, values(node, gpu)), "\t</gpu>\n\n"]
    return "".join(lines) + "</nvidia_smi_log>\n"


def _element(depth: int, name: str, text: str) -> str:
    return f"{chr(9) * depth}<{name}>{escape(text)}</{name}>\n"


def _xml_gpu(generation: str, gpu: Mapping[str, Any], of: Mapping[str, str]) -> list[str]:
    lines: list[str] = []
    open_elements: list[str] = []
    for row in (row for row in _rows(generation) if row.element != "-"):
        # The text sets two slowdown reasons under HW Slowdown, which is a value; in the XML they stand beside it.
        depth = min(row.depth, len(open_elements))
        lines += _xml_close(open_elements, depth)
        if row.value == ">":
            lines.append(f"{chr(9) * (depth + 2)}<{row.element}>\n")
            open_elements.append(row.element)
        elif row.value.startswith("@"):
            lines += _xml_block(row, gpu)
        else:
            text = _value(row, of)
            lines.append(_element(depth + 2, row.element, text[2:] if row.value.startswith("0x:") else text))
    return lines + _xml_close(open_elements, 0)


def _xml_close(open_elements: list[str], depth: int) -> list[str]:
    """Close the elements that are open deeper than ``depth``."""
    closed = []
    while len(open_elements) > depth:
        name = open_elements.pop()
        closed.append(f"{chr(9) * (len(open_elements) + 2)}</{name}>\n")
    return closed


def _xml_block(row: _Row, gpu: Mapping[str, Any]) -> list[str]:
    lines = [f"\t\t<{row.element}>\n"]
    if row.value == "@mig_devices":
        lines.append("\t\t\tNone\n")
    for process in gpu["processes"] if row.value == "@processes" else ():
        lines += [
            "\t\t\t<process_info>\n",
            _element(4, "gpu_instance_id", NA),
            _element(4, "compute_instance_id", NA),
            _element(4, "pid", str(process["pid"])),
            _element(4, "type", "C"),
            _element(4, "process_name", str(process["name"])),
            _element(4, "used_memory", f"{process['memory_mib']} MiB"),
            "\t\t\t</process_info>\n",
        ]
    return [*lines, f"\t\t</{row.element}>\n"]


# --- csv -------------------------------------------------------------------------------------------------------------


def _known_fields(text: str, generation: str) -> dict[str, tuple[str, str]]:
    known = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        first, last = (int(cells[3]) if len(cells) > 3 else 0), (int(cells[4]) if len(cells) > 4 else 10**6)
        if first <= int(generation) <= last:
            known[cells[0]] = (cells[1], cells[2])
    return known


def _fields(request: _Request, generation: str) -> list[tuple[str, str, str]]:
    """Return name, unit and source of the wanted fields; refuse one that the tool does not have."""
    if request.has("apps"):
        wanted, known, aliases = request.options["apps"], _known_fields(APP_FIELDS, generation), APP_ALIASES
    elif request.has("pages"):
        wanted, known, aliases = request.options["pages"], _known_fields(RETIRED_PAGES_FIELDS, generation), {}
    else:
        wanted, known, aliases = request.options.get("fields", request.options.get("rows", "")), _known_fields(QUERY_FIELDS, generation), FIELD_ALIASES
    fields = []
    for word in (part.strip() for part in wanted.split(",")):
        name = aliases.get(word, word).replace("clocks_throttle_reasons", "clocks_event_reasons")
        if name not in known:
            raise _RefusalError(f'Field "{word}" is not a valid field to query.\n')
        fields.append((name, *known[name]))
    return fields


def _csv(node: Mapping[str, Any], gpus: Sequence[Mapping[str, Any]], now: datetime, request: _Request) -> str:
    fields = _fields(request, str(node["generation"]))
    rows = _each(gpus, lambda gpu: _csv_row({**values(node, gpu), **_csv_common(node, now)}, fields, request))
    return _csv_heading(fields, request) + "".join(rows)


def _csv_per_item(node: Mapping[str, Any], gpus: Sequence[Mapping[str, Any]], now: datetime, request: _Request) -> str:
    fields = _fields(request, str(node["generation"]))

    def render(gpu: Mapping[str, Any]) -> str:
        if request.has("pages"):
            items = [{"cause": f"{kind} Bit ECC"} for kind in ("Single", "Double")]
        else:
            items = [
                {"pid": str(process["pid"]), "process_name": process["name"], "used_gpu_memory": f"{process['memory_mib']} MiB"} for process in gpu["processes"]
            ]
        return "".join(_csv_row({**values(node, gpu), **_csv_common(node, now), **item}, fields, request) for item in items)

    return _csv_heading(fields, request) + "".join(_each(gpus, render))


def _csv_common(node: Mapping[str, Any], now: datetime) -> dict[str, str]:
    return {"@timestamp": f"{now:%Y/%m/%d %H:%M:%S}.{now.microsecond // 1000:03d}", "@count": str(len(node["gpus"]))}


def _csv_heading(fields: Sequence[tuple[str, str, str]], request: _Request) -> str:
    if "noheader" in request.options["format"].split(","):
        return ""
    return ", ".join(f"{name} [{unit}]" if unit else name for name, unit, _source in fields) + "\n"


def _csv_row(of: Mapping[str, str], fields: Sequence[tuple[str, str, str]], request: _Request) -> str:
    bare = "nounits" in request.options["format"].split(",")
    return ", ".join(_csv_cell(of, unit, source, bare) for _name, unit, source in fields) + "\n"


def _csv_cell(of: Mapping[str, str], unit: str, source: str, bare: bool) -> str:
    text = source[1:] if source.startswith("=") else of[source.lstrip("~")]
    if text in (NA, DEPRECATED):
        return text if source.startswith("~") else f"[{text}]"
    if unit == "%":
        text = text.replace("%", " %").replace("  %", " %")
    if unit:
        return text[: -len(unit)].rstrip() if bare else text
    for suffix in (" bank(s)", " C"):
        text = text[: -len(suffix)] if text.endswith(suffix) else text
    return text[:-1] if text[-1:] == "x" and text[:-1].isdigit() else text


# --- topo and nvlink -------------------------------------------------------------------------------------------------

_TOPOLOGY_LEGEND = """
Legend:

  X    = Self
  SYS  = Connection traversing PCIe as well as the SMP interconnect between NUMA nodes (e.g., QPI/UPI)
  NODE = Connection traversing PCIe as well as the interconnect between PCIe Host Bridges within a NUMA node
  PHB  = Connection traversing PCIe as well as a PCIe Host Bridge (typically the CPU)
  PXB  = Connection traversing multiple PCIe bridges (without traversing the PCIe Host Bridge)
  PIX  = Connection traversing at most a single PCIe bridge
  NV#  = Connection traversing a bonded set of # NVLinks
"""


def _topology(node: Mapping[str, Any], gpus: Sequence[Mapping[str, Any]]) -> str:
    usable = [gpu for gpu in gpus if gpu["state"] == "ok"]
    nics = node["nics"]
    ports = [("GPU", gpu["index"], gpu["numa"], gpu["nvlinks_up"]) for gpu in usable] + [("NIC", index, nic["numa"], 0) for index, nic in enumerate(nics)]
    paired = len(nics) == len(node["gpus"])
    names = [f"{kind}{index}" for kind, index, _numa, _links in ports]
    lines = [_lost_first(gpus), "\t\x1b[4m" + "\t".join([*names, "CPU Affinity", "NUMA Affinity", "GPU NUMA ID"]) + "\x1b[0m\n"]
    for own in ports:
        cells = [_connection(own, other, paired) for other in ports]
        tail = [_cpus(node["cpu"], own[2]), str(own[2]), "", NA] if own[0] == "GPU" else []
        lines.append("\t".join([f"{own[0]}{own[1]}", *cells, *tail]) + "\n")
    lines.append(_TOPOLOGY_LEGEND)
    if nics:
        lines += ["\nNIC Legend:\n\n", *(f"  NIC{index}: {nic['name']}\n" for index, nic in enumerate(nics)), "\n"]
    return "".join(lines)


def _connection(own: tuple[str, int, int, int], other: tuple[str, int, int, int], paired: bool) -> str:
    if own[:2] == other[:2]:
        return " X "
    links = min(own[3], other[3])
    if own[0] == other[0] == "GPU" and links:
        return f"NV{links}"
    if own[2] != other[2]:
        return "SYS"
    return "PIX" if paired and own[0] != other[0] and own[1] == other[1] else "NODE"


def _cpus(cpu: Mapping[str, int], numa: int) -> str:
    """Return the processors of a socket as Linux numbers them: the second threads after all the first ones."""
    cores, sockets = cpu["cores_per_socket"], cpu["sockets"]
    starts = [thread * cores * sockets + numa * cores for thread in range(cpu["threads_per_core"])]
    if sockets == 1:
        return f"0-{cores * cpu['threads_per_core'] - 1}"
    return ",".join(f"{start}-{start + cores - 1}" for start in starts)


def _nvlink(gpus: Sequence[Mapping[str, Any]], link: str) -> str:
    def render(gpu: Mapping[str, Any]) -> str:
        heading = f"GPU {gpu['index']}: {gpu['name']} (UUID: {gpu['uuid']})\n"
        if not gpu["nvlinks"]:
            return heading + "Device does not have or support Nvlink\n"
        if not gpu["nvlinks_up"]:
            return heading + "NVML: Unable to retrieve NVLink information as all links are inActive\n"
        down = gpu["nvlinks"] - gpu["nvlinks_up"]
        wanted = range(gpu["nvlinks"]) if not link else [int(link)] if link.isdigit() and int(link) < gpu["nvlinks"] else []
        return heading + "".join(f"\t Link {index}: {'<inactive>' if index < down else _rate(gpu)}\n" for index in wanted)

    return "".join(_each(gpus, render))


def _rate(gpu: Mapping[str, Any]) -> str:
    return f"{model_of(gpu['pci_id'], gpu['name'], gpu['memory_mib'])['nvlink_text']} GB/s"


# --- the rest --------------------------------------------------------------------------------------------------------


def _stamp(now: datetime) -> str:
    return f"{now:%a %b} {now.day:>2} {now:%H:%M:%S %Y}"


def _nvml(node: Mapping[str, Any]) -> str:
    return ".".join(str(node["driver_version"]).split(".")[:2])


def _version(node: Mapping[str, Any]) -> str:
    driver = node["driver_version"]
    rows = [("NVIDIA-SMI version", driver), ("NVML version", _nvml(node)), ("DRIVER version", driver), ("CUDA Version", node["cuda_version"])]
    return "".join(f"{label:<20}: {value}\n" for label, value in rows)


def _usage(node: Mapping[str, Any]) -> str:
    return (
        f"NVIDIA System Management Interface -- v{node['driver_version']}\n\n"
        "This is Railyard's simulator of it. It knows:\n\n"
        "nvidia-smi                                    a table of the GPUs\n"
        "nvidia-smi -L                                 a list of them\n"
        "nvidia-smi -q [-d DISPLAY] [-x] [-i ID]       everything about them, as text or XML\n"
        "nvidia-smi --query-gpu=FIELDS --format=csv[,noheader][,nounits] [-i ID]\n"
        "nvidia-smi --query-compute-apps=FIELDS, --query-remapped-rows=FIELDS, --query-retired-pages=FIELDS\n"
        "nvidia-smi topo -m                            how GPUs and adapters are connected\n"
        "nvidia-smi nvlink -s [-i ID] [-l LINK]        the NVLinks and their rates\n"
        "nvidia-smi --version, -h\n\n"
        f"DISPLAY: {', '.join(DISPLAYS)}\n"
    )
