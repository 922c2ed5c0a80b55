"""How far an agent is confined: what the configuration asks for, what this machine can do, and the words for both."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from socket import socket

from ci_factory.config import AgentConfig, Config
from ci_factory.errors import FactoryError
from ci_factory.model.sandbox_settings import Network, SandboxConfig
from ci_factory.model.text import plain
from ci_factory.system import process, sandbox
from ci_factory.system.network_door import Door
from ci_factory.system.sandbox import Box, Inside, Support
from ci_factory.work.agents.protocol import Invocation, Task
from ci_factory.work.clone import stores
from ci_factory.work.disk import used
from ci_factory.work.watch import Watch
from ci_factory.work.workspace import Workspace, remove

_MEGABYTE = 1024 * 1024
_TRANSCRIPT = 16 * _MEGABYTE
"""Bytes of stdout, and of stderr, that are kept for the adapter and the transcript."""
FIX = "install bubblewrap and allow user namespaces (docs/sandbox.md)"


@dataclass(frozen=True)
class Confinement:
    """For one agent, on this machine."""

    settings: SandboxConfig
    network: Network
    hosts: tuple[str, ...]
    support: Support

    @property
    def works(self) -> bool:
        """Whether there is a sandbox."""
        return self.support.works

    def words(self) -> str:
        """One line for people."""
        wanted = "open"
        if self.network != "open":
            wanted = f"only {', '.join(self.hosts)}" if self.network == "allowlist" and self.hosts else "none"
        if self.works:
            return plain(f"sandbox of bubblewrap; network: {wanted}", 500)
        asked = "" if wanted == "open" else f", although the configuration asks for: {wanted}"
        return plain(f"no sandbox: {self.support.why_not}; network: open{asked}", 500)

    @property
    def is_cut_off(self) -> bool:
        """Whether an agent has a loopback of its own and nothing else."""
        return self.works and self.network != "open"

    def require(self) -> None:
        """Refuse to start where a sandbox must be and is none.

        Raises:
            FactoryError: that is so.
        """
        if self.settings.mode == "required" and not self.works:
            raise FactoryError(
                f"no agent may start without a sandbox, and there is none: {self.support.why_not}",
                where="sandbox: required",
                fix=f"{FIX}, or set `sandbox: auto`",
            )


def of(agent: AgentConfig, config: Config, needs: Iterable[str] = ()) -> Confinement:
    """What holds for an agent, which `needs` hosts of its own; the first call on a machine tries bubblewrap out."""
    settings = config.sandbox
    support = (
        Support(why_not="it is switched off (sandbox: off)") if settings.mode == "off" else sandbox.support()
    )
    hosts = tuple(dict.fromkeys((*settings.hosts, *agent.hosts, *needs)))
    return Confinement(settings, agent.network or settings.network, hosts, support)


def require(agents: Iterable[AgentConfig], config: Config) -> None:
    """Refuse before anything is claimed or paid for.

    Raises:
        FactoryError: a sandbox is required, and there is none.
    """
    for agent in agents:
        of(agent, config).require()


@dataclass(frozen=True)
class Cell:
    """One agent process with its surroundings."""

    confinement: Confinement
    agent: AgentConfig
    space: Workspace
    task: Task
    invocation: Invocation
    env: Mapping[str, str]
    inside: Mapping[int, Callable[[socket], None]] = field(default_factory=dict)
    """Ports of an agent that is cut off, and who answers there."""
    why_end: Callable[[], str] = lambda: ""
    """Asked every second why the agent has to end, in words, such as what it spends; empty: it may go on."""

    def run(self, timeout: float) -> process.Completed:
        """Run the agent, watched; no process of it is left afterwards when there is a sandbox.

        `timeout` is in seconds. What it exceeded is told in the result (`stopped`).
        """
        with ExitStack() as stack:
            inner = stack.enter_context(sandbox.inside()) if self.confinement.works else None
            door = self._door(stack)
            command = sandbox.entry(
                self.invocation.argv, self._limits(), {"fd": door.fd, "ports": door.ports} if door else None
            )
            done = process.run(
                (*self._around(inner), *command),
                cwd=self.task.worktree,
                env=self.env,
                stdin=self.invocation.stdin,
                timeout=timeout,
                limit=_TRANSCRIPT,
                tethered=True,
                pass_fds=[*([inner.descriptor] if inner else []), *([door.fd] if door else [])],
                watch=Watch(self.confinement.settings, self.space, inner, self.why_end).look,
            )
        return self._told(done, door)

    def _told(self, done: process.Completed, door: Door | None) -> process.Completed:
        """The result under the agent's own name, with what the door refused and what was cut."""
        said = ""
        if door is not None and door.refused:
            said += f"\n[ci-factory] refused by the list of hosts: {', '.join(door.refused)}\n"
        if done.written > len(done.stdout) + len(done.stderr) and done.written > _TRANSCRIPT:
            said += f"\n[ci-factory] cut: it wrote {done.written} bytes\n"
        too_much = self._left_too_much(done.written)
        stopped = done.stopped or too_much
        return replace(done, argv=self.invocation.argv, stderr=done.stderr + said, stopped=stopped)

    def _left_too_much(self, written: int) -> str:
        allowed = self.confinement.settings.output_mb
        if written > allowed * _MEGABYTE:
            return f"the agent printed more than {allowed} MB (sandbox.output_mb)"
        if used([self.task.out]) > allowed * _MEGABYTE:
            remove(self.task.out)  # nothing huge becomes an artifact
            self.task.out.mkdir(exist_ok=True)
            return f"the agent left more than {allowed} MB of documents (sandbox.output_mb)"
        return ""

    def _door(self, stack: ExitStack) -> Door | None:
        hosts = self.confinement.hosts if self.confinement.network == "allowlist" else None
        if not self.confinement.is_cut_off or (hosts is None and not self.inside):
            return None
        return stack.enter_context(Door(hosts, self.inside))

    def _limits(self) -> dict[str, int]:
        """Names of RLIMIT_* and their values. Processes are counted per user, so outside of a sandbox not limited."""
        settings = self.confinement.settings
        limits = {"CORE": 0, "NOFILE": settings.open_files, "FSIZE": settings.file_mb * _MEGABYTE}
        if settings.memory_mb is not None:
            limits["AS"] = settings.memory_mb * _MEGABYTE
        if self.confinement.works:
            limits["NPROC"] = settings.processes
        return limits

    def _around(self, inner: Inside | None) -> tuple[str, ...]:
        program = self.confinement.support.program
        if program is None or inner is None:
            return ()
        return sandbox.arguments(program, self._box(), sandbox.system_mounts(), inner.descriptor)

    def _box(self) -> Box:
        home, settings = Path.home(), self.confinement.settings
        extra = {way: tuple(_expanded(name) for name in names) for way, names in
                 (("read", settings.read), ("write", settings.write))}  # fmt: skip
        project = _project(self.space)
        return Box(
            cwd=self.task.worktree,
            temporary=self.space.temporary,
            writable=(
                self.task.worktree,
                self.space.home,
                self.task.out,
                *filter(Path.is_dir, extra["write"]),
            ),
            readable=(
                *(self.task.prompt.parent, *stores(self.space.hub), *sandbox.own_places()),
                *(*self._tools(home), *self._named_files(), *self.invocation.reads, *extra["read"]),
            ),
            hidden=tuple(path for path in (home, *project) if path.is_dir() and path != Path("/")),
            network=self.confinement.network == "open",
        )

    def _tools(self, home: Path) -> tuple[Path, ...]:
        """Programs outside of the system, as far as PATH or the configured command name them."""
        words = (self.agent.command or "").replace("'", " ").replace('"', " ").split()
        programs = (self.invocation.argv[0], *words[:1])
        places = [place for program in programs for place in sandbox.program_places(program, home)]
        files = [Path(word) for word in words if word.startswith("/") and _is_named(Path(word))]
        virtual = [Path(found)] if (found := self.env.get("VIRTUAL_ENV")) else []
        return (*sandbox.installations(self.env.get("PATH", ""), home), *places, *files, *virtual)

    def _named_files(self) -> tuple[Path, ...]:
        """Files that a variable of the agent names by their whole path: certificates, keys that it was given."""
        ours = {self.task.prompt, self.task.ticket_file}
        paths = (Path(value) for value in self.env.values() if value.startswith("/") and "\0" not in value)
        return tuple(path for path in paths if path not in ours and len(path.parts) > 2 and _is_named(path))  # noqa: PLR2004 - not the root's own folders


def _is_named(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _expanded(name: str) -> Path:
    return Path(name).expanduser().absolute()


def _project(space: Workspace) -> tuple[Path, ...]:
    """The project's repository, and the factory's own folder: not for agents even where what lies around them is."""
    store = stores(space.hub)[0]
    common = store.parent
    tree = common.parent if common.name == ".git" else common
    return (
        tree,
        common,
        Path(f"{tree}.tmp"),
        space.hub.folder.absolute().parent,
        space.hub.folder.absolute(),
    )
