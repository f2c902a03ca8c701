# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's half of railyard.cluster.nccl_bandwidth: judges collectives over the GPUs of a node; documented in plugins/modules/nccl_bandwidth.py."""

from __future__ import annotations

import typing as t

from ansible_collections.railyard.cluster.plugins.plugin_utils._gpu_tests import GpuTest, judge_collectives

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ansible_collections.railyard.cluster.plugins.module_utils.core.model.finding import CheckResult


class ActionModule(GpuTest):
    def judge(self, result: Mapping[str, t.Any]) -> Sequence[CheckResult]:
        return judge_collectives(result)
