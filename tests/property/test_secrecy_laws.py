"""The law of secrets: whatever is planted, wherever, beside whichever mistake, no form of output shows any of it."""

from __future__ import annotations

import io
import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings, strategies as st
from linting import NOW
from planted import KEYS, PASSWORDS, SHAPES, find_leaks
from temporalio.contrib.pydantic import pydantic_data_converter

from jobspec.errors import InvalidDefinitionError, ProjectError
from jobspec.library.input_reader import make_reader
from jobspec.lint.review import Review
from jobspec.planning.desired import make_desired
from jobspec.planning.diff import explain_difference
from jobspec.planning.disclosure import Privacy
from jobspec.planning.plan import Action, Change, Held, HeldReason, Plan, Reason
from jobspec.reconcile.logs import log, logger, set_up_logging
from jobspec.render.annotations import annotate_diagnostics, annotate_plan
from jobspec.render.diagnostic_documents import diagnostics_document
from jobspec.render.diagnostic_text import render_diagnostics
from jobspec.render.explanation import explain_as_json, explain_as_yaml
from jobspec.render.plan_documents import plan_document
from jobspec.render.plan_markdown import render_markdown
from jobspec.render.plan_text import render_plan
from jobspec.spec.findings import make_diagnostics
from jobspec.spec.hidden_values import list_private_values, tell_error
from jobspec.spec.lint_settings import LintSettings
from jobspec.spec.loader import load_listings
from jobspec.spec.project import Project, read_project
from jobspec.spec.redaction import PlanSettings
from jobspec.spec.spec_files import Listing, SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jobspec.diagnostics import Diagnostic
    from jobspec.spec.loaded_jobs import Loaded

shapes = st.sampled_from(sorted(SHAPES.values()))
passwords = st.sampled_from(PASSWORDS)
keys = st.sampled_from(KEYS)

YAML_PLACES = (
    "input: {note: %s, size: 5}",
    "input:\n  deep:\n    - {note: %s}",
    "args: [eu, %s]",
    "run: {memo: {note: %s}}",
    "run: {static_summary: %s}",
    "description: %s",
    "x-note: &note %s\ninput: {a: *note}",
    "input: {%s: 5}",
    "tags: [%s]",
    "owner: %s",
)
"""Places of any value; the job is complete with them."""

YAML_MISTAKES = (
    "",
    "schedule: {intervall: 1h}",
    "schedule: {interval: 1h, cron: '* * * * *'}",
    "run: 5",
    "input_model: nothing",
    "colour: red",
    "name: again",
    "schedule: {interval: 1h",
    "\tx: 1",
    "key: 'open",
    "a: b: c",
    "env: {staging: {inputs: 5}}",
    "schedule: {interval: 7h}",
)
"""What stands below; most of it is wrong, and some of it leaves nothing of the file to be read."""

WRONG_PLACES = (
    "queue: %s\nworkflow: {type: W}",
    "queue: q\nworkflow: %s",
    "queue: q\nworkflow: {type: W}\nschedule: %s",
    "queue: q\nworkflow: {type: W}\nschedule: {cron: %s}",
    "queue: q\nworkflow: {type: W}\nschedule: {timezone: %s, interval: 1h}",
    "queue: q\nworkflow: {type: W}\nschedule: {overlap: %s, interval: 1h}",
    "queue: q\nworkflow: {type: W}\nschedule: {interval: 1h, start_at: %s}",
    "queue: q\nworkflow: {type: W}\nschedule: {cron: '0 9 * * *', skip: [%s]}",
    "queue: q\nworkflow: {type: W}\nrun: {execution_timeout: %s}",
    "queue: q\nworkflow: {type: W}\nactivities: [%s]",
    "queue: q\nworkflow: {type: W}\ninput_schema: %s",
    "queue: q\nworkflow: {type: W}\n%s: 5",
    "queue: q\nworkflow: {type: W}\nenv: {%s: {inputs: 5}}",
    "queue: q\nworkflow: !%s {type: W}",
    "queue: q\nworkflow: *%s",
)
"""Places in which the secret itself is the mistake."""

TOML = 'name = "orders"\nqueue = "q"\nworkflow = {type = "W"}\n'
TOML_PLACES = ("input = {note = %s, size = 5}", "[input.deep]\nnote = %s", "description = %s", "[run.memo]\nnote = %s")
TOML_MISTAKES = (
    "",
    "\ncolour = 1",
    "\nx = ",
    '\nx = "open',
    " junk",
    "\n[input",
    "\nname = 'again'",
    "\n[schedule]\nintervall = 1",
)


