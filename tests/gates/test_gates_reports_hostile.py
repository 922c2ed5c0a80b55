"""Hostile and damaged reports: every format against every attack that it can carry."""

import bz2
import contextlib
import gzip
import io
import lzma
import re
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_factory.errors import ArtifactError
from ci_factory.gates.reports import limits
from ci_factory.gates.reports.formats import FORMATS, Kind, detect, read_coverage, read_issues, read_tests
from ci_factory.gates.reports.marks import Marks

DATA = Path(__file__).parents[1] / "data" / "reports"
ROOT = "/builds/group/project"
LIMIT_SECONDS = 2.0

SAMPLES = {
    "sarif": "bandit.sarif",
    "junit": "pytest.xml",
    "cobertura": "coverage-py.xml",
    "lcov": "coverage-py.info",
    "coverage-json": "coverage.json",
    "code-quality": "codeclimate.json",
    "gitlab-sast": "semgrep.json",
    "gitlab-secret-detection": "gitleaks.json",
    "gitlab-dependency-scanning": "gemnasium.json",
    "semgrep": "semgrep.json",
    "ruff": "ruff.json",
    "mypy": "mypy.json",
    "eslint": "eslint.json",
    "bandit": "bandit.json",
    "go-test-json": "go.json",
    "phpstan": "phpstan.json",
    "clippy": "clippy.json",
    "tsc": "tsc.txt",
    "checkstyle": "checkstyle.xml",
    "libtest": "cargo.txt",
}
VALID = {name: DATA / name / SAMPLES[name] for name in FORMATS}
JSON = [name for name, path in VALID.items() if path.read_bytes().lstrip()[:1] in {b"{", b"["}]
XML = [name for name, path in VALID.items() if path.read_bytes().lstrip()[:1] == b"<"]
TEXT = sorted(set(VALID) - set(JSON) - set(XML))
LINE_BY_LINE = {"mypy", "clippy", "go-test-json"}
PLACES = {
    "sarif": (r'"startLine": *3', r'"uri": *"[^"]*"', '"startLine":{}', '"uri":"{}"'),
    "code-quality": (r'"begin": *4', r'"path": *"[^"]*"', '"begin":{}', '"path":"{}"'),
    "gitlab-sast": (r'"start_line": *7', r'"file": *"[^"]*"', '"start_line":{}', '"file":"{}"'),
    "gitlab-secret-detection": (r'"start_line": *3', r'"file": *"[^"]*"', '"start_line":{}', '"file":"{}"'),
    "semgrep": (r'"line": *7', r'"path": *"[^"]*"', '"line":{}', '"path":"{}"'),
    "bandit": (r'"line_number": *7', r'"filename": *"src[^"]*"', '"line_number":{}', '"filename":"{}"'),
    "ruff": (r'"row": *7', r'"filename": *"[^"]*"', '"row":{}', '"filename":"{}"'),
    "mypy": (r'"line": *11', r'"file": *"[^"]*"', '"line":{}', '"file":"{}"'),
    "eslint": (r'"line": *2', r'"filePath": *"[^"]*"', '"line":{}', '"filePath":"{}"'),
    "phpstan": (r'"line": *24', r'"/builds[^"]*"', '"line":{}', '"{}"'),
    "clippy": (r'"line_start": *2', r'"file_name": *"[^"]*"', '"line_start":{}', '"file_name":"{}"'),
}
"""Where a line and a path stand in a sample, and how they are written."""


def read_all(data: bytes, name: str) -> int:
    """How many things a report says."""
    stream = io.BytesIO(data)
    if FORMATS[name].kind is Kind.COVERAGE:
        return len(read_coverage(stream, name, root=ROOT).files)
    rows: Iterator[object] = (
        read_tests(stream, name) if FORMATS[name].kind is Kind.TESTS else read_issues(stream, name, root=ROOT)
    )
    return sum(1 for _ in rows)


def refused(data: bytes, name: str) -> str:
    """The error; it comes in time and says what is wrong."""
    started = time.perf_counter()
    with pytest.raises(ArtifactError) as error:
        read_all(data, name)
    assert time.perf_counter() - started < LIMIT_SECONDS
    assert error.value.what
    assert len(str(error.value)) < 1000
    return error.value.what


