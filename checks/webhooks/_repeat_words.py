"""The words in which documents promise to send a failed event again, deny it, or say it of some cases only."""

from __future__ import annotations

import re

from cmms_audit.battery import pattern

NUMBER = r"(?:\d{1,4}|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty)"

# -- sent again ---------------------------------------------------------------------------------------------------

_RETRY = r"re-?tr(?:y|ies|ied|ying)"
_ANEW = r"(?:again|once more|a second time)"
_OBJECT = r"(?: (?:it|them|(?:the |each )?(?:event|webhook|message|notification|delivery|delivering|sending)))?"
_TRY_ANEW = (
    rf"(?:sen[dt]s?|deliver(?:s|ed)?|attempt(?:s|ed)?|try|tries|tried)(?: to (?:send|deliver))?{_OBJECT} {_ANEW}"
)
_AGAIN = rf"(?:{_RETRY}|re-?sen(?:ds?|t|ding)|re-?deliver(?:s|ed|y|ies|ing)?|re-?attempt(?:s|ed|ing)?|{_TRY_ANEW})"
_RETRIES = r"(?:re-?tr(?:y|ies|ying)|re-?deliver(?:y|ies|ing)|re-?sending|re-?attempts?)"
_SURELY = r"(?:\w{2,15}ly |then )?"
_TRIES = r"(?:attempts?|retries|tries)"
REPEATED = pattern(
    rf"\b{_RETRY}\b(?![-_])|\b{NUMBER} (?:(?:more|further|additional|delivery|retry|re-?delivery) ){{0,2}}attempts\b"
    r"|\bautomatically (?:re-?)?(?:sen[dt]|deliver\w*|attempt\w*)\b|\bautomatic re-?deliver(?:y|ies)\b"
    rf"|\b(?:is|are|be|gets?|automatically) {_SURELY}(?:re-?sent|re-?delivered|re-?attempted|re-?queued)\b"
    rf"|\b(?:we|will|it|tr(?:y|ies) to|attempts? to) {_SURELY}(?:re-?sends?|re-?delivers?|re-?attempts?)\b"
    rf"|\b(?:is|are|be|we|will|it) {_SURELY}{_TRY_ANEW}\b"
    rf"|\battempted .{{0,40}}\b{NUMBER} times\b|\bkeeps? (?:on )?(?:trying|sending|attempting)\b"
    r"|\banother (?:delivery )?attempt\b|\btries again\b"
    r"|\b(?:attempts?|tr(?:y|ies)) to (?:send|deliver)\b.{0,60}\b(?:for|over) (?:up to )?"
    rf"{NUMBER} (?:minute|hour|day)s\b",
    re.IGNORECASE,
)

# -- not sent again -----------------------------------------------------------------------------------------------

