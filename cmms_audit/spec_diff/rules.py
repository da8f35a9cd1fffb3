"""The table of changes: for each kind its mirror image, its level for callers and for readers, and its words.

A caller meets a change in what it sends, a reader in what it gets. Narrowing what may be sent breaks callers, widening
what may come back breaks readers; hence each kind has a level for either side, None where that side does not meet it.
"""

from __future__ import annotations

from msgspec import Struct

from cmms_audit.spec_diff.change import Level

_BREAKING, _RISKY, _COMPATIBLE = Level.BREAKING, Level.RISKY, Level.COMPATIBLE


class Rule(Struct, frozen=True):
    """One kind of change.

    `mirror` is the kind that the same two documents show in the opposite order (itself for a mere exchange). `says` is
    a sentence with places for {what}, {old} and {new}, `says_to_readers` the same where only readers meet it and other
    words are needed; `callers` and `readers` are what it means for either side.
    """

    kind: str
    mirror: str
    says: str
    for_callers: Level | None
    for_readers: Level | None
    callers: str = ""
    readers: str = ""
    says_to_readers: str = ""


_STAYS = "Nothing to do: what works today goes on working."
_REFUSED = "Calls that work today can be refused."
_NEW_OFFER = "Nothing breaks; the integration can use it from now on."
_UNREAD = "Nothing breaks: a reader that does not know it passes over it."

_OPERATIONS = (
    Rule("operation-removed", "operation-added", "the operation {what} is gone",
         _BREAKING, None,
         "Every call to it fails from the day of the change; whatever it did must be done another way."),
    Rule("operation-added", "operation-removed", "the operation {what} is new", _COMPATIBLE, None, _NEW_OFFER),
    Rule("operation-moved", "operation-moved", "the operation {old} is now {new}",
         _BREAKING, None, "Calls to the old address fail; the integration must be changed to the new one."),
    Rule("placeholder-renamed", "placeholder-renamed", "a placeholder has another name: {old} is now {new}",
         _COMPATIBLE, None, "Nothing breaks: the calls themselves stay the same."),
    Rule("slash-changed", "slash-changed", "the path ends in another way: {old} is now {new}",
         _RISKY, None, "Many servers redirect such calls or do not find them; set the integration to the new path."),
    Rule("deprecation-marked", "deprecation-withdrawn", "the document marks {what} as going away",
         _COMPATIBLE, _COMPATIBLE, "It still works, but plan the move to its replacement and ask for the date.",
         "It still comes, but plan to do without it and ask for the date."),
    Rule("deprecation-withdrawn", "deprecation-marked", "the document no longer marks {what} as going away",
         _COMPATIBLE, _COMPATIBLE, "It stays: a planned move may not be needed.", "It stays."),
)  # fmt: skip

_SECURITY = (
    Rule("security-added", "security-dropped", "calls now need proof of who calls: {new}",
         _BREAKING, None, "An integration that calls without a credential is refused."),
    Rule("security-dropped", "security-added", "anybody may call it now, as documented; before it took {old}",
         _RISKY, None,
         "Calls go on working, but the data behind it may be open to everyone; ask whether that is meant."),
    Rule("security-described", "security-undescribed", "the document says now how to sign in",
         _COMPATIBLE, None, "The system may be as before, only better documented; hold your credential against it."),
    Rule("security-undescribed", "security-described", "the document no longer says how to sign in",
         _RISKY, None, "Calls may go on working, but nothing promises how; ask how to sign in."),
    Rule("way-in-removed", "way-in-added", "a way to sign in is gone: {old}",
         _BREAKING, None, "An integration that signs in this way is locked out."),
    Rule("way-in-added", "way-in-removed", "there is a further way to sign in: {new}", _COMPATIBLE, None, _NEW_OFFER),
    Rule("scope-added", "scope-removed", "a further right is needed: {new}",
         _BREAKING, None, "A credential without this right is refused until somebody grants it."),
    Rule("scope-removed", "scope-added", "a right is no longer needed: {old}", _COMPATIBLE, None, _STAYS),
    Rule("security-scheme-changed", "security-scheme-changed", "a way to sign in works differently: {old} is now {new}",
         _BREAKING, None, "An integration that signs in the old way is locked out."),
)  # fmt: skip

