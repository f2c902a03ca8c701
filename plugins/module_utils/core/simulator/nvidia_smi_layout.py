# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How nvidia-smi lays out what it prints, as data: the sections of -q and its XML, the fields of --query-gpu."""

from __future__ import annotations

# One row of `nvidia-smi -q` per line: "label | XML element | value". Four blanks of indentation are one level.
# Value ">" begins a section; "-" as the label or the element leaves the row out of the text or of the XML;
# "0x:" before a value means that the XML has it without 0x; "=" gives the text itself; "@" is rendered by code.
# A fourth column is the first driver generation that prints the row.
QUERY_ROWS = """\
Product Name | product_name | name
Product Brand | product_brand | brand
Product Architecture | product_architecture | architecture
Display Mode | display_mode | deprecated
Display Attached | display_attached | display_attached
Display Active | display_active | =Disabled
Persistence Mode | persistence_mode | persistence
Addressing Mode | addressing_mode | addressing_mode
MIG Mode | mig_mode | >
    Current | current_mig | mig
    Pending | pending_mig | mig
- | mig_devices | @mig_devices
Accounting Mode | accounting_mode | accounting_mode
Accounting Mode Buffer Size | accounting_mode_buffer_size | =4000
Driver Model | driver_model | >
    Current | current_dm | na
    Pending | pending_dm | na
Serial Number | serial | serial
GPU UUID | uuid | uuid
GPU PDI | pdi | pdi
Minor Number | minor_number | minor
VBIOS Version | vbios_version | vbios
MultiGPU Board | multigpu_board | =No
Board ID | board_id | board_id
Board Part Number | board_part_number | board_part
GPU Part Number | gpu_part_number | gpu_part
FRU Part Number | gpu_fru_part_number | na
Platform Info | platformInfo | >
    Chassis Serial Number | chassis_serial_number | na
    Slot Number | slot_number | na
    Tray Index | tray_index | na
    Host ID | host_id | na
    Peer Type | peer_type | na
    Module Id | module_id | module_id
    GPU Fabric GUID | gpu_fabric_guid | na
Inforom Version | inforom_version | >
    Image Version | img_version | image_version
    OEM Object | oem_object | =2.1
    ECC Object | ecc_object | ecc_object
    Power Management Object | pwr_object | na
Inforom BBX Object Flush | inforom_bbx_flush | >
    Latest Timestamp | latest_timestamp | na
    Latest Duration | latest_duration | na
GPU Operation Mode | gpu_operation_mode | >
    Current | current_gom | na
    Pending | pending_gom | na
GPU C2C Mode | c2c_mode | c2c
GPU Virtualization Mode | gpu_virtualization_mode | >
    Virtualization Mode | virtualization_mode | =None
    Host VGPU Mode | host_vgpu_mode | na
    vGPU Heterogeneous Mode | vgpu_heterogeneous_mode | na
GPU Recovery Action | gpu_recovery_action | recovery_action
GSP Firmware Version | gsp_firmware_version | driver_version
IBMNPU | ibmnpu | >
    Relaxed Ordering Mode | relaxed_ordering_mode | na
PCI | pci | >
    Bus | pci_bus | 0x:pci_bus
    Device | pci_device | 0x:pci_device
    Domain | pci_domain | 0x:pci_domain
    Base Classcode | pci_base_class | 0x:base_classcode
    Sub Classcode | pci_sub_class | 0x:sub_classcode
    Device Id | pci_device_id | 0x:device_id
    Bus Id | pci_bus_id | pci
    Sub System Id | pci_sub_system_id | 0x:subsystem_id
    GPU Link Info | pci_gpu_link_info | >
        PCIe Generation | pcie_gen | >
            Max | max_link_gen | pcie_generation
            Current | current_link_gen | current_generation
            Device Current | device_current_link_gen | current_generation
            Device Max | max_device_link_gen | pcie_generation
            Host Max | max_host_link_gen | pcie_generation
        Link Width | link_widths | >
            Max | max_link_width | pcie_width
            Current | current_link_width | current_width
    Bridge Chip | pci_bridge_chip | >
        Type | bridge_chip_type | na
        Firmware | bridge_chip_fw | na
    Replays Since Reset | replay_counter | zero
    Replay Number Rollovers | replay_rollover_counter | zero
    Tx Throughput | tx_util | tx_throughput
    Rx Throughput | rx_util | rx_throughput
    Atomic Caps Outbound | atomic_caps_outbound | na
    Atomic Caps Inbound | atomic_caps_inbound | na
Fan Speed | fan_speed | na
Performance State | performance_state | performance_state
Clocks Event Reasons | clocks_event_reasons | >
    Idle | clocks_event_reason_gpu_idle | reason_idle
    Applications Clocks Setting | clocks_event_reason_applications_clocks_setting | not_active
    SW Power Cap | clocks_event_reason_sw_power_cap | not_active
    HW Slowdown | clocks_event_reason_hw_slowdown | reason_hw_slowdown
        HW Thermal Slowdown | clocks_event_reason_hw_thermal_slowdown | reason_hw_thermal
        HW Power Brake Slowdown | clocks_event_reason_hw_power_brake_slowdown | reason_hw_power_brake
    Sync Boost | clocks_event_reason_sync_boost | not_active
    SW Thermal Slowdown | clocks_event_reason_sw_thermal_slowdown | not_active
    Display Clock Setting | clocks_event_reason_display_clocks_setting | not_active
Clocks Event Reasons Counters | clocks_event_reasons_counters | >
    SW Power Capping | clocks_event_reasons_counters_sw_power_cap | zero_us
    Sync Boost | clocks_event_reasons_counters_sync_boost | zero_us
    SW Thermal Slowdown | clocks_event_reasons_counters_sw_therm_slowdown | zero_us
    HW Thermal Slowdown | clocks_event_reasons_counters_hw_therm_slowdown | counter_hw_thermal
    HW Power Braking | clocks_event_reasons_counters_hw_power_brake | counter_hw_power_brake
Sparse Operation Mode | sparse_operation_mode | sparse
FB Memory Usage | fb_memory_usage | >
    Total | total | memory_total
    Reserved | reserved | memory_reserved
    Used | used | memory_used
    Free | free | memory_free
BAR1 Memory Usage | bar1_memory_usage | >
    Total | total | bar1_total
    Used | used | bar1_used
    Free | free | bar1_free
Conf Compute Protected Memory Usage | cc_protected_memory_usage | >
    Total | total | zero_mib
    Used | used | zero_mib
    Free | free | zero_mib
Compute Mode | compute_mode | =Default
Utilization | utilization | >
    GPU | gpu_util | utilization_gpu
    Memory | memory_util | utilization_memory
    Encoder | encoder_util | zero_percent
    Decoder | decoder_util | zero_percent
    JPEG | jpeg_util | zero_percent
    OFA | ofa_util | zero_percent
Encoder Stats | encoder_stats | >
    Active Sessions | session_count | zero
    Average FPS | average_fps | zero
    Average Latency | average_latency | zero
FBC Stats | fbc_stats | >
    Active Sessions | session_count | zero
    Average FPS | average_fps | zero
    Average Latency | average_latency | zero
DRAM Encryption Mode | dram_encryption_mode | >
    Current | current_dram_encryption | na
    Pending | pending_dram_encryption | na
ECC Mode | ecc_mode | >
    Current | current_ecc | =Enabled
    Pending | pending_ecc | =Enabled
ECC Errors | ecc_errors | >
    Volatile | volatile | >
        SRAM Correctable | sram_correctable | zero
        SRAM Uncorrectable Parity | sram_uncorrectable_parity | zero
        SRAM Uncorrectable SEC-DED | sram_uncorrectable_secded | zero
        DRAM Correctable | dram_correctable | ecc_corrected
        DRAM Uncorrectable | dram_uncorrectable | ecc_uncorrected
    Aggregate | aggregate | >
        SRAM Correctable | sram_correctable | zero
        SRAM Uncorrectable Parity | sram_uncorrectable_parity | zero
        SRAM Uncorrectable SEC-DED | sram_uncorrectable_secded | zero
        DRAM Correctable | dram_correctable | ecc_corrected
        DRAM Uncorrectable | dram_uncorrectable | ecc_uncorrected
        SRAM Threshold Exceeded | sram_threshold_exceeded | =No
    Aggregate Uncorrectable SRAM Sources | aggregate_uncorrectable_sram_sources | >
        SRAM L2 | sram_l2 | zero
        SRAM SM | sram_sm | zero
        SRAM Microcontroller | sram_microcontroller | zero
        SRAM PCIE | sram_pcie | zero
        SRAM Other | sram_other | zero
    Channel Repair Pending | channel_repair_pending | =No
    TPC Repair Pending | tpc_repair_pending | =No
    Unrepairable Memory | unrepairable_memory | unrepairable_memory
Retired Pages | - | >
    Single Bit ECC | - | na
    Double Bit ECC | - | na
    Pending Page Blacklist | - | na
- | retired_pages | >
    - | multiple_single_bit_retirement | >
        - | retired_count | na
        - | retired_pagelist | na
    - | double_bit_retirement | >
        - | retired_count | na
        - | retired_pagelist | na
    - | pending_blacklist | na
    - | pending_retirement | na
Remapped Rows | remapped_rows | >
    Correctable Error | remapped_row_corr | zero
    Inactive Correctable Error | remapped_row_corr_inactive | zero | 595
    Uncorrectable Error | remapped_row_unc | remapped_uncorrected
    Inactive Uncorrectable Error | remapped_row_unc_inactive | zero | 595
    Pending | remapped_row_pending | remap_pending
    Remapping Failure Occurred | remapped_row_failure | remap_failure
    Bank Remap Availability Histogram | row_remapper_histogram | >
        Max | row_remapper_histogram_max | banks_max
        High | row_remapper_histogram_high | banks_high
        Partial | row_remapper_histogram_partial | banks_zero
        Low | row_remapper_histogram_low | banks_zero
        None | row_remapper_histogram_none | banks_none
Temperature | temperature | >
    GPU Current Temp | gpu_temp | temperature
    GPU T.Limit Temp | gpu_temp_tlimit | tlimit
    GPU Shutdown T.Limit Temp | gpu_temp_max_tlimit_threshold | tlimit_shutdown
    GPU Slowdown T.Limit Temp | gpu_temp_slow_tlimit_threshold | =-2 C
    GPU Max Operating T.Limit Temp | gpu_temp_max_gpu_tlimit_threshold | =0 C
    GPU Target Temperature | gpu_target_temperature | na
    Memory Current Temp | memory_temp | memory_temperature
    Memory Max Operating T.Limit Temp | gpu_temp_max_mem_tlimit_threshold | memory_tlimit
- | supported_gpu_target_temp | >
    - | gpu_target_temp_min | na
    - | gpu_target_temp_max | na
GPU Power Readings | gpu_power_readings | >
    - | power_state | deprecated
    Average Power Draw | average_power_draw | power_average
    Instantaneous Power Draw | instant_power_draw | power_instant
    Current Power Limit | current_power_limit | power_max
    Requested Power Limit | requested_power_limit | power_max
    Default Power Limit | default_power_limit | power_max
    Min Power Limit | min_power_limit | power_min
    Max Power Limit | max_power_limit | power_max
GPU Memory Power Readings~ | gpu_memory_power_readings | >
    Average Power Draw | average_power_draw | memory_power
    Instantaneous Power Draw | instant_power_draw | na
Module Power Readings | module_power_readings | >
    - | power_state | deprecated
    Average Power Draw | average_power_draw | na
    Instantaneous Power Draw | instant_power_draw | na
    Current Power Limit | current_power_limit | na
    Requested Power Limit | requested_power_limit | na
    Default Power Limit | default_power_limit | na
    Min Power Limit | min_power_limit | na
    Max Power Limit | max_power_limit | na
Power Smoothing | power_smoothing | na
Workload Power Profiles | power_profiles | >
    Requested Profiles | power_profile_requested_profiles | na
    Enforced Profiles | power_profile_enforced_profiles | na
EDPp Multiplier | edpp_multiplier | edpp
Clocks | clocks | >
    Graphics | graphics_clock | clock_graphics
    SM | sm_clock | clock_graphics
    Memory | mem_clock | clock_memory
    Video | video_clock | clock_video
Applications Clocks | applications_clocks | >
    Graphics | graphics_clock | deprecated
    Memory | mem_clock | deprecated
Default Applications Clocks | default_applications_clocks | >
    Graphics | graphics_clock | deprecated
    Memory | mem_clock | deprecated
Deferred Clocks | deferred_clocks | >
    Memory | mem_clock | na
Max Clocks | max_clocks | >
    Graphics | graphics_clock | clock_max
    SM | sm_clock | clock_max
    Memory | mem_clock | clock_memory
    Video | video_clock | clock_video_max
Max Customer Boost Clocks | max_customer_boost_clocks | >
    Graphics | graphics_clock | clock_max
Clock Policy | clock_policy | >
    Auto Boost | auto_boost | na
    Auto Boost Default | auto_boost_default | na
Fabric | fabric | >
    State | state | fabric_state
    Status | status | fabric_status
    CliqueId | cliqueId | fabric_clique
    ClusterUUID | clusterUuid | fabric_cluster
    Health | health | >
        Summary | summary | na
        Bandwidth | bandwidth | na
        Route Recovery in progress | route_recovery_in_progress | na
        Route Unhealthy | route_unhealthy | na
        Access Timeout Recovery | access_timeout_recovery | na
        Incorrect Configuration | incorrect_configuration | na
        Partition Assigned | partition_assigned | na | 595
- | supported_clocks | @supported_clocks
Processes | processes | @processes
- | accounted_processes | @accounted_processes
Capabilities | capabilities | >
    EGM | egm | =disabled
"""

