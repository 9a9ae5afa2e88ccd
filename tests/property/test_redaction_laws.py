"""The law of redaction: what a project names is in no output of a plan; its checksum knows it by a key alone."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings, strategies as st
from temporalio.contrib.pydantic import pydantic_data_converter

from jobspec.planning.desired import Desired, make_desired
from jobspec.planning.diff import explain_difference
from jobspec.planning.disclosure import Privacy, make_checksum
from jobspec.planning.plan import Action, Change, Plan, Reason
from jobspec.render.annotations import annotate_plan
from jobspec.render.plan_documents import plan_document
from jobspec.render.plan_markdown import render_markdown
from jobspec.render.plan_text import render_plan
from jobspec.spec.model import JobSpec
from jobspec.spec.redaction import PlanSettings, Redaction

KEYS = st.sampled_from(["a", "b", "a.b", "token", "0"])
VALUE = st.recursive(
    st.sampled_from([1, True, None, "plain", 2.5]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=5,
)
STEP = st.sampled_from(["*", "a", "token", '"a.b"', "0"])
PATHS = st.lists(
    st.one_of(
        st.lists(STEP, max_size=3).map(lambda steps: ".".join(["input", *steps])),
        st.lists(STEP, max_size=2).map(lambda steps: ".".join(["args", *steps])),
        st.lists(STEP, max_size=2).map(lambda steps: ".".join(["run.memo", *steps])),
    ),
    min_size=1,
    max_size=3,
)


def desire(value: Any, memo: dict[str, Any]) -> Desired:
    job = {
        "name": "job",
        "queue": "q",
        "workflow": {"type": "W"},
        "input": value,
        "run": {"memo": memo},
        "schedule": {"interval": "1h"},
    }
    return make_desired(JobSpec.model_validate(job), pydantic_data_converter.payload_converter)


def fill(value: Any, redaction: Redaction, path: tuple[str | int, ...], secret: str) -> Any:
    """Put a secret wherever the redaction reaches."""
    found = list(redaction.find(value, path))
    if path in found:
        return secret
    if isinstance(value, dict):
        return {key: fill(inner, redaction, (*path, key), secret) for key, inner in value.items()}
    if isinstance(value, list):
        return [fill(inner, redaction, (*path, index), secret) for index, inner in enumerate(value)]
    return value


@settings(max_examples=200)
@given(VALUE, VALUE, st.dictionaries(st.sampled_from(["a", "token"]), VALUE, max_size=2), PATHS)
def test_what_is_redacted_is_nowhere(before: Any, after: Any, memo: dict[str, Any], paths: list[str]) -> None:
    redaction = Redaction.of(PlanSettings(redact=tuple(paths)))
    privacy, keyed = Privacy(redaction=redaction), Privacy(redaction=redaction, key=b"key")

    def make(old: str, new: str) -> Plan:
        sides = [
            desire(
                fill(value, redaction, ("input",), secret),
                {key: fill(inner, redaction, ("run", "memo", key), secret) for key, inner in memo.items()},
            )
            for value, secret in ((before, old), (after, new))
        ]
        was, will = [side.canonical for side in sides]
        changes = (
            Change(name="job", action=Action.CREATE, reason=Reason.NEW, after=will),
            Change(
                name="job",
                action=Action.UPDATE,
                reason=Reason.CHANGED,
                before=was,
                after=will,
                fields=explain_difference(was, will),
            ),
        )
        return Plan(project="shop", namespace="default", changes=changes)

    plan, other = make("SECRET-1", "SECRET-2"), make("SECRET-3", "SECRET-4")
    document = plan_document(plan, privacy=privacy)
    for text in (document.to_json(), render_plan(document), render_markdown(document), annotate_plan(document)):
        assert "SECRET" not in text
    assert make_checksum(plan, privacy) == make_checksum(other, privacy)
    is_hidden = any(field.redacted for change in document.changes for field in change.fields)
    assert (make_checksum(plan, keyed) != make_checksum(other, keyed)) is is_hidden