_WHOLE = (
    Rule("server-removed", "server-added", "the address {old} is no longer listed",
         _BREAKING, None, "An integration that is set up with this address may find nothing there."),
    Rule("server-added", "server-removed", "the address {new} is listed", _COMPATIBLE, None, _NEW_OFFER),
    Rule("further-server-removed", "further-server-added", "the address {old} is no longer listed; another one stays",
         _RISKY, None, "An integration that is set up with this very address may find nothing there."),
    Rule("further-server-added", "further-server-removed", "the address {new} is listed beside another one",
         _COMPATIBLE, None, _NEW_OFFER),
    Rule("rate-limit-lowered", "rate-limit-raised", "fewer calls are allowed: {old} is now {new}",
         _BREAKING, None, "An integration that keeps to the old pace is turned away at busy times."),
    Rule("rate-limit-raised", "rate-limit-lowered", "more calls are allowed: {old} is now {new}",
         _COMPATIBLE, None, _STAYS),
    Rule("rate-limit-stated", "rate-limit-unstated", "a limit is stated that was not before: {new}",
         _COMPATIBLE, None, "Hold your own number of calls against it; the limit itself may be old."),
    Rule("rate-limit-unstated", "rate-limit-stated", "a limit is no longer stated: {old}",
         _RISKY, None, "Nobody can tell any more how fast the integration may call; ask for the number."),
    Rule("webhook-removed", "webhook-added", "the message {what} is no longer offered",
         None, _BREAKING, readers="The integration is no longer told of this event, and will wait for it in vain."),
    Rule("webhook-added", "webhook-removed", "the message {what} is new", None, _COMPATIBLE, readers=_NEW_OFFER),
)  # fmt: skip

_PARAMETERS = (
    Rule("parameter-removed", "parameter-added", "the parameter {what} is gone",
         _BREAKING, None,
         "Calls that send it are refused, or it is passed over in silence and the answer is another one."),
    Rule("parameter-added", "parameter-removed", "the parameter {what} is new and may be left out",
         _COMPATIBLE, None, _NEW_OFFER),
    Rule("required-parameter-added", "required-parameter-removed", "the parameter {what} is new and must be sent",
         _BREAKING, None, "Calls that do not send it, which is all of today's, are refused."),
    Rule("required-parameter-removed", "required-parameter-added",
         "the parameter {what}, which had to be sent, is gone",
         _RISKY, None, "Calls that still send it may be refused, or answered differently."),
    Rule("parameter-moved", "parameter-moved", "the parameter {what} travels elsewhere: in the {old}, now in the {new}",
         _BREAKING, None, "Sent in the old place it is passed over or refused."),
    Rule("paging-parameter-removed", "paging-parameter-added", "the paging parameter {what} is gone",
         _BREAKING, None, "A client that reads long lists page by page gets the first page again, or an error."),
    Rule("paging-parameter-added", "paging-parameter-removed", "the paging parameter {what} is new",
         _COMPATIBLE, None, _NEW_OFFER),
    Rule("page-size-lowered", "page-size-raised", "the largest page is smaller: {old} is now {new}",
         _BREAKING, None,
         "Calls that ask for larger pages are refused or cut short, and the same data takes more calls."),
    Rule("page-size-raised", "page-size-lowered", "the largest page is larger: {old} is now {new}",
         _COMPATIBLE, None, _STAYS),
    Rule("page-size-default-changed", "page-size-default-changed", "the page size without a wish: {old} is now {new}",
         _RISKY, None, "A client that does not ask for a size gets pages of another length."),
    Rule("batch-size-lowered", "batch-size-raised", "one call holds fewer records: {old} is now {new}",
         _BREAKING, None, "Calls with more records are refused or cut short, and the same data takes more calls."),
    Rule("batch-size-raised", "batch-size-lowered", "one call holds more records: {old} is now {new}",
         _COMPATIBLE, None, _STAYS),
    Rule("serialization-changed", "serialization-changed", "several values are written differently: {old}, now {new}",
         _BREAKING, None, "Calls that send several values are misunderstood."),
)  # fmt: skip

