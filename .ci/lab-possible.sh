#!/usr/bin/env bash
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Succeed where the lab can run; otherwise say in one sentence why it cannot.
if [ "$(uname -s)" != Linux ]; then
    echo "the lab needs root and systemd-nspawn on Linux: this is $(uname -s)"
elif [ "$(id -u)" != 0 ]; then
    echo "the lab needs root and systemd-nspawn on Linux: this is not root"
elif ! command -v systemd-nspawn >/dev/null; then
    echo "the lab needs root and systemd-nspawn on Linux: systemd-nspawn is not installed (make system)"
else
    exit 0
fi
exit 1
