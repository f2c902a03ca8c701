# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Xids: the numbers under which NVIDIA's driver reports errors of a GPU, with what to do about each.

Numbers, mnemonics, names and actions: NVIDIA's Xid catalogue, https://docs.nvidia.com/deploy/xid-errors/analyzing-xid-catalog.html (Ampere and
later), column "Resolution Bucket (Immediate Action)". Names of numbers that it calls unused, and that older GPUs still report: the listing of its
predecessor, https://docs.nvidia.com/deploy/xid-errors/archive/index.html. What the numbers mean is said in words of our own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

RESTART_APP = "RESTART_APP"
RESET_GPU = "RESET_GPU"
RESTART_BM = "RESTART_BM"
RESTART_VM = "RESTART_VM"
IGNORE = "IGNORE"
CONTACT_SUPPORT = "CONTACT_SUPPORT"
CHECK_MECHANICALS = "CHECK_MECHANICALS"
UPDATE_SWFW = "UPDATE_SWFW"
CHECK_UVM = "CHECK_UVM"
WORKFLOW_XID_45 = "WORKFLOW_XID_45"
WORKFLOW_XID_48 = "WORKFLOW_XID_48"
WORKFLOW_NVLINK_ERR = "WORKFLOW_NVLINK_ERR"
WORKFLOW_NVLINK5_ERR = "WORKFLOW_NVLINK5_ERR"
XID_154 = "XID_154"
XID_154_EVAL = "XID_154_EVAL"
DRAIN_P2P = "DRAIN_P2P"
DRAIN_AND_RESET = "DRAIN_AND_RESET"

HINTS: Mapping[str, str] = {
    RESTART_APP: "Restart the application; look further if the same GPU reports it with other applications too.",
    RESET_GPU: "Drain the node and reset the GPU; reboot the node where a reset is not possible.",
    RESTART_BM: "Drain the node and reboot it; power it off and on, and check the seating of the GPU, if that does not help.",
    RESTART_VM: "Restart the virtual machine that has the GPU.",
    IGNORE: "Nothing has to be done at once.",
    CONTACT_SUPPORT: "Ask the vendor's support, with the output of nvidia-bug-report.sh.",
    CHECK_MECHANICALS: "Check the seating of the GPU and its power cables.",
    UPDATE_SWFW: "Update driver and firmware to versions that fit together.",
    CHECK_UVM: "Reset the GPU if unified memory or vGPU is in use; else nothing has to be done.",
    WORKFLOW_XID_45: "Follow the other Xids of that GPU; if there is none, restart Fabric Manager.",
    WORKFLOW_XID_48: "Drain the node and reset the GPU; then look at row remapping and the SRAM error threshold in nvidia-smi -q.",
    WORKFLOW_NVLINK_ERR: "Find link and peer with nvidia-smi nvlink -e; reset both GPUs, then check the seating; run a field diagnostic if it comes back.",
    WORKFLOW_NVLINK5_ERR: "Decode the registers in the line by NVIDIA's table for Xid 144 to 150; do what an Xid 154 near it says.",
    XID_154: "Do what the driver says in the line.",
    XID_154_EVAL: "Do what an Xid 154 near it says; restart the application if there is none.",
    DRAIN_P2P: "Drain the jobs that use peer-to-peer access to that GPU.",
    DRAIN_AND_RESET: "Drain the node, then reset the GPU.",
}

# What Xid 154 says in brackets, as action.
RECOVERY_ACTIONS: Mapping[str, str] = {
    "none": IGNORE,
    "gpu reset required": RESET_GPU,
    "node reboot required": RESTART_BM,
    "drain p2p": DRAIN_P2P,
    "drain and reset": DRAIN_AND_RESET,
}


@dataclass(frozen=True)
class Xid:
    """One entry of the catalogue. ``action`` is ``None`` where NVIDIA names none."""

    number: int
    mnemonic: str
    name: str
    action: str | None
    meaning: str


