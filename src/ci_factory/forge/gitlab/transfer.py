"""Commits to and from GitLab: git over HTTPS, branch by branch, each push a compare-and-swap."""

import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn

from ci_factory.errors import ForgeError, Superseded
from ci_factory.forge.gitlab import git_words
from ci_factory.forge.gitlab.line import Failure, Line
from ci_factory.forge.gitlab.rates import Kind
from ci_factory.forge.gitlab.token import Token
from ci_factory.forge.gitlab.transit import Transit
from ci_factory.system.git import Git
from ci_factory.system.process import Completed

PREFIX = "factory/"
"""Only branches below it are pushed."""
REMOTE_REFS = "refs/ci-factory/remote/"
"""Where the local repository remembers fetched branches; refs of the user are not touched."""
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_LINE = re.compile(r"^(?P<commit>[0-9a-f]{40,64})\t(?P<ref>refs/.+)$", re.MULTILINE)
_HEADS = "refs/heads/"
_ASKED_BY_NAME = 100
_DEEPER = (100, 900, 9000)
"""Commits added to a shallow history, step by step, before all of it is fetched."""
_FETCH = (
    "fetch",
    "--quiet",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-recurse-submodules",
    "--refmap=",
    "--stdin",
)
_TOO_MANY = 429


@dataclass(frozen=True)
class Move:
    """A ref that goes from where it is expected (`None`: nowhere yet) to a commit."""

    ref: str
    commit: str
    expected: str | None


