"""Vendors who call a word of ours the secret of a subscription: nothing of ours stays behind, and all is looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.test_webhooks_fetched_secret import Sender, judged


@pytest.mark.parametrize("word", ["cmms-audit", "retry-after", "work-orders", "callback", "1a2b3c4d-fccc53d2"])
def test_everything_of_ours_is_found_and_deleted_again(word: str, tmp_path: Path) -> None:
    sender = Sender(told=lambda secret: {"secret": word, "signing_secret": secret})
    finding, written = judged(sender, tmp_path)

    assert "was verified" in finding.summary, finding
    assert sender.secrets
    assert sender.records == {}
    assert not any(secret in written for secret in sender.secrets.values())
    assert "cmms-audit-1a2b3c4d-" in written
