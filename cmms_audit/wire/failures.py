"""What went wrong on the network, in our words: the libraries' own messages may quote what a stranger sent."""

from __future__ import annotations

import ssl

import httpcore

from cmms_audit.wire.network import RefusedEverywhere, UnknownName


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
                return f"the certificate of {host} cannot be trusted: {cause.verify_message}"
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


def _causes(error: BaseException) -> list[BaseException]:
    """The error and what led to it, a handful deep."""
    found: list[BaseException] = []
    step: BaseException | None = error
    while step is not None and len(found) < 10:
        found.append(step)
        step = step.__cause__ or step.__context__
    return found
