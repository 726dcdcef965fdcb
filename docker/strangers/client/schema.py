"""Holds every report against stickler's own schema, beyond which nothing may stand in it."""

import functools
import json
from collections.abc import Iterator

import jsonschema

from .tools import execute

DEADLINE_SECS = 30
# One mistake shows in many places.
MOST_TOLD = 3


def problems(document: str) -> Iterator[str]:
    """Yields the first ways in which a JSON document, or a line of NDJSON, is not as its schema says."""
    try:
        value = json.loads(document)
    except ValueError as error:
        yield f"no JSON: {error}"
        return
    errors = sorted(validator().iter_errors(value), key=lambda error: list(map(str, error.absolute_path)))
    for error in errors[:MOST_TOLD]:
        yield f"not in the schema: {error.json_path}: {error.message[:300]}"
    if len(errors) > MOST_TOLD:
        yield f"and {len(errors) - MOST_TOLD} more places that are not in the schema"


@functools.cache
def validator() -> jsonschema.Draft202012Validator:
    """Asks the program for its schema, once."""
    schema = json.loads(execute(["stickler", "schema", "check"], DEADLINE_SECS).stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(closed(schema))


def closed(schema):
    """Returns the schema with every object closed to fields that it does not describe."""
    match schema:
        case dict():
            inner = {key: closed(value) for key, value in schema.items()}
            return {**inner, "additionalProperties": False} if "properties" in schema else inner
        case list():
            return [closed(value) for value in schema]
    return schema