def load(text: str, name: str, redacted: PlanSettings = PlanSettings()) -> Loaded:  # noqa: B008
    files = (SourceFile(path=f"specs/{name}", data=text.encode()),)
    missing = SourceFile(path="")
    listing = Listing(root="specs", files=files)
    return load_listings([listing], read=lambda _: missing, now=NOW, project=Project(plan=redacted))


def review(loaded: Loaded) -> tuple[Diagnostic, ...]:
    found = Review(LintSettings(), NOW)
    found.add(None, loaded)
    return found.finish(loaded.diagnostics, unchecked=(), is_complete=True)


def walk_diagnostics(found: Sequence[Diagnostic]) -> Iterator[str]:
    document = diagnostics_document(found)
    yield render_diagnostics(found) + render_diagnostics(found, color=True)
    yield document.to_json()
    yield annotate_diagnostics(document.diagnostics, summary="")
    yield repr(found) + repr(ProjectError("broken", tuple(found)))
    for form in ("json", "text"):
        stream = io.StringIO()
        set_up_logging(form, stream=stream)
        for each in found:
            log(logging.ERROR, f"{each.location}: {each.message}", hint=each.hint)
        yield stream.getvalue()


def walk_jobs(loaded: Loaded) -> Iterator[str]:
    """Show the jobs in every form: explained, and as plans that create them, change them and hold them."""
    redaction = loaded.redaction
    for job in loaded.jobs.values():
        yield explain_as_yaml(job, redaction) + explain_as_json(job, redaction)
        if job.spec.schedule is None:
            continue
        bare = {"name": job.spec.name, "queue": "other", "workflow": {"type": "W"}, "schedule": {"interval": "2h"}}
        converter = pydantic_data_converter.payload_converter
        ours = make_desired(job.spec, converter).canonical
        other = make_desired(type(job.spec).model_validate(bare), converter).canonical
        changes = [Change(name="new", action=Action.CREATE, reason=Reason.NEW, after=ours)]
        for name, (before, after) in {"on": (other, ours), "off": (ours, other)}.items():
            fields = explain_difference(before, after)
            changes.append(
                Change(
                    name=name, action=Action.UPDATE, reason=Reason.CHANGED, before=before, after=after, fields=fields
                )
            )
        error = ValueError(job.spec.input, job.spec.args)  # what a data converter may raise
        said = tell_error(error, list_private_values(job.spec), redaction=redaction)
        held = (Held(name="held", reason=HeldReason.FAILED, message=str(InvalidDefinitionError(said))),)
        plan = Plan(project="shop", namespace="default", changes=tuple(changes), held=held)
        document = plan_document(plan, privacy=Privacy(redaction=redaction, key=b"key"), diagnostics=loaded.diagnostics)
        yield document.to_json()
        yield render_plan(document) + render_markdown(document) + annotate_plan(document)


def check(text: str, name: str, secret: str, redacted: PlanSettings = PlanSettings()) -> None:  # noqa: B008
    loaded = load(text, name, redacted)
    found = review(loaded)
    for shown in [*walk_diagnostics(found), *walk_jobs(replace(loaded, diagnostics=found))]:
        assert not find_leaks(secret, shown)


HEAD = "name: orders\nqueue: q\nworkflow: {type: W}\n"
SCHEDULE = "schedule: {interval: 1h}\n"


@settings(max_examples=300, deadline=None)
@given(shapes, st.sampled_from(YAML_PLACES), st.sampled_from(YAML_MISTAKES), st.booleans(), st.booleans())
def test_secrets_in_yaml(secret: str, place: str, mistake: str, is_first: bool, is_told: bool) -> None:  # noqa: FBT001
    planted = place % json.dumps(secret)
    comment = f"  # {secret.splitlines()[0]}\n" if is_told and "\n" not in secret else "\n"
    lines = [mistake, planted + comment] if is_first else [planted + comment, mistake]
    schedule = "" if "schedule" in mistake else SCHEDULE
    check(HEAD + schedule + "\n".join(lines) + "\n", "a.yaml", secret)


