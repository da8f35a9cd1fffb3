"""What is written down beside the exchanges: what was asked for, what was read, and what each check found.

With it, and the exchanges, an audit can be judged again without the vendor, its file or its documents.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from cmms_audit.battery.engine import CheckFinished
from cmms_audit.errors import InputError
from cmms_audit.intake import Intake, without_secrets
from cmms_audit.model import Sends
from cmms_audit.recorded_order import as_named, without_secrets_in
from cmms_audit.spec.index import Spec
from cmms_audit.vendor import Vendor
from cmms_audit.wire.journal import Journal
from cmms_audit.wire.redact import Redactor

_QUICK = 1  # of the levels of compression: documents of several megabytes are common


class Minutes:
    """Writes down what one run reads and finds; nothing where there is no journal, because it is only read again."""

    def __init__(self, journal: Journal | None, redactor: Redactor, vendor: Vendor) -> None:
        self._journal = journal
        self._redactor = redactor
        self._vendor = vendor

    def documents(self, intake: Intake) -> None:
        """Write down the descriptions that were read, and the dialect."""
        if self._journal is None:
            return
        read = {"spec_sha256": intake.document, "previous_spec_sha256": intake.previous}
        hashes = {name: document.sha256 if isinstance(document, Spec) else None for name, document in read.items()}
        dialect = msgspec.to_builtins(intake.dialect, enc_hook=dict)
        self._journal.write("documents", {**hashes, "dialect": without_secrets_in(dialect, self._redactor)})
        for key, name, document in self._local(intake):
            self._keep(key, name, intake.local[key], document.sha256)

    def parts(self, intake: Intake) -> None:
        """Write down the further files that the descriptions refer to, once all that are needed have been read."""
        if self._journal is None:
            return
        for key, name, document in self._local(intake):
            for path in document.files[1:]:
                part = Path(name).parent / path.relative_to(intake.local[key].parent)
                self._keep(key, part.as_posix(), path, None)

    async def check(self, event: CheckFinished) -> None:
        """Write what a check found beside the exchanges that it saw, and make both outlive a power cut.

        Others go on while the disk is waited for.
        """
        if self._journal is None:
            return
        found = [
            {
                "fingerprint": finding.fingerprint,
                "verdict": finding.verdict,
                "reason": finding.reason,
                "summary": self._redactor.text(finding.summary),
            }
            for finding in event.findings
        ]
        self._journal.write("check", {"id": event.check.id, "gave_up": event.gave_up, "findings": found})
        if event.looked and event.check.sends is not Sends.NOTHING:
            await asyncio.to_thread(self._journal.sync)

    def _local(self, intake: Intake) -> Iterator[tuple[str, str, Spec]]:
        """The key, the name and the description of each that came from a file."""
        vendor = self._vendor
        named = (("spec", vendor.spec, intake.document), ("previous_spec", vendor.previous_spec, intake.previous))
        for key, name, document in named:
            if isinstance(document, Spec) and name is not None and key in intake.local:
                yield key, as_named(self._vendor, name), document

    def _keep(self, key: str, name: str, path: Path, sha256: str | None) -> None:
        assert self._journal is not None  # noqa: S101 - asked before
        data = without_secrets(path.read_bytes(), self._redactor)
        if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
            raise InputError(f"{path} has changed while it was read; run the audit again")
        content = base64.b64encode(zlib.compress(data, _QUICK)).decode("ascii")
        self._journal.write("document", {"key": key, "name": name, "zlib_base64": content})
