# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is done with a unit, and why: decided from what its process was started with."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core import services
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.services import ObservedUnit, Stamp, UnitPlan, UnitSpec, WatchedFile

STARTED_US = 50_000_000
RUNNING = ObservedUnit(load="loaded", active="active", sub="running", file_state="enabled", can_reload=True, type="notify", life="L1", started_us=STARTED_US)
DEAD = dataclasses.replace(RUNNING, active="inactive", sub="dead")
CONF, KEY = "/etc/chrony/chrony.conf", "/etc/chrony/chrony.keys"
SPEC = UnitSpec("chrony.service", restart_on=(CONF,), reload_on=(KEY,))
OLD, NEW = STARTED_US - 1_000_000, STARTED_US + 1_000_000
SAME_CONF, SAME_KEY = WatchedFile("c1", OLD), WatchedFile("k1", OLD)
NEWER_CONF = f"{CONF} changed after it was started"
STAMP = Stamp("L1", {CONF: "c1", KEY: "k1"})


def decide(
    spec: UnitSpec = SPEC,
    now: ObservedUnit = RUNNING,
    *,
    conf: WatchedFile = SAME_CONF,
    key: WatchedFile = SAME_KEY,
    stamp: Stamp | None = STAMP,
    check_mode: bool = False,
) -> UnitPlan:
    (result,) = services.plan([spec], {spec.name: now}, files={CONF: conf, KEY: key}, stamps={spec.name: stamp}, check_mode=check_mode)
    return result


@pytest.mark.parametrize(
    ("given", "action", "reason"),
    [
        pytest.param({}, "", "", id="runs with its files"),
        pytest.param({"conf": WatchedFile("c2", OLD)}, "restart", f"{CONF} differs from what it was started with", id="content changed, even with an old time"),
        pytest.param({"conf": WatchedFile("c1", NEW)}, "", "", id="touched, not changed"),
        pytest.param({"conf": WatchedFile()}, "restart", f"{CONF} was removed", id="removed"),
        pytest.param({"key": WatchedFile("k2", OLD)}, "reload", f"{KEY} differs from what it was started with", id="reload"),
        pytest.param({"conf": WatchedFile("c2", OLD), "key": WatchedFile("k2", OLD)}, "restart", f"{CONF} differs from what it was started with", id="both"),
        pytest.param({"stamp": None}, "", "", id="no stamp, nothing newer"),
        pytest.param({"stamp": None, "conf": WatchedFile("c1", NEW)}, "restart", NEWER_CONF, id="no stamp, newer"),
        pytest.param({"stamp": None, "key": WatchedFile("k1", NEW)}, "reload", f"{KEY} changed after it was started", id="no stamp, newer, reload"),
        pytest.param({"stamp": None, "conf": WatchedFile()}, "", "", id="no stamp, no file"),
        pytest.param({"stamp": Stamp("L0", {CONF: "c0", KEY: "k0"})}, "", "", id="restarted by someone else after the change"),
        pytest.param(
            {"stamp": Stamp("L0", {CONF: "c1", KEY: "k1"}), "conf": WatchedFile("c1", NEW)},
            "restart",
            NEWER_CONF,
            id="stamp of another life proves nothing",
        ),
        pytest.param({"stamp": Stamp("L1", {KEY: "k1"})}, "", "", id="newly watched, old"),
        pytest.param({"stamp": Stamp("L1", {KEY: "k1"}), "conf": WatchedFile("c1", NEW)}, "restart", NEWER_CONF, id="newly watched"),
        pytest.param({"stamp": None, "conf": WatchedFile("c1", STARTED_US - 5_000)}, "restart", NEWER_CONF, id="within a clock tick"),
        pytest.param({"now": DEAD}, "start", "it is inactive", id="not running"),
        pytest.param({"now": dataclasses.replace(DEAD, active="failed")}, "start", "it is failed", id="failed"),
        pytest.param({"now": dataclasses.replace(RUNNING, active="activating", sub="start")}, "start", "it is activating (start)", id="on its way"),
        pytest.param(
            {"now": dataclasses.replace(RUNNING, active="activating", sub="auto-restart"), "conf": WatchedFile("c2", NEW)},
            "restart",
            f"{CONF} differs from what it was started with",
            id="on its way with an old file",
        ),
        pytest.param(
            {"now": dataclasses.replace(RUNNING, can_reload=False), "key": WatchedFile("k2", OLD)},
            "restart",
            f"{KEY} differs from what it was started with, and it can't reload",
            id="can't reload",
        ),
    ],
)
def test_action(given: dict[str, t.Any], action: str, reason: str) -> None:
    result = decide(**given)
    assert (result.action, result.reason) == (action, reason)
    assert decide(**given, check_mode=True) == result