def valid(name: str) -> bytes:
    return VALID[name].read_bytes()


def zipped(data: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("../report", data)
    return stream.getvalue()


@pytest.mark.parametrize("name", VALID)
def test_the_untouched_samples_are_read(name: str) -> None:
    """What the attacks below change is readable before."""
    assert read_all(valid(name), name) > 0
    assert read_all(b"\xef\xbb\xbf" + valid(name), name) > 0


@pytest.mark.parametrize("name", VALID)
@pytest.mark.parametrize(
    "pack", [gzip.compress, bz2.compress, lzma.compress, zipped], ids=["gzip", "bzip2", "xz", "zip"]
)
def test_packed_files_are_refused(name: str, pack: Callable[[bytes], bytes]) -> None:
    """Nothing is unpacked, so no bomb goes off."""
    assert "packed" in refused(pack(valid(name)), name)


@pytest.mark.parametrize("name", [*JSON, *XML])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9, 0.99])
def test_cut_files_are_refused(name: str, share: float) -> None:
    """A file whose end is missing is not a shorter report; cut between two lines of a format by lines it may be one."""
    data = valid(name).rstrip()
    cut = data[: int(len(data) * share)]
    if name == "mypy" and cut.endswith((b"}", b"\n")):
        cut = cut.rstrip()[:-1]
    refused(cut, name)


@pytest.mark.parametrize("name", ["tsc", "lcov", "libtest", *JSON, *XML])
def test_bytes_that_are_no_text_are_refused(name: str) -> None:
    """A wrong encoding is an error, not other characters."""
    refused(valid(name).rstrip() + b"\xff\xfe\x80", name)


@pytest.mark.parametrize("name", JSON)
@pytest.mark.parametrize(
    "value",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "9" * 5000,
        '"\\ud800"',
        '{"a": 1, "a": 2}',
        "[" * 100000,
        '{"a":' * 100000,
        "'x'",
        "01",
        '"\x01"',
        "truthy",
        "",
        "1 2",
        "\ufeff1",
    ],
    ids=lambda value: value[:12].encode("unicode_escape").decode(),
)
def test_json_that_is_not_strict_is_refused(name: str, value: str) -> None:
    """NaN, duplicate keys, half surrogates, depth: whatever a lenient parser would let pass."""
    text = valid(name).decode()
    first = text.index("{") + 1
    refused((text[:first] + f'"zz": {value}, ' + text[first:]).encode(), name)


@pytest.mark.parametrize("name", JSON)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-16-le"])
def test_json_in_another_encoding_is_refused(name: str, encoding: str) -> None:
    """JSON is UTF-8 (RFC 8259)."""
    refused(valid(name).decode().encode(encoding), name)


@pytest.mark.parametrize("name", sorted(set(JSON) - LINE_BY_LINE))
@pytest.mark.parametrize("tail", [b"x", b"{}", b"]", b"\0", b"null"])
def test_json_with_something_behind_is_refused(name: str, tail: bytes) -> None:
    """One file is one document."""
    refused(valid(name) + tail, name)


@pytest.mark.parametrize("name", JSON)
@pytest.mark.parametrize(
    "value", [b"null", b"1", b'"x"', b"true", b"[[]]", b'[{"a": 1}]', b'{"a": 1}', b"[null]"]
)
def test_other_json_is_refused(name: str, value: bytes) -> None:
    """A document of another shape is an error and not an empty report."""
    refused(value, name)


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("number", ["-7", "99999999999", "1e3", "2.5", '"7"', "true", "[]", "1" + "0" * 400])
def test_lines_that_can_not_be_are_refused(name: str, number: str) -> None:
    """Negative, enormous, or no number at all."""
    pattern, _, template, _ = PLACES[name]
    text, times = re.subn(pattern, template.format(number), valid(name).decode())
    assert times
    refused(text.encode(), name)


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize(
    "path",
    [
        "../../etc/passwd",
        "a/../../b",
        "/builds/group/project/../../../etc/passwd",
        "",
        "a\\u0000b",
        "a\\nb",
        "a" * 5000,
        "/x/../../etc/passwd",
        "\\u2028a",
    ],
    ids=lambda path: path[:30] or "empty",
)
def test_paths_that_leave_the_checkout_are_refused(name: str, path: str) -> None:
    """Traversal, control characters and endless names."""
    _, pattern, _, template = PLACES[name]
    text, times = re.subn(pattern, lambda _: template.format(path), valid(name).decode())
    assert times
    refused(text.encode(), name)


