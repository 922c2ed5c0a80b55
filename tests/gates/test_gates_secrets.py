"""Credentials in every form and place; what looks like one and is none; and that no report repeats any."""

import base64
import importlib.util
import zlib
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_factory.gates.credentials.redaction import MASK, redact
from ci_factory.gates.credentials.scan import scan, scan_bytes
from ci_factory.gates.secrets import MAX_BYTES
from ci_factory.model.gate import Finding, GateResult, GateStatus, Severity

Project = Any  # tests/gates/conftest.py


def token(prefix: str, length: int, letters: str = "Q3EGRX7ZP2LMN4TBKWAYC5VD6H") -> str:
    """A credential that nobody issued, made here so that scanners of this repository find none."""
    return prefix + "".join(letters[(7 * place + 3) % len(letters)] for place in range(length))


AWS = token("AKIA", 16)
GITLAB = token("glpat" + "-", 20)
GITHUB = token("gh" + "p_", 36)
PEM = "-----BEGIN RSA " + "PRIVATE KEY-----\n" + token("MIIE", 60) + "\n"


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def quoted(parts: list[str], between: str) -> str:
    return between.join(f'"{part}"' for part in parts)


def fresh(result: GateResult) -> list[Finding]:
    return [finding for finding in result.findings if finding.is_new]


HALVES = [AWS[:7], AWS[7:]]
FORMS = {
    "plain": f'key = "{AWS}"',
    "in a comment": f"# {GITLAB}",
    "base64": f'key = "{b64(AWS)}"',
    "base64 within other text": f'key = "{b64("some text before " + GITLAB + " and after")}"',
    "base64 without padding": f'key = "{b64(GITLAB).rstrip("=")}"',
    "base64 twice": f'key = "{b64(b64(GITHUB))}"',
    "base64, wrapped": "\n".join(
        b64("filler " * 12 + GITLAB + " filler" * 9)[at : at + 64] for at in (0, 64, 128, 192, 256)
    ),
    "base64, compressed": f'key = "{base64.b64encode(zlib.compress(f"key: {AWS} ".encode() * 3)).decode()}"',
    "base64, divided": f"key = b64decode({quoted([b64(AWS)[:9], b64(AWS)[9:]], ' + ')})",
    "base32": f'key = "{base64.b32encode(AWS.encode()).decode()}"',
    "base85": f'key = "{base64.b85encode(AWS.encode()).decode()}"',
    "hexadecimal": f'key = "{GITLAB.encode().hex()}"',
    "URL encoding": f'key = "{quote(GITLAB).replace("-", "%2D")}"',
    "escapes": 'key = "' + "".join(f"\\x{ord(each):02x}" for each in AWS) + '"',
    "one escape": f'key = "\\u0041{AWS[1:]}"',
    "character codes": "key = bytes([" + ", ".join(str(ord(each)) for each in GITHUB) + "])",
    "chr": "key = " + " + ".join(f"chr({ord(each)})" for each in AWS),
    "reversed": f'key = "{GITHUB[::-1]}"[::-1]',
    "added": f"key = {quoted(HALVES, ' + ')}",
    "added over lines": f"key = (\n    {quoted(HALVES, chr(10) + '    ')}\n)",
    "a list of letters": f"key = ''.join([{quoted(list(AWS), ', ')}])",
    "variables": f'a = "{HALVES[0]}"\nb = "{HALVES[1]}"\nkey = a + b',
    "formatted": f"key = '%s%s' % ({quoted(HALVES, ', ')})",
    "PHP": f"$key = {quoted(HALVES, ' . ')};",
    "a private key": PEM,
    "a private key in one string": f'key = "{PEM}"'.replace("\n", "\\n"),
    "a password in an address": 'url = "postgres://svc:' + 'Gh7!kk2pQz@db.prod.acme.org:5432/app"',
    "a connection string": 'c = "Server=db1;Database=a;User Id=sa;Pass' + 'word=Gh7!kk2pQz;"',
}


