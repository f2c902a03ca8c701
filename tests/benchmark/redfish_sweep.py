# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sweep many Redfish services on loopback with the inventory plugin: seconds, peak memory and requests per BMC.

The services are of every kind that tests/fake_redfish invents, each with TLS, an address of its own, more than 40 resources and 200 ms for an
answer; among them some that hang and some that answer nonsense. They share the machine with the client, which is all of Ansible listing the hosts. Exit
status: 0 measured; 1 a limit is exceeded or a machine was not found; 2 the services or the client could not be run.
"""

from __future__ import annotations

import argparse
import contextlib
import ipaddress
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
# For 1,000 services, on two cores that the services run on too.
LIMITS = {"seconds": 90.0, "peak_memory_mib": 300.0}
KINDS = ("generic", "dell", "ilo", "hgx", "ami")
MOST_SERVICES = 1000
# What each machine has.
GPUS, NICS = 8, 6
FIRST = ipaddress.ip_address("127.77.0.1")
PORT = 18443
PROCESSES = 2
# Services that share a certificate.
SHARED = 20
# The services and the client are stopped after this, whatever happens.
LONGEST = 300


class RunError(Exception):
    """It could not be measured."""


def plan(services: int, hanging: int, nonsense: int) -> dict[str, tuple[str, int]]:
    """Return kind and number of each service by address: the bad ones spread among the good."""
    bad = ["hang"] * hanging + ["nonsense"] * nonsense
    step = services / len(bad) if bad else 0
    places = {int(index * step): kind for index, kind in enumerate(bad)}
    return {str(FIRST + n): (places.get(n, KINDS[n % len(KINDS)]), n) for n in range(services)}


@contextlib.contextmanager
def serving(
    planned: t.Mapping[str, tuple[str, int]], delay: float, certificates: t.Mapping[str, t.Sequence[str]]
) -> t.Iterator[t.Callable[[], dict[str, int]]]:
    """Run the services in a few processes; yields a function that stops them and returns the requests that each got."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "tests")}
    processes = []
    files = list(certificates)
    try:
        for number in range(PROCESSES):
            mine = {file: certificates[file] for file in files[number::PROCESSES]}
            services = {address: planned[address] for addresses in mine.values() for address in addresses}
            asked = {"services": services, "port": PORT, "delay": delay, "certificates": mine}
            command = ["timeout", str(LONGEST), sys.executable, "-m", "fake_redfish"]
            process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            processes.append(process)
            print(json.dumps(asked), file=process.stdin, flush=True)
        for process in processes:
            if process.stdout is None or process.stdout.readline() != "ready\n":
                raise RunError("The services could not be started.")

        def stop() -> dict[str, int]:
            counted: dict[str, int] = {}
            for process in processes:
                counted |= json.loads(process.communicate(timeout=60)[0])
            return counted

        yield stop
    finally:
        for process in processes:
            process.terminate()
            process.wait()


