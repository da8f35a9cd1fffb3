"""What each rule says to a reader who is no programmer: what is wrong, and what it costs an integration."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from cmms_audit.model import Severity


class RuleText(Struct, frozen=True):
    """The words of a rule. Serious is what leaves a part unknown, or makes programs made from the document fail."""

    says: str
    consequence: str
    severity: Severity = Severity.MINOR


_SERIOUS = Severity.SERIOUS
_GUESS = "Whoever builds the integration has to guess, or to ask."
_GENERATOR = "Programs that turn the document into code stop here, or produce code that does not work."
_UNREAD = "This part of the API stays unknown to everybody who reads the document."

RULE_TEXTS: Mapping[str, RuleText] = {
    # Reading
    "control-characters": RuleText(
        "The file holds control characters, which were read as spaces",
        "Strict programs refuse the whole file until it is cleaned.",
    ),
    "key-twice": RuleText(
        "The same entry is given twice in one place, and only the last one counts",
        "Some programs refuse the file, and the first of the two entries is lost to everybody else.",
    ),
    "part-unread": RuleText("A part has the wrong form and could not be read", f"{_UNREAD} {_GENERATOR}", _SERIOUS),
    "wrong-kind": RuleText("An entry has the wrong form", "That entry is ignored; strict programs refuse the file."),
    "empty-value": RuleText(
        "An entry was left empty where a value is expected", "Strict programs refuse the file, others ignore the entry."
    ),
    "path-without-slash": RuleText("The address of an operation does not start with a slash", _UNREAD, _SERIOUS),
    # References
    "reference-lost": RuleText("A reference leads nowhere", f"{_UNREAD} {_GENERATOR}", _SERIOUS),
    "reference-outside": RuleText(
        "A reference leads to a file outside the folder that was handed over",
        f"{_UNREAD} Ask the vendor for the complete set of files.",
        _SERIOUS,
    ),
    "reference-absolute": RuleText(
        "A reference leads to a file by its absolute address, which is never read",
        f"{_UNREAD} Ask the vendor for one complete file.",
        _SERIOUS,
    ),
    "reference-network": RuleText(
        "A reference leads to an address on the network, which is never fetched",
        f"{_UNREAD} Ask the vendor for one complete file.",
        _SERIOUS,
    ),
    "reference-circle": RuleText(
        "A reference leads in a circle and never to anything", f"{_UNREAD} {_GENERATOR}", _SERIOUS
    ),
    "reference-not-allowed": RuleText(
        "A reference stands where the standard allows none",
        "Some programs follow it, others leave that part out.",
    ),
    "reference-siblings": RuleText(
        "Remarks stand beside a reference, where the standard says that they are ignored",
        "Most programs drop them: a limit, a default or an explanation that is written there does not arrive.",
    ),
    # Operations
    "operation-id-twice": RuleText(
        "Two operations have the same name for programs",
        f"{_GENERATOR} One of the two operations cannot be called by its name.",
        _SERIOUS,
    ),
    "path-twice": RuleText(
        "Two addresses differ in nothing but the name of a placeholder",
        "Nobody can tell which of the two descriptions holds.",
        _SERIOUS,
    ),
    "placeholder-undeclared": RuleText(
        "An address has a placeholder that is described nowhere",
        f"What must be filled in there is not said. {_GENERATOR}",
        _SERIOUS,
    ),
    "path-parameter-unused": RuleText(
        "A part of an address is described that the address does not have",
        "The description and the address do not belong together; one of them is wrong.",
    ),
    "parameter-twice": RuleText("The same parameter is given twice for one operation", _GENERATOR, _SERIOUS),
    "bodies-several": RuleText("An operation takes more than one body, which is not possible", _GENERATOR, _SERIOUS),
    "body-and-form": RuleText(
        "An operation takes a body and a form at the same time, which is not possible", _GENERATOR, _SERIOUS
    ),
    "body-without-meaning": RuleText(
        "An operation that reads or deletes takes a body",
        "HTTP gives such a body no meaning: proxies and client libraries may drop it on the way.",
    ),
    "responses-missing": RuleText("An operation names no answer at all", _GUESS),
    "success-missing": RuleText(
        "An operation does not say what it answers when all goes well",
        "The integration cannot know what it will get back.",
    ),
    "status-unknown": RuleText("An answer has a status that does not exist", _GENERATOR),
    "status-unregistered": RuleText(
        "An answer has a status that no standard knows", "Client libraries treat it as an unknown error."
    ),
    "media-type-odd": RuleText(
        "A content type is misspelt or does not exist",
        "Client libraries that go by the content type neither send nor read such content.",
    ),
    # Parameters and names
    "parameter-odd-name": RuleText(
        "Parameters have names with special characters",
        "A habit of this vendor: their names must be encoded in addresses and renamed in programs.",
    ),
    "path-parameter-optional": RuleText(
        "A part of an address is described as optional, which it cannot be",
        "Most programs treat it as required; strict ones refuse the file.",
    ),
    "header-parameter-ignored": RuleText(
        "A header is described as a parameter in a way that the standard ignores",
        "Programs made from the document do not offer it, so it has to be set by hand.",
    ),
    "parameter-place-unknown": RuleText("A parameter is sent in a place that does not exist", _GENERATOR, _SERIOUS),
    "component-odd-name": RuleText(
        "Reusable parts have names with characters that the standard does not allow",
        "Programs made from the document rename them, not always in the same way.",
    ),
    # Schemas
    "type-unknown": RuleText("A field has a type that does not exist", f"{_GUESS} {_GENERATOR}", _SERIOUS),
    "items-missing": RuleText("It is not said what a list is made of", _GUESS),
    "required-misplaced": RuleText(
        "A field is marked as required in a way that has no meaning",
        "Programs take the field for optional; records without it are refused by the vendor's system.",
    ),
    "required-unknown": RuleText("A field is required that is described nowhere", _GUESS),
    "read-and-write-only": RuleText("A field may neither be read nor written", _GUESS),
    "read-only-required": RuleText(
        "A field that cannot be written is required",
        "Strict programs ask for it when a record is created, though the vendor's system fills it in.",
    ),
    "enum-twice": RuleText("An allowed value is listed twice", "Some programs made from the document do not build."),
    "enum-empty": RuleText("A list of allowed values is empty, so nothing is allowed", _GUESS),
    "enum-breaks-type": RuleText(
        "An allowed value is not of the type of its field", "The value cannot be sent as it is described."
    ),
    "example-breaks-schema": RuleText(
        "An example breaks its own description",
        "Integrators work from examples: either the example is wrong or the description, and nobody knows which.",
    ),
    "default-breaks-schema": RuleText(
        "A default value breaks its own description",
        "A program that relies on the default sends what the description forbids.",
    ),
    "pattern-broken": RuleText(
        "A rule for the form of a text is written in a way that no program can read",
        "Programs made from the document stop over it, or check nothing.",
    ),
    "limits-contradict": RuleText("The largest allowed value is below the smallest", "No value is allowed at all."),
    "discriminator-unknown": RuleText(
        "The field that tells kinds of records apart is not described",
        "Programs cannot tell which kind of record they have before them.",
    ),
    "discriminator-mapping-lost": RuleText(
        "A kind of record is named for which there is no description",
        "Records of that kind cannot be read by programs made from the document.",
    ),
    "keyword-of-newer-version": RuleText(
        "Words are used that this version of the description language does not have",
        "They are ignored: a rule that is written that way is not known to any program.",
    ),
    "keyword-of-older-version": RuleText(
        "Words are used that this version of the description language no longer has",
        "They are ignored: a field that may be empty, for example, is then taken for one that never is.",
    ),
    "no-schemas": RuleText(
        "The document names no record types: every field list is written out where it is used, or not at all",
        "Programs made from the document get unnamed types, often the same one many times over.",
    ),
    # Security
    "security-missing": RuleText(
        "The document says nowhere how callers prove who they are",
        "How a program is to sign in has to be found out from the vendor, or anybody may call.",
    ),
    "security-scheme-undeclared": RuleText(
        "Operations ask for a way to sign in that is described nowhere",
        "How a program is to prove who it is has to be found out from the vendor.",
        _SERIOUS,
    ),
    "scope-undeclared": RuleText(
        "Operations ask for a right that is not among those that can be asked for",
        "A token with that right cannot be requested as the document describes it.",
    ),
    # Servers
    "servers-missing": RuleText(
        "The document does not say at which address the API is served",
        "The address has to be asked for; nothing shows whether it is the one of the test system.",
    ),
    "server-templated": RuleText(
        "The address of the API has parts that differ from customer to customer",
        "Ask the vendor for the address that is yours.",
    ),
    "server-variable-undeclared": RuleText(
        "A part of the address of the API is to be filled in, and nothing says with what", _GENERATOR
    ),
    "server-variable-no-default": RuleText(
        "A part of the address of the API has no default value", "Strict programs refuse the file."
    ),
    "server-default-not-allowed": RuleText(
        "The default for a part of the address of the API is not one of its allowed values", _GENERATOR
    ),
    # The form of the document, held against the official schema of its version
    "member-unknown": RuleText(
        "Entries stand where the standard does not know them",
        "Programs ignore them, or refuse the file: what they say is known to the vendor alone.",
    ),
    "description-missing": RuleText(
        "A title, version or description is missing that the standard demands",
        "Strict programs refuse the file; people lack an explanation.",
    ),
    "member-missing": RuleText("An entry is missing that the standard demands", f"{_GUESS} {_GENERATOR}", _SERIOUS),
    "value-not-allowed": RuleText(
        "An entry has a value that the standard does not allow", "Strict programs refuse the file, others ignore it."
    ),
    "form-unfit": RuleText(
        "A part does not have any of the forms that the standard allows", "Strict programs refuse the file."
    ),
    "not-checkable": RuleText(
        "The document, or a part of it, could not be held against the official schema of its version",
        "Whether its form is right stays open.",
    ),
}
