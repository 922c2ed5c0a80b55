"""How package managers are asked about an index without anything being installed."""

PIP_REPORT = (
    *("install", "--dry-run", "--ignore-installed", "--no-deps"),
    *("--only-binary", ":all:", "--quiet", "--report", "-"),
)
"""Words for pip, before what is asked about: a JSON report of what it would install, and no code of a package runs."""