@pytest.mark.parametrize(
    "uri",
    [
        "file:///etc/passwd",
        "file://evil.example/a.py",
        "https://evil.example/a.py",
        "/etc/passwd",
        "..%2f..%2fetc/passwd",
        "file:///builds/group/project/%2e%2e/%2e%2e/x",
        "file:///builds/group/projects/a.py",
        "a%00b",
        "data:text/x,y",
        "%ff",
    ],
)
def test_uris_of_other_places_are_refused(uri: str) -> None:
    """SARIF's URIs are read, decoded, and never followed."""
    text = re.sub(r'"uri": *"[^"]*"', f'"uri": "{uri}"', valid("sarif").decode(), count=1)
    refused(text.encode(), "sarif")


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10))
DOCTYPES = {
    "billion laughs": f"<!DOCTYPE x [{LAUGHS}]>",
    "external entity": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
    "parameter entity": '<!DOCTYPE x [<!ENTITY % e SYSTEM "http://evil.example/x.dtd"> %e;]>',
    "external subset": '<!DOCTYPE coverage SYSTEM "file:///etc/passwd">',
    "known subset and more": '<!DOCTYPE coverage SYSTEM "coverage-04.dtd" [<!ENTITY a "b">]>',
    "public": '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0//EN" "http://www.w3.org/x.dtd">',
}


@pytest.mark.parametrize("name", XML)
@pytest.mark.parametrize("doctype", DOCTYPES)
def test_document_types_are_refused(name: str, doctype: str) -> None:
    """No entity is ever defined; only Cobertura's own document type is passed over, unread."""
    body = re.sub(rb"^\s*<\?xml.*?\?>|<!DOCTYPE[^>]*>", b"", valid(name))
    refused(DOCTYPES[doctype].encode() + body, name)


@pytest.mark.parametrize("name", XML)
@pytest.mark.parametrize(
    "inside",
    [
        "<a>" * 5000 + "</a>" * 5000,
        f'<a b="{"x" * 3_000_000}"/>',
        f"<{'a' * 3_000_000}/>",
        "<a",
        "&undefined;",
        "\x01",
        "<a b='1' b='2'/>",
        "<![CDATA[",
        "</wrong>",
    ],
    ids=["deep", "attribute", "name", "open", "entity", "control", "twice", "cdata", "wrong-end"],
)
def test_xml_that_is_not_well_formed_or_too_large_is_refused(name: str, inside: str) -> None:
    """Depth and tokens are bounded, and expat is strict."""
    text = re.sub(r"<!DOCTYPE[^>]*>", "", valid(name).decode())
    at = text.rindex("</")
    refused((text[:at] + inside + text[at:]).encode(), name)