_NOT = r"\b(?:no|never|without|not|cannot|neither|unable to|\w{2,6}n't)"
_BETWEEN = r"(?:(?:automatic(?:ally)?|be|being|get|any|currently|then|built-in|attempt(?:ed)? to|tr(?:y|ied) to) ){0,3}"
_NOT_OTHERWISE = (
    r"(?![-_])(?! (?:(?:webhooks?|events?|deliver(?:y|ies)|them|it|failed|the|an?) ){0,3}(?:"
    r"immediately|instantly|right away|at once|straight away|indefinitely|forever|endlessly|infinitely"
    r"|more (?:than|often)|for (?:more|longer) than|longer than|beyond|sooner|earlier|faster|again|further"
    r"|left|remain\w*|(?:is |are )?(?:needed|necessary|required)"
    r"|limits?|intervals?|configuration|settings?|delays?|counts?|headers?|button|endpoint|options?)\b)"
)
_PLAIN = r"(?:(?!manual|custom|configur|individual|bulk|to\b)\w+ ){0,3}?"
_NONE_OF = "".join(rf"(?<!{word} )" for word in ("manual", "custom", "configurable", "further", "more", "additional"))
_REFUSED = (
    rf"\bfire[- ]and[- ]forget\b|{_NOT} {_BETWEEN}{_AGAIN}\b{_NOT_OTHERWISE}(?:,? (?:or|nor) (?:be )?{_AGAIN}\b)*"
    rf"|\b(?:not|\w{{2,6}}n't) (?:currently |yet |natively )?"
    rf"(?:support|offer|provide|have|include|implement|perform|feature|make|do|come with)"
    rf" {_PLAIN}{_RETRIES}\b{_NOT_OTHERWISE}"
    rf"|\b(?:no support for|lacks?) {_PLAIN}{_RETRIES}\b{_NOT_OTHERWISE}"
    rf"|{_NONE_OF}\b{_RETRIES}(?: \w+){{0,4}}? (?:(?:is|are) not|isn't|aren't) (?:currently |yet |automatically )?"
    r"(?:supported|available|implemented|offered|possible|provided|attempted|performed|made|done|included|part of)\b"
    r"|\b(?:retr(?:y|ies)|re-?delivery)(?: (?:policy|attempts|count|logic))? ?[:=–—-] ?(?:none|no|never|0|off)\b"
    r"|(?<![\d.,])(?:zero|0) (?:\w+ )?retries\b"
)
_ENDS = r"(?=\s*(?:$|[.,;:)!]|and\b|without\b|with no\b|even\b|regardless\b))"
_PER_EVENT = r"(?: (?:per|for each|for every) (?:event|delivery|subscription|endpoint|subscriber|webhook|message))?"
_ONE_TRY = (
    r"(?<!retried )(?<!repeated )\bat[- ]most[- ]once\b(?! (?:per|every|each|an?|in|within)\b)"
    rf"|\b(?:sent|delivered|tried|attempted) (?:(?:only|just) )?once\b{_ENDS}"
    rf"|\bonly (?:sent|delivered|tried|attempted|made) once\b{_ENDS}"
    rf"|\b(?:tried|attempted) (?:only |just |exactly )(?:once|one time)\b{_PER_EVENT}{_ENDS}"
    rf"|\bwe (?:only )?(?:try|attempt)(?: (?:to deliver|to send|delivery))?(?: \w+){{0,3}}? (?:only )?once\b{_ENDS}"
    r"|\b(?:only|just|makes?|made|has|have|gets?) (?:only )?(?:one|a single) (?:delivery )?(?:attempt|try)\b"
    r"|\b(?:one|a single) (?:delivery )?(?:attempt|try) (?:is|will be) made\b"
)
_LOST = (
    r"(?:\b(?:is|are|gets?|will be|and|then|simply|silently) (?:\w{2,15}ly |then |just )?"
    r"(?:dropped|discarded|lost|abandoned|thrown away)\b)"
)
_NO_MORE = rf"(?:\bno (?:further|more|additional|second|other) (?:delivery |re-?delivery |retry )?{_TRIES}\b)"
_BEST_EFFORT = r"\bbest[- ]effort\b"
REFUSED = pattern(_REFUSED, re.IGNORECASE)
ONE_TRY = pattern(_ONE_TRY, re.IGNORECASE)
LOST = pattern(_LOST, re.IGNORECASE)
NO_MORE = pattern(_NO_MORE, re.IGNORECASE)
DENIED = pattern(f"{_REFUSED}|{_ONE_TRY}|{_LOST}|{_NO_MORE}", re.IGNORECASE)
BEST_EFFORT = pattern(_BEST_EFFORT, re.IGNORECASE)
ABOUT_REPEATS = pattern(f"{_BEST_EFFORT}|{DENIED.pattern}|{REPEATED.pattern}|\\b{_AGAIN}\\b", re.IGNORECASE)

# -- of which events, and when ------------------------------------------------------------------------------------

