"""Bounds on report files, all in one place. A file beyond one of them is refused, never cut."""

MAX_FILE_BYTES = 4 * 1024**3
"""One report; it is streamed, so this bounds time, not memory."""
MAX_VALUE_CHARS = 16 * 1024**2
"""One JSON value that is decoded at once, such as one finding with its code flows."""
MAX_TOKEN_BYTES = 2 * 1024**2
"""One XML tag with its attributes, or one piece of markup that expat has to hold."""
MAX_LINE_BYTES = 4 * 1024**2
"""One line of a format that goes by lines."""
MAX_DEPTH = 64
"""Elements of XML inside each other; JSON is bounded by the interpreter's own limit."""
MAX_ISSUES = 5_000_000
"""Issues of one report."""
MAX_CASES = 5_000_000
"""Test cases of one report."""
MAX_RUNS = 500
"""Runs of one SARIF file; each is a tool, and each tool a gate."""
MAX_RULES = 200_000
"""Rules that one SARIF run describes."""
MAX_COVERED_LINES = 50_000_000
"""Lines of one coverage report."""
MAX_FILES = 20_000
"""Report files of one run."""
MAX_LINE_NUMBER = 10_000_000
"""Largest line or column that is believed."""
MAX_NAME_CHARS = 1000
"""Rules, tools and names of tests; a longer one is cut."""
MAX_TEXT_CHARS = 2000
"""Messages and snippets; a longer one is cut."""
MAX_PATH_CHARS = 4096
"""Paths; a longer one is refused (PATH_MAX of Linux)."""
CHUNK = 256 * 1024
"""Bytes that are read at once."""
