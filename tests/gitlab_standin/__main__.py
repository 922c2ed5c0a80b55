"""Start: `python -m tests.gitlab_standin FOLDER`; the control key comes in on standard input, the URL goes out."""

import importlib
import os
import sys
import threading
from pathlib import Path

from tests.gitlab_standin.app import StandInApp
from tests.gitlab_standin.server import Server
from tests.gitlab_standin.settings import Settings
from tests.gitlab_standin.store import Store


def main() -> None:
    """Serve until the standard input ends, which it does when whoever started this is gone."""
    key = sys.stdin.readline().strip()
    store, settings = Store(Path(sys.argv[1])), Settings(control_key=key)
    app = StandInApp(store, settings)
    server = Server(app.faults, app.faults.now)
    settings.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=_outlive_nobody, daemon=True).start()
    print(settings.url, flush=True)  # noqa: T201 - the one line that the starter reads
    threading.Thread(target=_warm_up, daemon=True).start()
    server.serve_forever(poll_interval=0.05)


def _warm_up() -> None:
    """Import what the first GraphQL query needs."""
    importlib.import_module("tests.gitlab_standin.graphql_engine").schema(True)


def _outlive_nobody() -> None:
    sys.stdin.read()
    os._exit(0)


main()
