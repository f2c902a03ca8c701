# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What SMBIOS says of a server."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.model.server import Baseboard, Bios, Chassis, MemoryModule, PowerSupply, Processor, Server
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.dmidecode import parse

from .conftest import SAMPLES

Recording = Callable[[str], str]
Refused = Callable[[Callable[[str], object], str], str]


def sample(name: str) -> Server:
    return parse((SAMPLES / "dmidecode" / name).read_text())


def system_with(**fields: str) -> str:
    lines = {"Manufacturer": "Example", "Product Name": "EX1", "Serial Number": "S1", **fields}
    return "Handle 0x0001, DMI type 1, 27 bytes\nSystem Information\n" + "".join(f"\t{key}: {value}\n" for key, value in lines.items())


def memory_with(**fields: str) -> str:
    lines = {"Size": "32 GB", "Locator": "A1", "Type": "DDR5", **fields}
    return "Handle 0x0011, DMI type 17, 92 bytes\nMemory Device\n" + "".join(f"\t{key.replace('_', ' ')}: {value}\n" for key, value in lines.items()) + "\n"


# Recordings of real machines.


def test_a_recorded_gpu_server(recording: Recording) -> None:
    server = parse(recording("dmidecode/xe9680-system.txt"))
    assert server.system
    assert (server.system.manufacturer, server.system.product, server.system.serial) == ("Dell Inc.", "PowerEdge XE9680", "HSR8X04")
    assert (server.system.uuid, server.system.sku) == ("4c4c4544-0053-5210-8038-c8c04f583034", "SKU=94F9;ModelName=PowerEdge XE9680")
    assert server.system.version is None and server.system.family == "PowerEdge"
    assert server.bios is None and server.memory == () and server.memory_slots is None
    assert server.complete and not server.faults and not server.warnings


@pytest.mark.parametrize(
    ("name", "manufacturer", "product", "serial", "modules", "empty", "total_mib", "processors", "sockets"),
    [
        ("Dell_PowerEdge_M630", "Dell Inc.", "PowerEdge M630", "4242", 8, 16, 65536, 2, 2),
        ("HP_BL460c_Gen10", "HPE", "ProLiant BL460c Gen10", "4242", 4, 12, 65536, 2, 2),
        ("SM_SYS-6018R", "Supermicro", "SYS-6018R-TDTPR", "A177950X7709591", 4, 4, 65536, 2, 2),
        ("Dell_DSS7500", "Dell Inc.", "DSS7500", "4242-SERVICE_TAG", 12, 0, 196608, 2, 2),
        ("SM_SSG-6028R", "Supermicro", "SSG-6028R-OSD072P", "S212101X7A18218", 4, 12, 65536, 1, 2),
    ],
)
def test_recorded_servers(
    recording: Recording, name: str, manufacturer: str, product: str, serial: str, modules: int, empty: int, total_mib: int, processors: int, sockets: int
) -> None:
    server = parse(recording(f"dmidecode/{name}.txt"))
    assert server.system
    assert (server.system.manufacturer, server.system.product, server.system.serial) == (manufacturer, product, serial)
    assert (len(server.memory), server.memory_slots_empty, server.memory_slots, server.memory_total_mib) == (modules, empty, modules + empty, total_mib)
    assert (len(server.processors), server.processor_sockets) == (processors, sockets)
    assert server.memory_error_correction == "Multi-bit ECC"
    assert server.complete and not server.faults and not server.warnings


