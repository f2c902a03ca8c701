#!/usr/bin/env bash
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Install the apt packages that the lab needs and that are missing. As root on Debian or Ubuntu; elsewhere it says in
# one sentence what cannot run and what still can. Further lists of packages are arguments.
set -eu
cd "$(dirname "$0")/.."
still="what still works: railyard --help, railyard parse, and the collection against hosts of your own"

if ! command -v apt-get >/dev/null; then
    echo "The lab needs a Debian machine with systemd-nspawn and this one has no apt; $still."
    exit 0
fi
missing=()
while read -r package _purpose; do
    dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done < <(grep -hv '^#' .ci/apt-packages "$@")
if [ ${#missing[@]} = 0 ]; then
    exit 0
fi
if [ "$(id -u)" != 0 ]; then
    echo "The lab needs root and the apt packages ${missing[*]} (sudo make system); $still."
    exit 0
fi
echo "Installing ${missing[*]} ..."
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -y -q --no-install-recommends "${missing[@]}"