# What `-d` takes, and the sections of -q that it shows. The lists of samples that the real tool adds to UTILIZATION,
# POWER and CLOCK are not rendered.
DISPLAYS: dict[str, tuple[str, ...]] = {
    "MEMORY": ("FB Memory Usage", "BAR1 Memory Usage", "Conf Compute Protected Memory Usage"),
    "UTILIZATION": ("Utilization",),
    "ECC": ("DRAM Encryption Mode", "ECC Mode", "ECC Errors"),
    "TEMPERATURE": ("Temperature",),
    "POWER": ("GPU Power Readings", "GPU Memory Power Readings~", "Module Power Readings"),
    "CLOCK": (
        "Clocks",
        "Applications Clocks",
        "Default Applications Clocks",
        "Deferred Clocks",
        "Max Clocks",
        "Max Customer Boost Clocks",
        "Clock Policy",
    ),
    "COMPUTE": ("Compute Mode",),
    "PIDS": ("Processes",),
    "PERFORMANCE": ("Performance State", "Clocks Event Reasons", "Clocks Event Reasons Counters", "Sparse Operation Mode"),
    "PAGE_RETIREMENT": ("Retired Pages",),
    "ACCOUNTING": ("Accounting Mode", "Accounting Mode Buffer Size"),
    "ENCODER_STATS": ("Encoder Stats",),
    "FBC_STATS": ("FBC Stats",),
    "ROW_REMAPPER": ("Remapped Rows",),
    "GSP_FIRMWARE_VERSION": ("GSP Firmware Version",),
    "POWER_SMOOTHING": ("Power Smoothing",),
    "POWER_PROFILES": ("Workload Power Profiles",),
}