def test_details_of_recorded_servers(recording: Recording) -> None:
    hpe = parse(recording("dmidecode/HP_BL460c_Gen10.txt"))
    assert hpe.bios == Bios("HPE", "I41", "10/02/2018", "1.46", "1.37")
    assert hpe.memory[0] == MemoryModule("PROC 1 DIMM 2", None, 16384, "DDR4", "DIMM", 2666, 2666, 1, "HPE", "840757-091", "4242")
    assert (hpe.processors[0].model, hpe.processors[0].cores, hpe.processors[0].threads) == ("Intel(R) Xeon(R) Gold 6126 CPU @ 2.60GHz", 12, 24)
    supermicro = parse(recording("dmidecode/SM_SSG-6028R.txt"))
    assert [(supply.present, supply.capacity_w, supply.status) for supply in supermicro.power_supplies] == [
        (True, 920, "OK"),
        (True, 920, "OK"),
        (False, None, None),
        (False, None, None),
    ]
    dell = parse(recording("dmidecode/Dell_PowerEdge_M630.txt"))
    assert dell.baseboard == Baseboard("Dell Inc.", "0PHY8D", "4242", "A00", None, "Slot 05")
    # dmidecode 2.12 does not know the type of what DSS7500's slots hold, and writes that it is out of the specification.
    assert {module.type for module in parse(recording("dmidecode/Dell_DSS7500.txt")).memory} == {None}
    slow = parse(recording("dmidecode/SM_SYS-6018R.txt"))
    assert {(module.speed_mts, module.configured_speed_mts) for module in slow.memory} == {(2400, 2133)}


# The whole table.


def test_everything() -> None:
    server = sample("full.txt")
    assert server.system and server.system.serial == "1234567890" and server.system.sku is None and server.system.family is None
    assert server.warnings == ("The serial number 1234567890 is a vendor's placeholder: it does not tell this server from others.",)
    assert server.bios == Bios("American Megatrends International, LLC.", "3.1a", "05/06/2025", "5.32", "1.9")
    # The first board in the table is a riser.
    assert server.baseboard == Baseboard("Example Systems", "EXB-2", "MB77", "1.02", None, "Part Component")
    assert server.chassis == Chassis("Example Systems", "Rack Mount Chassis", "CH5", None, "Chassis Asset 9", None, 8, "Safe", "Warning", "Critical")
    assert server.processors[0] == Processor(
        socket="CPU1",
        manufacturer="Intel(R) Corporation",
        family="Xeon",
        model="INTEL(R) XEON(R) PLATINUM 8592+",
        signature="Type 0, Family 6, Model 207, Stepping 2",
        status="Enabled",
        cores=64,
        cores_enabled=64,
        threads=128,
        max_speed_mhz=4000,
        current_speed_mhz=1900,
    )
    assert [processor.socket for processor in server.processors] == ["CPU1", "CPU2"] and server.processor_sockets == 3
    assert [(module.locator, module.size_mib, module.speed_mts, module.configured_speed_mts) for module in server.memory] == [
        ("DIMM_A1", 65536, 4800, 4800),
        ("DIMM_B1", 65536, 4800, 4400),
        ("DIMM_C1", 65536, 4800, None),
    ]
    assert (server.memory_total_mib, server.memory_slots, server.memory_slots_empty) == (196608, 5, 2)
    assert server.power_supplies[0] == PowerSupply("PWS-3K06", "PSU1", "Example Power", "PWS-3K06-2R", "P1", "1.1", 3000, True, "Critical", True)
    assert server.power_supplies[2] == PowerSupply(location="PSU3", present=False)
    assert server.complete


def test_what_the_firmware_shows_to_be_wrong() -> None:
    assert [(fault.id, fault.subject, fault.message) for fault in sample("full.txt").faults] == [
        ("chassis_state", "chassis", "Its power supply state is warning."),
        ("chassis_state", "chassis", "Its thermal state is critical."),
        ("processor_disabled", "processor CPU2", "The BIOS switched it off after an error at boot."),
        ("power_supply_state", "power supply PSU1", "Its state is critical."),
        ("power_supply_unplugged", "power supply PSU2", "It is there, but not plugged in."),
        ("probe_state", "temperature probe CPU1 Temp", "Its state is non-critical."),
        ("memory_error", "memory", "The firmware recorded a memory error: Multi-bit ECC."),
        ("boot_status", "system", "The last boot reported: Firmware-detected hardware failure."),
        ("memory_slow", "memory DIMM_B1", "It runs at 4400 MT/s, others of its kind at 4800 MT/s."),
        ("memory_not_configured", "memory DIMM_C1", "It is there, but no speed is configured: it is not in use."),
    ]


def test_a_boot_state_that_is_not_safe() -> None:
    text = "Handle 0x0003, DMI type 3, 22 bytes\nChassis Information\n\tSerial Number: 1\n\tBoot-up State: Non-recoverable\n"
    assert [fault.message for fault in parse(text).faults] == ["Its boot-up state is non-recoverable."]