@pytest.mark.parametrize(
    ("stamp", "action"),
    [
        pytest.param(None, "", id="not known: noted"),
        pytest.param(Stamp("L1", {CONF: "c1", KEY: "k1"}), "", id="not watched so far: noted"),
        pytest.param(Stamp("L1", {CONF: "c1", KEY: "k1"}, "d1"), "", id="same"),
        pytest.param(Stamp("L1", {CONF: "c1", KEY: "k1"}, "d0"), "restart", id="differs"),
        pytest.param(Stamp("L0", {}, "d1"), "", id="same in an earlier life"),
        pytest.param(Stamp("L0", {}, "d0"), "restart", id="differs from an earlier life"),
    ],
)
def test_restart_digest(stamp: Stamp | None, action: str) -> None:
    result = decide(dataclasses.replace(SPEC, restart_digest="d1"), stamp=stamp)
    assert result.action == action
    assert result.reason == ("restart_digest differs from what it was started with" if action else "")


def test_after_a_restart_the_stamp_makes_the_next_run_quiet() -> None:
    files = {CONF: WatchedFile("c2", NEW), KEY: WatchedFile("k1", OLD)}
    assert decide(conf=files[CONF]).action == "restart"
    after = dataclasses.replace(RUNNING, life="L2", started_us=NEW + 5)
    stamp = Stamp.from_json(services.stamp_of(SPEC, after, files).to_json())
    assert stamp == Stamp("L2", {CONF: "c2", KEY: "k1"})
    assert decide(now=after, conf=files[CONF], stamp=stamp) == UnitPlan("chrony.service")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"life": "x"}', '{"life": "x", "files": 3, "digest": null}'])
def test_a_broken_stamp_is_no_stamp(text: str) -> None:
    assert Stamp.from_json(text) is None


@pytest.mark.parametrize(
    ("spec", "now", "changes"),
    [
        (UnitSpec("a.service"), RUNNING, {}),
        (UnitSpec("a.service"), dataclasses.replace(RUNNING, file_state="disabled"), {"enable": True}),
        (UnitSpec("a.service"), dataclasses.replace(RUNNING, file_state="enabled-runtime"), {"enable": True}),
        (UnitSpec("a.service"), dataclasses.replace(RUNNING, file_state="static"), {}),
        (UnitSpec("a.service"), dataclasses.replace(RUNNING, file_state="generated"), {}),
        (UnitSpec("a.service", enabled=None), dataclasses.replace(RUNNING, file_state="disabled"), {}),
        (UnitSpec("a.service", enabled=False), RUNNING, {"disable": True}),
        (UnitSpec("a.service", enabled=False), dataclasses.replace(RUNNING, file_state="static"), {}),
        (UnitSpec("a.service", state="stopped", enabled=False), ObservedUnit(), {}),
        (UnitSpec("a.service", state="stopped"), ObservedUnit(), {}),
        (UnitSpec("a.service", state="stopped", enabled=None, masked=True), ObservedUnit(), {"mask": "mask"}),
        (UnitSpec("a.service", state="stopped", enabled=None, masked=True), RUNNING, {"mask": "mask", "action": "stop", "reason": "it is active"}),
        (UnitSpec("a.service", state="stopped", enabled=None, masked=True), ObservedUnit(load="masked", file_state="masked"), {}),
        (
            UnitSpec("a.service"),
            ObservedUnit(load="masked", file_state="masked"),
            {"unmask": "unmask", "enable": True, "action": "start", "reason": "it is inactive"},
        ),
        (
            UnitSpec("a.service", enabled=None),
            ObservedUnit(load="masked", file_state="masked-runtime"),
            {"unmask": "unmask-runtime", "action": "start", "reason": "it is inactive"},
        ),
        (UnitSpec("a.service"), dataclasses.replace(RUNNING, active="failed"), {"action": "start", "reset": True, "reason": "it is failed"}),
        (UnitSpec("a.service", state="stopped"), RUNNING, {"action": "stop", "reason": "it is active"}),
        (UnitSpec("a.service", state="stopped"), dataclasses.replace(RUNNING, active="failed"), {}),
    ],
)
def test_enabled_masked_stopped(spec: UnitSpec, now: ObservedUnit, changes: dict[str, t.Any]) -> None:
    assert decide(spec, now) == UnitPlan(spec.name, **changes)


