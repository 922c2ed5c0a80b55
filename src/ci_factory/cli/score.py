"""`ci-factory score`: compute score.json of a gate.json again."""

from pathlib import Path

import click

from ci_factory import config as configuration
from ci_factory.cli import common
from ci_factory.cli.gate import EXIT_CODES, show
from ci_factory.errors import ConfigError
from ci_factory.model.gate import GateReport
from ci_factory.system import records


@click.command(epilog="Example: ci-factory score gate-report/gate.json --out gate-report")
@click.argument("gate_json", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder for score.json."
)
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"The configuration that the gates ran with.  [default: {configuration.FILE_NAME}, if there is one]",
)
@common.json_option
@click.pass_context
def command(
    ctx: click.Context, gate_json: Path, out: Path, config_file: Path | None, *, as_json: bool
) -> None:
    """Compute the score of a gate report, with the weights and threshold of a configuration.

    Exit status as of `ci-factory gate`.
    """
    from ci_factory.scoring.score import score_report

    if config_file is not None and not config_file.is_file():
        raise ConfigError("there is no such file", where=str(config_file), fix="name an existing file")
    config = configuration.load(config_file or Path(configuration.FILE_NAME))
    report = records.read_model(gate_json, GateReport)
    if report.config_hash != config.hash:
        raise ConfigError(
            "was made with another configuration",
            where=str(gate_json),
            fix="pass that one with --config FILE",
        )
    score = score_report(report, config.gates)
    records.write_model(out / "score.json", score)
    show(report, score, as_json=as_json)
    ctx.exit(int(EXIT_CODES[score.verdict]))
