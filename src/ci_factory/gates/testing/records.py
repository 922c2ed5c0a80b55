"""Records of a pytest run to a suite. Every record may be a lie: types are checked, and the whole must be complete."""

from collections.abc import Iterable, Mapping
from typing import Any

from ci_factory.gates.findings import clean
from ci_factory.gates.protocol import Unmeasurable
from ci_factory.gates.testing.channel import Answer, Tampered
from ci_factory.gates.testing.suite import BAD, Case, Outcome, Suite

MAX_CASES = 500_000
_OUTCOMES: dict[str, Outcome] = {
    "error": "error",
    "failed": "failed",
    "skipped": "skipped",
    "xfailed": "xfailed",
    "passed": "passed",
}
_WORST_FIRST = tuple(_OUTCOMES)
_DONE, _FAILED, _INTERRUPTED, _BROKEN, _USAGE, _NOTHING = range(6)  # pytest's exit statuses
_MAX_TEXTS = 50


class InternalError(Unmeasurable):
    """Pytest, or a plugin in it, broke."""


def read(answer: Answer, folder: str, tools: Mapping[str, str]) -> Suite:
    """Cases of a run that came to its end.

    Raises:
        Unmeasurable: the run died, was stopped, or could not begin.
        InternalError: pytest broke.
        Tampered: records follow the end, or contradict each other.
    """
    ends = [place for place, record in enumerate(answer.records) if "end" in record]
    if not ends:
        raise Unmeasurable(_death(answer))
    if ends != [len(answer.records) - 1] or answer.status != 0:
        raise Tampered("the report of the tests goes on after its end")
    end = answer.records[-1]
    _check_end(end, answer)
    tests, broken = _tests(answer.records), _broken(answer.records)
    canaries = set(_texts(end, "canaries"))
    cases = [_case(name, records, folder) for name, records in tests.items() if name not in canaries]
    cases += [_collection(name, message, folder) for name, message in broken.items()]
    _check_status(
        end, bad=bool(canaries) or any(case.outcome in BAD for case in cases), some=bool(cases), answer=answer
    )
    return Suite(
        cases=tuple(cases),
        anomalies=tuple(clean(text) for text in _texts(end, "anomalies")),
        hooks=tuple(clean(text) for text in _texts(end, "hooks")),
        tools=dict(tools),
    )


def _death(answer: Answer) -> str:
    running = [str(record["start"]) for record in answer.records if "start" in record]
    how = f"signal {-answer.status}" if answer.status < 0 else f"exit status {answer.status}"
    where = f" while it ran {running[-1]}" if running else ""
    return clean(f"pytest left no report: its process ended{where} with {how}: {answer.said}")


def _check_end(end: Mapping[str, Any], answer: Answer) -> None:
    if type(end["end"]) is not int or type(end.get("stopped")) is not str:
        raise Tampered("the report of the tests has no proper end")
    stopped = clean(end["stopped"])
    if end["end"] == _BROKEN:
        raise InternalError(f"pytest broke: {stopped or answer.said}")
    if stopped or end["end"] in {_INTERRUPTED, _USAGE}:
        raise Unmeasurable(f"pytest was stopped before its end: {stopped or answer.said}")


def _check_status(end: Mapping[str, Any], *, bad: bool, some: bool, answer: Answer) -> None:
    """The exit status must say what the report says; a success beside failures is an anomaly, told in the end."""
    status = end["end"]
    agreed = {_DONE: some or not bad, _FAILED: bad, _NOTHING: not some}.get(status, False)
    if not agreed and not _texts(end, "anomalies"):
        raise Unmeasurable(f"pytest ended with status {status}: {answer.said}")


def _tests(records: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        if "test" in record:
            found.setdefault(_text(record, "test"), []).append(record)
    if len(found) > MAX_CASES:
        raise Unmeasurable(f"more than {MAX_CASES} tests")
    return found


def _broken(records: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {
        _text(record, "collection"): _text(record, "message") for record in records if "collection" in record
    }


def _case(name: str, records: list[Mapping[str, Any]], folder: str) -> Case:
    """The worst of what its phases (and subtests) say."""
    worst = min(records, key=lambda record: _WORST_FIRST.index(_outcome(record)))
    lines = [record["line"] for record in records if type(record.get("line")) is int and record["line"] > 0]
    file, _, test = name.partition("::")
    return Case(
        file=file,
        name=test,
        line=lines[0] if lines else None,
        outcome=_outcome(worst),
        message=_message(worst, folder),
        seconds=sum(_seconds(record) for record in records),
    )


def _collection(name: str, message: str, folder: str) -> Case:
    file = name.split("::", maxsplit=1)[0]
    text = clean(message.replace(f"{folder}/", ""))
    return Case(file=file, name="", line=None, outcome="error", message=text, collection=True)


def _outcome(record: Mapping[str, Any]) -> Outcome:
    outcome = record.get("outcome")
    if not isinstance(outcome, str) or outcome not in _OUTCOMES:
        raise Tampered("the report of the tests holds an outcome that is none")
    return _OUTCOMES[outcome]


def _message(record: Mapping[str, Any], folder: str) -> str:
    return clean(_text(record, "message").replace(f"{folder}/", ""))


def _seconds(record: Mapping[str, Any]) -> float:
    seconds = record.get("seconds")
    return seconds if isinstance(seconds, float | int) and 0 <= seconds < 1e6 else 0.0  # noqa: PLR2004 - eleven days


def _text(record: Mapping[str, Any], key: str) -> str:
    value = record.get(key)
    if not isinstance(value, str):
        raise Tampered("the report of the tests holds a record that is none")
    return value


def _texts(record: Mapping[str, Any], key: str) -> list[str]:
    value = record.get(key)
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise Tampered("the report of the tests has no proper end")
    return value[:_MAX_TEXTS]
