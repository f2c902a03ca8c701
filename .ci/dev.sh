#!/usr/bin/env bash
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Prepare .venv with the railyard command and everything the tests call, and the link under which Ansible finds the
# collection in this checkout. No root. Done once per state of pyproject.toml; again after a half-finished run.
set -eu
cd "$(dirname "$0")/.."
link=.ansible/collections/ansible_collections/railyard/cluster
mkdir -p "$(dirname "$link")"
[ -L "$link" ] || ln -s ../../../.. "$link"

stamp=.venv/railyard.stamp
state=$(sha256sum pyproject.toml .ci/dev.sh)
if [ -x .venv/bin/railyard ] && [ "$(cat "$stamp" 2>/dev/null)" = "$state" ]; then
    exit 0
fi
if ! .venv/bin/python -c 'import pip' 2>/dev/null; then
    python=$(.ci/python.sh 3.11)
    "$python" -m venv --clear .venv
fi
echo "Installing the railyard command and the tools into .venv (a minute or two the first time) ..."
.venv/bin/python -m pip install -qq --disable-pip-version-check --editable '.[dev]'
echo "$state" >"$stamp"