_EVENTS = (
    r"(?:webhooks?|deliver\w*|event notifications?|callbacks?|subscribers?"
    r"|(?:failed|missed|undelivered|each|every|an|the) events?|events (?:that|which)"
    r"|(?:failed|missed|undelivered) notifications?)"
)
OF_EVENTS = pattern(rf"\b{_EVENTS}\b", re.IGNORECASE)
FOR_THE_CLIENT = pattern(r"\b429\b|retry-after|rate.?limit|\byour?\b|idempoten|\brequests?\b", re.IGNORECASE)
_SPECIAL = (
    r"\b[34](?:\d\d|xx)\b|\bclient errors?\b|\bredirects?\b|\bgone\b|\b(?:certificate|tls|ssl|dns|permanent)\b"
    r"|\b(?:disabled|deactivated|deleted|removed|paused|suspended|expired|inactive|invalid|malformed)\b"
    r"|\bany ?more\b|\bany longer\b|\bby default\b|\b(?:free|basic|starter|trial) (?:plans?|tiers?|accounts?)\b"
)
CONDITION = pattern(rf"\b(?:if|when|whenever|unless|until|except|after|once|beyond)\b|{_SPECIAL}", re.IGNORECASE)
_SPENT = rf"\b(?:all|last|final|maximum|these|those)\b(?: \w+){{0,3}} {_TRIES}\b|\bexhaust\w*"
FOR_SOME_CASES = pattern(
    rf"{_SPECIAL}|{_SPENT}|\bstill\b"
    rf"|\b{NUMBER}(?:st|nd|rd|th)? (?:\w{{1,15}} )?"
    r"(?:retr\w{1,4}|attempts?|tr(?:y|ies)|times|failures|hours?|days?)\b",
    re.IGNORECASE,
)
_AT_ANY_FAILURE = (
    r"\b(?:if|when|whenever|once|after)\b.{0,60}(?:\bfail\w*|\berrors?\b|\bdown\b|\bunavailable\b"
    r"|\btime[sd]?[- ]?outs?\b|\bunreachable\b|\boffline\b|\b(?:2|5)(?:\d\d|xx)\b"
    r"|(?:\bnot|n't) (?:be )?(?:respond|answer|accept|deliver|acknowledg|reach|receiv)\w*)"
    r"|\bafter (?:one|a single|the first|the initial) (?:attempt|try|delivery)\b"
)
AT_ANY_FAILURE = pattern(_AT_ANY_FAILURE, re.IGNORECASE)
FAILED = pattern(
    rf"{_AT_ANY_FAILURE}|\bfail(?:s|ed|ing|ures?)?\b|\bundeliver(?:ed|able)\b|\bmissed\b|\bun(?:acknowledged|successful)"
    r"|(?:\bnot|n't) (?:be )?(?:deliver|acknowledg|accept|receiv|reach)\w*"
    r"|\b(?:during|while)\b.{0,40}\b(?:down\w*|outages?|offline|unavailab\w+|unreachab\w+)\b",
    re.IGNORECASE,
)
LOST_OTHERWISE = pattern(
    r"\b(?:no|none of|nothing|avoid\w*|prevent\w*|ensur\w*|guarantee\w*|risk\w*|duplicat\w*|connections?|sessions?"
    r"|overflow\w*|full|exceed\w*|limits?|older|size|too (?:large|big|many)|validat\w*|filter\w*|schema"
    r"|permissions?)\b",
    re.IGNORECASE,
)
TAKEN = pattern(
    r"\b(?:already|successful(?:ly)?|succeed\w*|acknowledged|accepted)\b"
    r"|\b(?:with|returns?|answers?|receives?|respond) (?:an? )?(?:http )?(?:status )?(?:code )?2(?:\d\d|xx)\b",
    re.IGNORECASE,
)
NOT_TAKEN = pattern(
    r"\bnot\b|n't\b|\bnon-?\b|\bnever\b|\bno\b|\bother than\b|\bunless\b|\boutside\b|\buntil\b|\bfail|\berror"
    r"|\bwithout\b",
    re.IGNORECASE,
)
TWICE = pattern(r"\bduplicat|\bidempoten", re.IGNORECASE)
STOPS = pattern(
    rf"\bany ?more\b|\bany longer\b|\b(?:after|once)\b.{{0,30}}\b{NUMBER} (?:\w{{1,15}} )?"
    rf"(?:retries|attempts|tries|times|hours|days)\b|{_SPENT}",
    re.IGNORECASE,
)
TRIALS = pattern(
    r"\b(?:test|trial|sample|dummy)[- ](?:\w{1,15} )?(?:events?|messages?|webhooks?|deliver\w+)\b|\bpings?\b", re.I
)
_ORDER = (
    r"(?:\bordering\b|\bordered\b|\border of\b|\b(?:delivery|event|message|chronological) order\b(?! events?)"
    r"|\bin (?:the )?(?:\w{1,15} )?order\b(?! to\b)|\bsequence\b|\blatenc\w{1,3}\b|\btimeliness\b"
    r"|\bwithin (?:\d{1,4}|a few|an?) (?:second|minute|hour)s?\b)"
)
EFFORT_FOR_ORDER = pattern(
    rf"{_ORDER}.{{0,80}}{_BEST_EFFORT}|{_BEST_EFFORT}(?:(?! and\b).){{0,40}}{_ORDER}", re.IGNORECASE
)

