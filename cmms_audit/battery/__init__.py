"""What a check file imports, and nothing more; the machinery that runs checks is in the modules beside this one."""

from typing import TYPE_CHECKING

from cmms_audit.addresses import is_loopback
from cmms_audit.api import Api
from cmms_audit.battery.check import Check, check
from cmms_audit.battery.context import RECORD_KINDS, Context
from cmms_audit.battery.verdicts import met, not_applicable, not_met, partial, unknown
from cmms_audit.dialect import squeezed
from cmms_audit.documentation import Documentation, DocumentationPage
from cmms_audit.errors import CouldNotLook
from cmms_audit.events.causes import Cause, Tries, names_of
from cmms_audit.events.facts import Corner, EventTrial, entries_of
from cmms_audit.events.naming import names_within
from cmms_audit.events.schedule import BACKS_OFF, Growth, begins_as_documented, growth_of, has_given_up
from cmms_audit.mapping import MappingResult, resolve
from cmms_audit.model import Finding
from cmms_audit.own_records import Created, Draft, Extra, OwnRecords
from cmms_audit.own_removal import Removal
from cmms_audit.own_trials import Trial, says_error
from cmms_audit.paging import Page, at, documented_range
from cmms_audit.patterns import pattern
from cmms_audit.spec.coverage import FieldCoverage, body_fields, field_coverage, values_are_listed
from cmms_audit.spec.drift import Drift, drift
from cmms_audit.spec.index import ProblemGroup, Prose, Spec
from cmms_audit.spec.limits import PublishedLimit, StatedLimit, stated_limits, sure_limits
from cmms_audit.spec.members import members
from cmms_audit.spec.operations import Operation, Parameter, ResponseDoc
from cmms_audit.spec.permission_matrix import Access, PermissionMatrix, permission_matrix
from cmms_audit.spec.permissions import NamedIn, needed_permissions
from cmms_audit.spec.recognise import NotASpec, recognise_text
from cmms_audit.spec.resources import Resource
from cmms_audit.spec.schema import Field, Schema
from cmms_audit.spec.security import SecurityScheme
from cmms_audit.spec.sentences import sentences
from cmms_audit.webhooks.received import Received
from cmms_audit.wire.facts import HandshakeFacts, TokenFacts, known_life
from cmms_audit.wire.rate_headers import RateFacts, RatePolicy
from cmms_audit.wire.veil import veiled

if TYPE_CHECKING:
    from cmms_audit.spec_diff import Change, SpecDiff

__all__ = [
    "BACKS_OFF",
    "RECORD_KINDS",
    "Access",
    "Api",
    "Cause",
    "Change",
    "Check",
    "Context",
    "Corner",
    "CouldNotLook",
    "Created",
    "Documentation",
    "DocumentationPage",
    "Draft",
    "Drift",
    "EventTrial",
    "Extra",
    "Field",
    "FieldCoverage",
    "Finding",
    "Growth",
    "HandshakeFacts",
    "MappingResult",
    "NamedIn",
    "NotASpec",
    "Operation",
    "OwnRecords",
    "Page",
    "Parameter",
    "PermissionMatrix",
    "ProblemGroup",
    "Prose",
    "PublishedLimit",
    "RateFacts",
    "RatePolicy",
    "Received",
    "Removal",
    "Resource",
    "ResponseDoc",
    "Schema",
    "SecurityScheme",
    "Spec",
    "SpecDiff",
    "StatedLimit",
    "TokenFacts",
    "Trial",
    "Tries",
    "at",
    "begins_as_documented",
    "body_fields",
    "check",
    "documented_range",
    "drift",
    "entries_of",
    "field_coverage",
    "growth_of",
    "has_given_up",
    "is_loopback",
    "known_life",
    "members",
    "met",
    "names_of",
    "names_within",
    "needed_permissions",
    "not_applicable",
    "not_met",
    "partial",
    "pattern",
    "permission_matrix",
    "recognise_text",
    "resolve",
    "says_error",
    "sentences",
    "squeezed",
    "stated_limits",
    "sure_limits",
    "unknown",
    "values_are_listed",
    "veiled",
]