@pytest.mark.parametrize("name", XML)
def test_xml_in_utf16_is_read_and_in_unknown_encodings_refused(name: str) -> None:
    """expat reads what XML demands; nothing is guessed."""
    text = re.sub(r"^\s*<\?xml.*?\?>\s*", "", valid(name).decode())
    assert read_all(text.encode("utf-16"), name) == read_all(valid(name), name)
    refused(b'<?xml version="1.0" encoding="utf-7"?>' + text.encode(), name)
    refused(b'<?xml version="1.0" encoding="no-such"?>' + text.encode(), name)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("sarif", b'{"version": "2.1.0", "runs": []}'),
        ("sarif", b'{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}}]}'),
        ("sarif", b'{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": null}]}'),
        ("sarif", b'{"version": "2.1.0", "runs": [{"results": []}]}'),
        ("sarif", b'{"version": "1.0.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": []}]}'),
        (
            "sarif",
            (
                b'{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": [], "invocations": '
                b'[{"executionSuccessful": true, "toolExecutionNotifications": [{"level": "error"}]}]}]}'
            ),
        ),
        (
            "sarif",
            (
                b'{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": [], "invocations": '
                b'[{"executionSuccessful": false}]}]}'
            ),
        ),
        (
            "sarif",
            (
                b'{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "originalUriBaseIds": {"A": {"uriBaseId": '
                b'"B"}, "B": {"uriBaseId": "A"}}, "results": [{"ruleId": "r", "message": {"text": "m"}, "locations": '
                b'[{"physicalLocation": {"artifactLocation": {"uri": "a", "uriBaseId": "A"}}}]}]}]}'
            ),
        ),
        ("gitlab-sast", b'{"version": "15.0.0", "vulnerabilities": []}'),
        (
            "gitlab-sast",
            (
                b'{"version": "15.0.0", "vulnerabilities": [], "scan": {"status": "failure", "type": "sast", '
                b'"scanner": {"id": "x"}}}'
            ),
        ),
        ("semgrep", b'{"results": [], "errors": [{"message": "Timeout", "level": "warn"}]}'),
        ("semgrep", b'{"results": []}'),
        ("bandit", b'{"results": [], "errors": [{"filename": "a.py", "reason": "syntax error"}]}'),
        ("phpstan", b'{"totals": {"errors": 0, "file_errors": 1}, "files": [], "errors": []}'),
        ("eslint", b'[{"filePath": "a.js", "messages": [], "errorCount": 1, "warningCount": 0}]'),
        ("clippy", b'{"reason": "compiler-artifact"}'),
        ("clippy", b'{"reason": "build-finished", "success": false}'),
        ("go-test-json", b'{"Action": "run", "Package": "p", "Test": "TestA"}'),
        (
            "go-test-json",
            b'{"Action": "pass", "Package": "p", "Test": "A"}\n{"Action": "fail", "Package": "p", "Test": "A"}',
        ),
        ("checkstyle", b'<checkstyle><file name="a"><exception>x</exception></file></checkstyle>'),
        ("lcov", b"SF:a.py\nDA:1,1\n"),
        ("lcov", b"SF:a.py\nDA:1,-1\nend_of_record\n"),
        ("lcov", b"SF:a.py\nDA:0,1\nend_of_record\n"),
        ("lcov", b"SF:a.py\nDA:99999999,1\nend_of_record\n"),
        ("lcov", b"DA:1,1\n"),
        ("lcov", b"TN:\n"),
        ("lcov", b"SF:../../a.py\nDA:1,1\nend_of_record\n"),
        ("cobertura", b"<coverage/>"),
        ("cobertura", b'<coverage line-rate="NaN"/>'),
        ("cobertura", b'<coverage line-rate="2"/>'),
        (
            "cobertura",
            b'<coverage><class filename="a"><lines><line number="-1" hits="1"/></lines></class></coverage>',
        ),
        (
            "cobertura",
            b'<coverage><class filename="a"><lines><line number="1" hits="x"/></lines></class></coverage>',
        ),
        ("cobertura", b'<coverage><class filename="../a"><lines/></class></coverage>'),
        ("junit", b'<testsuite tests="2"><testcase name="a"/></testsuite>'),
        ("junit", b'<testsuites tests="2"><testsuite><testcase name="a"/></testsuite></testsuites>'),
        ("junit", b'<testsuite failures="0"><testcase name="a"><failure/></testcase></testsuite>'),
        ("junit", b'<testsuite errors="1" tests="0"/>'),
        ("junit", b'<testsuite><testcase name="a"/><testcase name="a"><failure/></testcase></testsuite>'),
        ("junit", b'<testsuite><testcase name="a"><testcase name="b"/></testcase></testsuite>'),
        ("junit", b"<testsuite><testcase/></testsuite>"),
        ("junit", b'<testcase name="a"/>'),
        ("tsc", b"src/a.ts(1): error TS1: x\n"),
    ],
)
def test_reports_that_are_not_complete_or_contradict_themselves_are_refused(name: str, data: bytes) -> None:
    """A tool that failed, a run that was cut, a total that lies: nothing of it is a clean report."""
    refused(data, name)


