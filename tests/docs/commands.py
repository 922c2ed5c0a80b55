"""Our command line as click knows it: every command, its options, and whether words are a call that it takes."""

from collections.abc import Iterator, Sequence

import click

from ci_factory.cli.main import cli


def walk(
    command: click.Command = cli, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """(words, command) of every command that does something, `(("mr", "show"), …)` among them."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None, name
        yield from walk(found, (*path, name))


def find(words: Sequence[str]) -> click.Command | None:
    """The command, or group of commands, that words begin with; `None` when the first names none."""
    command: click.Command = cli
    for word in words:
        if not isinstance(command, click.Group) or word.startswith("-"):
            break
        found = command.get_command(click.Context(command), word)
        if found is None:
            return None if command is cli else command
        command = found
    return command


def options(command: click.Command) -> set[str]:
    """Every spelling of its options."""
    parameters = command.get_params(click.Context(command))
    return {
        name
        for each in parameters
        if isinstance(each, click.Option)
        for name in (*each.opts, *each.secondary_opts)
    }


def refused(words: Sequence[str]) -> str:
    """Why the command line does not take these words, as it would say it; empty when it takes them. Nothing is run."""
    command, name, left = cli, "ci-factory", list(words)
    parent = None
    try:
        while True:
            context = command.make_context(name, left, parent=parent)
            if not isinstance(command, click.Group):
                return ""
            parent, left = context, [*context._protected_args, *context.args]  # noqa: SLF001 - as click's own invoke
            found_name, found, left = command.resolve_command(context, left)
            assert found is not None
            name, command = str(found_name), found  # type: ignore[assignment]
    except click.ClickException as error:
        return error.format_message()
    except click.exceptions.Exit:  # --help, --version
        return ""
