#!/usr/bin/env bash
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Print the path of a Python that starts, is at least the version in $1 (such as 3.11) and can make virtual
# environments; or say in one sentence that there is none.
set -u
oldest=$1
check="import sys, venv, ensurepip; sys.exit(sys.version_info < ($(echo "$oldest" | tr . ,),))"
pyenv=${PYENV_ROOT:-$HOME/.pyenv}
for candidate in ${RAILYARD_PYTHON:-} python3.11 python3.12 python3.13 python3 python3.14 "$pyenv"/versions/3.1[1-9]*/bin/python3; do
    if path=$(command -v "$candidate") && "$path" -c "$check" 2>/dev/null; then
        # A pyenv shim works only in some folders: ask the interpreter where it is.
        exec "$path" -c 'import sys; print(sys.executable)'
    fi
done
echo "There is no Python $oldest or newer with venv on this machine: install one (on Debian 12: apt install python3 python3-venv) or name it in RAILYARD_PYTHON." >&2
exit 1
