"""What went wrong on the network, in our words: the libraries' own messages may quote what a stranger sent."""

from __future__ import annotations

import ssl

import httpcore

from cmms_audit.wire.network import RefusedEverywhere, UnknownName

_TOO_OLD = ("TLSV1_ALERT_PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL")
_SPEAKS_OTHERWISE = (
    "UNSUPPORTED_PROTOCOL", "WRONG_VERSION_NUMBER", "WRONG_SSL_VERSION", "HTTP_REQUEST", "RECORD_LAYER_FAILURE",
    "PACKET_LENGTH_TOO_LONG", "UNEXPECTED_EOF_WHILE_READING", "UNEXPECTED_MESSAGE",
)  # fmt: skip
_UNKNOWN_AUTHORITY = (
    "the authority that vouches for it is not known here; where it is the plant's own, name it in the vendor file:"
    " tls: {ca: ...}"
)
_UNTRUSTED = {
    9: "it is not valid yet",
    10: "it has expired",
    18: f"nobody but the host itself vouches for it (it is self-signed): {_UNKNOWN_AUTHORITY}",
    19: _UNKNOWN_AUTHORITY,
    20: _UNKNOWN_AUTHORITY,
    21: _UNKNOWN_AUTHORITY,
    23: "it was withdrawn",
    62: "it is made out to another name",
    64: "it is made out to another name",
}
"""What OpenSSL's numbers for a failed verification (X509_V_ERR_...) mean."""


class NotProperHttp(Exception):  # noqa: N818 - named for what it says
    """A header or a status that HTTP has no place for."""


class SentTwice(Exception):  # noqa: N818 - named for what it says
    """The client was about to send a request a second time."""


def in_words(error: Exception, host: str, *, proxy: str | None = None) -> str:
    """What went wrong between us and a host, by way of a proxy or not; of an error that is not known, only the kind."""
    first = f"the proxy {proxy}" if proxy else host
    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return f"the certificate of {host} cannot be trusted: {why_untrusted(cause)}"
            case ssl.SSLError() if cause.reason in _TOO_OLD:
                return f"no secure connection to {host} could be made: it speaks only withdrawn versions of TLS"
            case ssl.SSLError():
                return f"no secure connection to {host} could be made"
            case UnknownName() if proxy:
                return f"the name of {first} is not known"
            case UnknownName():
                return f"the name {host} is not known"
            case RefusedEverywhere():
                return f"{first} refuses connections"
    match error:
        case httpcore.ProxyError():
            return f"the proxy does not let through what goes to {host}"
        case httpcore.ConnectError():
            return f"{host} cannot be reached"
        case httpcore.RemoteProtocolError() | NotProperHttp():
            return f"{host} ended its answer too early, or it is not proper HTTP"
        case SentTwice():
            return f"{host} sent the request back, to be sent once more"
        case httpcore.NetworkError() | OSError():
            return f"the connection to {host} broke before the answer was complete"
        case httpcore.LocalProtocolError() | UnicodeError():
            return "the request cannot be put into proper HTTP"
        case _:
            return f"the exchange with {host} failed ({type(error).__name__})"


def certificate_error(error: Exception) -> ssl.SSLCertVerificationError | None:
    """The error of a certificate that led to this one; None where it has another cause."""
    return next((cause for cause in _causes(error) if isinstance(cause, ssl.SSLCertVerificationError)), None)


def is_refused(error: Exception) -> bool:
    """Whether it was the host that let no encryption come about: by an alert, by hanging up, by speaking otherwise."""
    cause = next((each for each in _causes(error) if isinstance(each, ssl.SSLError)), None)
    if cause is None or isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return True
    reason = cause.reason or ""
    return "ALERT" in reason or reason in _SPEAKS_OTHERWISE


def why_untrusted(error: ssl.SSLCertVerificationError) -> str:
    """Why a certificate is not trusted, in plain words."""
    return _UNTRUSTED.get(error.verify_code, error.verify_message)


def _causes(error: BaseException) -> list[BaseException]:
    """The error and what led to it, a handful deep."""
    found: list[BaseException] = []
    step: BaseException | None = error
    while step is not None and len(found) < 10:
        found.append(step)
        step = step.__cause__ or step.__context__
    return found
