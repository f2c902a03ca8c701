# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lab's BMCs over Redfish: who may ask, and that their power actions are done to the machines."""

from __future__ import annotations

import ssl
import subprocess
import time
import urllib.error
import urllib.request

import pytest
from lab.cluster import until
from lab.small import SmallLab, node

pytestmark = [pytest.mark.lab, pytest.mark.slow]


def reset(lab: SmallLab, number: int, kind: str) -> None:
    lab.redfish(number, f"{lab.system(number)}/Actions/ComputerSystem.Reset", reset=kind)


def power(lab: SmallLab, number: int) -> str:
    return str(lab.redfish(number, lab.system(number))["PowerState"])


def test_a_bmc_describes_its_machine(lab: SmallLab) -> None:
    system = lab.redfish(12, lab.system(12))
    assert (system["HostName"], system["PowerState"], system["MemorySummary"]["TotalSystemMemoryGiB"]) == ("a2", "On", 64)
    serial = lab.on("a2", "cat /var/lib/railyard-lab/hardware/sys/class/dmi/id/product_serial; cat /sys/class/net/mgmt0/address").stdout.split()
    assert system["SerialNumber"] == serial[0]
    assert lab.redfish(12, f"{lab.system(12)}/EthernetInterfaces/mgmt0")["MACAddress"] == serial[1]
    assert lab.redfish(12, f"{lab.system(12)}/Processors")["Members@odata.count"] == 2 + 4


def test_who_does_not_know_the_password_or_the_authority_is_kept_out(lab: SmallLab) -> None:
    with pytest.raises(urllib.error.HTTPError, match="401"):
        lab.redfish(11, "/redfish/v1/Systems", password="guessed")
    with pytest.raises(urllib.error.URLError) as error:
        urllib.request.urlopen(f"https://10.215.{lab.index}.11/redfish/v1", timeout=10)
    assert isinstance(error.value.reason, ssl.SSLCertVerificationError)


def test_the_password_is_nowhere_to_be_seen(lab: SmallLab) -> None:
    path = lab.state / "secrets" / "bmc_password"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text() not in subprocess.run(["ps", "-eww", "-o", "args"], capture_output=True, text=True, check=True).stdout
    assert path.read_text() not in str(lab.do("status"))
    assert subprocess.run(["grep", "-rlF", path.read_text(), str(lab.state)], capture_output=True, text=True, check=False).stdout.split() == [str(path)]


def test_power_actions_are_done_to_the_machine(lab: SmallLab) -> None:
    boots = {lab.on("a2", "cat /proc/sys/kernel/random/boot_id").stdout}
    reset(lab, 12, "ForceOff")
    assert power(lab, 12) == "Off"
    assert node(lab.do("status"), "a2")["state"] == "off"
    assert len(lab.links("b1")) == 12, "its links went down with it"
    for kind in ("On", "GracefulRestart", "ForceRestart"):
        reset(lab, 12, kind)
        until(f"another boot after {kind}", lambda: lab.on("a2", "cat /proc/sys/kernel/random/boot_id").stdout not in {"", *boots}, timeout_s=30)
        boots.add(lab.on("a2", "cat /proc/sys/kernel/random/boot_id").stdout)
        assert power(lab, 12) == "On"
    assert len(lab.links("b1")) == 14
    reset(lab, 12, "GracefulShutdown")
    until("a2 is off", lambda: power(lab, 12) == "Off", timeout_s=30)
    assert "a2" in lab.do("up")["message"]


def test_a_node_that_lost_its_power_comes_back_at_the_push_of_its_button(lab: SmallLab) -> None:
    lab.do("fail", target="a2")
    assert power(lab, 12) == "Off"
    reset(lab, 12, "On")
    until("a2 answers", lambda: lab.on("a2", "true").returncode == 0, timeout_s=30)
    assert node(lab.do("status"), "a2")["faulty"] is False


def test_a_dead_bmc_is_refused_at_once_and_its_node_runs_on(lab: SmallLab) -> None:
    failed = lab.do("fail", target="bmc:a2")
    assert (node(failed, "a2")["bmc"], node(failed, "a2")["faulty"], node(failed, "a2")["state"]) == ("down", True, "up")
    start = time.monotonic()
    with pytest.raises(urllib.error.URLError):
        lab.redfish(12, "/redfish/v1")
    assert time.monotonic() - start < 2
    assert power(lab, 11) == "On"
    # The process that was all of them comes back without the dead one.
    lab.kill(int((lab.state / "bmc" / "pid").read_text()))
    assert "BMCs" in lab.do("up")["message"]
    assert power(lab, 11) == "On"
    with pytest.raises(urllib.error.URLError):
        lab.redfish(12, "/redfish/v1")
    lab.do("heal", target="bmc:a2")
    assert power(lab, 12) == "On"
