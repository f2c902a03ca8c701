# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The schemas of parsed outputs, of facts and of findings are those of the dataclasses that hold them."""

from __future__ import annotations

import importlib.util
import json
import pathlib
import types

import pytest

from railyard.core.parse.registry import KINDS


def make_schemas(repository: pathlib.Path) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location("make_schemas", repository / ".ci/make_schemas.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_is_the_parsers(kind: str, repository: pathlib.Path) -> None:
    written = json.loads((repository / f"docs/schemas/parse.{kind}.json").read_text())
    assert written == make_schemas(repository).schema(kind), "make schemas writes it anew"


def test_the_schema_of_facts_is_the_models(repository: pathlib.Path) -> None:
    assert json.loads((repository / "docs/schemas/facts.json").read_text()) == make_schemas(repository).facts_schema(), "make schemas writes it anew"


def test_the_schema_of_findings_is_the_models(repository: pathlib.Path) -> None:
    assert json.loads((repository / "docs/schemas/findings.json").read_text()) == make_schemas(repository).findings_schema(), "make schemas writes it anew"


def test_no_schema_is_left_over(repository: pathlib.Path) -> None:
    assert {path.stem.removeprefix("parse.") for path in (repository / "docs/schemas").glob("parse.*.json")} == set(KINDS)
