"""PHP: PHPStan, PHP-CS-Fixer, PHPUnit, each where the project configures it."""

from ci_factory.gates.presets.model import Files, Preset, PresetTool, SideName, TestsCommand, named
from ci_factory.model.commands import CommandConfig

_GET = "composer require --dev it, and gates.setup: composer install"
_PHPSTAN = ("phpstan.neon", "phpstan.neon.dist", "phpstan.dist.neon")
_FIXER = (".php-cs-fixer.php", ".php-cs-fixer.dist.php")
_PHPUNIT = ("phpunit.xml", "phpunit.xml.dist", "phpunit.dist.xml")
_JUNIT = "ci-factory-junit.xml"


def _phpstan_applies(files: Files, side: SideName) -> bool:
    return named(files.of(side), *_PHPSTAN, anywhere=False)


def _fixer_applies(files: Files, side: SideName) -> bool:
    return named(files.of(side), *_FIXER, anywhere=False)


def tests(files: Files, side: SideName) -> TestsCommand | None:
    """PHPUnit, where it is configured."""
    if not named(files.of(side), *_PHPUNIT, anywhere=False):
        return None
    return TestsCommand(("phpunit", "--log-junit", _JUNIT), _JUNIT, "junit", install=_GET)


PHP = Preset(
    name="php",
    suffixes=(".php",),
    manifests=("composer.json",),
    tools=(
        PresetTool(
            CommandConfig(
                name="phpstan",
                command=("phpstan", "analyse", "--error-format=json", "--no-progress", "--no-interaction"),
                format="phpstan",
                files=("*.php", "composer.json", "composer.lock"),
                install=_GET,
            ),
            applies=_phpstan_applies,
            executes=True,
        ),
        PresetTool(
            CommandConfig(
                name="php-cs-fixer",
                command=(
                    *("php-cs-fixer", "fix", "--dry-run", "--format=checkstyle", "--using-cache=no"),
                    *("--path-mode=intersection", "{files}"),
                ),
                format="checkstyle",
                blocks="any",
                files=("*.php",),
                # bits: 4 a file does not parse, 8 a file is to be fixed (its documentation, "Exit code")
                expected=(0, 4, 8, 12),
                install=_GET,
            ),
            applies=_fixer_applies,
            executes=True,
        ),
    ),
    tests=tests,
    settings=((*_PHPSTAN, "phpstan-baseline.neon"), _FIXER, _PHPUNIT, ("psalm.xml", "psalm.xml.dist")),
    programs=("vendor/bin",),
    setup_paths=("vendor",),
    locks=("composer.json", "composer.lock"),
)
