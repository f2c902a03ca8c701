# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A certificate authority and certificates for loopback addresses, made when they are needed and valid for a day."""

from __future__ import annotations

import datetime
import ipaddress
import pathlib
import ssl
import sys
from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Authority:
    """A certificate authority. ``ca_path`` is its own certificate, which clients trust."""

    def __init__(self, folder: pathlib.Path, name: str = "Test authority") -> None:
        self._folder, self._name = folder, x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self._key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._built(self._name, self._key.public_key()).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        signed = certificate.add_extension(usage, critical=True).add_extension(self._identifier(), critical=False).sign(self._key, hashes.SHA256())
        self.ca_path = folder / f"{name}.pem".replace(" ", "_").lower()
        self.ca_path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))

    def server_context(self, addresses: Iterable[str]) -> ssl.SSLContext:
        """Return the context of a server at these addresses."""
        path = self.certificate(addresses)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        path.unlink()
        return context

    def certificate(self, addresses: Iterable[str]) -> pathlib.Path:
        """Return a file with the certificate and the key of a server at these addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test server")])
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address)) for address in addresses])
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        built = self._built(subject, key.public_key()).add_extension(names, critical=False).add_extension(issuer, critical=False)
        signed = built.sign(self._key, hashes.SHA256())
        path = self._folder / f"server-{signed.serial_number:x}.pem"
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        path.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + private)
        return path

    def _built(self, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        built = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(key).serial_number(x509.random_serial_number())
        return built.not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=1))

    def _identifier(self) -> x509.SubjectKeyIdentifier:
        return x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())


def main() -> None:
    """Write an authority and servers' certificates into a folder: ``python -m fake_redfish.certificates FOLDER ADDRESS,ADDRESS...``.

    Prints the paths: the authority's, and one for each group of addresses.
    """
    folder, *groups = sys.argv[1:]
    authority = Authority(pathlib.Path(folder))
    print(authority.ca_path)
    for group in groups:
        print(authority.certificate(group.split(",")))


if __name__ == "__main__":
    main()
