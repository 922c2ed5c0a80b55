"""What the package index says about names that a change brings."""

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from ci_factory.gates import package_index
from ci_factory.gates.dependencies.words import allowed, observation, reason
from ci_factory.gates.findings import Observation
from ci_factory.gates.package_index import Answer
from ci_factory.gates.protocol import Unmeasurable
from ci_factory.gates.subject import Subject
from ci_factory.manifests import licences
from ci_factory.manifests.compare import Difference, Differences, Step
from ci_factory.manifests.licences import Licence
from ci_factory.manifests.model import Ecosystem, Source
from ci_factory.model.gate import Reason, Severity
from ci_factory.model.gate_settings import DependenciesConfig

MOST_ASKED = 40
"""New names that an index is asked for in one change."""
_AT_ONCE = 4


def ask_index(subject: Subject, found: Differences) -> tuple[list[Observation], list[Reason]]:
    """What the index says about new names; what it could not be asked."""
    config = subject.config.gates.dependencies
    rows = {
        each.dependency.key: each
        for each in found.dependencies
        if each.step is Step.NEW
        and not each.known
        and not each.dependency.locked
        and each.dependency.source is Source.INDEX
        and not allowed(config, each.dependency)
    }
    if not config.check_index or not rows:
        return [], []
    wanted = list(rows.values())[:MOST_ASKED]
    too_many = (
        [reason(f"{len(rows)} new dependencies: only {MOST_ASKED} were looked up")]
        if len(rows) > MOST_ASKED
        else []
    )
    seen: list[Observation] = []
    problems: list[Reason] = []
    for each, answer in zip(wanted, _answers(subject, wanted), strict=True):
        if isinstance(answer, Unmeasurable):
            problems.append(_silent(each, answer))
        else:
            seen += _by_answer(config, each, answer)
            problems += _unlicensed(each, answer)
    return seen, [*problems, *too_many]


def _silent(each: Difference, error: Unmeasurable) -> Reason:
    text = f"{each.dependency.spelled} is new, and {error.what}"
    return reason(f"{text}; to do: {error.fix}" if error.fix else text, each.path, each.dependency.line)


def _answers(subject: Subject, wanted: Sequence[Difference]) -> list[Answer | Unmeasurable]:
    """The first name of each ecosystem is asked alone: an index that is away is away for all."""
    found: dict[int, Answer | Unmeasurable] = {}
    away: dict[Ecosystem, Unmeasurable] = {}
    first: dict[Ecosystem, int] = {}
    for place, each in enumerate(wanted):
        first.setdefault(each.dependency.ecosystem, place)
    for ecosystem, place in first.items():
        answer = found[place] = _answer(subject, wanted[place])
        if isinstance(answer, Unmeasurable):
            away[ecosystem] = answer
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        running = {
            place: pool.submit(_answer, subject, each)
            for place, each in enumerate(wanted)
            if place not in found and each.dependency.ecosystem not in away
        }
        found |= {place: future.result() for place, future in running.items()}
    return [found.get(place) or away[each.dependency.ecosystem] for place, each in enumerate(wanted)]


def _answer(subject: Subject, each: Difference) -> Answer | Unmeasurable:
    now, seconds = each.dependency, subject.config.gates.dependencies.timeout_seconds
    try:
        return package_index.ask(subject, now.ecosystem, now.name, now.pin, seconds)
    except Unmeasurable as error:
        return error


def _by_answer(config: DependenciesConfig, each: Difference, answer: Answer) -> Iterator[Observation]:
    now = each.dependency
    if not answer.exists:
        text = f"{now.spelled} does not exist on the configured index: anybody may register the name"
        advice = "find out which package was meant"
        yield observation(
            "invented-dependency", Severity.CRITICAL, each.path, now.line, text, now.name, advice
        )
        return
    if now.pin and answer.versions and _plain(now.pin) not in set(map(_plain, answer.versions)):
        text = f"the configured index offers no version {now.pin} of {now.spelled}"
        yield observation(
            "unknown-version", Severity.MEDIUM, each.path, now.line, text, now.name, "name one that exists"
        )
    if answer.licences is not None:
        yield from _by_licence(config, each, answer.licences)


def _plain(version: str) -> str:
    """A version as indexes compare it: `1.0` is `1.0.0`."""
    return re.sub(r"(\.0+)+$", "", version.lower())


def _unlicensed(each: Difference, answer: Answer) -> Iterator[Reason]:
    if answer.exists and answer.licences is None:
        text = f"{each.dependency.spelled} is new, and its licence could not be read; to do: a person looks, then gates.dependencies.allow"
        yield reason(text, each.path, each.dependency.line)


_VERDICTS = {
    Licence.WEAK: ("weak-copyleft", Severity.MEDIUM, "has a weak copyleft licence"),
    Licence.STRONG: ("strong-copyleft", Severity.HIGH, "has a strong copyleft or restrictive licence"),
    Licence.UNKNOWN: ("unknown-licence", Severity.HIGH, "has no licence that is known"),
}


def _by_licence(config: DependenciesConfig, each: Difference, texts: Sequence[str]) -> Iterator[Observation]:
    known = [found for text in texts if (found := licences.classify(text)) is not Licence.UNKNOWN]
    kind = known[0] if known else Licence.UNKNOWN
    named = {name.lower() for text in texts[:1] for name in licences.identifiers(text)}
    if kind is Licence.PERMISSIVE or named & {name.lower() for name in config.licences.allow}:
        return
    rule, severity, what = _VERDICTS[kind]
    if named & {name.lower() for name in config.licences.review}:
        severity = Severity.MEDIUM
    said = f": {texts[0][:80]}" if texts else ""
    advice = "a person decides; licences that are fine here belong in gates.dependencies.licences.allow"
    text = f"{each.dependency.spelled} {what}{said}"
    yield observation(rule, severity, each.path, each.dependency.line, text, each.dependency.name, advice)
