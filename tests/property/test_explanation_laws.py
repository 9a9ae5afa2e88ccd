"""The law of `explain`: it prints the merged job, as YAML that a spec file could hold, in visible characters."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings, strategies as st

from jobspec.render.explanation import explain_as_json, explain_as_yaml
from jobspec.render.terminal import escape as escape_for_terminal
from jobspec.spec.loader import load_listings
from jobspec.spec.spec_files import Listing, SourceFile
from jobspec.spec.yaml_text import parse_yaml

SIGNS = st.sampled_from("?:-#&*!|>'\"%@`{}[], \n\t~0123456789.eExXonull=<\\\x1b\x85\x9b\u202e\u2028\ufeff")
TEXT = st.text(st.one_of(SIGNS, st.characters(exclude_categories=["Cs"])), max_size=8)
LEAF = st.one_of(
    TEXT, st.none(), st.booleans(), st.integers(-(10**30), 10**30), st.floats(allow_nan=False, allow_infinity=False)
)
DATA = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=6
)


def escape(text: str) -> str:
    """Write JSON with the escapes of YAML, which knows no pairs of surrogates."""
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in text)


@settings(max_examples=150)
@given(DATA, st.dictionaries(TEXT, DATA, max_size=3), TEXT)
def test_what_is_explained_reads_back_as_the_job(value: Any, memo: dict[str, Any], description: str) -> None:
    written = {"run": {"memo": memo}, "description": description, "input": value}
    document = escape(json.dumps({"workflow": "a:A", "queue": "q", "name": "a"} | written, ensure_ascii=False))
    file = SourceFile(path="specs/a.yaml", data=document.encode())
    loaded = load_listings([Listing(root="specs", files=(file,))], read=lambda _: file)
    job = loaded.jobs["a"]
    shown = explain_as_yaml(job)
    assert escape_for_terminal(shown.replace("\n", "")) == shown.replace("\n", "")
    assert repr(dict(sorted(parse_yaml(shown).items()))) == repr(dict(sorted(job.merged.items())))
    assert list(parse_yaml(shown))[:3] == ["name", "description", "queue"]
    assert json.loads(explain_as_json(job))["job"] == job.merged