_BODIES = (
    Rule("body-removed", "body-added", "there is no body any more",
         _RISKY, _BREAKING, "A body that is still sent may be refused.",
         "The data that the reader waits for do not come."),
    Rule("body-added", "body-removed", "there is a body now", _COMPATIBLE, _COMPATIBLE, _NEW_OFFER, _UNREAD),
    Rule("required-body-added", "required-body-removed", "a body must be sent now", _BREAKING, None, _REFUSED),
    Rule("required-body-removed", "required-body-added", "the body that had to be sent is gone",
         _RISKY, None, "A body that is still sent may be refused."),
    Rule("media-type-removed", "media-type-added", "the format {what} is gone",
         _BREAKING, _BREAKING, "Data sent in this format are refused.",
         "A reader that asks for this format gets nothing."),
    Rule("media-type-added", "media-type-removed", "the format {what} is new", _COMPATIBLE, _COMPATIBLE, _NEW_OFFER,
         _NEW_OFFER),
    Rule("success-status-removed", "success-status-added", "the answer {what} is no longer documented",
         None, _BREAKING, readers="A client that takes this code for success takes what comes instead for a failure."),
    Rule("success-status-added", "success-status-removed", "success can also be answered with {what}",
         None, _RISKY, readers="A client that knows only the old code may take a success for a failure."),
    Rule("error-status-removed", "error-status-added", "the answer {what} is no longer documented",
         None, _COMPATIBLE,
         readers="Another error may come in its place; handling of errors should not rest on this code."),
    Rule("error-status-added", "error-status-removed", "the answer {what} is documented now",
         None, _COMPATIBLE, readers="Nothing breaks; the integration can handle this case by itself."),
    Rule("header-removed", "header-added", "the answer's header {what} is gone",
         None, _RISKY, readers="A client that reads it, to find the next page or its limits, goes without."),
    Rule("header-added", "header-removed", "the answer has a header {what}", None, _COMPATIBLE, readers=_UNREAD),
)  # fmt: skip