@pytest.mark.parametrize("name", FORMS)
def test_a_credential_is_found_in_every_form(name: str) -> None:
    """However a credential is written down, it blocks."""
    hits = scan(f"first = 1\n{FORMS[name]}\n")
    assert [hit for hit in hits if hit.severity.rank <= Severity.HIGH.rank], name


@pytest.mark.parametrize(
    "name", ["plain", "base64", "hexadecimal", "reversed", "added over lines", "variables"]
)
def test_a_credential_is_found_at_its_line(name: str) -> None:
    """A finding names the line where the credential begins."""
    hits = scan("# one\n# two\n" + FORMS[name] + "\n# after\n")
    assert min(hit.line for hit in hits) in {3, 4}
    assert max(hit.line for hit in hits) <= 4


@settings(deadline=None)
@given(before=st.text(max_size=30), after=st.text(max_size=30))
def test_base64_hides_nothing_at_any_offset(before: str, after: str) -> None:
    """Text around a credential shifts its base64 form, and does not hide it."""
    encoded = b64(f"{before} {AWS} {after}")
    assert scan(f"x = '{encoded}'")
    assert AWS not in redact(f"x = {AWS}")
    assert encoded not in redact(f"said: {encoded}")


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_can_be_scanned(text: str) -> None:
    """No text makes the scanner fail, and redacting twice changes nothing more."""
    scan(text)
    once = redact(text)
    assert redact(once) == once


DUMMIES = """
PASSWORD = "test"
DB_PASSWORD = "changeme"
password = "password"
api_key = "your-api-key-here"
API_KEY = os.environ["API_KEY"]
token = "<token>"
secret = "${SECRET}"
url = "https://user:pass@example.com/path"
dsn = "postgres://postgres:postgres@localhost:5432/app"
auth = f"https://{user}:{password}@host/"
checksum = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
header = "-----BEGIN PRIVATE KEY-----"
client = Client(token=token, password=password)
uuid = "123e4567-e89b-12d3-a456-426614174000"
placeholder = "glpat-xxxxxxxxxxxxxxxxxxxx"
"""


def test_dummies_do_not_block(project: Project) -> None:
    """Placeholders, templates, look-ups, checksums and local passwords are no credentials, in tests or elsewhere."""
    project.commit({"a.py": "A = 1\n"})
    project.commit(
        {"app/settings.py": DUMMIES, "tests/test_a.py": DUMMIES, ".env.example": "PASSWORD=changeme\n"}
    )
    result = project.judge("secrets")
    assert result.status is GateStatus.PASS
    assert {finding.severity for finding in fresh(result)} <= {Severity.LOW}


