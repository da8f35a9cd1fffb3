"""What a token endpoint said can be shown without showing the token."""

from __future__ import annotations

from cmms_audit.wire.tokens import TokenAnswer


def test_a_token_is_not_in_what_is_shown_of_its_answer() -> None:
    assert "tok-very-secret" not in repr(TokenAnswer("tok-very-secret", error="tired"))