# One field of `--query-gpu` per line, in the order of the recordings: "name | unit | value | from | up to".
# "~" before a value: N/A is printed without brackets.
QUERY_FIELDS = """\
timestamp | | @timestamp
driver_version | | driver_version
kmd_version | | driver_version | 595
vgpu_driver_capability.heterogenous_multivGPU | | na
count | | @count
name | | name
serial | | serial
uuid | | uuid
pci.bus_id | | pci
pci.domain | | pci_domain
pci.bus | | pci_bus
pci.device | | pci_device
pci.baseClass | | base_classcode
pci.subClass | | sub_classcode
pci.device_id | | device_id
pci.sub_device_id | | subsystem_id
vgpu_device_capability.fractional_multiVgpu | | na
vgpu_device_capability.heterogeneous_timeSlice_profile | | na
vgpu_device_capability.heterogeneous_timeSlice_sizes | | na
vgpu_device_capability.homogeneous_placements | | na
vgpu_device_capability.mig_timeSlicing | | na
vgpu_device_capability.mig_timeSlicing_mode | | na
pcie.link.gen.current | | current_generation
pcie.link.gen.gpucurrent | | current_generation
pcie.link.gen.max | | pcie_generation
pcie.link.gen.gpumax | | pcie_generation
pcie.link.gen.hostmax | | pcie_generation
pcie.link.width.current | | current_width
pcie.link.width.max | | pcie_width
index | | index
display_mode | | deprecated
display_attached | | display_attached
display_active | | =Disabled
persistence_mode | | persistence
addressing_mode | | addressing_mode
accounting.mode | | accounting_mode
accounting.buffer_size | | =4000
driver_model.current | | na
driver_model.pending | | na
vbios_version | | vbios
inforom.img | | image_version
inforom.oem | | =2.1
inforom.ecc | | ecc_object
inforom.pwr | | na
inforom.checksum_validation | | =valid
gpu_recovery_action | | recovery_action
gom.current | | na
gom.pending | | na
fan.speed | % | na
pstate | | performance_state
clocks_event_reasons.supported | | =0x00000000000001FF
clocks_event_reasons.active | | reason_mask
clocks_event_reasons.gpu_idle | | reason_idle
clocks_event_reasons.applications_clocks_setting | | not_active
clocks_event_reasons.sw_power_cap | | not_active
clocks_event_reasons.hw_slowdown | | reason_hw_slowdown
clocks_event_reasons.hw_thermal_slowdown | | reason_hw_thermal
clocks_event_reasons.hw_power_brake_slowdown | | reason_hw_power_brake
clocks_event_reasons.sw_thermal_slowdown | | not_active
clocks_event_reasons.sync_boost | | not_active
clocks_event_reasons_counters.sw_power_cap | us | zero_us
clocks_event_reasons_counters.sync_boost | us | zero_us
clocks_event_reasons_counters.sw_thermal_slowdown | us | zero_us
clocks_event_reasons_counters.hw_thermal_slowdown | us | counter_hw_thermal
clocks_event_reasons_counters.hw_power_brake_slowdown | us | counter_hw_power_brake
memory.total | MiB | memory_total
memory.reserved | MiB | memory_reserved
memory.used | MiB | memory_used
memory.free | MiB | memory_free
compute_mode | | =Default
compute_cap | | compute_cap
utilization.gpu | % | utilization_gpu
utilization.memory | % | utilization_memory
utilization.encoder | % | zero_percent
utilization.decoder | % | zero_percent
utilization.jpeg | % | zero_percent
utilization.ofa | % | zero_percent
encoder.stats.sessionCount | | zero
encoder.stats.averageFps | | zero
encoder.stats.averageLatency | | zero
dramEncryption.mode.current | | na
dramEncryption.mode.pending | | na
ecc.mode.current | | =Enabled
ecc.mode.pending | | =Enabled
ecc.errors.corrected.volatile.device_memory | | ecc_corrected
ecc.errors.corrected.volatile.dram | | ecc_corrected
ecc.errors.corrected.volatile.register_file | | na
ecc.errors.corrected.volatile.l1_cache | | na
ecc.errors.corrected.volatile.l2_cache | | na
ecc.errors.corrected.volatile.texture_memory | | na
ecc.errors.corrected.volatile.cbu | | na
ecc.errors.corrected.volatile.sram | | zero
ecc.errors.corrected.volatile.total | | ecc_corrected
ecc.errors.corrected.aggregate.device_memory | | ecc_corrected
ecc.errors.corrected.aggregate.dram | | ecc_corrected
ecc.errors.corrected.aggregate.register_file | | na
ecc.errors.corrected.aggregate.l1_cache | | na
ecc.errors.corrected.aggregate.l2_cache | | na
ecc.errors.corrected.aggregate.texture_memory | | na
ecc.errors.corrected.aggregate.cbu | | na
ecc.errors.corrected.aggregate.sram | | zero
ecc.errors.corrected.aggregate.total | | ecc_corrected
ecc.errors.uncorrected.volatile.device_memory | | ecc_uncorrected
ecc.errors.uncorrected.volatile.dram | | ecc_uncorrected
ecc.errors.uncorrected.volatile.register_file | | na
ecc.errors.uncorrected.volatile.l1_cache | | na
ecc.errors.uncorrected.volatile.l2_cache | | na
ecc.errors.uncorrected.volatile.texture_memory | | na
ecc.errors.uncorrected.volatile.cbu | | na
ecc.errors.uncorrected.volatile.sram | | zero
ecc.errors.uncorrected.volatile.total | | ecc_uncorrected
ecc.errors.uncorrected.aggregate.device_memory | | ecc_uncorrected
ecc.errors.uncorrected.aggregate.dram | | ecc_uncorrected
ecc.errors.uncorrected.aggregate.register_file | | na
ecc.errors.uncorrected.aggregate.l1_cache | | na
ecc.errors.uncorrected.aggregate.l2_cache | | na
ecc.errors.uncorrected.aggregate.texture_memory | | na
ecc.errors.uncorrected.aggregate.cbu | | na
ecc.errors.uncorrected.aggregate.sram | | zero
ecc.errors.uncorrected.aggregate.total | | ecc_uncorrected
ecc.errors.uncorrected.volatile.sram.parity | | zero
ecc.errors.uncorrected.volatile.sram.secded | | zero
ecc.errors.uncorrected.aggregate.sram.parity | | zero
ecc.errors.uncorrected.aggregate.sram.secded | | zero
ecc.errors.uncorrected.aggregate.sram.thresholdExceeded | | =No
ecc.errors.uncorrected.aggregate.sram.l2 | | zero
ecc.errors.uncorrected.aggregate.sram.sm | | zero
ecc.errors.uncorrected.aggregate.sram.mcu | | zero
ecc.errors.uncorrected.aggregate.sram.pcie | | zero
ecc.errors.uncorrected.aggregate.sram.other | | zero
retired_pages.single_bit_ecc.count | | na
retired_pages.double_bit.count | | na
retired_pages.pending | | na
remapped_rows.correctable | | zero
remapped_rows.correctable_inactive | | zero | 595
remapped_rows.uncorrectable | | remapped_uncorrected
remapped_rows.uncorrectable_inactive | | zero | 595
remapped_rows.pending | | remap_pending
remapped_rows.failure | | remap_failure
remapped_rows.histogram.max | | banks_max
remapped_rows.histogram.high | | banks_high
remapped_rows.histogram.partial | | banks_zero
remapped_rows.histogram.low | | banks_zero
remapped_rows.histogram.none | | banks_none
temperature.gpu | | temperature
temperature.gpu.tlimit | | tlimit
temperature.memory | | ~memory_temperature
power.management | | deprecated
power.draw | W | power_average
power.draw.average | W | power_average
power.draw.instant | W | power_instant
power.limit | W | power_max
enforced.power.limit | W | power_max
power.default_limit | W | power_max
power.min_limit | W | power_min
power.max_limit | W | power_max
module.power.draw.average | W | na
module.power.draw.instant | W | na
module.power.limit | W | na
module.enforced.power.limit | W | na
module.power.default_limit | W | na
module.power.min_limit | W | na
module.power.max_limit | W | na
power_smoothing.delayed_power_smoothing_supported | | na | 590 | 590
power_smoothing.primary_power_floor | W | na | 590 | 590
power_smoothing.secondary_power_floor | W | na | 590 | 590
power_smoothing.min_primary_floor_activation_offset | W | na | 590 | 590
power_smoothing.min_primary_floor_activation_point | W | na | 590 | 590
power_smoothing.window_multiplier | ms | na | 590 | 590
power_smoothing.curr_profile.secondary_power_floor | W | na | 590 | 590
power_smoothing.curr_profile.primary_floor_act_window_multiplier | | na | 590 | 590
power_smoothing.curr_profile.primary_floor_tar_window_multiplier | | na | 590 | 590
power_smoothing.curr_profile.primary_floor_act_offset | W | na | 590 | 590
power_smoothing.admin_override.secondary_power_floor | W | na | 590 | 590
power_smoothing.admin_override.primary_floor_act_window_multiplier | | na | 590 | 590
power_smoothing.admin_override.primary_floor_tar_window_multiplier | | na | 590 | 590
power_smoothing.admin_override.primary_floor_act_offset | W | na | 590 | 590
edpp_multiplier | % | edpp
clocks.current.graphics | MHz | clock_graphics
clocks.current.sm | MHz | clock_graphics
clocks.current.memory | MHz | clock_memory
clocks.current.video | MHz | clock_video
clocks.applications.graphics | MHz | deprecated
clocks.applications.memory | MHz | deprecated
clocks.default_applications.graphics | MHz | deprecated
clocks.default_applications.memory | MHz | deprecated
clocks.max.graphics | MHz | clock_max
clocks.max.sm | MHz | clock_max
clocks.max.memory | MHz | clock_memory
mig.mode.current | | mig
mig.mode.pending | | mig
gsp.mode.current | | =Enabled
gsp.mode.default | | =Enabled
c2c.mode | | c2c
protected_memory.total | MiB | zero_mib
protected_memory.used | MiB | zero_mib
protected_memory.free | MiB | zero_mib
fabric.state | | ~fabric_state
fabric.status | | ~fabric_status
fabric.cliqueId | | ~fabric_clique
fabric.clusterUuid | | ~fabric_cluster
fabric.health.summary | | ~na
fabric.health.bandwidth | | ~na
fabric.health.route_recovery_in_progress | | ~na
fabric.health.route_unhealthy | | ~na
fabric.health.access_timeout_recovery | | ~na
fabric.health.incorrect_configuration | | ~na
fabric.health.partition_assigned | | ~na | 595
platform.chassis_serial_number | | =
platform.slot_number | | =0
platform.tray_index | | =0
platform.host_id | | =1
platform.peer_type | | =Direct Connected
platform.module_id | | module_id
platform.gpu_fabric_guid | | =0x0000000000000000
hostname | | na
"""

