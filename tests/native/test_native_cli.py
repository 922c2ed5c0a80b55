"""`ci-factory gate --native`: the documents of a real run."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

CLEAN = {"calc.py": '"""Calculate."""\n', "notes.txt": "x\n"}
OFF = "gates: {disabled: [tests, mypy, semgrep, complexity, documentation]}\n"


def test_gate_writes_the_documents_that_were_asked_for(
    new_repo: Callable[..., Path], commit: Callable[..., str], factory_cli: Callable[..., Any], tmp_path: Path
) -> None:
    """Chosen documents are written beside score.json, others are not, and no secret is in any of them."""
    key = "AKIA" + "Q3EGRX7ZP2LMN4TB"
    repo, out = new_repo({**CLEAN, ".ci-factory.yml": OFF}), tmp_path / "out"
    commit(repo, {"conf.py": f'"""Settings."""\n\nKEY = "{key}"\n'})
    out.mkdir()
    (out / "junit.xml").write_text("of somebody else", encoding="utf-8")
    (out / "ci-factory.sarif").write_text("stale", encoding="utf-8")
    chosen = ("sarif", "secret-detection", "note", "cobertura")
    options = [word for name in chosen for word in ("--native", name)]
    ran = factory_cli("gate", "--repo", repo, "--base", "HEAD~1", "--head", "HEAD", "--out", out, *options)
    assert ran.code == 1, ran.err
    assert ran.out.startswith("BLOCKED: score ")
    files = {path.name for path in out.iterdir()}
    assert files == {
        "gate.json",
        "score.json",
        "ci-factory.sarif",
        "gl-secret-detection-report.json",
        "note.md",
        "junit.xml",
    }
    assert (out / "junit.xml").read_text(encoding="utf-8") == "of somebody else"
    found = json.loads((out / "gl-secret-detection-report.json").read_text(encoding="utf-8"))[
        "vulnerabilities"
    ]
    assert [each["location"]["file"] for each in found] == ["conf.py"]
    assert (out / "note.md").read_text(encoding="utf-8").startswith("## ⛔ Blocked: a person must decide\n")
    assert key not in "".join(path.read_text(encoding="utf-8") for path in out.iterdir()) + ran.out + ran.err


def test_gate_writes_everything_or_nothing_more(
    new_repo: Callable[..., Path], commit: Callable[..., str], factory_cli: Callable[..., Any], tmp_path: Path
) -> None:
    """`--native all` writes every document that has something to say; without it there are the two artifacts alone."""
    repo = new_repo({**CLEAN, ".ci-factory.yml": OFF})
    commit(repo, {"calc.py": '"""Calculate things."""\n'})
    common = ("gate", "--repo", repo, "--base", "HEAD~1", "--head", "HEAD", "--out")
    assert factory_cli(*common, tmp_path / "few").code == 0
    assert {path.name for path in (tmp_path / "few").iterdir()} == {"gate.json", "score.json"}
    assert factory_cli(*common, tmp_path / "all", "--native", "all").code == 0
    assert {path.name for path in (tmp_path / "all").iterdir()} == {
        "gate.json", "score.json", "gl-code-quality-report.json", "junit.xml", "gl-sast-report.json",
        "gl-secret-detection-report.json", "ci-factory.sarif", "metrics.txt", "note.md",
    }  # fmt: skip


def test_the_note_keeps_addresses_of_listed_hosts(
    new_repo: Callable[..., Path], commit: Callable[..., str], factory_cli: Callable[..., Any], tmp_path: Path
) -> None:
    """An address in a finding stays in the note when the base's configuration lists its host, and no other does."""
    config = """
gates:
  disabled: [tests, mypy, semgrep, complexity, documentation]
  commands: [{name: mine, command: cat notes.txt, format: gnu, files: ["*.txt"]}]
publishing: {link_hosts: [docs.example]}
"""
    repo, out = new_repo({**CLEAN, ".ci-factory.yml": config}), tmp_path / "out"
    commit(
        repo, {"notes.txt": "notes.txt:1: warning: see https://docs.example/why and https://evil.example/x\n"}
    )
    ran = factory_cli(
        "gate", "--repo", repo, "--base", "HEAD~1", "--head", "HEAD", "--out", out, "--native", "note"
    )
    assert ran.code == 0, ran.err
    note = (out / "note.md").read_text(encoding="utf-8")
    assert "https://docs.example/why" in note
    assert "evil.example" not in note
