"""Whether an OpenAPI document is valid, and each of its examples fits its schema. Usage: check_document.py FILE"""

import json
import sys

from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

document = json.load(open(sys.argv[1]))
validate(document)


def resolved(value):
    while "$ref" in value:
        target = document
        for name in value["$ref"].split("/")[1:]:
            target = target[name]
        value = target
    return value


def contents():
    """Each body that a request or a response may have, with its name."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method == "parameters":
                continue
            owners = {"request": operation.get("requestBody", {}), **operation["responses"]}
            for name, owner in owners.items():
                for media_type, content in resolved(owner).get("content", {}).items():
                    yield f"{method.upper()} {path} {name} {media_type}", content


failures = []
count = 0
for name, content in contents():
    # Schemas refer to each other by their place in the document.
    schema = {**content["schema"], "components": document["components"]}
    validator = OAS31Validator(schema, format_checker=OAS31Validator.FORMAT_CHECKER)
    for example, value in content.get("examples", {}).items():
        count += 1
        for error in validator.iter_errors(resolved(value)["value"]):
            failures.append(f"{name}: example {example}: {error.json_path}: {error.message}")
print(*failures, sep="\n")
print(f"{count} examples, {len(failures)} of them do not fit their schema")
sys.exit(bool(failures))
