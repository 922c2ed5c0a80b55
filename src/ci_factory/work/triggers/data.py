"""Migrations, personal data, retention and backups in a change."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from ci_factory.model.attempt import Trigger
from ci_factory.work.triggers.change import Change, ChangedFile, Line, is_aside
from ci_factory.work.triggers.signal import Signal

_MIGRATION_PATHS = (
    re.compile(r"(?:^|/)migrations?/(?:.*/)?(?!__init__)[^/]+\.(?:py|sql|js|ts|rb|php|go|xml|ya?ml)"),
    re.compile(r"(?:^|/)alembic/(?:.*/)?versions/[^/]+\.py"),
    re.compile(r"(?:^|/)db/(?:migrate|changelog)/.+"),
    re.compile(r"(?:^|/)[VUR]\d[\w.]*__\w+\.sql"),
)
_ALEMBIC = re.compile(r"(?:^|/)versions/[^/]+\.py")
_STATEMENT = re.compile(
    r"\bALTER\s+TABLE\b|\bDROP\s+(?:TABLE|COLUMN|DATABASE|SCHEMA)\b|\bTRUNCATE\s+(?:TABLE\s+)?\w+|\bDELETE\s+FROM\s+[\w\".]+(?!.*\bWHERE\b)",
    re.IGNORECASE,
)
_CHANGING = re.compile(
    r"\b(?:DELETE\s+FROM|UPDATE\s+[\w\".]+\s+SET|INSERT\s+INTO\s+[\w\".]+\s+SELECT)\b", re.IGNORECASE
)
_PERSONAL = (
    r"(?:date_?of_?birth|birth_?(?:date|day)|dob|ssn|social_?security(?:_?number)?|passport_?(?:number|no)|national_?id"
    r"|iban|tax_?id|home_?address|postal_?address|street_?address|phone(?:_?number)?|mobile_?number|credit_?card(?:_?number)?"
    r"|gender|religion|ethnicity|health_?\w+|diagnosis|ip_?address|email(?:_?address)?)"
)
_FIELD = re.compile(
    rf"^\s*(?:self\.)?(?:public |private |readonly )*[\"']?{_PERSONAL}[\"']?\s*(?:\??:(?!:)|=)\s*(?:models\.|db\.|Column|mapped_column|Field|str\b|String|string|date\b|Date|Optional|int\b|Mapped)",
    re.IGNORECASE,
)
_SQL_FIELD = re.compile(
    rf"\b{_PERSONAL}\s+(?:TEXT|VARCHAR|CHAR|DATE|INTEGER|BYTEA|TIMESTAMP)\b", re.IGNORECASE
)
_TOLD = re.compile(
    rf"\b(?:log(?:ger|ging)?|console|print|analytics|track\w*|telemetry|sentry\w*)\b[.\w]*\(.*\b(?:\w+\.)?{_PERSONAL}\b",
    re.IGNORECASE,
)
_RETENTION = re.compile(
    r"\bretention\w*|\w*_retention\w*|\b(?:delete|purge|prune|remove|anonymi[sz]e|expire)_(?:old|older|expired|stale|inactive)_\w+"
    r"|\b(?:purge|anonymi[sz]e)_\w*(?:users?|members?|customers?|records?|accounts?|logs?|data)\w*|\bkeep_(?:for_)?(?:days|months|years)\b",
    re.IGNORECASE,
)
_BACKUP = re.compile(
    r"\b(?:pg_dump|pg_restore|pg_basebackup|mysqldump|mongodump|restic|borg|wal-g)\b|\bBACKUP_\w+"
)
_BACKUP_PATH = re.compile(r"(?:^|[/_.-])(?:backups?|restore|dump)(?:[/_.-]|$)", re.IGNORECASE)


def data(change: Change) -> Iterator[Signal]:
    """At most one signal a file, the gravest first."""
    for file in change.files:
        if is_aside(file.path):
            continue
        for found in (_migration(file), _statement(file), _personal(file), _retention(file), _backup(file)):
            if found is not None:
                yield found
                break


def is_migration(path: str) -> bool:
    """Whether a path is one of the usual places of migrations."""
    return not is_aside(path) and any(pattern.search(path) for pattern in _MIGRATION_PATHS)


def _migration(file: ChangedFile) -> Signal | None:
    alembic = bool(_ALEMBIC.search(file.path)) and "op." in (file.after or file.before or "")
    if not (is_migration(file.path) or alembic) or not (file.new or file.gone or file.first_code):
        return None
    return Signal(Trigger.DATA, "migration", "adds or changes a migration", file.path, _at(file))


def _statement(file: ChangedFile) -> Signal | None:
    is_sql = PurePosixPath(file.path).suffix == ".sql"
    for line in (*file.added, *file.removed) if is_sql else file.added:
        text = line.uncommented
        matters = _STATEMENT.search(text) or (is_sql and _CHANGING.search(text))
        if matters and (is_sql or file.is_code):
            return _signal(file, line, "migration", "changes or deletes stored data")
    return None


def _personal(file: ChangedFile) -> Signal | None:
    for line in file.added if file.is_code or file.name.endswith((".prisma", ".graphql")) else ():
        text = line.uncommented
        if _FIELD.search(text) or _SQL_FIELD.search(text):
            return _signal(file, line, "personal", "adds a field of personal data")
        if _TOLD.search(line.code):
            return _signal(file, line, "personal", "writes personal data to a log or to others")
    return None


def _retention(file: ChangedFile) -> Signal | None:
    for line in (*file.added, *file.removed):
        if _RETENTION.search(line.code) and (file.is_code or PurePosixPath(file.path).suffix in _SETTINGS):
            return _signal(file, line, "retention", "changes how long data is kept")
    return None


_SETTINGS = frozenset({".yml", ".yaml", ".toml", ".ini", ".cfg", ".json", ".tf", ".conf", ".properties"})


def _backup(file: ChangedFile) -> Signal | None:
    line = next((each for each in (*file.added, *file.removed) if _BACKUP.search(each.uncommented)), None)
    if line is None and _BACKUP_PATH.search(file.path):
        line = file.first_code
    return _signal(file, line, "backup", "changes how backups are made or restored") if line else None


def _signal(file: ChangedFile, line: Line, kind: str, what: str) -> Signal:
    return Signal(Trigger.DATA, kind, what, file.path, line.number)


def _at(file: ChangedFile) -> int:
    return file.first_code.number if file.first_code else 1
