# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's half of railyard.cluster.network_bandwidth."""

from __future__ import annotations

from ansible_collections.railyard.cluster.plugins.plugin_utils._pair_measurement import PairMeasurement


class ActionModule(PairMeasurement):
    MODULE = "railyard.cluster.network_bandwidth"