def test_a_missing_unit_is_an_error_but_would_be_started_in_check_mode() -> None:
    with pytest.raises(CoreError) as error:
        decide(UnitSpec("slurmd.service"), ObservedUnit())
    assert str(error.value) == "slurmd.service does not exist on this node. Install its package or write its unit file first."
    result = decide(UnitSpec("slurmd.service"), ObservedUnit(), check_mode=True)
    assert result == UnitPlan("slurmd.service", "start", enable=True, reason="it does not exist yet")


@pytest.mark.parametrize(
    ("now", "message"),
    [
        (
            ObservedUnit(load="bad-setting", load_error='org.freedesktop.DBus "no ExecStart"'),
            'a.service can\'t be loaded: org.freedesktop.DBus "no ExecStart". See systemd-analyze verify for its unit file.',
        ),
        (
            ObservedUnit(load="loaded", type="oneshot", remains=False),
            "a.service is a oneshot service without RemainAfterExit and never stays started. List its timer, or leave it out.",
        ),
    ],
)
def test_units_that_cannot_be_started(now: ObservedUnit, message: str) -> None:
    with pytest.raises(CoreError) as error:
        decide(UnitSpec("a.service"), now)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([{"name": "chrony"}], "units[0]: 'chrony' is not a unit's full name. Write it with its type, for example chrony.service."),
        ([{"name": "slurm*.service"}], "units[0]: 'slurm*.service' is not a unit's full name. Write it with its type, for example chrony.service."),
        ([{"name": "a.service"}, {"name": "a.service"}], "units[1]: a.service is listed twice. Keep one of them."),
        ([{"name": "a.service", "masked": True, "state": "started"}], "units[0]: a.service can't be both masked and started. Leave one of them out."),
        ([{"name": "a.service", "restart_on": ["etc/a"]}], "units[0]: 'etc/a' of a.service is not an absolute path."),
    ],
)
def test_what_a_task_cannot_mean(given: list[dict[str, t.Any]], message: str) -> None:
    with pytest.raises(CoreError) as error:
        services.check_units(given)
    assert str(error.value) == message


def test_specs() -> None:
    plain, masked = services.check_units(
        [{"name": "a@1.service", "enabled": True, "restart_digest": "text", "reload_on": None}, {"name": "b.socket", "masked": True}]
    )
    assert plain == UnitSpec("a@1.service", restart_digest="982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1")
    assert plain.watches
    assert masked == UnitSpec("b.socket", state="stopped", enabled=None, masked=True)
    assert not masked.watches


