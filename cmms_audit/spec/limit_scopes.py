"""What a stated limit holds for, and whether it still does: all calls, some, those of an address, or none any more."""

from __future__ import annotations

import re

from cmms_audit.patterns import pattern
from cmms_audit.spec.limit_values import Scope

_READING = pattern(
    r"\b(?:GET|HEAD)\b|\b(?i:reads|reading(?=\s?:|\s(?:requests?|calls?|data|records)\b)"
    r"|read(?:[ -]only)?[ -](?:requests?|calls?|operations?|methods?|end ?points?|apis?|limits?)\b"
    r"|read(?:\sand\s|\sor\s|/)(?=writ|creat|updat))"
)
_WRITING = pattern(r"\b(?:POST|PUT|PATCH)\b|\b(?i:writes?|writing|creat(?:es?|ing|ion)|updat(?:es?|ing))\b")
_OTHER_WORK = pattern(
    r"\b(?:batch|bulk|search(?:es|ing)?|exports?|uploads?|log-?ins?|sign-?ins?"
    r"|(?:this|that|the following) (?:end ?point|operation|call|method|api call)s?)\b",
    re.IGNORECASE,
)
_DELETING = pattern(r"\bDELETE\b|\b(?i:delet(?:es?|ing|ion))\b")
_EXAMPLE = pattern(
    r"(?:\bfor example|\bfor instance|\be\.\s?g\.|\bsuch as)[\s,:(]{0,3}"
    r"(?:(?:an?|the|rate|limit|of|up|to|at|most|only|maximum|max|is|with|allow|set)\s){0,6}$",
    re.IGNORECASE,
)

_UNITS = (
    r"(?:s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|weeks?|months?|users?|keys?|clients?|tokens?|apps?|ip"
    r"|accounts?|tenants?|customers?)\b"
)
_ADDRESS = pattern(
    rf"(?:^|[\s`\"'(])/(?!{_UNITS}|(?:api/?)?(?:v\d{{1,3}}/?)?(?![\w{{/-]))[a-z{{][\w{{}}./-]{{1,80}}"
    r"|`(?:https?://)?[\w.{}-]{1,60}/(?!api(?![\w/])|v\d{1,3}(?![\w/]))[\w.{}/-]{2,80}`",
    re.IGNORECASE,
)
_NAMED_ENDPOINTS = pattern(
    r"(?:^|[\s*(])(?!(?:all|any|every|each|the|these|those|this|that|our|your|other|api|apis|rest|public|private|most|both|and|or|of|for"
    r"|to|per|single|same|different|individual|various|several|standard|default|core|normal|regular|authenticated|https?|read|write"
    r"|get|post|put|patch|delete|more|number|two|three|following|web|server|v\d{1,3})\s)[a-z][\w-]{1,30}\s{1,2}end-?points?\b",
    re.IGNORECASE,
)
_OTHERWISE = pattern(
    r"\botherwise\b|\b(?:all|any|every) (?:the )?others?\b|\beverything else\b|\belsewhere\b|\bin general\b|\boverall\b"
    r"|\bin total\b|\ball (?:requests|calls|end-?points)\b",
    re.IGNORECASE,
)
_BELONGS = pattern(r"\s?\(?\s?(?:for|on|to|when|at|if)\b[^,;]{0,80}", re.IGNORECASE)

_NOT_NOW = pattern(
    r"\bno longer (?:an?|any|have|has|enforc\w{1,4}|impos\w{1,4}|appl(?:y|ies)|restrict\w{0,3}|limit\w{0,3}"
    r"|throttl\w{1,3})\b"
    r"|\b(?:formerly|previously|originally|in the past|used to (?:be|have|allow|apply))\b"
    r"|\b(?:no|n[o']t have an?) (?:rate |hard |fixed )?limits? of\s$|\bnot (?:rate[- ])?limited to\s$"
    r"|\b(?:was|were)\s(?:(?:limited|capped|at|to|only|once|up|an?|limit|of)\s){0,4}$"
    r"|\b(?:raised|increased|lowered|reduced|changed) from\s(?:\w{1,12}\s)?$",
    re.IGNORECASE,
)
_WAS = pattern(r"\b(?:was|were|had been)\b", re.IGNORECASE)
_UNTIL_THEN = pattern(
    r"[^.;]{0,30}\b(?:until|till|before|up to)\s(?:the end of\s|[a-z]{3,9}\s){0,2}(?:19|20)\d\d\b", re.IGNORECASE
)
_ENDED = pattern(
    r"[^.;\d]{0,40}\b(?:no longer (?:appl|in force|enforced|valid|exist)"
    r"|(?:has|have) been (?:removed|lifted|dropped|abolished)"
    r"|(?:was|were) (?:removed|lifted|dropped|abolished))",
    re.IGNORECASE,
)
_NOT_SAID_OF_NOW = pattern(
    r"\bappl(?:y|ies) to (?:nobody|no one)\b|\b(?:rumou?rs?|hypothetical(?:ly)?|competitors?|planned for|unlike)\b"
    r"|\bother (?:systems?|vendors?|providers?|apis?|services?|products?) (?:may|might|can|could|allow|limit|use)"
    r"|\bis what [A-Z]\w{1,30} (?:allows?|permits?|does)\b"
    r"|\b(?:do|does|did|will) not (?:publish|disclose|state|guarantee|document|tell)\b"
    r"|\b(?:is|are) not(?= \d)|\bno (?:rate |hard |fixed )?limits? of\b",
    re.IGNORECASE,
)
_AFTER = 80  # characters after a limit in which it may be taken back


def calls_named(text: str) -> Scope | None:
    """The calls that words make a limit one of; None where they name none. Reading and writing together are all."""
    if is_local(text):
        return Scope.PLACE
    if _OTHER_WORK.search(text):
        return Scope.SOME
    reads, writes = _READING.search(text) is not None, _WRITING.search(text) is not None
    if reads or writes:
        return Scope.ALL if reads and writes else Scope.READS if reads else Scope.WRITES
    return Scope.SOME if _DELETING.search(text) else None


def is_an_example(before: str) -> bool:
    """Whether the words before a number make it one that only shows what a limit may look like."""
    return _EXAMPLE.search(before) is not None


def is_local(text: str) -> bool:
    """Whether words make a limit one of named addresses only."""
    return _ADDRESS.search(text) is not None or _NAMED_ENDPOINTS.search(text) is not None


def is_for_the_rest(text: str) -> bool:
    """Whether words turn from single calls to all the others."""
    return _OTHERWISE.search(text) is not None


def belonging(text: str, end: int, most: int) -> int:
    """Where the words end that follow a limit and say what for ("for POST /orders"); `most` is where they must."""
    match = _BELONGS.match(text, end, most)
    return match.end() if match else end


def is_over(before: str, after: str) -> bool:
    """Whether a limit is denied, or was one of former times, by the words before its number and after its window."""
    after = after[:_AFTER]
    return (
        _NOT_NOW.search(before) is not None
        or _ENDED.match(after) is not None
        or (_WAS.search(before) is not None and _UNTIL_THEN.match(after) is not None)
    )


def is_said_of_now(sentence: str) -> bool:
    """Whether a sentence states what holds, and not what does not, what others do or what may come."""
    return _NOT_SAID_OF_NOW.search(sentence) is None