@pytest.mark.parametrize("package", ["click", "jinja2", "requests", "pydantic"])
def test_sources_of_well_kept_libraries_are_clean(package: str) -> None:
    """What many people read every day holds no credential, and none is reported."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent
    hits = [
        (path.name, hit.line, hit.kind)
        for path in sorted(folder.rglob("*.py"))
        for hit in scan_bytes(path.read_bytes(), str(path.relative_to(folder)))
    ]
    assert hits == []


def test_a_vendors_example_blocks_in_code_only(project: Project) -> None:
    """The key that a vendor prints in its manual may stand in a manual; in code a real one will follow it."""
    example = "AKIA" + "IOSFODNN7" + "EXAMPLE"
    project.commit({"a.py": "A = 1\n"})
    project.commit({"README.md": f"export AWS_ACCESS_KEY_ID={example}\n"})
    assert project.judge("secrets").status is GateStatus.PASS
    project.commit({"a.py": f'KEY = "{example}"\n'})
    assert project.judge("secrets").status is GateStatus.BLOCKED


@pytest.mark.parametrize(
    ("value", "path", "blocked"),
    [
        ("Tr0ub4dor&3xyz", "app/db.py", True),
        ("SuperSecret123!", "app/db.py", True),
        ("Tr0ub4dor&3xyz", "tests/test_db.py", False),
        ("changeme", "app/db.py", False),
    ],
)
def test_a_password_counts_by_how_it_reads_and_where(
    project: Project, value: str, path: str, *, blocked: bool
) -> None:
    """A password that somebody chose blocks in code; dummies, and what tests make up, do not."""
    project.commit({"a.py": "A = 1\n"})
    project.commit({path: f'password = "{value}"\n'})
    report = project.report("secrets")
    assert (report.gates[0].status is GateStatus.BLOCKED) is blocked
    assert not blocked or value not in report.model_dump_json()


def test_secrets_hide_in_no_place_and_are_never_repeated(project: Project) -> None:
    """Names, encoded names, settings that the gates do not use, binary files and UTF-16 are looked at; reports stay clean."""
    project.commit({"pyproject.toml": "[tool.x]\n", "a.py": "A = 1\n"})
    folder = project.git.folder
    (folder / "blob.bin").write_bytes(b"\0\1\2" + GITHUB.encode() + b"\0\xff")
    (folder / "wide.txt").write_bytes(f"key = {GITLAB}\n".encode("utf-16"))
    head = {
        f"dir/{AWS}.txt": "x\n",
        f"{b64(GITLAB).rstrip('=')}.md": "x\n",
        "pyproject.toml": f"[tool.x]\nkey = '{AWS}'\n",
        "b.py": f"KEY = {quoted(HALVES, ' + ')}  # pragma: allowlist secret\n",
        ".secrets.baseline": '{"results": {}}',
    }
    project.commit(head)
    report = project.report("secrets", "policy")
    result = next(gate for gate in report.gates if gate.gate == "secrets")
    assert result.status is GateStatus.BLOCKED
    assert len({finding.path for finding in fresh(result)}) == 6
    written = report.model_dump_json()
    for piece in (AWS, GITLAB, GITHUB, HALVES[1], b64(GITLAB).rstrip("=")):
        assert piece not in written
    assert MASK in written


def test_a_secret_in_a_commit_message_blocks(project: Project) -> None:
    """Messages are published with the change, so they are scanned with it; those of the base are not."""
    project.git.text("commit", "--quiet", "--allow-empty", "-m", f"old {GITHUB}")
    project.git.text("commit", "--quiet", "--allow-empty", "-m", f"work\n\nuses {GITLAB}")
    report = project.report("secrets")
    assert [finding.rule for finding in report.gates[0].findings] == ["gitlab-token"]
    assert report.gates[0].status is GateStatus.BLOCKED
    assert GITLAB not in report.model_dump_json()


def test_a_moved_secret_is_old_and_its_copy_is_new(project: Project) -> None:
    """A secret that was there before, moved and indented, does not count; a second one like it does."""
    project.commit({"a.py": f'KEY = "{AWS}"\n'})
    project.commit({"a.py": "# line\n" * 200 + f'if True:\n    KEY = "{AWS}"\n'})
    assert project.judge("secrets").status is GateStatus.PASS
    project.commit({"a.py": f'KEY = "{AWS}"\nAGAIN = "{AWS}"\n'})
    assert project.judge("secrets").status is GateStatus.BLOCKED


def test_a_public_certificate_is_no_secret(project: Project) -> None:
    """A certificate may be committed; a key beside it may not."""
    project.commit({"a.py": "A = 1\n"})
    project.commit({"ca.pem": PEM.replace("RSA PRIVATE KEY", "CERTIFICATE")})
    assert project.judge("secrets").status is GateStatus.PASS
    project.commit({"server.pem": PEM})
    result = project.judge("secrets")
    assert [(each.rule, each.path) for each in fresh(result)] == [("private-key", "server.pem")]


def test_a_file_that_is_too_large_is_inconclusive(project: Project) -> None:
    """What was not scanned is not clean, and the report names it."""
    project.commit({"a.py": "A = 1\n"})
    project.commit({"huge.txt": "a line of text\n" * (MAX_BYTES // 15 + 1)})
    result = project.judge("secrets")
    assert result.status is GateStatus.INCONCLUSIVE
    assert "huge.txt" in result.summary
