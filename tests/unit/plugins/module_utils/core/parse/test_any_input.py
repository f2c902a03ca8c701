# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whatever a parser is given, it answers with a document or with CoreError: garbage, truncations and mutations of samples and recordings.

Every document has the form of its schema, and every sample is read whole.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import recordings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.document import Document, as_fields
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.registry import FOLDERS, KINDS

REPOSITORY = Path(__file__).resolve().parents[6]
SAMPLES = REPOSITORY / "tests/fixtures/parse"
# Where the recordings of a kind lie.
RECORDED = {
    "amd-smi": ("amd/amd-smi*", "amd/rocm-smi*"),
    "dcgm-diag": ("dcgm/dcgmi-diag*",),
    "dcgm-metrics": ("dcgm/dcgm-exporter*",),
    "dmidecode": ("dmidecode/*.txt",),
    "ibnetdiscover": ("infiniband/ibnetdiscover*",),
    "iblinkinfo": ("infiniband/iblinkinfo*",),
    "ibqueryerrors": ("infiniband/ibqueryerrors*",),
    "ibstat": ("infiniband/ibstat.*",),
    "lldp": ("lldp/*", "infiniband/lldpctl-json*"),
    "lspci": ("lspci/*",),
    "nccl-tests": ("nccl_tests/*",),
    "nvidia-smi": ("nvidia_smi/*.q*.txt", "nvidia_smi/*.xml"),
    "nvidia-smi-topo": ("nvidia_smi/*topo-m*",),
    "nvlink": ("nvidia_smi/*nvlink*",),
    "perfquery": ("infiniband/perfquery*",),
    "nvbandwidth": ("perftest/nvbandwidth*",),
    "perftest": ("perftest/ib_*",),
    "slurm-nodes": ("slurm/scontrol-show-node*", "slurm/sinfo-json*", "slurm/slurmrestd-node*", "slurm/slurmd-C*"),
    "xid": ("xid/*",),
}
# Mutating a whole recording of hundreds of kilobytes is slow and finds no more than mutating its beginning.
LONGEST = 20_000

SINGLE = sorted(set(KINDS) - FOLDERS)
EXAMPLES = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)


@lru_cache
def validator(kind: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads((REPOSITORY / f"docs/schemas/parse.{kind}.json").read_text()))


@lru_cache
def seeds(kind: str) -> tuple[str, ...]:
    module = KINDS[kind]
    files = sorted((SAMPLES / module).glob("*")) if (SAMPLES / module).is_dir() else []
    for pattern in RECORDED.get(kind, ()):
        files += sorted(recordings.FOLDER.glob(pattern))
    return tuple(path.read_text(encoding="utf-8", errors="replace")[:LONGEST] for path in files)


def answer(kind: str, source: Any) -> Document | None:
    """Parse, and check whatever comes out against the schema. Anything but a document or CoreError fails the test."""
    try:
        document: Document = importlib.import_module(f"ansible_collections.railyard.cluster.plugins.module_utils.core.parse.{KINDS[kind]}").parse(source)
    except CoreError as error:
        assert str(error)
        return None
    assert isinstance(document, Document)
    fields = as_fields(document)
    text = json.dumps(fields, allow_nan=False)
    validator(kind).validate({"schema": f"railyard.parse.{kind}", "schema_version": 1, **json.loads(text)})
    return document


@pytest.mark.parametrize("kind", SINGLE)
def test_garbage(kind: str) -> None:
    @EXAMPLES
    @given(st.one_of(st.text(max_size=400), st.binary(max_size=400).map(lambda data: data.decode("utf-8", "replace")), json_texts()))
    def check(text: str) -> None:
        answer(kind, text)

    check()
    for text in ("", " \n", "[" * 100_000, "{}", "[]", "null", "<a>", "\x00"):
        answer(kind, text)


def json_texts() -> st.SearchStrategy[str]:
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10)
    return st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)).map(json.dumps)


@pytest.mark.parametrize("kind", SINGLE)
def test_truncations_and_mutations(kind: str) -> None:
    texts = seeds(kind)
    assert texts, f"{kind} has no sample in tests/fixtures/parse/{KINDS[kind]}"

    @EXAMPLES
    @given(st.data())
    def check(data: st.DataObject) -> None:
        answer(kind, mutate(data, data.draw(st.sampled_from(texts))))

    check()
    for text in texts:
        for part in range(1, 16):
            answer(kind, text[: len(text) * part // 16])


def mutate(data: st.DataObject, text: str) -> str:
    """Cut, repeat, replace or swap parts of a text."""
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, max(0, len(text) - 1)))
        end = min(len(text), start + data.draw(st.integers(0, 60)))
        how = data.draw(st.sampled_from(("cut", "drop", "twice", "replace", "number", "lines")))
        if how == "cut":
            text = text[:end]
        elif how == "drop":
            text = text[:start] + text[end:]
        elif how == "twice":
            text = text[:end] + text[start:]
        elif how == "replace":
            text = text[:start] + data.draw(st.text(max_size=8)) + text[end:]
        elif how == "number":
            text = text[:start] + data.draw(st.sampled_from(("-1", "9" * 30, "1e999", "nan", "0x", "[N/A]", "²"))) + text[end:]
        else:
            lines = text.splitlines(keepends=True)
            if lines:
                lines.insert(data.draw(st.integers(0, len(lines) - 1)), data.draw(st.sampled_from(lines)))
            text = "".join(lines)
    return text


@pytest.mark.parametrize("kind", sorted(FOLDERS))
def test_any_folder(kind: str) -> None:
    names = st.sampled_from(("redfish/v1/index.json", "redfish/v1/Systems/index.json", "redfish/v1/Systems/1/index.json", "index.json", "x", "a/b.json"))

    @EXAMPLES
    @given(st.dictionaries(names, st.one_of(st.text(max_size=80), json_texts()), max_size=5))
    def check(folder: Mapping[str, str]) -> None:
        answer(kind, folder)

    check()


@pytest.mark.parametrize("kind", SINGLE)
def test_samples_of_our_own_are_read_whole(kind: str) -> None:
    """A sample is a text of the form that we write ourselves: so that every kind has a test where the recordings are absent."""
    folder = SAMPLES / KINDS[kind]
    assert folder.is_dir(), f"{kind} has no sample in tests/fixtures/parse/{KINDS[kind]}"
    for path in sorted(folder.glob("*")):
        document = answer(kind, path.read_text(encoding="utf-8"))
        assert document is not None, path.name
        assert document.complete == ("truncated" not in path.name), path.name
