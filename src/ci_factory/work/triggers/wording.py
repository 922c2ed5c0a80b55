"""What a ticket, or the steps of a plan, asks for in words. Mentions, denials, code and quotations are no wishes."""

import re
from collections.abc import Iterable, Iterator

from ci_factory.manifests.model import Ecosystem
from ci_factory.manifests.popular import POPULAR
from ci_factory.model.attempt import Trigger
from ci_factory.model.ticket import Ticket
from ci_factory.work.triggers.change import is_aside
from ci_factory.work.triggers.patterns import PATTERNS, said
from ci_factory.work.triggers.prose import Sentence, of_lines, sentences
from ci_factory.work.triggers.signal import Signal

_MAJOR = re.compile(
    r"\b(?:upgrade|bump|update|move|migrate|port)\w*\b(?P<what>.{0,60}?)\bto (?:version |v)?(?P<new>\d+(?:\.\d+)*)(?:\.x)?\b",
    re.IGNORECASE,
)
_FROM = re.compile(r"\bfrom (?:version |v)?(\d+(?:\.\d+)*)")
_MAJOR_SAID = said(
    r"major (?:version )?(?:upgrade|update|bump)|(?:upgrade|update|bump|move)\b.{0,50}?\b(?:next|new|latest) major(?: version)?"
)
_PACKAGE = re.compile(
    r"\b(?:replace\b.{0,60}?\b(?:with|by)|switch\b.{0,40}?\bto|migrate\b.{0,40}?\bto|adopt|add|introduce|move\b.{0,40}?\bto|start using) `?(?P<name>[A-Za-z][\w.-]+)`?(?! page| button)",
    re.IGNORECASE,
)
_COMMON_NAMES = frozenset(
    (
        "click",
        "rich",
        "requests",
        "attrs",
        "pillow",
        "black",
        "wheel",
        "build",
        "six",
        "tests",
        "mock",
        "path",
        "colors",
        "debug",
        "glob",
        "chalk",
        "moment",
        "async",
        "next",
        "express",
    )
)
_HARMLESS = re.compile(
    r"\b(?:validat\w+|pars\w+|format\w*|regex\w*|sort\w*|typos?|error messages?|warnings?|hints?|examples?)\b",
    re.IGNORECASE,
)
"""What is asked for is about the look or the form of the thing, and not the thing."""
_TEXT_ONLY = re.compile(
    r"^\s*(?:docs?|test|tests|style|chore\(deps\)|typo)\b[(:]|\b(?:typos?|spelling|misspel\w+|wording|docstrings?|readme|changelog|guide|tutorial|manual page|flaky|broken link|dead link|code comments?)\b",
    re.IGNORECASE,
)
_ABOUT_TEXT = re.compile(
    r"\b(?:typos?|spelling|docstrings?|comments? (?:in|of|about)|document(?:ation)?|describe|explain|mention\w*|(?:unit |regression |missing )?tests? (?:for|of|that))\b",
    re.IGNORECASE,
)


def in_ticket(ticket: Ticket, files: Iterable[str] = ()) -> tuple[Signal, ...]:
    """What the ticket asks for that is a person's to decide; `files` are those that it is about, as far as known."""
    known = tuple(files)
    aside = bool(known) and all(is_aside(path) for path in known)
    if aside or _TEXT_ONLY.search(ticket.title):
        return ()
    return _distinct(signal for each in sentences(ticket) for signal in _in_sentence(each, "asks for"))


def in_steps(steps: Iterable[str]) -> tuple[Signal, ...]:
    """The same for the steps of a plan."""
    return _distinct(signal for each in of_lines(steps) for signal in _in_sentence(each, "means to touch"))


def _distinct(signals: Iterable[Signal]) -> tuple[Signal, ...]:
    """One of each case."""
    return tuple({signal.kind: signal for signal in reversed(list(signals))}.values())[::-1]


def _in_sentence(sentence: Sentence, verb: str) -> Iterator[Signal]:
    for trigger, kind, name, patterns in PATTERNS:
        found = next((match for pattern in patterns if (match := sentence.says(pattern))), None)
        if found and not _is_aside(sentence, found, trigger):
            yield Signal(trigger, kind, f"{verb} {name}: “{_short(found[0])}”")
    if package := _package(sentence):
        yield Signal(Trigger.ARCHITECTURE, "new-dependency", f"{verb} a new dependency: {package}")
    if found := sentence.says(_MAJOR_SAID) or _major(sentence):
        yield Signal(Trigger.COMPATIBILITY, "major-upgrade", f"{verb} a major upgrade: “{_short(found[0])}”")


def _is_aside(sentence: Sentence, found: re.Match[str], trigger: Trigger) -> bool:
    harmless = trigger in {Trigger.SECURITY, Trigger.DATA} and _HARMLESS.search(found[0])
    return bool(harmless) or _ABOUT_TEXT.search(sentence.text, 0, found.end()) is not None


def _short(text: str) -> str:
    return " ".join(text.split())[:100]


def _package(sentence: Sentence) -> str | None:
    """A well-known package that is to be taken up; ordinary words that are package names too count only as code."""
    for found in _PACKAGE.finditer(sentence.raw):
        name, start = found["name"].rstrip("."), found.start("name")
        marked = sentence.raw[start - 1] == "`" if start else False
        denied = Sentence(sentence.raw[: found.end()], "").says(re.compile(re.escape(found[0]))) is None
        known = any(name.lower() in names for names in _POPULAR)
        if known and not denied and (marked or name.lower() not in _COMMON_NAMES):
            return name
    return None


_POPULAR = tuple(frozenset(POPULAR.get(ecosystem, ())) for ecosystem in Ecosystem)


def _major(sentence: Sentence) -> re.Match[str] | None:
    """From one leading number to another, or to a bare leading number."""
    found = sentence.says(_MAJOR)
    if found is None:
        return None
    before = _FROM.search(sentence.text)
    if before:
        return found if before[1].split(".")[0] != found["new"].split(".")[0] else None
    bare = re.fullmatch(r"\d{1,3}(?:\.0)*", found["new"]) is not None
    named = (
        re.search(r"[A-Z]\w+|CODE|\b(?:library|framework|dependency|package)\b", found["what"]) is not None
    )
    return found if bare and named else None
