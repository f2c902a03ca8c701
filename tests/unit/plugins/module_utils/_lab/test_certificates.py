# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The BMCs' certificates, judged by the TLS of Python's standard library."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils._lab import certificates

ADDRESSES = {"bmc-node1": "10.215.0.101", "bmc-node2": "10.215.0.102"}


@pytest.fixture(scope="module")
def made() -> tuple[str, str]:
    return certificates.make("default", ADDRESSES)


def handshake(authority: str, certificate: Path, name: str) -> None:
    """Shake hands in memory, the client looking for ``name``."""
    client_in, server_in = ssl.MemoryBIO(), ssl.MemoryBIO()
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(certificate)
    client = ssl.create_default_context(cadata=authority).wrap_bio(client_in, server_in, server_hostname=name)
    server = server_context.wrap_bio(server_in, client_in, server_side=True)
    done = set()
    while len(done) < 2:
        for side in (client, server):
            try:
                side.do_handshake()
                done.add(side)
            except ssl.SSLWantReadError:
                pass


@pytest.mark.parametrize("name", ["10.215.0.101", "10.215.0.102", "bmc-node1"])
def test_every_bmc_is_known_by_its_address_and_its_name(made: tuple[str, str], name: str, tmp_path: Path) -> None:
    (tmp_path / "pem").write_text(made[1])
    handshake(made[0], tmp_path / "pem", name)


def test_another_address_or_another_labs_authority_is_refused(made: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "pem").write_text(made[1])
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        handshake(made[0], tmp_path / "pem", "10.215.0.103")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(certificates.make("default", ADDRESSES)[0], tmp_path / "pem", "10.215.0.101")


def test_the_authority_comes_without_its_key(made: tuple[str, str]) -> None:
    assert "PRIVATE KEY" not in made[0]
    assert made[1].count("PRIVATE KEY") == 2