_APPLICATION = "An application gave the GPU something that it can't execute; hardware is rarely the cause."
_ENGINE = "An engine of the GPU stopped the work that an application gave it; the other engines go on."
_PUSH_BUFFER = "The stream of commands to the GPU was invalid or corrupted: a bug of application or driver, or a bad PCIe connection."
_DRIVER = "The driver did something that the GPU does not allow; the GPU goes on."
_OLD = "Only older GPUs report this."
_NVLINK5 = "A part of the NVLink (of Blackwell and later) reports an error; which one, and how bad, stands in the line."
_SMOOTHING = "The circuit that smooths the GPU's draw of power changed its state."
_CONFIDENTIAL = "An error of encrypted NVLink traffic, in confidential computing only."

_ROBUST = "ROBUST_CHANNEL_"
_TABLE: tuple[tuple[int, str, str, str | None, str], ...] = (
    (1, _ROBUST + "FIFO_ERROR_FIFO_METHOD", "Invalid or corrupted push buffer stream", CONTACT_SUPPORT, _OLD),
    (2, _ROBUST + "FIFO_ERROR_SW_METHOD", "Invalid or corrupted push buffer stream", CONTACT_SUPPORT, _OLD),
    (3, _ROBUST + "FIFO_ERROR_UNK_METHOD", "Invalid or corrupted push buffer stream", CONTACT_SUPPORT, _OLD),
    (4, _ROBUST + "FIFO_ERROR_CHANNEL_BUSY", "Invalid or corrupted push buffer stream", CONTACT_SUPPORT, _OLD),
    (5, _ROBUST + "FIFO_ERROR_RUNOUT_OVERFLOW", "Push buffer overflow", CONTACT_SUPPORT, _OLD),
    (6, _ROBUST + "FIFO_ERROR_PARSE_ERR", "Invalid or corrupted push buffer stream", CONTACT_SUPPORT, _OLD),
    (7, _ROBUST + "FIFO_ERROR_PTE_ERR", "Invalid or corrupted push buffer address", CONTACT_SUPPORT, _OLD),
    (8, _ROBUST + "FIFO_ERROR_IDLE_TIMEOUT", "GPU stopped processing", RESTART_APP, "Work on the GPU did not end in time and was stopped."),
    (9, _ROBUST + "GR_ERROR_INSTANCE", "Driver error programming GPU", CONTACT_SUPPORT, _OLD),
    (10, _ROBUST + "GR_ERROR_SINGLE_STEP", "Graphics engine in single-step mode", CONTACT_SUPPORT, _OLD),
    (11, _ROBUST + "GR_ERROR_MISSING_HW", "Invalid or corrupted push buffer stream", RESTART_APP, _PUSH_BUFFER),
    (12, _ROBUST + "GR_ERROR_SW_METHOD", "Driver error handling GPU exception", CONTACT_SUPPORT, _OLD),
    (
        13,
        _ROBUST + "GR_EXCEPTION",
        "Graphics Engine Exception",
        RESTART_APP,
        "A kernel did something illegal, mostly an access past the end of an array: the application's fault, unless the same GPU often reports it.",
    ),
    (14, _ROBUST + "FAKE_ERROR", "Injected error", IGNORE, "Somebody injected an error for a test."),
    (15, _ROBUST + "SCANLINE_TIMEOUT", "Display engine timeout", CONTACT_SUPPORT, _OLD),
    (16, _ROBUST + "VBLANK_CALLBACK_TIMEOUT", "Display engine hung", CONTACT_SUPPORT, _OLD),
    (17, _ROBUST + "PARAMETER_ERROR", "Parameter error", CONTACT_SUPPORT, _OLD),
    (18, _ROBUST + "BUS_MASTER_TIMEOUT_ERROR", "Bus mastering disabled in PCI Config Space", CONTACT_SUPPORT, _OLD),
    (19, _ROBUST + "DISP_MISSED_NOTIFIER", "Display Engine error", CONTACT_SUPPORT, _OLD),
    (20, _ROBUST + "MPEG_ERROR_SW_METHOD", "Invalid or corrupted Mpeg push buffer", CONTACT_SUPPORT, _OLD),
    (21, _ROBUST + "ME_ERROR_SW_METHOD", "Invalid or corrupted Motion Estimation push buffer", CONTACT_SUPPORT, _OLD),
    (22, _ROBUST + "VP_ERROR_SW_METHOD", "Invalid or corrupted Video Processor push buffer", CONTACT_SUPPORT, _OLD),
    (23, _ROBUST + "RC_LOGGING_ENABLED", "Error logging enabled", CONTACT_SUPPORT, _OLD),
    (24, _ROBUST + "GR_SEMAPHORE_TIMEOUT", "GPU semaphore timeout", CONTACT_SUPPORT, _OLD),
    (25, _ROBUST + "GR_ILLEGAL_NOTIFY", "Invalid or illegal push buffer stream", RESTART_APP, _PUSH_BUFFER),
    (26, _ROBUST + "FIFO_ERROR_FBISTATE_TIMEOUT", "Framebuffer timeout", CONTACT_SUPPORT, _OLD),
    (27, _ROBUST + "VP_ERROR", "Video processor exception", CONTACT_SUPPORT, _OLD),
    (28, _ROBUST + "VP2_ERROR", "Video processor exception", CONTACT_SUPPORT, _OLD),
    (29, _ROBUST + "BSP_ERROR", "Video processor exception", CONTACT_SUPPORT, _OLD),
    (30, _ROBUST + "BAD_ADDR_ACCESS", "GPU semaphore access error", CONTACT_SUPPORT, _OLD),
    (
        31,
        _ROBUST + "FIFO_ERROR_MMU_ERR_FLT",
        "GPU memory page fault",
        RESTART_APP,
        "A kernel accessed an address that is not its own. It is the application's fault, unless the same GPU reports it again and again.",
    ),
    (32, _ROBUST + "PBDMA_ERROR", "Invalid or corrupted push buffer stream", RESTART_APP, _PUSH_BUFFER),
    (33, _ROBUST + "SEC_ERROR", "Internal micro-controller error", CONTACT_SUPPORT, _OLD),
    (34, _ROBUST + "MSVLD_ERROR", "Video processor exception", CONTACT_SUPPORT, _OLD),
    (35, _ROBUST + "MSPDEC_ERROR", "Video processor exception", CONTACT_SUPPORT, _OLD),
    (36, _ROBUST + "MSPPP_ERROR", "Video processor exception", CONTACT_SUPPORT, _OLD),
    (37, _ROBUST + "FECS_ERR_UNIMP_FIRMWARE_METHOD", "Driver firmware error", IGNORE, _DRIVER),
    (38, _ROBUST + "FECS_ERR_WATCHDOG_TIMEOUT", "Driver firmware error", IGNORE, _DRIVER),
    (39, _ROBUST + "CE0_ERROR", "Copy Engine Exception", RESTART_APP, _ENGINE),
    (40, _ROBUST + "CE1_ERROR", "Copy Engine Exception", RESTART_APP, _ENGINE),
    (41, _ROBUST + "CE2_ERROR", "Copy Engine Exception", RESTART_APP, _ENGINE),
    (42, _ROBUST + "VIC_ERROR", "Video processor exception", CONTACT_SUPPORT, _OLD),
    (43, _ROBUST + "RESETCHANNEL_VERIF_ERROR", "GPU stopped processing", IGNORE, "An application failed and ended; the GPU is healthy."),
    (
        44,
        _ROBUST + "GR_FAULT_DURING_CTXSW",
        "Graphics Engine fault during context switch",
        IGNORE,
        "A fault while the GPU changed from one application to another.",
    ),
    (
        45,
        _ROBUST + "PREEMPTIVE_REMOVAL",
        "Preemptive cleanup, due to previous errors",
        WORKFLOW_XID_45,
        "The driver took an application off the GPU, after another error, a signal or a reset. It is a consequence, not a cause.",
    ),
    (46, _ROBUST + "GPU_TIMEOUT_ERROR", "GPU stopped processing", RESET_GPU, "The GPU does not answer in time."),
    (47, _ROBUST + "NVENC0_ERROR", "Video processor exception", CONTACT_SUPPORT, _OLD),
    (
        48,
        _ROBUST + "GPU_ECC_DBE",
        "Double Bit ECC Error",
        WORKFLOW_XID_48,
        "Memory of the GPU lost data that error correction can't restore. With Xid 63 or 64 it was in its DRAM, else in its SRAM.",
    ),
    (49, "SILENT_RUNNING_CONSTANT_LEVEL_SET_BY_REGISTRY", "Power state locked", CONTACT_SUPPORT, _OLD),
    (50, "SILENT_RUNNING_LEVEL_TRANSITION_DUE_TO_RC_ERROR", "Power state changed after an error", CONTACT_SUPPORT, _OLD),
    (51, "SILENT_RUNNING_STRESS_TEST_FAILURE", "Power state changed after a failed stress test", CONTACT_SUPPORT, _OLD),
    (52, "SILENT_RUNNING_LEVEL_TRANS_DUE_TO_TEMP_RISE", "Power state changed by temperature", CONTACT_SUPPORT, _OLD),
    (53, "SILENT_RUNNING_TEMP_REDUCED_CLOCKING", "Clocks reduced by temperature", CONTACT_SUPPORT, _OLD),
    (
        54,
        "SILENT_RUNNING_PWR_REDUCED_CLOCKING",
        "Auxiliary power is not connected to the GPU board",
        CHECK_MECHANICALS,
        "A power cable of the GPU is missing, so its clocks are held down.",
    ),
    (55, "SILENT_RUNNING_TEMPERATURE_READ_ERROR", "Temperature can't be read", CONTACT_SUPPORT, _OLD),
    (56, "DISPLAY_CHANNEL_EXCEPTION", "Display Engine error", CONTACT_SUPPORT, _OLD),
    (57, "FB_LINK_TRAINING_FAILURE_ERROR", "Error programming video memory interface", CONTACT_SUPPORT, _OLD),
    (58, "FB_MEMORY_ERROR", "Unstable video memory interface detected", CONTACT_SUPPORT, _OLD),
    (59, "PMU_ERROR", "Internal micro-controller error", CONTACT_SUPPORT, _OLD),
    (60, _ROBUST + "SEC2_ERROR", "Video processor exception", RESTART_APP, _ENGINE),
    (61, "PMU_BREAKPOINT", "Internal micro-controller breakpoint/warning", CONTACT_SUPPORT, _OLD),
    (62, "PMU_HALT_ERROR", "Internal micro-controller halt", RESET_GPU, "The controller that manages the GPU's power and clocks stopped."),
    (
        63,
        "INFOROM_DRAM_RETIREMENT_EVENT",
        "GPU memory remapping event",
        IGNORE,
        "A bad row of memory was marked and will be replaced by a spare one at the next reset of the GPU (before Ampere: a page was retired).",
    ),
    (
        64,
        "INFOROM_DRAM_RETIREMENT_FAILURE",
        "GPU memory remapping failure",
        RESET_GPU,
        "A bad row of memory could not be replaced: spare rows are used up, or the GPU could not note it down. The GPU mostly has to be exchanged.",
    ),
    (65, _ROBUST + "NVENC1_ERROR", "Video processor exception", CONTACT_SUPPORT, _OLD),
    (66, _ROBUST + "FECS_ERR_REG_ACCESS_VIOLATION", "Illegal access by driver", IGNORE, _DRIVER),
    (67, _ROBUST + "FECS_ERR_VERIF_VIOLATION", "Illegal access by driver", IGNORE, _DRIVER),
    (68, _ROBUST + "NVDEC0_ERROR", "NVDEC0 Exception", RESTART_APP, _ENGINE),
    (69, _ROBUST + "GR_CLASS_ERROR", "Graphics Engine class error", RESTART_APP, _APPLICATION),
    (70, _ROBUST + "CE3_ERROR", "Copy Engine Exception", RESTART_APP, _ENGINE),
    (71, _ROBUST + "CE4_ERROR", "Copy Engine Exception", RESTART_APP, _ENGINE),
    (72, _ROBUST + "CE5_ERROR", "Copy Engine Exception", RESTART_APP, _ENGINE),
    (73, _ROBUST + "NVENC2_ERROR", "NVENC2 Error", CONTACT_SUPPORT, _OLD),
    (
        74,
        "NVLINK_ERROR",
        "NVLink Error",
        WORKFLOW_NVLINK_ERR,
        "A link to another GPU or to an NVSwitch failed. The fault may be at either end, or in what connects them.",
    ),
    (75, _ROBUST + "CE6_ERROR", "Copy Engine Exception", RESTART_APP, _ENGINE),
    (76, _ROBUST + "CE7_ERROR", "Copy Engine Exception", RESTART_APP, _ENGINE),
    (77, _ROBUST + "CE8_ERROR", "Copy Engine Exception", RESTART_APP, _ENGINE),
    (78, "VGPU_START_ERROR", "vGPU Start Error", UPDATE_SWFW, "A virtual GPU could not be started: driver of guest and host, or type and GPU, do not fit."),
    (
        79,
        _ROBUST + "GPU_HAS_FALLEN_OFF_THE_BUS",
        "GPU has fallen off the bus",
        RESTART_BM,
        "The GPU does not answer on PCIe any more: its link went down, it lost power, or it is defective.",
    ),
    (80, "PBDMA_PUSHBUFFER_CRC_MISMATCH", "Corrupted data sent to GPU", RESTART_APP, _PUSH_BUFFER),
    (81, _ROBUST + "VGA_SUBSYSTEM_ERROR", "VGA Subsystem Error", CONTACT_SUPPORT, _OLD),
    (82, _ROBUST + "NVJPG0_ERROR", "NVJPG0 Error", RESTART_APP, _ENGINE),
    (83, _ROBUST + "NVDEC1_ERROR", "NVDEC1 Error", RESTART_APP, _ENGINE),
    (84, _ROBUST + "NVDEC2_ERROR", "NVDEC2 Error", RESTART_APP, _ENGINE),
    (85, _ROBUST + "CE9_ERROR", "Copy Engine Exception", RESTART_APP, _ENGINE),
    (86, _ROBUST + "OFA0_ERROR", "OFA Exception", RESTART_APP, _ENGINE),
    (87, "NVTELEMETRY_DRIVER_REPORT", "Telemetry report of the driver", CONTACT_SUPPORT, _OLD),
    (88, _ROBUST + "NVDEC3_ERROR", "NVDEC3 Error", RESTART_APP, _ENGINE),
    (89, _ROBUST + "NVDEC4_ERROR", "NVDEC4 Error", RESTART_APP, _ENGINE),
    (90, "LTC_ERROR", "Cache error", CONTACT_SUPPORT, _OLD),
    (91, "RESERVED_XID", "Reserved", CONTACT_SUPPORT, _OLD),
    (92, "EXCESSIVE_SBE_INTERRUPTS", "High single-bit ECC error rate", IGNORE, "Errors of memory are corrected, but there are very many of them."),
    (
        93,
        "INFOROM_ERASE_LIMIT_EXCEEDED",
        "Non-fatal violation of provisioned InfoROM wear limit",
        IGNORE,
        "The GPU's InfoROM could not be written: its limit of writes was set low.",
    ),
    (
        94,
        _ROBUST + "CONTAINED_ERROR",
        "Contained memory error",
        RESTART_APP,
        "Memory lost data, and only the application that used them was stopped. Reset the GPU when its jobs are done.",
    ),
    (
        95,
        _ROBUST + "UNCONTAINED_ERROR",
        "Uncontained memory error",
        RESET_GPU,
        "Memory lost data, and which applications used them can't be told: all results of that GPU are in doubt.",
    ),
    *((95 + unit - 4, f"{_ROBUST}NVDEC{unit}_ERROR", f"NVDEC{unit} Error", RESTART_APP, _ENGINE) for unit in range(5, 8)),
    *((98 + unit, f"{_ROBUST}NVJPG{unit}_ERROR", f"NVJPG{unit} Error", RESTART_APP, _ENGINE) for unit in range(1, 8)),
    (106, "SMBPBI_TEST_MESSAGE", "SMBPBI Test Message", IGNORE, "A test of the path over the management controller."),
    (107, "SMBPBI_TEST_MESSAGE_SILENT", "SMBPBI Test Message Silent", IGNORE, "A test of the path over the management controller."),
    (108, "NVLINK_REMOTE_TRANSLATION_ERROR", "NVLink remote translation error", IGNORE, "A peer accessed an address of this GPU that is not its own."),
    (109, _ROBUST + "CTXSW_TIMEOUT_ERROR", "Context Switch Timeout Error", RESET_GPU, "The GPU could not change from one application to another in time."),
    (
        110,
        "SEC_FAULT_ERROR",
        "Security Fault Error",
        RESET_GPU,
        "A check of the GPU's security failed, mostly by defective hardware. Undo recent changes of the hardware and start the node cold.",
    ),
    (111, "BUNDLE_ERROR_EVENT", "Bundle error", CONTACT_SUPPORT, _OLD),
    (112, "DISP_SUPERVISOR_ERROR", "Display error", CONTACT_SUPPORT, _OLD),
    (113, "DP_LT_FAILURE", "Display link training failure", CONTACT_SUPPORT, _OLD),
    (114, "HEAD_RG_UNDERFLOW", "Display underflow", CONTACT_SUPPORT, _OLD),
    (115, "CORE_CHANNEL_REGS", "Display registers", CONTACT_SUPPORT, _OLD),
    (116, "WINDOW_CHANNEL_REGS", "Display registers", CONTACT_SUPPORT, _OLD),
    (117, "CURSOR_CHANNEL_REGS", "Display registers", CONTACT_SUPPORT, _OLD),
    (118, "HEAD_REGS", "Display registers", CONTACT_SUPPORT, _OLD),
    (119, "GSP_RPC_TIMEOUT", "GSP RPC Timeout", RESET_GPU, "The processor on the GPU that runs its firmware (GSP) does not answer the driver."),
    (120, "GSP_ERROR", "GSP Error", RESET_GPU, "The firmware on the GPU's own processor (GSP) failed."),
    (121, "C2C_ERROR", "C2C Error", IGNORE, "Errors on the link between Grace CPU and GPU were corrected. A reset when there is time trains the link anew."),
    (122, "SPI_PMU_RPC_READ_FAIL", "Flash could not be read", CONTACT_SUPPORT, _OLD),
    (123, "SPI_PMU_RPC_WRITE_FAIL", "Flash could not be written", CONTACT_SUPPORT, _OLD),
    (124, "SPI_PMU_RPC_ERASE_FAIL", "Flash could not be erased", CONTACT_SUPPORT, _OLD),
    (125, "INFOROM_FS_ERROR", "InfoROM file system error", CONTACT_SUPPORT, _OLD),
    *((116 + unit, f"{_ROBUST}CE{unit}_ERROR", "Copy Engine Exception", RESTART_APP, _ENGINE) for unit in range(10, 20)),
    (136, "ALI_TRAINING_FAIL", "Link Training Failed", RESET_GPU, "An NVLink could not be trained."),
    (137, "NVLINK_PRIV_ERR", "NVLink Privilege Error", IGNORE, "A peer accessed memory of this GPU that it may not: mostly the application's fault."),
    (138, _ROBUST + "DLA_ERROR", "DLA error", CONTACT_SUPPORT, _OLD),
    (139, _ROBUST + "OFA1_ERROR", "OFA1 Error", RESTART_APP, _ENGINE),
    (
        140,
        "UNRECOVERABLE_ECC_ERROR_ESCAPE",
        "ECC Unrecovered Error",
        RESET_GPU,
        "Memory lost data, and the driver could not mark the place as bad.",
    ),
    (141, _ROBUST + "FAST_PATH_ERROR", "CUDA Fast Path Error", IGNORE, "A fast path of CUDA failed."),
    (142, _ROBUST + "NVENC3_ERROR", "NVENC3 Error", CONTACT_SUPPORT, _ENGINE),
    (143, "GPU_INIT_ERROR", "GPU Initialization Error", RESET_GPU, "The GPU could not be started."),
    (144, "NVLINK_SAW_ERROR", "NVLINK: SAW Error", WORKFLOW_NVLINK5_ERR, _NVLINK5),
    (145, "NVLINK_RLW_ERROR", "NVLINK: RLW Error", WORKFLOW_NVLINK5_ERR, _NVLINK5),
    (146, "NVLINK_TLW_ERROR", "NVLINK: TLW Error", WORKFLOW_NVLINK5_ERR, _NVLINK5),
    (147, "NVLINK_TREX_ERROR", "NVLINK: TREX Error", WORKFLOW_NVLINK5_ERR, _NVLINK5),
    (148, "NVLINK_NVLPW_CTRL_ERROR", "NVLINK: NVLPW_CTRL Error", WORKFLOW_NVLINK5_ERR, _NVLINK5),
    (149, "NVLINK_NETIR_ERROR", "NVLINK: NETIR Error", WORKFLOW_NVLINK5_ERR, _NVLINK5),
    (150, "NVLINK_MSE_ERROR", "NVLINK: MSE Error", WORKFLOW_NVLINK5_ERR, _NVLINK5),
    (151, _ROBUST + "KEY_ROTATION_ERROR", "Key rotation Error", RESTART_VM, "Keys of confidential computing could not be changed."),
    (152, _ROBUST + "DLA_SMMU_ERROR", "DLA SMMU Error", IGNORE, _ENGINE),
    (153, _ROBUST + "DLA_TIMEOUT", "DLA timeout Error", IGNORE, _ENGINE),
    (154, "GPU_RECOVERY_ACTION_CHANGED", "GPU Recovery Action Changed", XID_154, "The driver says what the GPU needs after the Xids before this one."),
    (155, "NVLINK_SW_DEFINED_ERROR", "NVLINK: SW Defined Error", RESET_GPU, "An NVLink was taken down on purpose, by software or a user."),
    (156, "RESOURCE_RETIREMENT_EVENT", "Resource Retirement Event", RESET_GPU, "A part of the GPU is bad and is taken out of use at the next reset."),
    (
        157,
        "RESOURCE_RETIREMENT_FAILURE",
        "Resource Retirement Failure",
        IGNORE,
        "A part of the GPU is bad, and there is no spare one. Work goes on, but the error may come again: the GPU has to be exchanged.",
    ),
    (158, "GPU_FATAL_TIMEOUT", "GPU Fatal Timeout", RESET_GPU, "The GPU did not answer in time and can't go on."),
    (159, _ROBUST + "CHI_NON_DATA_ERROR", "CHI Non-Data Error", CHECK_UVM, "An error on the link between CPU and GPU."),
    (160, "CHANNEL_RETIREMENT_EVENT", "Channel Retirement Event", IGNORE, "A channel of memory is bad and is taken out of use."),
    (161, "CHANNEL_RETIREMENT_FAILURE", "Channel Retirement Failure", IGNORE, "A channel of memory is bad and could not be taken out of use."),
    (162, "PSHC_REENGAGED", "Power Smoothing HW Circuitry capability reengaged", None, _SMOOTHING),
    (163, "PSHC_DISENGAGED", "Power Smoothing HW Circuitry capability disengaged", None, _SMOOTHING),
    (
        164,
        "PSHC_LOW_LIFETIME",
        "Power Smoothing HW Circuitry low lifetime reached",
        None,
        "The circuit that smooths the GPU's draw of power is nearly worn out.",
    ),
    (
        165,
        "PSHC_ZERO_LIFETIME",
        "Power Smoothing HW Circuitry lifetime exhausted",
        None,
        "The circuit that smooths the GPU's draw of power is worn out: its draw will swing.",
    ),
    (166, "NVLINK_SECURE_CRYPTO_ERR", "NVLink traffic before encryption was configured", None, _CONFIDENTIAL),
    (167, "PCIE_FATAL_TIMEOUT", "PCIe fatal timeout", None, "The GPU did not answer on PCIe in time."),
    (
        168,
        "REDUCED_GPU_MEMORY_CAPACITY",
        "Errors found in WPR (write protected region)",
        None,
        "Memory that firmware needs is bad. It is seen where ECC is off: switch it on.",
    ),
    (169, "SEC2_HALT_ERROR", "Internal micro-controller halt", None, "The GPU's security controller stopped."),
    (170, "NVLINK_SECURE_OTHER", "NVLink interrupt in confidential computing", None, _CONFIDENTIAL),
    (171, "UNCORRECTABLE_DRAM_ERROR", "Uncorrectable DRAM error", None, "It says of an Xid 48 that the GPU's DRAM lost data."),
    (172, "UNCORRECTABLE_SRAM_ERROR", "Uncorrectable SRAM error", None, "It says of an Xid 48 that the GPU's SRAM lost data."),
)
XIDS: Mapping[int, Xid] = {entry[0]: Xid(*entry) for entry in _TABLE}

# Errors of NVLink 5 that do not stop it: for a component, the bits of its error status that stop an application. From NVIDIA's table for Xid 144
# to 150: what is fatal there needs a reset, all else nothing.
STOPS_APPLICATION: Mapping[str, int] = {"RLW_REMAP": 0x3F, "RLW_SRC_TRACK": 0x0C}
# Reasons of a lost link (bits 20 to 25 of the first register) after which nothing has to be reset.
HARMLESS_LINK_DOWN = frozenset((0b100110, 0b101000))
