#!/usr/bin/python3
"""usage: validate.py SCHEMA < NDJSON - checks every line against a JSON Schema; prints how many there were."""

import json
import sys

import jsonschema

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
validator = jsonschema.validators.validator_for(schema)(schema)
count = 0
for count, line in enumerate(sys.stdin, 1):
    for error in validator.iter_errors(json.loads(line)):
        sys.exit(f"line {count}: {'/'.join(map(str, error.absolute_path))}: {error.message}\n{line}")
print(count)
