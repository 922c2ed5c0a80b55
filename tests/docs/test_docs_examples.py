"""The command lines in our documents do what they are there for: each is run, in order, in a small project."""

import re
import shlex
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest

from tests.conftest import git
from tests.docs import reading
from tests.docs.conftest import Place
from tests.gitlab_standin.control import StandIn
from tests.workflow.gitlab_line import GitLabLine

NOT_RUN = {
    "make ": "the Makefile's targets are what runs this test",
    "pip ": "installs from an index",
    "git push": "needs a server; the pipelines it would start are run in tests/ci_local",
}
"""Beginnings of lines, and why this test does not run them."""
CODES = {
    "ci-factory status --night --watch": (2, "there is no terminal"),
    "ci-factory audit --verify --store URL": (4, "there is nothing to compare the chain with"),
    "docs/start.md ci-factory doctor": (3, "the line before has changed a file, which is not committed yet"),
    "ci-factory mr close 1": (3, "the line before has merged it"),
}
"""What ends with another exit code than 0, and why."""
MORE = {"ci-factory simulate": ("--runs", "5"), "ci-factory gate": ("--cache", "cache")}
"""Beginnings of lines, and what makes them quick."""
ON_GITLAB = ("ci-factory sweep", "ci-factory verdicts", "ci-factory init --schedule", "CI_PROJECT_PATH=")
"""Beginnings of lines that need a project on GitLab; here it is the stand-in's."""
LONG = ("ci-factory run ", "ci-factory gate ", "ci-factory ticket from-findings ")
"""Beginnings of lines that take seconds; those of README.md are run in a test of their own."""
FRESH = {"docs/tickets.md"}
"""Pages for a project that has never seen the factory; those of the others have had a night."""


class Typing:
    """Somebody who types the lines of a page, and remembers what they printed."""

    def __init__(self, place: Place, server: StandIn | None) -> None:
        self.place, self.server = place, server
        self.project: GitLabLine | None = None
        self.printed = (place.repo.parent / "collected").read_text() if place.played else ""

    def type(self, line: reading.Line) -> None:
        """Type it; its exit code is the expected one."""
        job = self._job(line)
        text = self._real(line.text)
        words = reading.Line(line.document, line.number, text).words()
        if words[0] == "git":
            git(self.place.repo, *words[1:])
            return
        assignments = dict(each.split("=", 1) for each in words[: words.index("ci-factory")])
        words = words[len(assignments) + 1 :]
        words += [word for start, more in MORE.items() if text.startswith(start) for word in more]
        folder = self.place.repo.parent if "--repo shop" in text else self.place.repo
        ran = self.place.run(*words, cwd=folder, env=self.place.environment(**job | assignments))
        expected, _why = CODES.get(line.text) or CODES.get(f"{line.document} {line.text}") or (0, "")
        assert ran.code == expected, f"{line.name}\n{ran.out}\n{ran.err}"
        self.printed += ran.out

    def _job(self, line: reading.Line) -> dict[str, str]:
        """Variables of a job on GitLab, for what needs one."""
        if not line.text.startswith(ON_GITLAB):
            return {}
        assert self.server is not None
        if self.project is None:
            out = self.place.repo / ".ci-factory"
            self.project = GitLabLine.make(self.server, f"platform/{uuid4().hex}", self.place.repo, out, {})
        return self.project.environment()

    def _real(self, text: str) -> str:
        """What is of this project, in place of what stands for something."""
        store = f"sqlite:///{self.place.repo}/.ci-factory/metrics.sqlite3"
        head = re.findall(r"[0-9]+:[0-9a-f]{64}", self.printed)
        whole = re.findall(r"\b[0-9a-f]{64}\b", self.printed)
        named = {
            "'!7'": "'!1'",
            "'#102'": "'#101'",
            "20261123-103234/102": f"{self._batch()}/101",
            "7db791f4": self._commit(),
            "--store URL": f"--store {shlex.quote(store)}",
            "477:0a008022…": head[-1] if head else "",
            "10422:3f1c…": head[-1] if head else "",
            "HASH": whole[-1] if whole else "",
            "platform/shop": self.project.path if self.project else "",
            "--agent otter": "--agent coder",
            "--area src/app": "--area src",
            "/tmp/tickets": str(self.place.repo.parent / "mendable"),  # noqa: S108 - as the page has it
            "NAME=VALUE": "image=python:3.12",
            "FILE": ".ci-factory.yml",
            "DIR": "cache",
        }
        for written, real in named.items():
            text = text.replace(written, real)
        return text

    def _batch(self) -> str:
        batches = self.place.repo / ".ci-factory" / "batches"
        return max(each.name for each in batches.iterdir()) if batches.is_dir() else ""

    def _commit(self) -> str:
        return git(self.place.repo, "rev-parse", "factory/101-greet-in-french") if self.place.played else ""


def lines(document: reading.Document) -> list[reading.Line]:
    """What a reader of the page would type, of what this test runs."""
    found = [line for block in document.blocks for line in reading.shell_lines(block)]
    ours = [line for line in found if re.match(r"(\w+=\S+ )?(ci-factory|git|make|pip) ", line.text)]
    return [line for line in ours if not line.text.startswith(tuple(NOT_RUN))]


README = next(document for document in reading.documents() if document.name == "README.md")
PAGES = [document for document in reading.documents() if lines(document)]


@pytest.mark.parametrize("document", PAGES, ids=lambda each: each.name)
def test_every_line_of_a_page_runs(
    document: reading.Document, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Typed one after the other, each ends as it should; what takes seconds and README.md has too is run below."""
    known = {line.text for line in lines(README)}
    typed = [line for line in lines(document) if not (line.text.startswith(LONG) and line.text in known)]
    place: Place = request.getfixturevalue("fresh" if document.name in FRESH else "played")
    on_gitlab = any(line.text.startswith(ON_GITLAB) for line in typed)
    server: StandIn | None = request.getfixturevalue("gitlab_server") if on_gitlab else None
    person = Typing(place.copy(tmp_path), server)
    for line in typed:
        person.type(line)


@pytest.mark.long
def test_the_front_page_from_its_first_line_to_its_last(fresh: Place, tmp_path: Path) -> None:
    """A stranger who types all of README.md in a project that has never seen the factory gets through."""
    person = Typing(fresh.copy(tmp_path), None)
    for line in lines(README):
        person.type(line)


@pytest.mark.parametrize(
    "table", [NOT_RUN, CODES, MORE, dict.fromkeys(ON_GITLAB)], ids=["not run", "codes", "more", "gitlab"]
)
def test_no_exception_outlives_its_line(table: dict[str, object]) -> None:
    """What is treated apart stands in some page."""
    written = [
        text
        for document in reading.documents()
        for block in document.blocks
        for line in reading.shell_lines(block)
        for text in (line.text, f"{line.document} {line.text}")
    ]
    assert [start for start in table if not any(text.startswith(start) for text in written)] == []


def test_it_is_noticed_when_a_line_fails(fresh: Place, tmp_path: Path) -> None:
    """An example that ends otherwise than it should fails the test of its page."""
    person = Typing(fresh.copy(tmp_path), None)
    with pytest.raises(AssertionError, match="there is no merge request !9"):
        person.type(reading.Line("x.md", 1, "ci-factory mr show 9"))
    with pytest.raises(subprocess.CalledProcessError):
        person.type(reading.Line("x.md", 1, "git merge no-such-branch"))
