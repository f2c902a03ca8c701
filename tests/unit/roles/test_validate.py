# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the tests of GPUs are told of a node, from its hardware class."""

from __future__ import annotations

import typing as t

import pytest

Render = t.Callable[..., list[dict[str, t.Any]]]
EXPRESSIONS = ["__validate_gpus", "__validate_declared_rails", "__validate_gpu_timeout"]
CPU = {"sockets": 1, "cores_per_socket": 8, "threads_per_core": 1}
TESTS = {"gpu_bandwidth": 600, "nccl_bandwidth": 2 * 2 * 300, "gpu_diag": 1800}


def told(render: Render, **variables: t.Any) -> dict[str, int]:
    answer = render("validate", systems=[("Debian", "12")], variables=variables, expressions=EXPRESSIONS)[0]
    return {name: int(value) for name, value in answer["expressions"].items()}


@pytest.mark.parametrize(
    ("variables", "gpus", "rails"),
    [
        ({}, 0, 0),
        ({"railyard_hardware_class": "h100_sxm_8"}, 8, 8),
        (
            {
                "railyard_hardware_class": "bare",
                "railyard_hardware_classes": {"bare": {"memory_mib": 1024, "cpu": CPU}},
            },
            0,
            0,
        ),
        ({"railyard_hardware_class": "half", "railyard_hardware_classes": {"half": {"based_on": "h100_sxm_8", "gpus": {"count": 4}}}}, 4, 8),
    ],
)
def test_what_a_node_should_have_is_what_its_class_declares(render: Render, variables: dict[str, t.Any], gpus: int, rails: int) -> None:
    found = told(render, **variables)
    assert (found["__validate_gpus"], found["__validate_declared_rails"]) == (gpus, rails)


@pytest.mark.parametrize("tests", [[], ["gpu_bandwidth"], ["gpu_bandwidth", "nccl_bandwidth"], ["gpu_diag", "nccl_bandwidth"]])
def test_the_task_has_longer_than_its_programs(render: Render, tests: list[str]) -> None:
    assert told(render, validate_gpu_tests=tests)["__validate_gpu_timeout"] == 300 + sum(TESTS[name] for name in tests)