def sweep(folder: pathlib.Path, services: int, ca_path: str) -> tuple[dict[str, t.Any], dict[str, float]]:
    """Let Ansible make an inventory of the addresses; returns what the plugin kept of it in its cache, and what it cost."""
    site = folder / "redfish.railyard.yml"
    last = FIRST + services - 1
    site.write_text(
        f"plugin: railyard.cluster.redfish\nbmcs:\n  - addresses: ['{FIRST}-{last}']\n    port: {PORT}\n"
        f"    username: admin\n    password: secret\n    ca_path: {ca_path}\nhostnames: [serial]\n"
    )
    command = ["timeout", str(LONGEST), str(pathlib.Path(sys.executable).with_name("ansible")), "-i", str(site), "all", "--list-hosts"]
    environment = {**os.environ, "ANSIBLE_INVENTORY_CACHE_CONNECTION": str(folder / "cache"), "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg")}
    begin = time.monotonic()
    with (folder / "log").open("w+") as log:
        process = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=log, stderr=log)
        _pid, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begin
        if status:
            log.seek(0)
            raise RunError(f"ansible failed: {log.read()[-2000:]}")
    cost = {"seconds": round(seconds, 1), "peak_memory_mib": round(usage.ru_maxrss / 1024, 1), "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1)}
    (kept,) = (folder / "cache").iterdir()
    return json.loads(json.loads(kept.read_text())["__payload__"]), cost


def measure(options: argparse.Namespace) -> dict[str, t.Any]:
    """Run services and sweep, and return the figures."""
    planned = plan(options.services, options.hanging, options.nonsense)
    with tempfile.TemporaryDirectory(prefix="railyard-sweep-") as scratch:
        folder = pathlib.Path(scratch)
        addresses = list(planned)
        groups = [addresses[start : start + SHARED] for start in range(0, len(addresses), SHARED)]
        command = [sys.executable, "-m", "fake_redfish.certificates", str(folder), *map(",".join, groups)]
        made = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(REPOSITORY / "tests")}, capture_output=True, text=True, check=False)
        if made.returncode:
            raise RunError(f"No certificates could be made: {made.stderr[-500:]}")
        ca_path, *certificates = made.stdout.split()
        with serving(planned, options.delay, dict(zip(certificates, groups, strict=True))) as stop:
            answer, cost = sweep(folder, options.services, ca_path)
            requests = stop()
    hosts = {found["serial"] for found in answer["machines"] if found["complete"] and found["gpu_count"] == GPUS and len(found["nics"]) == NICS}
    good = {f"SN{number:05}" for kind, number in planned.values() if kind in KINDS}
    by_kind: dict[str, list[int]] = {}
    for address, (kind, _number) in planned.items():
        by_kind.setdefault(kind, []).append(requests[address])
    return {
        "services": options.services,
        "delay_s": options.delay,
        **cost,
        "hosts": len(hosts),
        "missing": sorted(good - hosts),
        "unexpected": sorted(hosts - good),
        "reported_as_failed": len(answer["failed"]),
        "requests": sum(requests.values()),
        "requests_per_bmc": {kind: {"bmcs": len(counts), "median": statistics.median(counts), "most": max(counts)} for kind, counts in by_kind.items()},
    }


def broken(figures: t.Mapping[str, t.Any], bad: int) -> list[str]:
    """Return a sentence for each promise that does not hold."""
    found = [f"{name} is {figures[name]}, at most {limit:g} is allowed." for name, limit in LIMITS.items() if figures[name] > limit]
    if figures["missing"] or figures["unexpected"]:
        found.append(f"{len(figures['missing'])} machines were not found, {len(figures['unexpected'])} were made up.")
    if figures["reported_as_failed"] != bad:
        found.append(f"{figures['reported_as_failed']} BMCs were reported as failed; {bad} are.")
    return found


def render(figures: t.Mapping[str, t.Any]) -> str:
    """Return the figures as text."""
    lines = [
        f"{figures['services']} services: {figures['seconds']} s, {figures['peak_memory_mib']} MiB, {figures['cpu_seconds']} s of CPU time",
        f"{figures['hosts']} hosts found, {figures['reported_as_failed']} BMCs reported as failed, {figures['requests']} requests",
        "requests per BMC:",
    ]
    lines += [f"  {kind:9} {counts['median']:g} (at most {counts['most']}; {counts['bmcs']} BMCs)" for kind, counts in figures["requests_per_bmc"].items()]
    return "\n".join(lines)


def parse_arguments(arguments: t.Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--services", type=int, default=MOST_SERVICES, help=f"how many services, at most {MOST_SERVICES} (default: %(default)s)")
    parser.add_argument("--hanging", type=int, default=20, help="how many of them hang (default: %(default)s)")
    parser.add_argument("--nonsense", type=int, default=20, help="how many of them answer nonsense (default: %(default)s)")
    parser.add_argument("--delay", type=float, default=0.2, help="seconds that an answer takes (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    if not options.hanging + options.nonsense <= options.services <= MOST_SERVICES:
        parser.error(f"there can be at most {MOST_SERVICES} services, and no more bad ones than services.")
    return options


def main(arguments: t.Sequence[str] | None = None) -> int:
    options = parse_arguments(arguments)
    try:
        figures = measure(options)
    except RunError as failure:
        print(failure, file=sys.stderr)
        return 2
    print(json.dumps({"schema": "railyard.benchmark.redfish-sweep", "schema_version": 1, **figures}, indent=2) if options.json else render(figures))
    sentences = broken(figures, options.hanging + options.nonsense)
    for sentence in sentences:
        print(sentence, file=sys.stderr)
    return 1 if sentences else 0


if __name__ == "__main__":
    sys.exit(main())
