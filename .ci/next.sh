#!/usr/bin/env bash
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Run the unit tests on the next ansible-core, in a virtual environment of their own. Exits with 77 where there is no
# Python that it needs.
set -eu
cd "$(dirname "$0")/.."
python=$(.ci/python.sh 3.12 2>/dev/null) || exit 77
stamp=.venv-next/railyard.stamp
state=$(sha256sum .ci/next-requirements.txt .ci/next.sh)
if [ "$(cat "$stamp" 2>/dev/null)" != "$state" ]; then
    "$python" -m venv --clear .venv-next
    .venv-next/bin/python -m pip install -qq --disable-pip-version-check --requirement .ci/next-requirements.txt
    echo "$state" >"$stamp"
fi
PYTHONPATH=$PWD/cli exec .venv-next/bin/python -m pytest tests/unit -q -p no:cacheprovider "$@"
