"""`python -m ci_factory` is the same as `ci-factory`."""

from ci_factory.cli.main import main

main()