# Other names of fields; the heading always shows the first name.
FIELD_ALIASES = {
    "gpu_name": "name",
    "gpu_serial": "serial",
    "gpu_uuid": "uuid",
    "gpu_bus_id": "pci.bus_id",
    "inforom.image": "inforom.img",
    "clocks.gr": "clocks.current.graphics",
    "clocks.sm": "clocks.current.sm",
    "clocks.mem": "clocks.current.memory",
    "clocks.video": "clocks.current.video",
    "clocks.max.gr": "clocks.max.graphics",
    "clocks.max.mem": "clocks.max.memory",
    "clocks.applications.gr": "clocks.applications.graphics",
    "clocks.applications.mem": "clocks.applications.memory",
    "clocks.default_applications.gr": "clocks.default_applications.graphics",
    "clocks.default_applications.mem": "clocks.default_applications.memory",
    "retired_pages.sbe": "retired_pages.single_bit_ecc.count",
    "retired_pages.dbe": "retired_pages.double_bit.count",
}

# One field of `--query-compute-apps` or `--query-retired-pages`: "name | unit | value".
APP_FIELDS = """\
timestamp | | @timestamp
gpu_name | | name
gpu_bus_id | | pci
gpu_serial | | serial
gpu_uuid | | uuid
pid | | pid
process_name | | process_name
used_gpu_memory | MiB | used_gpu_memory
"""
APP_ALIASES = {"name": "process_name", "used_memory": "used_gpu_memory"}
RETIRED_PAGES_FIELDS = """\
timestamp | | @timestamp
gpu_name | | name
gpu_bus_id | | pci
gpu_serial | | serial
gpu_uuid | | uuid
retired_pages.address | | na
retired_pages.timestamp | | na
retired_pages.cause | | cause
"""
