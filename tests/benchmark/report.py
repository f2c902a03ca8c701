# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measure what a report costs: to render runs of several sizes, and to open the page in a real browser, headless Chromium without a network.

Runs of 8 rails with planted faults are generated. Where there is no Chromium, nothing is opened. Exit status: 0 measured; 1 the largest took
longer than the limit to open.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
import tempfile
import time
import typing as t

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY / path) for path in ("cli", "tests", ".ansible/collections")]

SIZES = (4, 64, 1000)
RAILS = 8
LIMIT_S = 3.0


def measure(nodes: int, folder: pathlib.Path) -> dict[str, t.Any]:
    """Render a run and open it."""
    from benchmark.slow_fabric import Fault
    from browser import chromium, open_page
    from run_generator import Plan, make_run

    from ansible_collections.railyard.cluster.plugins.module_utils.core.model.run import RunRecord
    from ansible_collections.railyard.cluster.plugins.plugin_utils import _report

    slow = (Fault("node", 0.3, node=nodes - 2), Fault("node", 0.15, node=nodes // 2, rail=3), *([Fault("uplink", 0.4, leaf=7)] if nodes > 256 else []))
    plan = Plan(slow, dead=(5,) if nodes > 8 else (), lost_gpu=(1,), old_firmware=tuple(range(nodes // 10)))
    per_leaf = 32 if nodes > 32 else max(1, nodes // 2)
    document = make_run(nodes, RAILS, plan=plan, per_leaf=per_leaf).to_dict()
    before = make_run(nodes, RAILS, seed=1, per_leaf=per_leaf, run_id="20260301-090000-0000").to_dict()
    start = time.perf_counter()
    record, previous = RunRecord.from_dict(document), RunRecord.from_dict(before)
    page = _report.render("html", record, previous=previous)
    seconds = time.perf_counter() - start
    path = folder / f"report-{nodes}.html"
    path.write_text(page, encoding="utf-8")
    opened = open_page(path) if chromium() else None
    return {
        "nodes": nodes,
        "measurements": len(record.tests[0].pairs),
        "render_s": round(seconds, 3),
        "bytes": path.stat().st_size,
        "open_s": opened and round(opened.seconds, 3),
        "elements": opened and opened.elements,
        "heap_mib": opened and round(opened.heap_mib, 1),
    }


def judge(rows: t.Sequence[t.Mapping[str, t.Any]], limit_s: float) -> list[str]:
    """Return what is too much, a sentence each."""
    last = rows[-1]
    return [f"{last['nodes']} nodes took {last['open_s']:.2f} s to open, more than {limit_s:g} s."] if last["open_s"] and last["open_s"] > limit_s else []


def main(argv: t.Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print a document instead of a table")
    parser.add_argument("--nodes", type=int, nargs="+", default=SIZES, metavar="N", help="sizes")
    parser.add_argument("--limit", type=float, default=LIMIT_S, metavar="SECONDS", help="for opening the largest")
    parser.add_argument("--keep", type=pathlib.Path, metavar="FOLDER", help="leave the pages there")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        rows = [measure(nodes, args.keep or pathlib.Path(folder)) for nodes in args.nodes]
    too_much = judge(rows, args.limit)
    if args.json:
        print(json.dumps({"schema": "railyard.benchmark.report", "schema_version": 1, "runs": rows, "too_much": too_much}, indent=2))
        return int(bool(too_much))
    print(f"{'nodes':>6} {'measurements':>12} {'render s':>8} {'KB':>6} {'open s':>7} {'elements':>8} {'heap MiB':>8}")
    for row in rows:
        opened = f"{row['open_s']:>7.2f} {row['elements']:>8} {row['heap_mib']:>8.1f}" if row["open_s"] else "      -        -        -  (no Chromium)"
        print(f"{row['nodes']:>6} {row['measurements']:>12} {row['render_s']:>8.2f} {row['bytes'] / 1000:>6.0f} {opened}")
    for sentence in too_much:
        print(f"too much: {sentence}")
    return int(bool(too_much))


if __name__ == "__main__":
    sys.exit(main())
