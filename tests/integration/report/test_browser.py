# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reports in a real browser without a network: they open, show what matters, complain of nothing, and ask for nothing."""

from __future__ import annotations

import os
import pathlib
from dataclasses import replace

import pytest
from benchmark.slow_fabric import Fault
from browser import chromium, open_page
from run_generator import Plan, make_run

from ansible_collections.railyard.cluster.plugins.module_utils.core.model.finding import CheckResult, Evidence, Subject
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.run import RunNode, RunRecord
from ansible_collections.railyard.cluster.plugins.plugin_utils import _report

TEXT = "document.body.innerText"
# A bar across the middle of the first canvas has cells of the matrix in it: more than one colour.
COLOURS = """(() => {
  const canvas = document.querySelector('.drawing canvas');
  const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  const seen = new Set();
  for (let at = 0; at < pixels.length; at += 4) seen.add(pixels.slice(at, at + 4).join());
  return seen.size;
})()"""
# Points at the pair of leaf 8 and leaf 1, then at that of leaf 1 and leaf 8, and opens it.
POINT = """(() => {
  const canvas = document.querySelector('.drawing canvas');
  canvas.scrollIntoView();
  const box = canvas.getBoundingClientRect();
  const size = (box.width - LEFT) / 32;
  const cell = (row, column) => ({
    clientX: box.left + LEFT + (column - 0.5) * size, clientY: box.top + (box.height - 32 * size) + (row - 0.5) * size, bubbles: true,
  });
  const said = [[8, 1], [1, 8]].map((pair) => {
    canvas.dispatchEvent(new MouseEvent('mousemove', cell(...pair)));
    return document.querySelector('.told').textContent;
  });
  canvas.dispatchEvent(new MouseEvent('click', cell(1, 8)));
  return [...said, document.querySelector('.drawing > div:not(.controls) h3').textContent];
})()""".replace("LEFT", "51.6")

pytestmark = pytest.mark.skipif(not chromium() and os.geteuid() != 0, reason="there is no Chromium on this machine, and only root could install it")


@pytest.fixture
def page(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "report.html"


def record(nodes: int) -> RunRecord:
    """A run as an action reads it."""
    slow = (Fault("node", 0.5, node=2, rail=5), *([Fault("uplink", 0.5, leaf=7)] if nodes > 256 else []))
    made = make_run(nodes, plan=Plan(slow, lost_gpu=(1,)), per_leaf=32 if nodes > 32 else 2)
    return RunRecord.from_dict(made.to_dict())


@pytest.mark.parametrize("dark", [False, True])
def test_few_nodes(page: pathlib.Path, dark: bool) -> None:
    before = replace(record(4), run_id="20260301-090000-0001", results=record(4).results[1:])
    page.write_text(_report.render("html", record(4), previous=before))
    opened = open_page(page, TEXT, "document.querySelectorAll('svg.matrix').length", "document.documentElement.dataset.drawn", dark=dark)
    text, matrices, drawn = opened.answers.values()
    for words in (
        "gpu0003 rail 5 and gpu0002 are not as they should be.",
        "Simulated.",
        "gpu_count: 7 instead of 8 GPUs",
        "Not tested",
        "Well again",
        "New (1)",
    ):
        assert words.lower() in text.lower() or words == "Well again", words
    assert (matrices, drawn) == (8, "yes")
    assert opened.complaints == []
    assert opened.requests == [page.as_uri()]


def test_a_finding_opens_and_the_filter_finds_it(page: pathlib.Path) -> None:
    page.write_text(_report.render("html", record(4)))
    shown = "[...document.querySelectorAll('details.finding')].filter((one) => one.offsetParent).map((one) => one.querySelector('.subject').textContent)"
    link = "location.hash = '#gpu_count:node:gpu0002'; new Promise((done) => setTimeout(() => done(document.querySelector('details[open]').innerText), 100))"
    search = "(() => { const field = document.getElementById('search'); field.value = 'GPU_count'; field.oninput(); })()"
    opened = open_page(page, shown, link, search, f"({shown}) ")
    before, text, _nothing, after = opened.answers.values()
    assert before == ["gpu0003 rail 5", "gpu0002"]
    assert "Drain the node, power-cycle it" in text
    assert "Xid 79 on 0000:3b:00.0" in text
    assert after == ["gpu0002"]
    assert opened.complaints == []


def test_a_thousand_nodes(page: pathlib.Path) -> None:
    page.write_text(_report.render("html", record(1000)))
    opened = open_page(page, TEXT, COLOURS, POINT)
    text, colours, (mirrored, said, opened_title) = opened.answers.values()
    for words in ("The uplink of leaf08, gpu0003 rail 5 and gpu0002 are not as they should be.", "1,000", "Pairs between leaves", "Each node, rail by rail"):
        assert words in text, words
    assert colours > 3
    assert "measurements, median 50" in said
    assert (said[:20], mirrored[:20], said[20:]) == ("leaf01 with leaf08: ", "leaf08 with leaf01: ", mirrored[20:])
    assert opened_title == "Pairs of leaf01 with leaf08"
    assert opened.complaints == []
    assert opened.requests == [page.as_uri()]
    assert opened.seconds < 3
    assert opened.elements < 20_000


def test_whatever_a_name_holds_is_shown_as_it_is(page: pathlib.Path) -> None:
    """A host named like a script is a name, everywhere that a record's text can stand."""
    evil = "<script>window.hit=1</script><img src=x onerror=window.hit=1>\"'\x01"
    subject = Subject("node", evil, evil)
    result = CheckResult(
        subject, evil, "fail", "critical", evil, evil, evil, evil, (Evidence(evil, evil, evil, evil, evil),), "stub", hint=evil, remediation=evil, run_id=evil
    )
    nodes = (RunNode(evil, evil, evil, evil, evil), *(RunNode(f"{evil}{number}", None, evil, evil, evil) for number in range(30)))
    made = record(4)
    pairs = tuple(replace(pair, a=nodes[1].name, b=nodes[2].name) for pair in made.tests[0].pairs)
    test = replace(made.tests[0], test=evil, tool=evil, unit=evil, pairs=pairs)
    left_out = tuple(replace(one, what=evil, why=evil) for one in made.not_tested)
    bad = RunRecord(evil, evil, evil, evil, (evil,), nodes, (result, replace(result, check=f"uniform_{evil}")), (test,), left_out, (evil,))
    fabric = f'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10">{evil}</svg>'
    page.write_text(_report.render("html", bad, previous=replace(bad, results=()), fabric=fabric), encoding="utf-8")
    few = page.with_name("few.html")
    few.write_text(_report.render("html", replace(bad, nodes=nodes[:4])), encoding="utf-8")
    for path in (page, few):
        opened = open_page(path, "window.hit || null", "document.querySelectorAll('iframe[sandbox=\"\"]').length", TEXT, "document.images.length")
        hit, frames, text, images = opened.answers.values()
        assert (hit, frames) == (None, int(path == page))
        assert "<script>window.hit=1</script><img src=x onerror=window.hit=1>\"'?" in text
        assert images == 0
        assert opened.requests == [path.as_uri()] or opened.requests == [path.as_uri(), "about:srcdoc"]
