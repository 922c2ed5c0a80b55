"""The embedded forge: SQLite for what people say, git refs for what they push."""

from ci_factory.forge.local.forge import LocalForge

__all__ = ["LocalForge"]
