# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measure what it costs to read a fabric: parse what ibnetdiscover prints, and make hosts, rails, leaves, scalable units and defects of it.

Fabrics of three tiers of 1,250 to 10,000 adapters are generated; each is read in a process of its own. Seconds are of CPU, the best of three
runs. Exit status: 0 measured; 1 the largest took longer than the limit, or an adapter costs much more there than in the smallest.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import resource
import subprocess
import sys
import time
import typing as t

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY / "cli"), str(REPOSITORY / "tests")]

PODS = (1, 2, 4, 8)
LIMIT_S = 4.0
# How much more an adapter may cost in the largest fabric than in the smallest: caches are smaller than large fabrics.
STEEPEST = 2.0


def measure(text: str) -> dict[str, t.Any]:
    """Read a fabric and return what it cost. The memory is the process's largest, interpreter and text included."""
    from railyard.core.fabric.build import build
    from railyard.core.fabric.defects import find_defects
    from railyard.core.fabric.wiring import from_discovery
    from railyard.core.parse.ibnetdiscover import parse

    best = [float("inf")] * 3
    for _run in range(3):
        start = time.process_time()
        discovery = parse(text)
        parsed = time.process_time()
        fabric = build(from_discovery(discovery))
        built = time.process_time()
        defects = find_defects(fabric)
        done = time.process_time()
        best = [min(pair) for pair in zip(best, (parsed - start, built - parsed, done - built), strict=True)]
    return {
        "adapters": len(discovery.hcas),
        "switches": len(discovery.switches),
        "cables": len(discovery.links),
        "tiers": fabric.tiers,
        "units": len(fabric.units),
        "defects": len(defects),
        "parse_s": round(best[0], 3),
        "model_s": round(best[1], 3),
        "defects_s": round(best[2], 3),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def measure_apart(pods: int) -> dict[str, t.Any]:
    """Generate a fabric and measure it in a process that has nothing else in its memory."""
    from benchmark.fabric_generator import large_network

    text = large_network(pods).text()
    done = subprocess.run([sys.executable, __file__, "--measure"], input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"fabric: measuring {pods} pods failed.\n{done.stderr}")
    return t.cast(dict[str, t.Any], json.loads(done.stdout))


def judge(rows: t.Sequence[t.Mapping[str, t.Any]], limit_s: float) -> list[str]:
    """Return what is too much, a sentence each."""
    first, last = rows[0], rows[-1]
    found = []
    seconds = last["parse_s"] + last["model_s"]
    if seconds > limit_s:
        found.append(f"{last['adapters']} adapters took {seconds:.2f} s, more than {limit_s:g} s.")
    per_adapter = [(row["parse_s"] + row["model_s"]) / row["adapters"] for row in (first, last)]
    if len(rows) > 1 and per_adapter[1] > STEEPEST * per_adapter[0]:
        found.append(f"an adapter costs {1e6 * per_adapter[1]:.0f} µs of {last['adapters']}, and {1e6 * per_adapter[0]:.0f} µs of {first['adapters']}.")
    return found


def main(argv: t.Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print a document instead of a table")
    parser.add_argument("--pods", type=int, nargs="+", default=PODS, metavar="N", help="sizes, in pods of 1,250 adapters")
    parser.add_argument("--limit", type=float, default=LIMIT_S, metavar="SECONDS", help="for parsing and modelling the largest")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.measure:
        print(json.dumps(measure(sys.stdin.read())))
        return 0
    rows = [measure_apart(pods) for pods in args.pods]
    too_much = judge(rows, args.limit)
    if args.json:
        print(json.dumps({"schema": "railyard.benchmark.fabric", "schema_version": 1, "runs": rows, "too_much": too_much}, indent=2))
    else:
        print(f"{'adapters':>8} {'switches':>8} {'cables':>8} {'parse s':>8} {'model s':>8} {'defects s':>9} {'µs/adapter':>10} {'peak MiB':>8}")
        for row in rows:
            each = 1e6 * (row["parse_s"] + row["model_s"]) / row["adapters"]
            counts = f"{row['adapters']:>8} {row['switches']:>8} {row['cables']:>8}"
            print(f"{counts} {row['parse_s']:>8.3f} {row['model_s']:>8.3f} {row['defects_s']:>9.3f} {each:>10.0f} {row['peak_mib']:>8.1f}")
        for sentence in too_much:
            print(f"too much: {sentence}")
    return int(bool(too_much))


if __name__ == "__main__":
    sys.exit(main())