_FIELDS = (
    Rule("field-removed", "field-added", "the field {what} is gone",
         _RISKY, _BREAKING, "A value that is still sent is lost, or the call is refused.",
         "What is read from it (a column of a report, a booking) stays empty or fails."),
    Rule("field-added", "field-removed", "the field {what} is new", _COMPATIBLE, _COMPATIBLE, _NEW_OFFER, _UNREAD),
    Rule("required-field-removed", "required-field-added", "the field {what}, which had to be sent, is gone",
         _RISKY, _BREAKING, "A value that is still sent is lost, or the call is refused.",
         "What is read from it (a column of a report, a booking) stays empty or fails.",
         "the field {what}, which was always there, is gone"),
    Rule("required-field-added", "required-field-removed", "the field {what} is new and must be sent",
         _BREAKING, _COMPATIBLE, "Calls that do not send it, which is all of today's, are refused.", _UNREAD,
         "the field {what} is new and always there"),
    Rule("became-required", "became-optional", "from now on {what} must be sent",
         _BREAKING, _COMPATIBLE, "Calls that leave it out are refused.", _STAYS, "from now on {what} is always there"),
    Rule("became-optional", "became-required", "from now on {what} may be left out",
         _COMPATIBLE, _BREAKING, _STAYS, "A reader that counts on it fails on the first record without it.",
         "from now on {what} may be missing"),
    Rule("became-nullable", "no-longer-nullable", "from now on {what} may be empty (null)",
         _COMPATIBLE, _BREAKING, _STAYS, "A reader that counts on a value fails on the first record without one."),
    Rule("no-longer-nullable", "became-nullable", "from now on {what} may not be empty (null)",
         _BREAKING, _COMPATIBLE, "Calls that send it empty, for example to clear it, are refused.", _STAYS),
    Rule("became-read-only", "no-longer-read-only", "from now on {what} can only be read",
         _BREAKING, _COMPATIBLE, "Calls that set it are refused, or the value is passed over.", _STAYS),
    Rule("no-longer-read-only", "became-read-only", "from now on {what} can be written",
         _COMPATIBLE, _COMPATIBLE, _NEW_OFFER, _STAYS),
    Rule("became-write-only", "no-longer-write-only", "from now on {what} can only be written",
         _COMPATIBLE, _BREAKING, _STAYS,
         "What is read from it (a column of a report, a booking) stays empty or fails."),
    Rule("no-longer-write-only", "became-write-only", "from now on {what} can be read",
         _COMPATIBLE, _COMPATIBLE, _STAYS, _NEW_OFFER),
    Rule("dependence-added", "dependence-removed", "a field brings another one with it: from now on {what}",
         _BREAKING, _COMPATIBLE, "Calls that send the one without the other are refused.", _STAYS),
    Rule("dependence-removed", "dependence-added", "a field no longer brings another one with it; it was {what}",
         _COMPATIBLE, _RISKY, _STAYS, "A reader that counts on the two coming together may fail."),
    Rule("additional-fields-refused", "additional-fields-allowed", "fields beside the documented ones are ruled out",
         _RISKY, _COMPATIBLE, "Calls that send further fields are refused.", _STAYS),
    Rule("additional-fields-allowed", "additional-fields-refused", "further fields may occur",
         _COMPATIBLE, _COMPATIBLE, _STAYS, _UNREAD),
)  # fmt: skip

_TYPES = (
    Rule("type-changed", "type-changed", "the type is another one: {old} is now {new}",
         _BREAKING, _BREAKING, "Values of the old type are refused.", "A reader that expects the old type fails."),
    Rule("type-narrowed", "type-widened", "fewer types are allowed: {old} is now {new}",
         _BREAKING, _COMPATIBLE, "Values of the types left out are refused.", _STAYS),
    Rule("type-widened", "type-narrowed", "more types are allowed: {old} is now {new}",
         _COMPATIBLE, _BREAKING, _STAYS, "A reader that expects the old type fails on the new ones."),
    Rule("shape-described", "shape-undescribed", "its form is described now: {new}",
         _COMPATIBLE, _COMPATIBLE,
         "The system may be as before, only better documented; hold your calls against it.", _STAYS),
    Rule("shape-undescribed", "shape-described", "its form is no longer described; it was {old}",
         _COMPATIBLE, _RISKY, _STAYS, "Nothing promises the old form any more."),
    Rule("alternative-removed", "alternative-added", "a possible form is gone: {what}",
         _BREAKING, _COMPATIBLE, "Data in this form are refused.", _STAYS),
    Rule("alternative-added", "alternative-removed", "there is a further possible form: {what}",
         _COMPATIBLE, _RISKY, _STAYS, "A reader that does not know this form may fail on it."),
    Rule("alternatives-introduced", "alternatives-lifted", "it must fit one of several forms now",
         _RISKY, _COMPATIBLE, "Data that fit none of them are refused.", _STAYS),
    Rule("alternatives-lifted", "alternatives-introduced", "it need no longer fit one of several forms",
         _COMPATIBLE, _RISKY, _STAYS, "Forms may come that a reader does not know."),
    Rule("discriminator-changed", "discriminator-changed",
         "the field that tells the forms apart is another one: {old} is now {new}",
         _BREAKING, _BREAKING, "Data that name their form in the old field are refused or misread.",
         "A reader that looks into the old field cannot tell the forms apart."),
    Rule("format-changed", "format-changed", "the notation is another one: {old} is now {new}",
         _BREAKING, _BREAKING, "Values in the old notation are refused or misread.",
         "A reader misreads the new notation."),
    Rule("format-narrowed", "format-widened", "the notation allows less: {old} is now {new}",
         _RISKY, _COMPATIBLE, "Values that fitted before may be refused.", _STAYS),
    Rule("format-widened", "format-narrowed", "the notation allows more: {old} is now {new}",
         _COMPATIBLE, _RISKY, _STAYS, "Values may come that do not fit where the reader puts them."),
    Rule("format-added", "format-removed", "the notation is fixed: {new}",
         _RISKY, _COMPATIBLE, "Values in another notation may be refused.", _STAYS),
    Rule("format-removed", "format-added", "the notation is no longer fixed; it was {old}",
         _COMPATIBLE, _RISKY, _STAYS, "A reader that counts on the notation may fail."),
)  # fmt: skip

