"""Prompts on their way from the artifacts into the store, and out of it again when their time is over."""

import hashlib
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ci_factory.cli import main
from ci_factory.metrics import storing
from ci_factory.system.layout import Layout

pytest.importorskip("sqlalchemy", reason="SQLAlchemy (extra `metrics`) is not installed")
NOW = datetime.now(UTC)


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def given(out: Path, text: str, call: str, age: timedelta = timedelta(0)) -> Path:
    """A prompt that an agent got, as its artifacts have it."""
    batch = out / "batches" / "20261120-180000"
    path = batch / "tickets" / "T-1" / "agent" / call / "prompt.md"
    path.parent.mkdir(parents=True)
    (batch / "batch.json").touch()
    path.write_text(text, encoding="utf-8")
    at = (NOW - age).timestamp()
    os.utime(path, (at, at))
    return path


def test_prompts_are_read_from_the_artifacts(tmp_path: Path) -> None:
    """Every call's prompt under the hash that its attempt has, but neither old ones nor links nor what is far too long."""
    from ci_factory.metrics.storing import prompt_files

    given(tmp_path, "Do it ü\n", "1-1-implement")
    given(tmp_path, "Plan it\n", "1-0-plan", timedelta(days=5))
    given(tmp_path, "Old\n", "1-2-implement", timedelta(days=91))
    given(tmp_path, "x" * (5 * 1024 * 1024), "1-3-implement")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("of the machine", encoding="utf-8")
    linked = given(tmp_path, "", "1-4-implement")
    linked.unlink()
    linked.symlink_to(elsewhere)
    found = dict(prompt_files.read(Layout(tmp_path), NOW - timedelta(days=90)))
    assert found == {hash_of(text): text for text in ("Do it ü\n", "Plan it\n")}


def test_collecting_keeps_prompts_and_lets_go_of_them(
    new_repo: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Prompts come into the store with what was collected; past their days only the hash is left, which one line says."""
    repo = new_repo({"README.md": "# shop\n", ".gitignore": "/.ci-factory/\n"})
    given(repo / ".ci-factory", "Do it", "1-1-implement")
    words = ["collect", "--repo", str(repo), "--store"]
    assert main.run(words) == 0
    assert "removed" not in capsys.readouterr().out
    settings = repo / "settings.yml"
    settings.write_text("metrics: {prompt_days: 0}\n", encoding="utf-8")
    for expected in (["removed the text of 1 prompts and the data of 0 records, kept their hashes"], []):
        assert main.run([*words, "--config", str(settings)]) == 0
        assert [line for line in capsys.readouterr().out.splitlines() if "removed" in line] == expected
    assert main.run(words) == 0
    with storing.opened(f"sqlite:///{repo / '.ci-factory' / 'metrics.sqlite3'}", create=False) as store:
        known = store.prompts.get(f"v2:{hash_of('Do it')}")
        assert known is not None
        assert known.text is None
        assert store.verify([store.head()]) == ()


def test_a_prompt_is_kept_without_secrets_and_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the environment calls a secret is masked, and a long prompt is cut."""
    monkeypatch.setenv("CI_FACTORY_TOKEN", "open-sesame")
    with storing.opened(f"sqlite:///{tmp_path / 'x.sqlite3'}") as store:
        store.prompts.put("p", [("a" * 64, "Say open-sesame\n" + "x" * 100_000)])
        known = store.prompts.get("a" * 64)
        assert known is not None
        assert known.text is not None
        assert known.text.startswith("Say [secret]\n")
        assert len(known.text) == 64 * 1024