class Transfer:
    """Moves commits between one local repository and one project. May be used by many threads at the same time."""

    def __init__(self, git: Git, url: str, token: Token, line: Line) -> None:
        self.git, self.url = git, url
        self._token, self._line = token, line
        self._fetching = threading.Lock()
        self._sound: set[str] = set()

    def __repr__(self) -> str:
        return f"Transfer({self.url!r})"

    def __reduce__(self) -> NoReturn:
        msg = "a transfer holds a token, which is not written anywhere"
        raise TypeError(msg)

    def push(self, branch: str, commit: str, *, expected: str | None, lease: Move | None = None) -> None:
        """Move a branch `factory/…` to a commit if it still is at `expected` (`None`: does not exist yet).

        A branch that is at the commit already is fine, so a push whose answer was lost may be repeated. `lease` moves with
        it, or neither of them does.

        Raises:
            Conflict: the branch is elsewhere.
            Superseded: the lease is elsewhere.
            Refused: the token is not accepted (401), or may not push (403).
            ForgeError: no branch of ours, no such commit here, a protected branch or a push rule is in the way (with
                GitLab's own words), or there is no answer.
        """
        self._check(branch)
        if not branch.startswith(PREFIX):
            raise ForgeError(
                f"{branch!r} is no branch of the factory", fix=f"only branches `{PREFIX}…` are pushed"
            )
        if not _SHA.fullmatch(commit) or not self.git.run("cat-file", "-e", f"{commit}^{{commit}}").ok:
            raise ForgeError(f"there is no commit {commit!r}", where=str(self.git.folder))
        where, moves = f"push to {branch}", [Move(f"{_HEADS}{branch}", commit, expected)]
        moves += [lease] if lease else []
        with self._opened() as transit, transit.shallow_boundary():
            try:
                done = self._tried(transit, where, *_push(self.url, moves))
            except ForgeError:
                if self._arrived(transit, moves):
                    return
                raise
            if not git_words.pushed(done.stdout):
                self._explain(transit, done, branch, moves)

    def _explain(self, transit: Transit, done: Completed, branch: str, moves: Sequence[Move]) -> None:
        """Why a push was rejected; no reason when an earlier try of it got there after all."""
        stale = git_words.stale(done.stdout)
        if not stale and "\t" in done.stdout:
            # The server spoke of the refs: they may have been moved between git's look and its update.
            now = self._refs(transit, [each.ref for each in moves])
            if all(now.get(each.ref) == each.commit for each in moves):
                return
            stale = frozenset(each.ref for each in moves if now.get(each.ref) != each.expected)
        if stale & {each.ref for each in moves[1:]}:
            raise Superseded("another batch has taken the ticket over", where=branch)
        if stale:
            raise git_words.moved(branch, moves[0].expected)
        raise git_words.refusal(done.stdout, self._token.redact(done.stderr), f"push to {branch}")

    def _arrived(self, transit: Transit, moves: Sequence[Move]) -> bool:
        """Whether a push did its work though we were not told; one look."""
        done = transit.run("ls-remote", "--", self.url, *(each.ref for each in moves))
        found = _parse(done.stdout)
        return done.ok and all(found.get(each.ref) == each.commit for each in moves)

    def move(self, moves: Sequence[Move]) -> frozenset[str]:
        """Move refs that are no branches, each by itself; those that are now where they were to go.

        Raises:
            ForgeError: the server refuses one that is where it was expected, or there is no answer.
        """
        if not moves:
            return frozenset()
        with self._opened() as transit:
            done = self._tried(transit, "push", *_push(self.url, moves, atomic=False))
            taken = git_words.taken(done.stdout)
            left = [each for each in moves if each.ref not in taken]
            if not left:
                return taken
            now = self._refs(transit, [each.ref for each in left])
        if any(now.get(each.ref) == each.expected for each in left):
            raise git_words.refusal(done.stdout, self._token.redact(done.stderr), f"push to {left[0].ref}")
        return taken | {each.ref for each in left if now.get(each.ref) == each.commit}

    def refs(self, prefix: str, names: Sequence[str]) -> dict[str, str]:
        """Refs that are no branches, by name, with their commits in the local repository; those that do not exist are left out."""
        few = len(names) <= _ASKED_BY_NAME
        patterns = [f"{prefix}{name}" for name in names] if few else [f"{prefix}*"]
        with self._fetching, self._opened() as transit:
            found = self._refs(transit, patterns) if names else {}
            wanted = {ref: found[ref] for name in names if (ref := f"{prefix}{name}") in found}
            missing = [ref for ref, commit in wanted.items() if not self._is_here(commit)]
            if missing:
                wanted |= self._bring_refs(transit, missing)
        return {ref.removeprefix(prefix): commit for ref, commit in wanted.items()}

    def _bring_refs(self, transit: Transit, refs: Sequence[str]) -> dict[str, str]:
        lines = [f"+{ref}:{ref}\n" for ref in refs]
        done = self._tried(transit, "fetch", *_FETCH, "--", self.url, stdin="".join(lines).encode())
        if not done.ok:
            raise git_words.refusal("", self._token.redact(done.stderr), "fetch")
        return {ref: commit for ref in refs if (commit := transit.git.ref(ref))}

    def heads(self, branches: Iterable[str]) -> dict[str, str]:
        """Where these branches are on the server, by name; those that do not exist are left out.

        Raises:
            ForgeError: a name is none, or there is no answer.
        """
        names = [self._check(name) for name in branches]
        with self._opened() as transit:
            return self._tips(transit, names)

    def fetch(self, branches: Iterable[str]) -> dict[str, str]:
        """Bring the commits of these branches into the local repository; where they are, by name.

        Those that do not exist are left out. Refs, configuration and checkout of the user stay as they are: what was
        fetched is remembered below `refs/ci-factory/remote/`. The history of a shallow clone is deepened until every
        branch has a merge base with the commit that is checked out.

        Raises:
            ForgeError: a name is none, or there is no answer.
        """
        names = [self._check(name) for name in branches]
        with self._fetching, self._opened() as transit:
            tips = self._tips(transit, names)
            missing = [name for name, commit in tips.items() if not self._is_here(commit)]
            if missing:
                tips |= self._bring(transit, missing)
            self._remember(names, tips)
            self._deepen(transit, tips)
            return tips

    def fetch_commit(self, commit: str) -> None:
        """Bring one commit into the local repository that no branch needs to have, such as a merge request's from a fork.

        No ref is made. A shallow clone gets it without its history.

        Raises:
            ForgeError: it is no name of a commit, the server does not give it, or there is no answer.
        """
        if not _SHA.fullmatch(commit):
            raise ForgeError(f"{commit!r} is not the name of a commit")
        with self._fetching, self._opened() as transit:
            self._bring(transit, (), *(("--depth=1",) if self._is_shallow() else ()), also=commit)
        if not self._is_here(commit):
            raise ForgeError(f"the server did not give the commit {commit}", where=self.url, fix="run again")

    def _bring(self, transit: Transit, names: Iterable[str], *flags: str, also: str = "") -> dict[str, str]:
        """Fetch branches, and where they were at that moment."""
        lines = [f"+refs/heads/{name}:refs/heads/{name}\n" for name in names]
        stdin = "".join([*lines, f"{also}\n" if also else ""]).encode()
        transit.know_local_refs()
        with transit.shallow_boundary():
            done = self._tried(transit, "fetch", *_FETCH, *flags, "--", self.url, stdin=stdin)
        if not done.ok:
            raise git_words.refusal("", self._token.redact(done.stderr), "fetch")
        return {name: commit for name in names if (commit := transit.git.ref(f"refs/heads/{name}"))}

    def _remember(self, names: Iterable[str], tips: Mapping[str, str]) -> None:
        """Keep what was fetched from being collected; forget what is gone, or stands in the way of a new name."""
        listing = self.git.text("for-each-ref", "--format=%(refname) %(objectname)", REMOTE_REFS).splitlines()
        known = dict(line.removeprefix(REMOTE_REFS).split(" ") for line in listing)
        asked, folders = set(names), {folder for name in tips for folder in _folders(name)}
        gone = [
            name
            for name in known
            if name not in tips
            and (name in asked or name in folders or not tips.keys().isdisjoint(_folders(name)))
        ]
        self._write_refs(f"delete {REMOTE_REFS}{name}\n" for name in gone)
        moved = {name: commit for name, commit in tips.items() if known.get(name) != commit}
        self._write_refs(f"update {REMOTE_REFS}{name} {commit}\n" for name, commit in moved.items())

    def _write_refs(self, lines: Iterable[str]) -> None:
        if text := "".join(lines):
            self.git.text("update-ref", "--stdin", stdin=text.encode())

    def _deepen(self, transit: Transit, tips: Mapping[str, str]) -> None:
        """Fetch older history of a shallow clone, step by step, until merge bases can be computed."""
        head = self.git.ref("HEAD")
        for flag in (*(f"--deepen={count}" for count in _DEEPER), "--unshallow"):
            if head is None or not self._is_shallow():
                return
            apart = [name for name, commit in tips.items() if self.git.merge_base(head, commit) is None]
            if not apart:
                return
            self._bring(transit, apart, flag, also=head)

    def _is_shallow(self) -> bool:
        return (self.git.common_dir() / "shallow").exists()

    def _is_here(self, commit: str) -> bool:
        return self.git.run("cat-file", "-e", f"{commit}^{{commit}}").ok

    def _tips(self, transit: Transit, names: list[str]) -> dict[str, str]:
        wanted = set(names)
        if not wanted:
            return {}
        patterns = [f"{_HEADS}{name}" for name in sorted(wanted)] if len(wanted) <= _ASKED_BY_NAME else []
        found = self._refs(transit, patterns, "--heads")
        return {name: tip for ref, tip in found.items() if (name := ref.removeprefix(_HEADS)) in wanted}

    def _refs(self, transit: Transit, patterns: Sequence[str], *flags: str) -> dict[str, str]:
        done = self._tried(transit, "ls-remote", "ls-remote", *flags, "--", self.url, *patterns)
        if not done.ok:
            raise git_words.refusal("", self._token.redact(done.stderr), "ls-remote")
        return _parse(done.stdout)

    def _tried(self, transit: Transit, where: str, *args: str, stdin: bytes | None = None) -> Completed:
        """Run git, again and again while trouble may pass; the definite end is returned, good or bad."""
        tries = 1
        while True:
            self._line.breaker.pass_through()
            self._line.pace.enter(Kind.REQUEST)
            done = transit.run(*args, stdin=stdin)
            trouble = self._trouble(done)
            self._line.record(alive=trouble is None)
            if trouble is not None:
                self._line.again(tries, Failure(trouble, ambiguous=True), where)
            elif git_words.status(done.stderr) == _TOO_MANY:
                self._line.pace.limited(Kind.REQUEST, {}, tries)
            else:
                return done
            tries += 1

    def _trouble(self, done: Completed) -> str | None:
        if done.timed_out:
            return f"git took longer than {self._line.rates.git_seconds:g} s"
        if done.ok or git_words.pushed(done.stdout):
            return None
        return git_words.passing_trouble(done.stdout, self._token.redact(done.stderr))

    @contextmanager
    def _opened(self) -> Iterator[Transit]:
        with Transit.opened(self.git, self.url, self._token, self._line.rates.git_seconds) as transit:
            yield transit

    def _check(self, name: str) -> str:
        if name in self._sound:
            return name
        sound = name.isprintable() and not name.startswith("-") and "@{" not in name
        if not sound or not self.git.run("check-ref-format", f"refs/heads/{name}").ok:
            raise ForgeError(f"{name!r} is not a branch name", fix="use letters, digits, `/`, `-` and `_`")
        self._sound.add(name)
        return name


def _push(url: str, moves: Sequence[Move], *, atomic: bool = True) -> tuple[str, ...]:
    flags = ["--porcelain", "--no-verify", "--no-signed", "--no-follow-tags", "--recurse-submodules=no"]
    flags += ["--atomic"] if atomic and len(moves) > 1 else []
    leases = (f"--force-with-lease={each.ref}:{each.expected or ''}" for each in moves)
    return ("push", *flags, *leases, "--", url, *(f"{each.commit}:{each.ref}" for each in moves))


def _parse(listing: str) -> dict[str, str]:
    """Commits by ref."""
    return {found["ref"]: found["commit"] for found in _LINE.finditer(listing)}


def _folders(name: str) -> list[str]:
    """`a/b/c` -> `a`, `a/b`: names that can't be branches beside it."""
    parts = name.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]