def test_memory_slower_than_its_rate_is_no_fault_where_all_of_it_is() -> None:
    same = [memory_with(Locator=name, Speed="5600 MT/s", Configured_Memory_Speed="4800 MT/s", Part_Number="P") for name in ("A1", "B1")]
    other = memory_with(Locator="C1", Speed="5600 MT/s", Configured_Memory_Speed="5600 MT/s", Part_Number="Q")
    assert parse("".join((*same, other))).faults == ()


def test_memory_of_which_no_configured_speed_is_known_is_no_fault() -> None:
    assert parse(memory_with(Speed="4800 MT/s") + memory_with(Locator="B1", Speed="4800 MT/s")).faults == ()


def test_memory_of_which_no_speed_is_known_is_no_fault() -> None:
    assert parse(memory_with(Speed="Unknown") + memory_with(Locator="B1", Speed="Unknown")).faults == ()


# Other forms.


def test_quiet() -> None:
    server = sample("quiet.txt")
    assert server.system and (server.system.manufacturer, server.system.serial) == ("QEMU", None)
    assert server.bios and server.bios.vendor == "SeaBIOS"
    assert server.memory == (MemoryModule("DIMM 0", None, 16384, "RAM", "DIMM", None, None, None, "QEMU"),)
    assert server.complete and not server.faults


def test_one_type() -> None:
    server = sample("type-memory.txt")
    assert server.system is None and server.memory_total_mib == 16896 and server.memory_error_correction is None
    assert server.complete and not server.warnings


def test_lines_of_a_list_are_no_fields() -> None:
    text = "Handle 0x0002, DMI type 2, 15 bytes\nBase Board Information\n\tFeatures:\n\t\tSerial Number: of a feature\n\tSerial Number: of the board\n"
    server = parse(text)
    assert server.baseboard and server.baseboard.serial == "of the board"


def test_line_ends_indentation_by_blanks_and_prefixes() -> None:
    text = system_with()
    for variant in (text.replace("\n", "\r\n"), text.replace("\t", "        "), text.replace("\n", "\n    ").replace("Handle", "    Handle", 1)):
        system = parse(variant).system
        assert system and (system.product, system.serial) == ("EX1", "S1")
    system = parse("".join(f"n1: {line}" for line in text.splitlines(keepends=True))).system
    assert system and system.serial == "S1"


@pytest.mark.parametrize(
    "blank",
    [
        *("Not Specified", "To Be Filled By O.E.M.", "Default string", "<BAD INDEX>", "<OUT OF SPEC>", "System Serial Number", "Empty", "........", "xxxxxxx"),
        *("N/A", "UNKNOWN", "OEM", "None", "A1_SerNum0", "NO DIMM", "Not Settable", ""),
    ],
)
def test_blanks_of_vendors(blank: str) -> None:
    server = parse(system_with(**{"Serial Number": blank}))
    assert server.system and server.system.serial is None and not server.warnings


@pytest.mark.parametrize("serial", ["0123456789", "0000000000", "1111111"])
def test_a_placeholder_that_looks_like_a_serial_number_is_told(serial: str) -> None:
    server = parse(system_with(**{"Serial Number": serial}))
    assert server.system and server.system.serial == serial
    assert server.warnings == (f"The serial number {serial} is a vendor's placeholder: it does not tell this server from others.",)


@pytest.mark.parametrize(
    ("written", "size_mib"),
    [("16384 MB", 16384), ("64 GB", 65536), ("1 TB", 1 << 20), ("32 GiB", 32768)],
)
def test_sizes(written: str, size_mib: int) -> None:
    server = parse(memory_with(Size=written))
    assert (server.memory[0].size_mib, server.memory_total_mib) == (size_mib, size_mib)


@pytest.mark.parametrize("written", ["No Module Installed", "Not Installed", "0 MB"])
def test_empty_slots(written: str) -> None:
    server = parse(memory_with(Size=written) + memory_with())
    assert (len(server.memory), server.memory_slots, server.memory_slots_empty) == (1, 2, 1)


