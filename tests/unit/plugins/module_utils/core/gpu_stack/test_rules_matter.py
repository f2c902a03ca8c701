# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Each rule is left out in turn: a case or the grid must then be wrong, or the rule would decide nothing that the tables know of."""

from __future__ import annotations

import itertools
from functools import partial

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.gpu_stack import (
    rules_compute,
    rules_driver,
    rules_fabric,
    rules_packages,
    rules_system,
)
from ansible_collections.railyard.cluster.plugins.module_utils.core.gpu_stack.resolve import RULES, Rule, decide

from .cases import CASES, GPUS, SYSTEMS
from .checking import wrong, wrong_in_grid


def red(left_out: Rule | None) -> str:
    """Return the first thing that is wrong without a rule; empty for nothing. A rule that falls over what is missing tells that, too."""
    resolver = partial(decide, rules=[rule for rule in RULES if rule is not left_out])
    try:
        for case in CASES:
            if found := wrong(case, resolver):
                return f"{case.name}: {found[0]}"
        for gpu, system in itertools.product(GPUS, SYSTEMS):
            if first := next(wrong_in_grid(gpu, system, resolver), ""):
                return first
    except (AttributeError, KeyError, TypeError) as error:
        return repr(error)
    return ""


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_without_a_rule_a_case_is_wrong(rule: Rule) -> None:
    assert red(rule)


def test_with_all_rules_nothing_is_wrong() -> None:
    assert red(None) == ""


def test_every_rule_is_in_the_list() -> None:
    modules = (rules_driver, rules_packages, rules_system, rules_fabric, rules_compute)
    written = {
        name
        for module in modules
        for name, function in vars(module).items()
        if callable(function) and getattr(function, "__module__", "") == module.__name__ and not name.startswith("_") and name != "name_of"
    }
    assert written == {rule.__name__ for rule in RULES}
    assert len(RULES) == len(set(RULES))
