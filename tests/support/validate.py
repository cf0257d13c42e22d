#!/usr/bin/python3
"""usage: validate.py SCHEMA < NDJSON - checks every line against a JSON Schema; prints how many there were.

Schemas of the same folder may refer to each other by file name or $id."""

import json
import pathlib
import sys
import warnings

import jsonschema

warnings.filterwarnings("ignore", category=DeprecationWarning)  # RefResolver: what comes after it is not in Debian 12

path = pathlib.Path(sys.argv[1])
schemas = {file.name: json.loads(file.read_text()) for file in path.parent.glob("*.schema.json")}
store = {**schemas, **{schema["$id"]: schema for schema in schemas.values() if "$id" in schema}}
schema = schemas[path.name]
resolver = jsonschema.RefResolver(schema.get("$id", ""), schema, store)
validator = jsonschema.validators.validator_for(schema)(schema, resolver=resolver)
count = 0
for count, line in enumerate(sys.stdin, 1):
    for error in validator.iter_errors(json.loads(line)):
        sys.exit(f"line {count}: {'/'.join(map(str, error.absolute_path))}: {error.message}\n{line}")
print(count)