def test_a_size_that_is_none_is_told() -> None:
    server = parse(memory_with(Size="many"))
    assert server.memory[0].size_mib is None and server.memory_total_mib is None
    assert server.warnings == ("line 1: the memory's size 'many' can't be read.",)
    unknown = parse(memory_with(Size="Unknown"))
    assert unknown.memory[0].size_mib is None and not unknown.warnings


@pytest.mark.parametrize(
    ("key", "speed"), [("Configured Clock Speed", "2133 MHz"), ("Configured Memory Speed", "2133 MT/s"), ("Configured Clock Speed", "2133 MHz (0.5 ns)")]
)
def test_speeds_of_every_version(key: str, speed: str) -> None:
    assert parse(memory_with(**{key: speed})).memory[0].configured_speed_mts == 2133


# What was cut off, broken, or is none of this.


def test_a_table_that_is_cut_off() -> None:
    server = sample("truncated.txt")
    assert server.warnings[0] == "line 108: the structure Memory Device is not whole: the output was cut off."
    assert server.system and server.system.product == "EX-8GPU"
    # What is not there can't be counted, also where a module was read.
    assert parse(memory_with() + "Handle 0x0012, DMI type 17, 92 bytes\nMemory Device\n\tSize: 32 GB\n").memory_total_mib is None
    assert (server.memory_total_mib, server.memory_slots, server.memory_slots_empty, server.processor_sockets) == (None, None, None, None)


def test_a_table_whose_end_is_not_there() -> None:
    text = (SAMPLES / "dmidecode/full.txt").read_text()
    server = parse(text[: text.index("Handle 0x0030")])
    assert server.warnings[0] == "The output was cut off: the end of the table is not there."
    counted = parse("57 structures occupying 3093 bytes.\nTable at 0x7AF09000.\n\n" + system_with())
    assert counted.warnings == ("The output was cut off after 1 of 57 structures: the end of the table is not there.",)
    assert not server.complete and not counted.complete
    assert parse("1 structures occupying 30 bytes.\nTable at 0x7AF09000.\n\n" + system_with()).complete


@pytest.mark.parametrize("end", ["Manufacturer: Example\n\tProduct", "Manufacturer: Exam", "Product Name: EX"])
def test_a_structure_that_is_cut_off(end: str) -> None:
    text = system_with()
    server = parse(text[: text.index(end) + len(end)])
    assert not server.complete
    # The last value may be a part of one.
    assert server.system and server.system.product is None


def test_a_number_that_is_cut_off_is_not_believed() -> None:
    server = parse("9 structures occupying 900 bytes.\n\n" + memory_with(Rank="12").rstrip("\n")[:-1])
    assert not server.complete and server.memory[0].rank is None


def test_a_broken_table_is_told() -> None:
    server = parse(system_with() + "\nInvalid entry length (0). DMI table is broken! Stop.\n")
    assert not server.complete and server.warnings == ("Invalid entry length (0). DMI table is broken! Stop.",)
    counted = parse(system_with() + "\nWrong DMI structures count: 9 announced, only 1 decoded.\n")
    assert counted.complete and counted.warnings == ("Wrong DMI structures count: 9 announced, only 1 decoded.",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the output is empty: expected is what dmidecode prints."),
        (
            "# dmidecode 3.4\n/sys/firmware/dmi/tables/smbios_entry_point: Permission denied\nScanning /dev/mem for entry point.\n",
            "dmidecode was not allowed to read the firmware's tables. Run it as root.",
        ),
        (
            "# dmidecode 3.4\n# No SMBIOS nor DMI entry point found, sorry.\n",
            "dmidecode found no SMBIOS tables on this machine. Containers and some virtual machines have none: run it on the host.",
        ),
        (
            "HSR8X04\n",
            (
                "there is no description of a server in this output: expected are structures such as System Information, found is 'HSR8X04'."
                " Read are dmidecode and dmidecode -t system, memory, processor, ..."
            ),
        ),
        (
            "System Information\n",
            (
                "there is no description of a server in this output: expected are structures such as System Information, found is 'System Information'."
                " Read are dmidecode and dmidecode -t system, memory, processor, ..."
            ),
        ),
    ],
)
def test_refused(text: str, message: str, refused: Refused) -> None:
    assert refused(parse, text) == message
