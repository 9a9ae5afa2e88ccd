"""Spec files and schemas that want to hang or crash whoever reads them."""

from __future__ import annotations

import json
import os
from itertools import pairwise
from typing import TYPE_CHECKING

from projects import job

if TYPE_CHECKING:
    from pathlib import Path

DOUBLING = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(40)} | {"d40": {}}
"""Asks the same question two to the power of forty times."""

SCHEMAS = {
    "hangs": json.dumps({"$ref": "#/$defs/d0", "$defs": DOUBLING}),
    "hangs-too": json.dumps({"not": {"$ref": "#/$defs/d0"}, "$defs": DOUBLING}),
    "needs-memory": json.dumps({"properties": {str(n): {"pattern": f"(a{{500}}){{9}}{n}"} for n in range(9000)}}),
    "backtracks": json.dumps({"pattern": "^(a+)+$"}),
    "dangles": '{"$ref": "#/a/b"}',
    "refers-to-a-number": '{"$ref": 5}',
    "has-no-draft": '{"$schema": 5}',
    "old-types": '{"type": [{"type": "integer"}]}',
    "many-digits": f'{{"maximum": {"9" * 5000}}}',
    "long-pattern": '{"pattern": "a{99999999999}"}',
    "no-number": '{"multipleOf": NaN}',
    "deep": '{"not":' * 100_000,
    "no-text": "\udcff\udcfe",
}
FILES = {
    "nested.yaml": "[" * 100_000,
    "laughs.yaml": "a: &a [x, x]\n" + "".join(f"{n}{n}: &{n} [*{m}, *{m}]\n" for m, n in pairwise("abcdefghijklmnop")),
    "digits.yaml": "name: digits\nqueue: q\nworkflow: {type: W}\ninput: " + "9" * 5000,
    "binary.toml": "\x00\udcff",
}


def write_hostile_specs(specs: Path) -> set[str]:
    """Write all that is bad into a directory; give the names of the jobs that this must freeze."""
    specs.mkdir(exist_ok=True)
    for name, schema in SCHEMAS.items():
        (specs / f"{name}.json").write_text(schema, encoding="utf-8", errors="surrogateescape")
        text = job(name) + f"input: {'a' * 3000}!\ninput_schema: {name}.json\n"
        (specs / f"{name}.yaml").write_text(text, encoding="utf-8")
    for name, text in FILES.items():
        (specs / name).write_text(text, encoding="utf-8", errors="surrogateescape")
    os.mkfifo(specs / "pipe.yaml")
    (specs / "directory.yaml").mkdir()
    (specs / "link.yaml").symlink_to("nowhere.yaml")
    return set(SCHEMAS)