@pytest.mark.parametrize("name", sorted(set(JSON) - LINE_BY_LINE))
def test_values_beyond_the_bound_are_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One finding can't fill the memory."""
    monkeypatch.setattr("ci_factory.gates.reports.jsonstream.MAX_VALUE_CHARS", 1000)
    monkeypatch.setattr("ci_factory.gates.reports.jsonstream.CHUNK", 500)
    text = valid(name).decode()
    first = text.index("{") + 1
    refused(f'{text[:first]}"zz": "{"x" * 5000}", {text[first:]}'.encode(), name)


def test_files_beyond_the_bound_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The size is counted while reading, whatever the file system says."""
    monkeypatch.setattr("ci_factory.gates.reports.bytesource.MAX_FILE_BYTES", 100)
    for name in VALID:
        assert "larger" in refused(valid(name), name)


@pytest.mark.parametrize("name", ["mypy", "clippy", "go-test-json", "tsc", "lcov", "libtest"])
def test_lines_beyond_the_bound_are_refused(name: str) -> None:
    """A file of one endless line is not taken in."""
    assert "line of more" in refused(b"x" * (limits.MAX_LINE_BYTES + 2**20), name)


@pytest.mark.parametrize("name", VALID)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_mutated_samples_are_read_or_refused(name: str, data: st.DataObject) -> None:
    """Whatever bytes are changed, taken out or put in: an answer or a clear error, nothing else."""
    sample = valid(name)[:20_000]
    at = data.draw(st.integers(0, len(sample)))
    length = data.draw(st.integers(0, 200))
    other = data.draw(
        st.binary(max_size=20)
        | st.sampled_from(
            [b"null", b"[]", b"{}", b"-1", b'""', b"true", b'"\\ud800"', b"<a>", b"&a;", b",", b'"', b"1e9"]
        )
    )
    with contextlib.suppress(ArtifactError):
        read_all(sample[:at] + other + sample[at + length :], name)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
SCALAR = re.compile(rb'(?<=[:\[,])\s*(?:"(?:[^"\\]|\\.)*"|-?\d+|true|false|null)(?=\s*[,}\]])')


@pytest.mark.parametrize("name", JSON)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_value_in_any_place_is_read_or_refused(name: str, data: st.DataObject) -> None:
    """Wrong types deep inside of an otherwise valid report."""
    import json

    sample = valid(name)
    places = list(SCALAR.finditer(sample))
    for place in data.draw(
        st.lists(st.sampled_from(places), min_size=1, max_size=3, unique_by=lambda m: m.start())
    ):
        value = json.dumps(data.draw(VALUES)).encode()
        sample = valid(name)[: place.start()] + value + valid(name)[place.end() :]
        with contextlib.suppress(ArtifactError):
            read_all(sample, name)


@given(st.binary(max_size=400), st.sampled_from(sorted(FORMATS)))
def test_any_bytes_are_read_or_refused(data: bytes, name: str) -> None:
    """And the look at the first bytes never fails either."""
    assert detect("report", data) in {None, *FORMATS}
    with contextlib.suppress(ArtifactError):
        read_all(data, name)


@pytest.mark.parametrize(
    "head", [b"<!A[" * 16_000, b"<!A[ ]>" * 9000, b"[" * 65_536, b"a(1,1" * 13_000, b"{" * 65_536]
)
def test_the_format_is_told_quickly(head: bytes) -> None:
    """No pattern backtracks for long."""
    started = time.perf_counter()
    detect("report", head)
    assert time.perf_counter() - started < LIMIT_SECONDS


@given(st.lists(st.tuples(st.integers(0, 2**64 - 1), st.integers(1, 5)), max_size=3000))
def test_the_table_of_marks_is_a_dictionary(pairs: list[tuple[int, int]]) -> None:
    """It keeps the first value of every key, as far as its bits tell keys apart."""
    marks = Marks()
    expected: dict[int, int] = {}
    for key, value in pairs:
        assert marks.add(key, value) == expected.get(key >> 3, 0)
        expected.setdefault(key >> 3, value)
    assert len(marks) == len(expected)
    assert all(marks.get(key << 3) == value for key, value in expected.items())
