"""Whether a change can alter what the program does: comments and docstrings can't."""

import ast
from pathlib import Path

from ci_factory.gates.subject import Subject
from ci_factory.gates.testing.files import is_source
from ci_factory.gates.testing.functions import parse
from ci_factory.system.git import FileChange


def changes_behaviour(subject: Subject) -> bool:
    """Whether a source that is not a test is added or altered in more than words. Code that only goes is no feature."""
    return any(
        each.status != "D" and is_source(each.path) and _differs(subject, each)
        for each in subject.change.files
    )


def _differs(subject: Subject, change: FileChange) -> bool:
    if change.status == "A" or not change.path.endswith(".py"):
        return True
    before = _meaning(subject.part("base") / change.old_path)
    after = _meaning(subject.part("head") / change.path)
    return before is None or after is None or before != after


def _meaning(path: Path) -> str | None:
    """The program without comments, docstrings and layout; `None` when it can't be read."""
    tree = parse(path.read_bytes()) if path.is_file() and not path.is_symlink() else None
    if tree is None:
        return None
    try:
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                node.body = [each for each in node.body if not _bare(each)] or [ast.Pass()]
        return ast.dump(tree)
    except RecursionError:
        return None


def _bare(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
