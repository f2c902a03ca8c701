# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options that the collection's inventory plugins share. To be named before C(inventory_cache), whose defaults these replace."""

from __future__ import annotations


class ModuleDocFragment:
    """The sources are slow, so their answers are kept by default, and kept from one run to the next."""

    DOCUMENTATION = r"""
options:
  cache:
    description:
      - Whether the source's answers are kept, and used again until they are older than O(cache_timeout).
      - With C(--flush-cache), with C(ansible.builtin.meta) and its C(refresh_inventory), and after a change of the inventory file it is asked anew.
    type: bool
    default: true
    env:
      - name: ANSIBLE_INVENTORY_CACHE
    ini:
      - section: inventory
        key: cache
  cache_plugin:
    description: Where the answers are kept.
    type: str
    default: ansible.builtin.jsonfile
    env:
      - name: ANSIBLE_INVENTORY_CACHE_PLUGIN
    ini:
      - section: inventory
        key: cache_plugin
  cache_timeout:
    description: Seconds for which the answers are used again.
    type: int
    default: 3600
    env:
      - name: ANSIBLE_INVENTORY_CACHE_TIMEOUT
    ini:
      - section: inventory
        key: cache_timeout
  cache_connection:
    description: The folder of the cache, or what else O(cache_plugin) wants to know.
    type: str
    default: ~/.cache/railyard/inventory
    env:
      - name: ANSIBLE_INVENTORY_CACHE_CONNECTION
    ini:
      - section: inventory
        key: cache_connection
  cache_prefix:
    description: What the names of the cache's files begin with.
    type: str
    default: ansible_inventory_
    env:
      - name: ANSIBLE_INVENTORY_CACHE_PLUGIN_PREFIX
    ini:
      - section: inventory
        key: cache_prefix
"""
