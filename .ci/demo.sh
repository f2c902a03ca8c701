#!/usr/bin/env bash
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Boot the lab, make it a cluster, prove it with real jobs; each step can be run again by hand.
set -eu
cd "$(dirname "$0")/.."
if ! why=$(.ci/lab-possible.sh); then
    echo "Cannot run the demo: $why; what still works: railyard --help, railyard parse, and the collection against hosts of your own." >&2
    exit 2
fi
PATH=$PWD/.venv/bin:$PATH
railyard lab up
railyard apply
railyard lab status
railyard lab demo
echo "The demo took $(($(date +%s) - ${RAILYARD_STARTED:-$(date +%s)})) s."