SHOWN = """\
Type=notify
Result=success
NRestarts=2
RemainAfterExit=no
ExecMainStartTimestampMonotonic=13337000
Id=chrony.service
LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=enabled
ActiveEnterTimestampMonotonic=13340000
CanReload=no
NeedDaemonReload=yes
ConditionResult=yes
InvocationID=264bcfe51c804685932cf664e0fddbe4

Id=gone.service
LoadState=not-found
LoadError=org.freedesktop.systemd1.NoSuchUnit "Unit gone.service not found."
ActiveState=inactive
SubState=dead
UnitFileState=
ActiveEnterTimestampMonotonic=0
NeedDaemonReload=no
ConditionResult=no

Result=success
Id=toy.timer
LoadState=loaded
ActiveState=active
SubState=waiting
UnitFileState=enabled
ActiveEnterTimestampMonotonic=99000000
CanReload=no
NeedDaemonReload=no
ConditionResult=yes
"""


def test_parse_show() -> None:
    units = services.parse_show(SHOWN, ["chrony.service", "gone.service", "toy.timer"])
    assert units["chrony.service"] == ObservedUnit(
        load="loaded",
        active="active",
        sub="running",
        result="success",
        file_state="enabled",
        stale_definition=True,
        condition=True,
        restarts=2,
        type="notify",
        remains=False,
        life="264bcfe51c804685932cf664e0fddbe4",
        started_us=13337000,
    )
    assert units["gone.service"].load == "not-found"
    timer = units["toy.timer"]
    assert (timer.started_us, timer.life, timer.never_stays, timer.tells_when_ready) == (99000000, "started-99000000", False, True)


def test_an_answer_with_too_few_units_is_not_believed() -> None:
    with pytest.raises(CoreError) as error:
        services.parse_show("Id=a.service\n", ["a.service", "b.service"])
    assert str(error.value) == "systemctl show described 1 units where 2 were asked for (a.service, b.service)."


def test_commands_enable_together_and_start_in_order() -> None:
    plans = [
        UnitPlan("c.service", "start", enable=True, reset=True),
        UnitPlan("a.service", "restart", unmask="unmask", enable=True),
        UnitPlan("b.service", "stop", mask="mask", disable=True),
        UnitPlan("d.service", "reload", unmask="unmask-runtime"),
        UnitPlan("e.service"),
    ]
    assert services.commands(plans) == [
        ["unmask", "--", "a.service"],
        ["unmask", "--runtime", "--", "d.service"],
        ["enable", "--", "c.service", "a.service"],
        ["disable", "--", "b.service"],
        ["reset-failed", "--", "c.service"],
        ["start", "--", "c.service"],
        ["restart", "--", "a.service"],
        ["stop", "--", "b.service"],
        ["reload", "--", "d.service"],
        ["mask", "--", "b.service"],
    ]
    assert services.commands([UnitPlan("e.service")]) == []


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (RUNNING, ""),
        (dataclasses.replace(RUNNING, active="activating", sub="start"), ""),
        (dataclasses.replace(RUNNING, restarts=3, result="exit-code"), "a.service keeps ending and being started again (NRestarts 3), result exit-code."),
        (dataclasses.replace(DEAD, condition=False), "a.service was not started, because a condition of its unit is not met."),
        (dataclasses.replace(DEAD, active="failed", sub="failed", result="signal"), "a.service is not active but failed (failed), result signal."),
        (
            dataclasses.replace(DEAD, active="activating", sub="auto-restart", result="exit-code"),
            "a.service is not active but activating (auto-restart), result exit-code.",
        ),
    ],
)
def test_trouble(now: ObservedUnit, expected: str) -> None:
    assert services.trouble("a.service", now) == expected


def test_diff() -> None:
    plans = [UnitPlan("a.service", "restart", enable=True, reason="why"), UnitPlan("b.service")]
    shown = services.diff(plans, {"a.service": RUNNING, "b.service": DEAD})
    assert shown["before"] == "a.service: active, enabled\nb.service: inactive, enabled\n"
    assert shown["after"] == "a.service: restarted, enabled (why)\nb.service: inactive, enabled\n"
