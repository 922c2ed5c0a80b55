"""Proof of what was recorded: bundles and stores that somebody tampered with are found out."""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ci_factory.metrics.audit import anchors
from ci_factory.metrics.storing import chain
from ci_factory.metrics.storing.values import Head
from ci_factory.model.forge import NoteTarget
from tests.workflow.audited import Audited, made
from tests.workflow.conftest import on_embedded

sqlalchemy = pytest.importorskip("sqlalchemy", reason="SQLAlchemy (extra `metrics`) is not installed")
Lines = list[str]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a project is made once, with a store of it and a bundle."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def audited(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    new_repo: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Audited]:
    yield from made(on_embedded, request, new_repo({"app.py": "x = 1\n"}), tmp_path / "out", monkeypatch)


@pytest.fixture
def exported(audited: Audited, kept: Path, tmp_path: Path) -> Path:
    """A bundle of a line, from a store; made once."""
    bundle = kept / "audit.jsonl"
    if not bundle.exists():
        audited.deliver()
        assert audited.run("collect", "--store")[0] == 0
        assert audited.run("audit", "app.py:2", "--store", "--export", str(bundle))[0] == 0
    return Path(shutil.copy(bundle, tmp_path / "audit.jsonl"))


def changed(lines: Lines) -> Lines:
    return [line.replace('"ada"', '"eve"') for line in lines]


def removed(lines: Lines) -> Lines:
    return lines[:5] + lines[6:]


def moved(lines: Lines) -> Lines:
    return [*lines[:3], lines[4], lines[3], *lines[5:]]


def cut(lines: Lines) -> Lines:
    return lines[:-3]


def put_in(lines: Lines) -> Lines:
    return [*lines[:4], lines[3], *lines[4:]]


def renumbered(lines: Lines) -> Lines:
    """A line taken out, and all hashes of the bundle made anew: the store's own chain still shows it."""
    rows = [json.loads(line) for line in lines]
    links = [place for place, row in enumerate(rows) if row["kind"] == "link"]
    del rows[links[3]]
    rows[-1]["data"]["lines"] -= 1
    before, written = "0" * 64, []
    for number, row in enumerate(rows):
        before = chain.digest(chain.written([before, number, row["kind"], row["data"]]))
        written.append(chain.written({**row, "n": number, "hash": before}) + "\n")
    return written


def test_a_bundle_is_whole(audited: Audited, exported: Path) -> None:
    """It says so, with the hash that its export printed, and holds the facts, the events and the store's chain."""
    kinds = {json.loads(line)["kind"] for line in exported.read_text("utf-8").splitlines()}
    assert kinds == {"header", "story", "fact", "event", "link", "end"}
    code, out, _ = audited.run("audit", "--verify", str(exported))
    last = json.loads(exported.read_text("utf-8").splitlines()[-1])["hash"]
    assert (code, out.startswith("nothing was tampered with"), last in out) == (0, True, True)
    assert audited.run("audit", "--verify", str(exported), "--head", last)[0] == 0
    assert audited.run("audit", "--verify", str(exported), "--head", "0" * 64)[0] == 1


@pytest.mark.parametrize(
    "tamper", [changed, removed, moved, cut, put_in, renumbered], ids=lambda each: each.__name__
)
def test_a_bundle_that_was_tampered_with_is_found(
    audited: Audited, exported: Path, tamper: Callable[[Lines], Lines]
) -> None:
    """Whatever was done to it: exit code 1, and where."""
    lines = exported.read_text("utf-8").splitlines(keepends=True)
    exported.write_text("".join(tamper(lines)), encoding="utf-8")
    code, out, _ = audited.run("audit", "--verify", str(exported))
    assert (code, out.startswith("tampered with\n- ")) == (1, True)


@pytest.mark.parametrize(
    "text", ["", "no bundle", "[1]\n", '{"n":0,"kind":"header","data":{},"hash":"x"}\n', "[" * 99999]
)
def test_what_is_no_bundle_cannot_be_checked(audited: Audited, tmp_path: Path, text: str) -> None:
    """Exit code 4, which is neither sound nor tampered with."""
    file = tmp_path / "other.jsonl"
    file.write_text(text, encoding="utf-8")
    assert audited.run("audit", "--verify", str(file))[0] == 4
    assert audited.run("audit", "--verify", str(tmp_path / "gone"))[0] == 4


def _anchor(audited: Audited, user: str, head: Head) -> None:
    """A note with the chain's head on the report issue."""
    issue = audited.world.forge.ensure_report("morning", "Report", "Words.", update=False)
    forge = audited.world.forge if user == audited.world.forge.user else audited.world.as_user(user)
    forge.add_note(NoteTarget.ISSUE, issue.id, f"A week.\n\n{anchors.hidden_block(head)}")


def _head(audited: Audited) -> Head:
    _, out, _ = audited.run("collect", "--store")
    return Head.parse(out.rpartition("its chain ends with ")[2].splitlines()[0])


def _written_anew(audited: Audited) -> None:
    """The whole chain made again by somebody who can write all of the store."""
    with sqlite3.connect(audited.out / "metrics.sqlite3") as database:
        rows = database.execute("SELECT * FROM ci_factory_record ORDER BY seq").fetchall()
        before = chain.START.chain
        for row in map(chain.Link._make, rows):
            data = row.data and row.data.replace('"ada"', '"eve"')
            link = row._replace(data=data, data_hash=chain.digest(data) if data else row.data_hash)
            before = chain.link(before, link)
            database.execute(
                "UPDATE ci_factory_record SET data = ?, data_hash = ?, chain = ? WHERE seq = ?",
                (link.data, link.data_hash, before, link.seq),
            )


def test_a_store_is_compared_with_its_anchors(audited: Audited) -> None:
    """A report that we post carries the anchor that proves it; without one, or with a stranger's, it can't be checked."""
    audited.deliver()
    head = _head(audited)
    assert audited.run("audit", "--verify", "--store")[0] == 4
    _anchor(audited, "eve", Head(1, "f" * 64))
    assert audited.run("audit", "--verify", "--store")[0] == 4
    assert audited.run("report", "--store", "--weekly", "--ending", "2026-03-08", "--post")[0] == 0
    code, out, _ = audited.run("audit", "--verify", "--store")
    assert (code, "compared with 1 anchors" in out) == (0, True)
    assert audited.run("audit", "--verify", "--store", "--offline")[0] == 4
    assert audited.run("audit", "--verify", "--store", "--offline", "--head", str(head))[0] == 0
    _written_anew(audited)
    code, out, _ = audited.run("audit", "--verify", "--store")
    assert (code, "written anew" in out) == (1, True)
    assert audited.run("audit", "--verify", "--store", "--since", "2099-01-01")[0] == 4


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ci_factory_record SET data = replace(data, 'ada', 'eve') WHERE data LIKE '%ada%'",
        "DELETE FROM ci_factory_record WHERE seq = 4",
        "DELETE FROM ci_factory_record WHERE seq > 6",
        "UPDATE ci_factory_record SET seq = 1000 WHERE seq = 3",
    ],
    ids=["changed", "removed", "cut", "moved"],
)
def test_a_store_that_was_tampered_with_is_found(audited: Audited, statement: str) -> None:
    """Exit code 1, and which record."""
    audited.deliver()
    head = _head(audited)
    with sqlite3.connect(audited.out / "metrics.sqlite3") as database:
        assert database.execute(statement).rowcount
    code, out, _ = audited.run("audit", "--verify", "--store", "--offline", "--head", str(head))
    assert (code, out.startswith("tampered with\n- ")) == (1, True)