_VALUES = (
    Rule("enum-value-removed", "enum-value-added", "values are no longer allowed: {old}",
         _BREAKING, _COMPATIBLE, "Calls that send one of them are refused.", _STAYS),
    Rule("enum-value-added", "enum-value-removed", "there are further values: {new}",
         _COMPATIBLE, _RISKY, _NEW_OFFER, "A reader that knows only the old values may fail, or sort records wrongly."),
    Rule("enum-introduced", "enum-lifted", "only listed values are allowed: {new}",
         _BREAKING, _COMPATIBLE, "Calls that send any other value are refused.", _STAYS),
    Rule("enum-lifted", "enum-introduced", "values are free; before only these: {old}",
         _COMPATIBLE, _RISKY, _STAYS, "Values may come that no reader knows."),
    Rule("default-changed", "default-changed", "what applies where nothing is sent: {old} is now {new}",
         _RISKY, None, "Calls that leave it out do something else than before, without any error."),
    Rule("default-added", "default-removed", "where nothing is sent, {new} applies",
         _COMPATIBLE, None, "The system may be as before, only better documented; check calls that leave it out."),
    Rule("default-removed", "default-added",
         "nothing is said any more of what applies where nothing is sent; it was {old}",
         _RISKY, None, "Calls that leave it out may do something else than before, without any error."),
    Rule("constraint-tightened", "constraint-loosened", "the limit {what} is tighter: {old} is now {new}",
         _BREAKING, _COMPATIBLE, "Values that fitted before are refused.", _STAYS),
    Rule("constraint-loosened", "constraint-tightened", "the limit {what} is wider: {old} is now {new}",
         _COMPATIBLE, _RISKY, _STAYS, "Values may come that do not fit where the reader puts them."),
    Rule("constraint-added", "constraint-removed", "there is a limit {what}: {new}",
         _RISKY, _COMPATIBLE,
         "Values that fitted before may be refused, unless the limit was there already, unsaid.", _STAYS),
    Rule("constraint-removed", "constraint-added", "there is no limit {what} any more; it was {old}",
         _COMPATIBLE, _RISKY, _STAYS, "Values may come that do not fit where the reader puts them."),
    Rule("constraint-changed", "constraint-changed", "the rule {what} is another one: {old} is now {new}",
         _RISKY, _RISKY, "Values that fitted before may be refused.", "Values may come that did not come before."),
    Rule("exclusion-added", "exclusion-removed", "what fits the following is ruled out now (not): {new}",
         _RISKY, _COMPATIBLE, "Data that were taken before may be refused.", _STAYS),
    Rule("exclusion-removed", "exclusion-added", "what fits the following is no longer ruled out (not): {old}",
         _COMPATIBLE, _RISKY, _STAYS, "Data may come that did not come before."),
    Rule("exclusion-changed", "exclusion-changed", "something else is ruled out (not): {old} is now {new}",
         _RISKY, _RISKY, "Data that were taken before may be refused.", "Data may come that did not come before."),
)  # fmt: skip

RULES: dict[str, Rule] = {
    rule.kind: rule for rule in (*_OPERATIONS, *_SECURITY, *_WHOLE, *_PARAMETERS, *_BODIES, *_FIELDS, *_TYPES, *_VALUES)
}
"""Every kind of change, by its id."""
