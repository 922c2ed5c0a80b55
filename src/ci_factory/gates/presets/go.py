"""Go: gofmt, go vet, go test."""

from ci_factory.gates.presets.model import Files, Preset, PresetTool, SideName, TestsCommand
from ci_factory.model.commands import CommandConfig

_GET = "install Go, https://go.dev/dl/"


def _module(files: Files, side: SideName) -> bool:
    return bool({"go.mod", "go.work"} & files.of(side))


def tests(files: Files, side: SideName) -> TestsCommand | None:
    """`go test` over every package of a module."""
    if not _module(files, side):
        return None
    return TestsCommand(("go", "test", "-json", "./..."), "", "go-test-json", install=_GET)


GO = Preset(
    name="go",
    suffixes=(".go",),
    manifests=("go.mod", "go.work"),
    tools=(
        PresetTool(
            CommandConfig(
                name="gofmt",
                command=("gofmt", "-l", "{files}"),
                format="paths",
                files=("*.go",),
                # 2 is a syntax error, which `go vet` reports with its place
                expected=(0,),
                install=_GET,
            ),
            version=(),
        ),
        PresetTool(
            CommandConfig(
                name="go-vet",
                command=("go", "vet", "./..."),
                format="gnu",
                files=("*.go", "go.mod", "go.sum"),
                expected=(0, 1, 2),
                install=_GET,
            ),
            applies=_module,
            executes=True,
            version=("version",),
        ),
    ),
    tests=tests,
    settings=((".golangci.yml", ".golangci.yaml", ".golangci.toml", ".golangci.json"), ("go.work",)),
    setup_paths=("~/go/pkg/mod",),
    locks=("go.mod", "go.sum", "go.work", "go.work.sum"),
)
