"""`python -m lendery`."""

import sys

from lendery.cli import main

sys.exit(main())
