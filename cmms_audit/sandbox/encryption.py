"""How an embedded vendor is encrypted: its certificate, and the habits that make encryption worse."""

from __future__ import annotations

import ssl
import warnings
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Encryption:
    """A certificate with its chain and its key, as files in PEM form.

    `old_versions` takes up connections of TLS 1.0 and 1.1, too; `plain_beside` answers on the same port without any.
    """

    certificate: Path
    key: Path
    old_versions: bool = False
    plain_beside: bool = False

    def context(self) -> ssl.SSLContext:
        """What the server speaks. Raises OSError (ssl.SSLError is one) where a file cannot be used."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        if self.old_versions:
            with warnings.catch_warnings():  # Python warns of old versions
                warnings.simplefilter("ignore", DeprecationWarning)
                context.minimum_version = ssl.TLSVersion.TLSv1
            context.set_ciphers("ALL:@SECLEVEL=0")
        return context
