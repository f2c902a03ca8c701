# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Put pip into a fresh virtual environment of ansible-test without a download from outside the package index.

ansible-test bootstraps its environments with a script it fetches from a host of its own; where only a package index
can be reached that ends in a failure. Python carries a pip; this starts it, and lets it install the versions that
ansible-test asked for.
"""

from __future__ import annotations

import subprocess
import sys

NOT_FOR_PIP = {"--no-setuptools", "--no-wheel"}

if __name__ == "__main__":
    # In a process of its own: within this one it would switch off pip's configuration for the second step too.
    subprocess.run([sys.executable, "-m", "ensurepip", "--upgrade"], check=True)
    wanted = [argument for argument in sys.argv[1:] if argument not in NOT_FOR_PIP]
    sys.exit(subprocess.run([sys.executable, "-m", "pip", "install", *wanted], check=False).returncode)
