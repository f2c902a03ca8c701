# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to the collection: it may change at any time.
"""The certificates of a lab's BMCs: one authority and one certificate for all of them, made together."""

from __future__ import annotations

import datetime
import ipaddress
import typing as t

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
except ImportError:
    # ansible-core brings it; whoever only checks the collection's files imports this without it.
    pass

if t.TYPE_CHECKING:
    from collections.abc import Mapping

YEARS = 10


def make(name: str, addresses: Mapping[str, str]) -> tuple[str, str]:
    """Return the authority's certificate, and the BMCs' key and certificate, both as PEM.

    ``addresses`` has the BMCs' host names and IP addresses. The authority's own key is thrown away: it signs this once.
    """
    now = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)

    def build(common_name: str, issuer: str, key: t.Any, *, authority: bool) -> t.Any:
        usage = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False)
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + datetime.timedelta(days=365 * YEARS))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True)
            .add_extension(x509.KeyUsage(digital_signature=not authority, key_cert_sign=authority, crl_sign=authority, **usage), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        )

    authority_name = f"Railyard lab {name}"
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = build(authority_name, authority_name, authority_key, authority=True).sign(authority_key, hashes.SHA256())
    names: list[t.Any] = [x509.DNSName(host) for host in addresses]
    names += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses.values()]
    certificate = (
        build(f"BMCs of the lab {name}", authority_name, key, authority=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem = serialization.Encoding.PEM
    return authority.public_bytes(pem).decode(), (private + certificate.public_bytes(pem)).decode()
