"""Starts a program with bounded memory: `python limited.py BYTES PROGRAM ARGUMENT...`. Stands alone."""

import os
import resource
import sys

if __name__ == "__main__":
    limit = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - replacing ourselves is the purpose
