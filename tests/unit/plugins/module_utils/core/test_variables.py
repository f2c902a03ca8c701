# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Unknown variables: who owns a name, what is refused, and what the refusal says."""

from __future__ import annotations

import time

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.variables import (
    SetVariable,
    owner_of,
    refuse_unknown,
    shared_names,
    unknown_variables,
)

ROLES = {
    "node": {"node_name"},
    "node_agent": {"node_agent_path"},
    "slurm": {"slurm_partitions", "slurm_nodesets"},
}
SHARED = {"railyard_cluster_name", "secret_munge_key"}
HINT = "A variable of your own that happens to begin like one of ours belongs in railyard_site_variables."


def refusal(*variables: tuple[str, str], own: list[str] | None = None) -> str:
    """Return the refusal's text, or an empty one when nothing is refused."""
    unknown = unknown_variables([SetVariable(*variable) for variable in variables], roles=ROLES, shared=SHARED, own=own or [])
    try:
        refuse_unknown(unknown)
    except CoreError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("node_agent_path", "node_agent"),
        ("node_agents", "node"),
        ("node_agent", "node"),
        ("nodes", ""),
        ("slurm", ""),
        ("__slurm_internal", ""),
        ("slurm_", "slurm"),
    ],
)
def test_the_longest_prefix_owns_a_name(name: str, owner: str) -> None:
    assert owner_of(name, ROLES) == owner


@pytest.mark.parametrize(
    "name",
    ["slurm_partitions", "node_name", "node_agent_path", "railyard_cluster_name", "secret_munge_key", "ansible_host", "my_slurm_partions", "__slurm_x"],
)
def test_known_and_foreign_names_pass(name: str) -> None:
    assert refusal((name, "group all")) == ""


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("slurm_partions", "slurm_partions (group all): role slurm has no such variable; did you mean slurm_partitions?"),
        ("slurm_zzz", "slurm_zzz (group all): role slurm has no such variable; remove it."),
        ("node_agent_name", "node_agent_name (group all): role node_agent has no such variable; did you mean node_agent_path?"),
        ("secret_munge_kye", "secret_munge_kye (group all): nothing in Railyard reads it; did you mean secret_munge_key?"),
        ("railyard_cluster_nam", "railyard_cluster_nam (group all): nothing in Railyard reads it; did you mean railyard_cluster_name?"),
        ("railyard_slurm_nodesets", "railyard_slurm_nodesets (group all): nothing in Railyard reads it; did you mean slurm_nodesets?"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_one(name: str, message: str) -> None:
    assert refusal((name, "group all")) == f"Unknown variable {message} {HINT}"


def test_all_unknown_names_stand_in_one_refusal_with_all_their_places_counted() -> None:
    assert refusal(
        ("slurm_partions", "a.yml:1"), ("node_nam", "b.yml:2"), ("slurm_partions", "c.yml:3"), ("slurm_partions", "a.yml:1"), ("slurm_nodesets", "d.yml:4")
    ) == "\n".join(
        [
            "2 unknown variables:",
            "node_nam (b.yml:2): role node has no such variable; did you mean node_name?",
            "slurm_partions (a.yml:1 and 1 other place): role slurm has no such variable; did you mean slurm_partitions?",
            HINT,
        ]
    )


@pytest.mark.parametrize(("own", "refused"), [(["slurm_site_*"], False), (["slurm_site_a"], False), (["slurm_site"], True), (["*_b"], True)])
def test_a_sites_own_names_pass(own: list[str], refused: bool) -> None:
    assert bool(refusal(("slurm_site_a", "group all"), own=own)) is refused


def test_shared_names_are_read_from_yaml_without_its_comments() -> None:
    text = """---
# railyard_in_a_comment
munge_key: "{{ secret_munge_key }}"  # secret_in_a_trailing_comment
base_proxy: "{{ railyard_proxy | default({}) }}"
base_file: /etc/railyard_file.conf
base_name: my_railyard_thing
"""
    assert shared_names([text]) == {"secret_munge_key", "railyard_proxy"}


def test_the_time_is_linear_for_four_thousand_hosts() -> None:
    """Each host sets the same wrong name: it is compared with the known ones once, not once per host."""
    variables = [SetVariable(f"slurm_partions{kind}", f"host node{host}") for host in range(4000) for kind in range(20)]
    before = time.process_time()
    unknown = unknown_variables(variables, roles=ROLES, shared=SHARED)
    assert len(unknown) == 20
    assert time.process_time() - before < 2
