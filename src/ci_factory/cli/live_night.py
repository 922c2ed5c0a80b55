"""Looks at a night for `ci-factory status`: once, again and again, or as a page."""

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import click

from ci_factory.cli import common
from ci_factory.config import Config
from ci_factory.errors import UsageError
from ci_factory.metrics import live_words
from ci_factory.metrics.live import Live
from ci_factory.metrics.live_files import LiveFiles
from ci_factory.metrics.live_night import live
from ci_factory.system import records
from ci_factory.system.clock import Clock
from ci_factory.system.layout import Layout


@dataclass
class Watcher:
    """Of one output folder."""

    layout: Layout
    config: Config
    clock: Clock
    batch_id: str | None = None
    """`None`: the newest at each look."""

    @cached_property
    def _files(self) -> LiveFiles:
        return LiveFiles(self.layout)

    def look(self, *, must: bool = False) -> Live | None:
        """The night now; `None` when there is none yet.

        Raises:
            UsageError: there `must` be one, and there is none.
        """
        if self.batch_id is not None and self.batch_id not in {
            each.path.name for each in self.layout.batches()
        }:
            found = None
        else:
            found = self._files.look(self.batch_id)
        if found is None and must:
            what = f"there is no batch {self.batch_id!r}" if self.batch_id else "there is no batch"
            raise UsageError(
                what, where="--batch", fix=f"`ls {self.layout.root}/batches` names those that exist"
            )
        return live(found, self.config, self.clock.now()) if found else None

    def headline(self) -> str:
        """The night in one sentence of our own words; empty when there is none yet."""
        night = self.look()
        return live_words.headline(night) if night else ""

    def show(self, night: Live) -> None:
        """Print it."""
        from ci_factory.cli.live_screen import Screen

        console = common.console()
        console.print(Screen(night, console.width).drawn())

    def watch(self, every: float) -> None:
        """Show it on the terminal until Ctrl-C, which is the way to end it; the last state stays."""
        from rich.console import Console
        from rich.live import Live as Drawn
        from rich.text import Text

        from ci_factory.cli.live_screen import Screen

        console = Console()
        if not click.get_text_stream("stdout").isatty():
            raise UsageError("there is no terminal to show it on", where="--watch", fix="leave --watch out")
        with suppress(KeyboardInterrupt), Drawn(console=console, auto_refresh=False) as drawn:
            while True:
                night = self.look()
                shown = (
                    Screen(night, console.width, console.height - 1).drawn()
                    if night
                    else Text("no batch yet")
                )
                drawn.update(shown, refresh=True)
                self.clock.sleep(every)

    def write_page(self, night: Live | None, page: Path, refresh: int | None) -> None:
        """Write it as a page, whole or not at all."""
        from ci_factory.metrics.live_page import render

        records.write_text(page, render(night, self.clock.now(), refresh))
