"""What schemathesis can't know of the museum."""

import json
import os

import schemathesis
from schemathesis import GenerationMode

# What the document describes and this version does not serve yet, as paths into the document.
PLANNED = [
    "paths /admin/dead-letters",
    "paths /admin/dead-letters/{id}",
    "paths /admin/dead-letters/{id}/retry",
    "paths /admin/audit",
    "paths /museums post requestBody content text/csv",
    "components schemas NewBooking properties name",
    "components schemas NewBooking properties contact",
    "components schemas NewBooking properties note",
    "components schemas BookingChange properties name",
    "components schemas BookingChange properties contact",
    "components schemas BookingChange properties note",
    "components schemas BookingChange anyOf 1",
]
# Parameters that are planned: the path, the method and the name.
PLANNED_PARAMETERS = [("/myPages", "get", "date"), ("/myPages", "get", "museumId")]


@schemathesis.hook
def before_load_schema(context, schema):
    for place in PLANNED:
        *parents, last = place.split(" ")
        value = schema
        for name in parents:
            value = value[name]
        del value[int(last) if isinstance(value, list) else last]
    for path, method, name in PLANNED_PARAMETERS:
        operation = schema["paths"][path][method]
        operation["parameters"] = [
            each for each in operation["parameters"]
            if each.get("name") != name and each.get("$ref") != f"#/components/parameters/{name}"
        ]


# A cursor is opaque: only one that a link has is valid, and with the same kind of filter.
CURSORS = json.loads(os.environ["CURSORS"])
# What the browser of the session sends; empty where requests have a token.
SESSION = os.environ["SESSION"]
# A key stands for the fields that it was first sent with.
used_keys = set()


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.meta and case.meta.generation.mode == GenerationMode.POSITIVE:
        if case.query and "cursor" in case.query:
            if "museumId" in case.query or "visitor" in case.query or case.path not in CURSORS:
                del case.query["cursor"]
            else:
                case.query["cursor"] = CURSORS[case.path]
        if case.headers and "Idempotency-Key" in case.headers:
            key = case.headers["Idempotency-Key"]
            if key in used_keys:
                del case.headers["Idempotency-Key"]
            used_keys.add(key)
    if SESSION:
        # Ending the session would end it for the other requests, too.
        is_end = case.path == "/sessions" and case.method.upper() == "DELETE"
        case.cookies = {} if is_end else {"session": SESSION}
