#!/usr/bin/env bash
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Take every lab away and remove what the targets made. The apt packages stay; they are listed at the end.
set -eu
cd "$(dirname "$0")/.."
state=/var/lib/railyard
if [ -d "$state" ]; then
    if [ "$(id -u)" != 0 ] || [ ! -x .venv/bin/railyard ]; then
        echo "Labs and their images lie in $state: run \"make dev\" and then, as root, \"make clean\"." >&2
        exit 2
    fi
    for lab in "$state"/labs/*/; do
        [ ! -d "$lab" ] || .venv/bin/railyard lab down --purge --name "$(basename "$lab")"
    done
    # The package cache and the image go with the last lab.
    .venv/bin/ansible-playbook railyard.cluster.lab_down -e '{"lab_purge": true, "lab_purge_shared": true}' >/dev/null
    rm -rf --one-file-system "$state"
fi
find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
rm -rf .venv .venv-next .ansible .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist ./*.egg-info cli/*.egg-info tests/output railyard-cluster-*.tar.gz
echo "Removed. These apt packages were left on the machine:" "$(sed 's/#.*//' .ci/apt-packages .ci/apt-packages-tests | xargs)"
