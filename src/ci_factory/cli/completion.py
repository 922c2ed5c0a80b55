"""`ci-factory completion`: what a shell runs to complete our commands and options."""

import click
from click.shell_completion import get_completion_class

from ci_factory.cli import main


@click.command(
    epilog="""\b
Examples:
  eval "$(ci-factory completion bash)"                                       # in ~/.bashrc
  eval "$(ci-factory completion zsh)"                                        # in ~/.zshrc
  ci-factory completion fish > ~/.config/fish/completions/ci-factory.fish    # once
"""
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the script with which a shell completes our commands, options and their values."""
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - the choices above are click's own
    variable = f"_{main.PROGRAM.replace('-', '_').upper()}_COMPLETE"
    click.echo(kind(main.cli, {}, main.PROGRAM, variable).source())
