# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes records of validation runs of any size, with planted faults: the same arguments give the same record.

Nodes ``gpu0001``… hang on leaves ``leaf01``… in units ``su1``…; pairs are measured in a simulated network and judged as real ones are, beside
a few checks of each node.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from benchmark.slow_fabric import Fault, SlowFabric

from railyard.core.measure.attribution import analyse, suspects
from railyard.core.measure.confirmation import plan_confirmation
from railyard.core.measure.schedule import plan_rounds
from railyard.core.model.finding import CheckResult, Evidence, Subject
from railyard.core.model.isolation import PairRate, Place, Round
from railyard.core.model.run import NotTested, PairTest, RunNode, RunRecord

# A rail of 400 Gbit/s, as nccl-tests sees it.
RATE = 47.8
FIRMWARE, OLD_FIRMWARE = "28.39.1002", "28.36.1010"


@dataclass(frozen=True)
class Plan:
    """What is planted. Numbers of nodes count from 0."""

    slow: tuple[Fault, ...] = ()
    dead: tuple[int, ...] = ()
    """Nodes that answer nothing from the fourth round on."""
    lost_gpu: tuple[int, ...] = ()
    old_firmware: tuple[int, ...] = ()


def make_run(
    nodes: int = 4, rails: int = 8, *, plan: Plan | None = None, seed: int = 0, per_leaf: int = 32, proof: str = "stub", run_id: str = "20260302-090000-0001"
) -> RunRecord:
    planted = plan or Plan()
    fabric = SlowFabric(nodes, rails, seed, per_leaf=per_leaf, leaves_per_unit=4, faults=planted.slow)
    names = [f"gpu{number + 1:04}" for number in range(nodes)]
    hardware = tuple(
        RunNode(name, f"SN{number:07}", "h100_sxm_8", f"leaf{fabric.leaf(number) + 1:02}", f"su{fabric.unit(number) + 1}") for number, name in enumerate(names)
    )
    places = [Place(node.name, node.leaf, node.unit) for node in hardware]
    dead = {names[number] for number in planted.dead}
    rounds = plan_rounds(places, seed=seed)
    rates = list(_measured(fabric, rounds, names, dead, confirm=False))
    first = analyse(rates, places, lost=dead, unit="GB/s", proof=proof)
    confirming = plan_confirmation(
        suspects(first, places), first.proven, places, first_number=len(rounds) + 1, met=[pair for one in rounds for pair in one.pairs]
    )
    rates += _measured(fabric, confirming, names, dead, confirm=True)
    last = analyse(rates, places, lost=dead, check="nccl_bandwidth", unit="GB/s", proof=proof, run_id=run_id)
    test = PairTest("nccl_bandwidth", "nccl-tests 2.17.6", proof, "GB/s", rails, len(rounds), dict(last.expected), tuple(rates))
    results = (*last.results, *_health(hardware, planted, dead, fabric, proof, run_id))
    return RunRecord(
        run_id=run_id,
        inventory="inventories/example",
        started="2026-03-02T09:00:00+00:00",
        ended="2026-03-02T09:06:42+00:00",
        stages=("node", "pair"),
        nodes=hardware,
        results=results,
        tests=(test,),
        not_tested=(
            NotTested("scale stage", "it was not asked for (--stage node, pair)"),
            NotTested("storage_bandwidth", "no storage is declared"),
            *(NotTested(f"{name}: nccl_bandwidth from round 4 on", "the node did not answer any more") for name in sorted(dead)),
        ),
        warnings=("gpu_diag: dcgmi is not installed on any node.",),
    )


def _measured(fabric: SlowFabric, rounds: Iterable[Round], names: list[str], dead: Collection[str], *, confirm: bool) -> Iterable[PairRate]:
    scale = RATE / fabric.nominal
    number_of = {name: number for number, name in enumerate(names)}
    for one in rounds:
        for a, b, rail, rate in fabric.measure([(number_of[a], number_of[b]) for a, b in one.pairs]):
            gone = one.number > 3 and (names[a] in dead or names[b] in dead)
            yield PairRate(names[a], names[b], rail, one.number, None if gone else round(rate * scale, 3), confirm)


def _health(nodes: Iterable[RunNode], plan: Plan, dead: Collection[str], fabric: SlowFabric, proof: str, run_id: str) -> Iterable[CheckResult]:
    """A few checks of each node, and the fleet's uniformity."""
    for number, node in enumerate(nodes):
        subject = Subject("node", node.name, node.name, serial=node.serial)
        gone = number in plan.lost_gpu
        yield CheckResult(
            subject=subject,
            check="gpu_count",
            verdict="fail" if gone else "pass",
            severity="critical" if gone else "info",
            expected=8.0,
            observed=7.0 if gone else 8.0,
            unit="GPUs",
            evidence=(Evidence("nvidia-smi -L", "7 GPUs" if gone else "8 GPUs"), *([Evidence("kernel log", "Xid 79 on 0000:3b:00.0")] if gone else [])),
            proof=proof,
            hint="A GPU is on no list any more: it fell off the bus, or its driver gave it up." if gone else "",
            remediation="Drain the node, power-cycle it, and run the diagnostics; replace the GPU if it is gone again." if gone else "",
            run_id=run_id,
        )
        yield CheckResult(
            subject=subject,
            check="host_to_device_bandwidth",
            verdict="pass",
            expected=55.0,
            observed=round(fabric.disturbed(55.2), 2) if node.name not in dead else None,
            unit="GB/s",
            binding_limit="PCIe Gen5 x16 of each GPU",
            proof=proof,
            run_id=run_id,
        )
        yield CheckResult(subject=subject, check="clock_offset", verdict="pass", expected=1.0, observed=0.01, unit="ms", proof=proof, run_id=run_id)
        if number in plan.old_firmware:
            yield CheckResult(
                subject=subject,
                check="uniform_hca_firmware",
                verdict="warn",
                severity="warning",
                expected=FIRMWARE,
                observed=OLD_FIRMWARE,
                proof=proof,
                hint="It differs from most nodes of its hardware class.",
                remediation=f"Bring the adapters' firmware to {FIRMWARE}.",
                run_id=run_id,
            )
    alike = {"hca_firmware": FIRMWARE} if not plan.old_firmware else {}
    for name, value in {**alike, "nvidia_driver": "580.82.07", "bios": "2.4.3"}.items():
        fleet = Subject("fleet", "h100_sxm_8")
        yield CheckResult(fleet, f"uniform_{name}", "pass", expected=value, observed=value, proof=proof, run_id=run_id)
