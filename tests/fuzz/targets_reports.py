"""Reports of tools and test runs, and what is looked for in a change's own files."""

import io
import json
from collections.abc import Callable
from itertools import islice

from ci_factory.gates.credentials.scan import scan_bytes
from ci_factory.gates.reports.formats import (
    FORMATS,
    Format,
    Kind,
    detect,
    read_coverage,
    read_issues,
    read_tests,
)
from ci_factory.gates.reports.paths import Paths
from ci_factory.gates.suppressions import suppression
from ci_factory.gates.testing import functions
from ci_factory.gates.testing.channel import Answer
from ci_factory.gates.testing.mutants import make
from ci_factory.gates.testing.records import read as read_records
from ci_factory.gates.texts import READERS
from tests.fuzz.target import DATA, Target, pieces, text

_JSON = ("[", "{", '{"a":', "[1,", '"', "\\", "\\u00e9", "\\ud800", "1", "0.", "1e9", "null,", "NaN")
_XML = ("<", "<a>", '<a b="', "</a>", "&amp;", "&#x", "<!--", "<!DOCTYPE a [", "<![CDATA[", "<?a ")
_LINES = ("SF:a\n", "DA:1,1\n", "end_of_record\n", "test a ... ok\n", "a.py:1:1: error: b\n", "\r", "\n", " ")
_KINDS: dict[str, tuple[str, ...]] = {
    "junit": ("<testsuite>", "<testcase name='a'/>", "<failure>", "<skipped/>", "tests='1'", *_XML),
    "cobertura": ("<coverage>", "<class filename='a'>", "<line number='1' hits='1'/>", *_XML),
    "checkstyle": ("<checkstyle>", "<file name='a'>", "<error line='1' severity='error'/>", *_XML),
    "lcov": _LINES,
    "libtest": ("running 1 test\n", "failures:\n", "test result: ok. 1 passed\n", *_LINES),
    "tsc": ("a.ts(1,1): error TS1: b\n", "  c\n", *_LINES),
}


def _of_format(each: Format) -> Target:
    def run(data: bytes) -> None:
        stream = io.BytesIO(data)
        if each.kind is Kind.ISSUES:
            for _ in read_issues(stream, each.name):
                pass
        elif each.kind is Kind.TESTS:
            for _ in read_tests(stream, each.name):
                pass
        else:
            read_coverage(stream, each.name)

    module = f"gates.reports.{each.reader.partition(':')[0]}"
    words = _KINDS.get(each.name, _JSON)
    return Target(f"report-{each.name}", run, (module,), words, seeds=DATA / "reports" / each.name)


def _detect(data: bytes) -> None:
    name, head = pieces(data, 2)
    detect(text(name), head)


def _text_report(name: str) -> Callable[[bytes], None]:
    def run(data: bytes) -> None:
        for _ in READERS[name](io.BytesIO(data), Paths("/checkout")):
            pass

    return run


def _test_records(data: bytes) -> None:
    """Records as the channel hands them over: JSON objects, and a status that the warden vouches for."""
    rows = []
    for line in data.split(b"\n"):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        rows += [row] if isinstance(row, dict) else []
    read_records(Answer(tuple(rows), len(data) % 2, "said"), "/checkout", {})


def _python(data: bytes) -> None:
    tree = functions.parse(data)
    if tree is not None:
        lines = range(1, data.count(b"\n") + 2)
        for each in islice(make.mutants("a.py", data, lines), 2):
            make.works(each, data)


def _comments(data: bytes) -> None:
    for name in ("a.py", "a.ts", "a.go", "a.rs", "a.php", "a.java", "a"):
        for line in text(data).splitlines()[:50]:
            suppression(name, line)


_CODE = ("(", "[", "not ", "-", "a.", "a(", "if a:\n ", "1,", "lambda:", "'", '"""', "f'{", "#", "\\\n", "\0")
_SECRETS = (
    "eyJ",
    "AKIA",
    "glpat-",
    "%41",
    "ghp_",
    "-----BEGIN ",
    "password=",
    "65, ",
    "://a:b@",
    "QUtJQQ==",
    "\\x41",
    "0x41,",
    "\\u0041",
    '" + "',
    "A" * 20,
    "A=\n",
)

TARGETS = (
    *(_of_format(each) for each in FORMATS.values()),
    Target(
        "report-detect", _detect, ("gates.reports.detection", "gates.reports.jsonstream"), (*_JSON, *_XML)
    ),
    Target("report-gnu", _text_report("gnu"), ("gates.texts", "gates.reports.lines"), _LINES),
    Target(
        "report-paths", _text_report("paths"), ("gates.texts", "gates.reports.paths"), ("a/", "../", "\\")
    ),
    Target("test-records", _test_records, ("gates.testing.records",), ('{"test":"a"}\n', *_JSON)),
    Target(
        "changed-python",
        _python,
        ("gates.testing.functions", "gates.testing.mutants.make"),
        _CODE,
        grows=400_000,
    ),
    Target(
        "changed-comments", _comments, ("gates.suppressions",), ("# noqa", "pragma: ", "#[cfg_attr(", "/* ")
    ),
    Target(
        "changed-secrets",
        scan_bytes,
        ("gates.credentials.scan", "gates.credentials.forms", "gates.credentials.placeholders"),
        _SECRETS,
    ),
)