@settings(max_examples=150, deadline=None)
@given(shapes, st.sampled_from(WRONG_PLACES), st.booleans())
def test_secrets_that_are_the_mistake(secret: str, place: str, is_quoted: bool) -> None:  # noqa: FBT001
    written = json.dumps(secret) if is_quoted else secret.replace("\n", "\n  ")
    check(f"name: orders\n{place % written}\n", "a.yaml", secret)


@settings(max_examples=150, deadline=None)
@given(shapes, st.sampled_from(TOML_PLACES), st.sampled_from(TOML_MISTAKES), st.booleans())
def test_secrets_in_toml(secret: str, place: str, mistake: str, is_long: bool) -> None:  # noqa: FBT001
    written = f"'''{secret}'''" if is_long else json.dumps(secret)
    check(TOML + "schedule = {interval = '1h'}\n" + place % written + mistake + "\n", "a.toml", secret)


@settings(max_examples=200, deadline=None)
@given(
    passwords, keys, st.sampled_from(YAML_MISTAKES), st.sampled_from(["flow", "block", "text", "list", "args", "bare"])
)
def test_passwords(password: str, key: str, mistake: str, form: str) -> None:
    quoted = json.dumps(password)
    planted = {
        "flow": f"input: {{size: 5, {key}: {quoted}}}",
        "block": f"input:\n  {key}: {quoted}  # {quoted}",
        "text": f"input:\n  {key}: |\n    {password}\n    {password}",
        "list": f"input:\n  {key}:\n    - {quoted}",
        "args": f"args:\n  - eu\n  - {key}: {quoted}",
        "bare": f"run:\n  memo:\n    {key}: {password}",
    }[form]
    schedule = "" if "schedule" in mistake else SCHEDULE
    for lines in ([planted, mistake], [mistake, planted]):
        check(HEAD + schedule + "\n".join(lines) + "\n", "a.yaml", password)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["swordfish", "Paris in spring", "0x4711"]), st.sampled_from(YAML_MISTAKES))
def test_what_a_project_names(value: str, mistake: str) -> None:
    redacted = PlanSettings(redact=("input.city", "run.memo.*"))
    text = (
        f"{HEAD}input: {{city: {json.dumps(value)}, size: 5}}  # {value}\nrun: {{memo: {{a: {json.dumps(value)}}}}}\n"
    )
    schedule = "" if "schedule" in mistake else SCHEDULE
    check(text + schedule + mistake + "\n", "a.yaml", value, redacted)


@settings(max_examples=150, deadline=None)
@given(
    shapes,
    st.sampled_from(
        ["project = %s", "[env.%s]\nx = 1", "specs = [%s]", "%s = 1", "[plan]\nredact = [%s]", "[prune]\ngrace = %s"]
    ),
    st.sampled_from(["", " junk", "\n[guards", "\nx = 5"]),
)
def test_secrets_in_the_project_file(secret: str, place: str, mistake: str) -> None:
    text = place % json.dumps(secret) + mistake
    found = read_project(SourceFile(path="jobspec.toml", data=text.encode()))
    for shown in walk_diagnostics(() if isinstance(found, Project) else found):
        assert not find_leaks(secret, shown)


@settings(max_examples=100, deadline=None)
@given(
    shapes | passwords, st.sampled_from(["password", "note"]), st.sampled_from([dict[str, int], dict[str, list[str]]])
)
def test_secrets_that_do_not_fit_their_model(secret: str, key: str, model: Any) -> None:
    if key == "note" and secret in PASSWORDS:
        return
    loaded = load(f"{HEAD}input: {{{key}: {json.dumps(secret)}}}\n", "a.yaml")
    [job] = loaded.jobs.values()
    problems = list(make_reader(model, "`M`").check(job.spec.input, ("input",), "JS322"))
    assert problems or secret.isdecimal()
    found = Review(LintSettings(), NOW)
    found.add(None, loaded, [job.find(problem) for problem in problems])
    shown = found.finish(make_diagnostics(map(job.find, problems)), unchecked=(), is_complete=True)
    for text in walk_diagnostics(shown):
        assert not find_leaks(secret, text)


@given(shapes)
def test_secrets_in_tracebacks(secret: str) -> None:
    stream = io.StringIO()
    for form in ("json", "text"):
        set_up_logging(form, stream=stream)
        try:
            raise ValueError(secret)  # noqa: TRY301
        except ValueError:
            logger.exception("it says %s", secret)
    assert not find_leaks(secret, stream.getvalue())