# -- by whom ------------------------------------------------------------------------------------------------------

_RECEIVER = r"\b(?:you|users?|clients?|consumers?|receivers?|callers?)"
BY_HAND = pattern(
    rf"{_RECEIVER} (?:must|should|have to|can|need to|may|could)\b.{{0,40}}\b{_AGAIN}\b"
    rf"|\b(?:so|please|and|then),? retry\b|\b{_AGAIN}\b.{{0,30}}\b(?:manually|by hand)\b"
    rf"|\bmanual(?:ly)? {_AGAIN}\b",
    re.IGNORECASE,
)
BY_HAND_TOO = pattern(
    r"^\W*(?:re-?(?:try|tries|sends?|delivers?|attempts?))(?= (?:an?|the|one|all|failed|single|this|specific)\b)"
    r"|\bmanual(?:ly)?\b|\bby hand\b|\bon demand\b|\bcan be (?:re-?tried|re-?sent|re-?delivered)\b"
    r"|\b(?:from|in|via|through|using) (?:the |your |our )?(?:\w{1,15} ){0,2}(?:dashboard|console|ui|portal|button)\b"
    rf"|\b(?:use|call|invoke|allows?|lets?|enables?)\b.{{0,60}}\b{_AGAIN}\b"
    r"|\bto be (?:sent again|re-?(?:sent|tried))\b",
    re.IGNORECASE,
)
BY_ITSELF = pattern(
    r"\bautomatic|\bback-?off\b|\bexponential|\bup to\b|\bevery\b"
    rf"|\b{NUMBER} (?:\w{{1,15}} )?(?:times|{_TRIES}|hours|days)\b",
    re.IGNORECASE,
)
TOLD_THE_CLIENT = pattern(
    rf"(?:^\W*|{_RECEIVER} (?:\w{{1,15}} )?)(?:please )?(?:do not|don't|never|should ?n[o']t|must ?n[o']t|need not"
    r"|can ?not|can't|not) (?:automatically )?re-?(?:try|send)\b"
    r"|\bso (?:that )?(?:we|it|they)\b.{0,60}",
    re.IGNORECASE,
)

# -- not a statement ----------------------------------------------------------------------------------------------

_LATER_ON = (
    r"(?:(?:a|the|our|one of our|an) )?(?:future|next|later|upcoming|coming) (?:\w{1,15} )?"
    r"(?:releases?|versions?|updates?|years?|quarters?|months?)"
)
TO_COME = pattern(
    rf"\broad-?map\b|\bcoming soon\b|\bplanned (?:for|in|as part of) (?:{_LATER_ON}|q[1-4]\b|20\d\d\b)|\b{_LATER_ON}\b"
    r"|\bare (?:also |currently )?planned\W*$|\bplan(?:s|ning)? to (?:add|support|introduce|offer|implement|provide)\b"
    r"|\b(?:in|under) (?:development|consideration)\b|\bnot yet\b|\bworking on\b|\bconsidering\b"
    r"|\bwill (?:soon )?be (?:added|introduced|implemented)\b",
    re.IGNORECASE,
)
BETTER = pattern(
    r"\b(?:configurable|custom\w*|improv\w*|longer|more|additional|extended|manual\w*|better|smarter|adjustable|per-\w+"
    r"|chang\w+|shorter|faster|fewer)\b",
    re.IGNORECASE,
)
NO_GUARANTEE = pattern(
    rf"(?:\bno|\bnot|n't|\bnever) guarantee\w*\b.{{0,60}}\b{_AGAIN}\b"
    rf"|\b{_AGAIN}\b.{{0,30}} (?:(?:is|are) not|isn't|aren't) guaranteed\b",
    re.IGNORECASE,
)
HEADING = pattern(
    r"^(?:#.*|(?:\w{1,15} ){0,3}(?:retr(?:y|ies)|re-?delivery)"
    r"(?: (?:polic(?:y|ies)|schedule|logic|behaviou?r|mechanism|attempts))?)[.:]?$",
    re.IGNORECASE,
)
