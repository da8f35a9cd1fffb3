"""What a check file imports, and nothing more; the machinery that runs checks is in the modules beside this one."""

from cmms_audit.addresses import is_loopback
from cmms_audit.api import Api
from cmms_audit.battery.check import Check, check
from cmms_audit.battery.context import RECORD_KINDS, Context
from cmms_audit.battery.verdicts import met, not_applicable, not_met, partial, unknown
from cmms_audit.dialect import squeezed
from cmms_audit.documentation import Documentation, DocumentationPage
from cmms_audit.errors import CouldNotLook
from cmms_audit.mapping import MappingResult, resolve
from cmms_audit.model import Finding
from cmms_audit.paging import Page, at
from cmms_audit.spec.drift import Drift, drift
from cmms_audit.spec.index import Prose, Spec
from cmms_audit.spec.limits import PublishedLimit, StatedLimit, stated_limits
from cmms_audit.spec.operations import Operation, Parameter, ResponseDoc
from cmms_audit.spec.recognise import NotASpec, recognise_text
from cmms_audit.spec.resources import Resource
from cmms_audit.spec.schema import Field, Schema
from cmms_audit.spec.security import SecurityScheme
from cmms_audit.spec.sentences import sentences
from cmms_audit.wire.facts import TokenFacts
from cmms_audit.wire.rate_headers import RateFacts, RatePolicy

__all__ = [
    "RECORD_KINDS",
    "Api",
    "Check",
    "Context",
    "CouldNotLook",
    "Documentation",
    "DocumentationPage",
    "Drift",
    "Field",
    "Finding",
    "MappingResult",
    "NotASpec",
    "Operation",
    "Page",
    "Parameter",
    "Prose",
    "PublishedLimit",
    "RateFacts",
    "RatePolicy",
    "Resource",
    "ResponseDoc",
    "Schema",
    "SecurityScheme",
    "Spec",
    "StatedLimit",
    "TokenFacts",
    "at",
    "check",
    "drift",
    "is_loopback",
    "met",
    "not_applicable",
    "not_met",
    "partial",
    "recognise_text",
    "resolve",
    "sentences",
    "squeezed",
    "stated_limits",
    "unknown",
]
