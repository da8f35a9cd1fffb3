"""Recognises documentation that is not public: refused, or hidden behind a login or a form of the sales department."""

from __future__ import annotations

import re
from typing import Literal

from cmms_audit.battery import pattern, recognise_text
from cmms_audit.model import Exchange

Access = Literal["public", "refused", "behind a form", "not there", "no answer"]

_FORMS = ("login-page", "lead-form")
_LOGIN_ADDRESS = pattern(r"/(?:log-?in|sign-?in|sso|oauth2?/authorize|saml|adfs|account/login)\b", re.IGNORECASE)
_TECHNICAL = pattern(
    r"\b(?:endpoints?|json|curl|http [1-5]\d\d|GET|POST|PATCH|bearer|oauth|webhooks?|openapi|swagger|rate limits?"
    r"|status codes?|query parameters?|request body|api keys?|api reference)\b|/v\d/",
    re.IGNORECASE,
)
_ENOUGH_TECHNICAL_WORDS = 3


def access(exchange: Exchange) -> Access:
    """What a stranger gets who asks for a document."""
    if exchange.status in (401, 403, 407):
        return "refused"
    if exchange.status == 429 or exchange.status >= 500 or not exchange.status:
        return "no answer"
    if 300 <= exchange.status < 400:
        return "behind a form" if _LOGIN_ADDRESS.search(exchange.header("location") or "") else "not there"
    if not exchange.ok:
        return "not there"
    return "behind a form" if _is_form(exchange) else "public"


def _is_form(exchange: Exchange) -> bool:
    """A page that is a form and little else; documentation with a login or a demo button in its corner is public."""
    page = recognise_text(exchange.text)
    sent_to_log_in = _LOGIN_ADDRESS.search(exchange.request.url) is not None
    if page is None or not (sent_to_log_in or page.kind in _FORMS):
        return False
    words = {match.group().lower() for match in _TECHNICAL.finditer(exchange.text)}
    return len(words) < _ENOUGH_TECHNICAL_WORDS
