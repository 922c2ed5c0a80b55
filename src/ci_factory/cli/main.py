"""The entry point: finds the command, runs it, and turns errors into messages and exit codes."""

import difflib
import importlib
import io
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import click

from ci_factory import __version__
from ci_factory.errors import ExitCode, FactoryError
from ci_factory.system import memory

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

PROGRAM = "ci-factory"

COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("ci_factory.cli.run", "Run a whole batch, on the embedded forge or on GitLab."),
    "intake": ("ci_factory.cli.intake", "Read the queue and judge which tickets are ready."),
    "plan": ("ci_factory.cli.plan", "Plan a batch: which tickets, when, by whom, on which base."),
    "routing": ("ci_factory.cli.routing", "Show which agent gets which tickets, and why."),
    "work": ("ci_factory.cli.work", "Let an agent work on one ticket of a planned batch."),
    "check": ("ci_factory.cli.check", "Judge the change of one ticket of a planned batch, from its files."),
    "gate": ("ci_factory.cli.gate", "Run the automated gates on a change."),
    "score": ("ci_factory.cli.score", "Compute the score of a gate report."),
    "note": ("ci_factory.cli.note", "Post what the gates found as the note on a merge request of GitLab."),
    "sweep": (
        "ci_factory.cli.sweep",
        "Write the notes of all open merge requests, from the protected branch.",
    ),
    "verdicts": ("ci_factory.cli.verdicts", "Judge merge requests of anybody in the project's own pipeline."),
    "gather": ("ci_factory.cli.gather", "Fetch what agents' and gates' jobs left, for publication."),
    "publish": ("ci_factory.cli.publish", "Publish what was worked on and judged."),
    "integrate": ("ci_factory.cli.integrate", "Try whether the open changes merge and work together."),
    "review": ("ci_factory.cli.review", "Show the review queue."),
    "queue": ("ci_factory.cli.queue", "Show what waits in all projects of a GitLab group."),
    "status": ("ci_factory.cli.status", "Show the night while it runs, and where every ticket stands."),
    "ticket": ("ci_factory.cli.ticket", "Add, list and answer tickets of the embedded forge."),
    "mr": ("ci_factory.cli.mr", "List, show, approve and merge merge requests of the embedded forge."),
    "simulate": (
        "ci_factory.cli.simulate",
        "Simulate nights: what will be ready by the deadline, and what if.",
    ),
    "collect": ("ci_factory.cli.collect", "Collect facts from the forge and the artifacts."),
    "report": ("ci_factory.cli.report", "Print the morning report."),
    "dashboard": ("ci_factory.cli.dashboard", "Write the dashboard page."),
    "audit": ("ci_factory.cli.audit", "Say who asked for, wrote, judged and approved a line or a change."),
    "init": ("ci_factory.cli.init", "Write the CI files of an adoption level, and say what is left to do."),
    "doctor": ("ci_factory.cli.doctor", "Say what is missing, and how to mend it."),
    "config": ("ci_factory.cli.config", "Print every setting with its value and origin."),
    "schema": ("ci_factory.cli.schema", "Write the JSON Schemas of artifacts and configuration."),
    "completion": ("ci_factory.cli.completion", "Print what lets a shell complete commands and options."),
}
"""Name -> (module with `command`, one line of help). Modules are imported when they are called."""


class _Unread(Exception):
    """A pipe was closed. Click would end with 1, which is how a change that was judged and failed ends."""


@contextmanager
def _unread_is_told() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        raise _Unread from error


class LazyGroup(click.Group):
    """A group that imports a command only when it runs it: `--help` costs what click costs."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: object,
    ) -> click.Context:
        """Read the arguments; `--help` is printed here."""
        with _unread_is_told():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        with _unread_is_told():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands, in the order of the line."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(COMMANDS[cmd_name][0]).command
        assert isinstance(command, click.Command)  # noqa: S101 - a mistake in the table above
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one was probably meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            close = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else " See 'ci-factory --help'."
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Names of commands without importing them, and options."""
        from click.shell_completion import CompletionItem

        names = [(name, text) for name, (_, text) in COMMANDS.items() if name.startswith(incomplete)]
        return [CompletionItem(name, help=text) for name, text in names] + click.Command.shell_complete(
            self, ctx, incomplete
        )

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: ci-factory run --repo . --tickets tickets/ --agent autofix",
)
@click.version_option(__version__, prog_name=PROGRAM)
@click.pass_context
def cli(context: click.Context) -> None:
    """Turn a queue of tickets into reviewed merge requests."""
    from ci_factory.system import ci_env

    context.color = ci_env.colour()


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave the process with the right exit code."""
    memory.seldom_collected()
    code = run(argv)
    memory.left_as_it_is()
    sys.exit(code)


def run(argv: Sequence[str] | None = None) -> int:
    """Run the command line; every error becomes one message on stderr and an exit code."""
    try:
        result = cli.main(args=None if argv is None else list(argv), prog_name=PROGRAM, standalone_mode=False)
    except FactoryError as error:
        _say(f"error: {error}")
        return int(error.exit_code)
    except click.ClickException as error:
        return _wrong_usage(error)
    except (click.Abort, KeyboardInterrupt):
        return _interrupted()
    except _Unread:
        return _unread()
    except Exception as error:  # noqa: BLE001 - a bug of ours must not look like judged work (exit 1)
        return _machine(error) if isinstance(error, OSError) else _bug(error)
    return result if isinstance(result, int) else int(ExitCode.OK)


def _say(text: str) -> None:
    """Print an error; whatever it quotes, no token is in it, and nothing that a terminal or a job's log obeys."""
    from ci_factory.model.redaction import redact
    from ci_factory.model.text import plain_lines
    from ci_factory.system import ci_env

    click.echo("\n".join(plain_lines(redact(text, ci_env.secrets()))), err=True)


def _wrong_usage(error: click.ClickException) -> int:
    shown = io.StringIO()
    error.show(shown)
    _say(shown.getvalue().rstrip("\n"))
    return int(ExitCode.USAGE)


def _bug(error: Exception) -> int:
    from ci_factory.system import ci_env

    _say(f"error: the factory itself failed: {type(error).__name__}: {error}")
    if ci_env.variable("CI_FACTORY_TRACEBACK"):
        _say("".join(traceback.format_exception(error)).rstrip("\n"))
    else:
        click.echo("  fix: this is a bug; set CI_FACTORY_TRACEBACK=1 and report what it prints", err=True)
    return int(ExitCode.FACTORY)


def _machine(error: OSError) -> int:
    """The disk is full, a file may not be read: no bug, and nothing that a retry would not mend."""
    what = error.strerror or type(error).__name__
    _say(f"error: {what}{f': {error.filename}' if error.filename else ''}")
    click.echo("  fix: mend that, then run the same command again; it goes on from there", err=True)
    return int(ExitCode.FACTORY)


def _unread() -> int:
    """What is left to print goes nowhere, so that the interpreter does not stumble over it as it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    return int(ExitCode.UNREAD)


def _interrupted() -> int:
    from ci_factory.system import process

    process.kill_all()
    click.echo("interrupted; what was done is kept, the same command goes on from there", err=True)
    return int(ExitCode.INTERRUPTED)
