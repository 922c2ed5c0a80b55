"""Rust: rustfmt, clippy, cargo test."""

from ci_factory.gates.presets.model import Files, Preset, PresetTool, SideName, TestsCommand
from ci_factory.model.commands import CommandConfig

_GET = "install Rust with rustfmt and clippy, https://rustup.rs"
_FILES = ("*.rs", "Cargo.toml", "Cargo.lock")
_CARGO_FAILED = 101


def _crate(files: Files, side: SideName) -> bool:
    return "Cargo.toml" in files.of(side)


def tests(files: Files, side: SideName) -> TestsCommand | None:
    """`cargo test` over every crate of the workspace."""
    if not _crate(files, side):
        return None
    return TestsCommand(("cargo", "test", "--workspace", "--no-fail-fast"), "", "libtest", install=_GET)


RUST = Preset(
    name="rust",
    suffixes=(".rs",),
    manifests=("Cargo.toml",),
    tools=(
        PresetTool(
            CommandConfig(
                name="rustfmt",
                command=("cargo", "fmt", "--all", "--", "--check", "-l"),
                format="paths",
                files=_FILES,
                install=_GET,
            ),
            applies=_crate,
            version=("fmt", "--version"),
        ),
        PresetTool(
            CommandConfig(
                name="clippy",
                command=("cargo", "clippy", "--workspace", "--all-targets", "--message-format=json"),
                format="clippy",
                files=_FILES,
                expected=(0, _CARGO_FAILED),
                install=_GET,
            ),
            applies=_crate,
            executes=True,
            version=("clippy", "--version"),
        ),
    ),
    tests=tests,
    settings=(
        ("clippy.toml", ".clippy.toml"),
        ("rustfmt.toml", ".rustfmt.toml"),
        ("rust-toolchain", "rust-toolchain.toml"),
        ("nextest.toml",),
    ),
    unasked=("clippy.toml", ".clippy.toml", "rustfmt.toml", ".rustfmt.toml"),
    setup_paths=("~/.cargo",),
    locks=("Cargo.toml", "Cargo.lock", "rust-toolchain", "rust-toolchain.toml"),
)
