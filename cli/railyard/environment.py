# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What of the caller's environment a playbook's process may see. Pure."""

from __future__ import annotations

from collections.abc import Mapping

# Who and where we are, the terminal, the SSH and Kerberos agents, the way to the outside, and the settings of Ansible and of Railyard.
_NAMES = frozenset(
    {
        "HOME", "KRB5CCNAME", "LANG", "LANGUAGE", "LOGNAME", "PATH", "SHELL", "SSH_AGENT_PID", "SSH_AUTH_SOCK", "SSL_CERT_DIR", "SSL_CERT_FILE",
        "SUDO_USER", "TERM", "TMPDIR", "TZ", "USER", "VIRTUAL_ENV", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
        "http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
    }
)  # fmt: skip
_PREFIXES = ("ANSIBLE_", "LC_", "RAILYARD_", "XDG_")
# What ansible-runner itself tells its callback plugin.
_RUNNER = ("AWX_ISOLATED_DATA_DIR", "RUNNER_OMIT_EVENTS", "RUNNER_ONLY_FAILED_EVENTS", "ORIGINAL_STDOUT_CALLBACK")


def scrubbed(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what may pass: a short list, and the names in ``RAILYARD_PASS_ENVIRONMENT`` (for lookups that need a token, say)."""
    asked = {name.strip() for name in environment.get("RAILYARD_PASS_ENVIRONMENT", "").split(",") if name.strip()}
    return {name: value for name, value in environment.items() if name in _NAMES or name in asked or name in _RUNNER or name.startswith(_PREFIXES)}
