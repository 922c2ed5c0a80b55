"""Answers GraphQL queries with graphql-core; imported with the first query, as that takes a while."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from graphql import GraphQLError, GraphQLSchema, build_schema, execute_sync, parse, validate
from graphql.language import DocumentNode

from tests.gitlab_standin import graphql_types
from tests.gitlab_standin.context import Json

_SDL = Path(__file__).with_name("schema.graphql")
_ENTERPRISE_ONLY = (
    "blocked: Boolean! ",
    "blockedByCount: Int ",
    "blockedByIssues(first: Int, after: String): IssueConnection",
)


def answered(values: Json, *, enterprise: bool) -> Json:
    """Data, and errors of a request with `query` and `variables`."""
    try:
        document, problems = _checked(str(values.get("query", "")), enterprise)
    except GraphQLError as error:
        return {"errors": [_shown(error)]}
    if problems:
        return {"errors": [_shown(error) for error in problems]}
    result = execute_sync(
        schema(enterprise),
        document,
        root_value=graphql_types.ROOT,
        variable_values=values.get("variables") or {},
        operation_name=values.get("operationName"),
        field_resolver=_resolve,
    )
    errors = {"errors": [_shown(error) for error in result.errors]} if result.errors else {}
    return {"data": result.data} | errors


@lru_cache(maxsize=2)
def schema(enterprise: bool) -> GraphQLSchema:
    """The schema of an edition; a Community Edition knows no blocked issues."""
    text = _SDL.read_text(encoding="utf-8")
    for field in () if enterprise else _ENTERPRISE_ONLY:
        text = text.replace(field, "")
    return build_schema(text)


@lru_cache(maxsize=500)
def _checked(text: str, enterprise: bool) -> tuple[DocumentNode, list[GraphQLError]]:
    document = parse(text)
    return document, validate(schema(enterprise), document)


def _resolve(source: Json, info: Any, **arguments: Any) -> Any:
    """A field of a mapping; a function there is asked with the field's arguments."""
    value = source.get(info.field_name)
    return value(**arguments) if callable(value) else value


def _shown(error: GraphQLError) -> Json:
    shown: Json = {"message": error.message}
    if error.locations:
        shown["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path:
        shown["path"] = error.path
    if error.message.startswith("Cannot query field"):
        _, field, _, kind, *_ = error.message.split("'")
        shown["message"] = f"Field '{field}' doesn't exist on type '{kind}'"
        shown["extensions"] = {"code": "undefinedField", "typeName": kind, "fieldName": field}
    return shown
