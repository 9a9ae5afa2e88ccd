"""A codec whose every encoding differs: equal inputs stay equal, and nobody is shown what it hides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from codecs_of_projects import CODEC, SETTINGS

if TYPE_CHECKING:
    from projects import Project, Stranger
    from temporalio.api.schedule.v1 import Schedule

JOB = """\
name: a
queue: q
workflow: {type: W}
input: {card: secret-1234, retries: 3}
run:
  memo: {holder: secret-ann}
  static_summary: secret-summary
  static_details: secret-details
schedule: {interval: 1h}
"""

CHOOSY = """
from temporalio.converter import WithSerializationContext


class Choosy(Codec, WithSerializationContext):
    def with_context(self, context):
        if context.workflow_id == "a":
            raise RuntimeError("no key for this workflow")
        return self


converter = replace(pydantic_data_converter, payload_codec=Choosy())
"""

BOUND = """
from temporalio.converter import WithSerializationContext


class Bound(Codec, WithSerializationContext):
    workflow_id = ""

    def with_context(self, context):
        bound = Bound()
        bound.workflow_id = context.workflow_id
        return bound

    def seal(self, payload):
        sealed = super().seal(payload)
        sealed.metadata["for"] = self.workflow_id.encode()
        return sealed

    def open(self, payload):
        if payload.metadata["for"] != self.workflow_id.encode():
            raise ValueError("sealed for another workflow")
        return super().open(payload)


converter = replace(pydantic_data_converter, payload_codec=Bound())
"""

PICKY = """
class Picky(PydanticPayloadConverter):
    def to_payloads(self, values):
        if any("unspeakable" in str(value) for value in values):
            raise RuntimeError("there are no words for it")
        return super().to_payloads(values)


converter = DataConverter(payload_converter_class=Picky)
"""

on_one_back_end = pytest.mark.parametrize("server", ["chasm"], indirect=True)


@pytest.fixture
def sealed(project: Project) -> Project:
    """The project with a codec."""
    project.write(CODEC, to="codec.py")
    project.configure(SETTINGS)
    project.write(JOB)
    return project


async def test_what_a_codec_encrypts_is_not_planned_again_and_not_shown(sealed: Project) -> None:
    applied = await sealed.run("apply", "--yes")
    assert applied.code == 0, applied.text
    assert "secret" not in applied.text
    assert "not shown" in applied.stdout
    schedule = (await sealed.describe()).schedule
    assert b"secret" not in schedule.SerializeToString()
    before = await sealed.snapshot()
    again = await sealed.run("apply", "--yes")
    assert (again.code, again.stdout.splitlines()[0]) == (0, "No changes."), again.text
    assert await sealed.snapshot() == before


@on_one_back_end
async def test_a_changed_input_is_seen_and_shown_on_request_only(sealed: Project) -> None:
    assert (await sealed.run("apply", "--yes")).code == 0
    sealed.write(JOB.replace("1234", "5678").replace("summary: secret", "summary: secret-new"))
    for arguments in (("plan",), ("plan", "--output", "json"), ("apply",)):
        hidden = await sealed.run(*arguments)
        assert "secret" not in hidden.text
        assert "card" not in hidden.text
    shown = await sealed.run("plan", "--show-input")
    assert "input.card:" in shown.stdout
    assert '"secret-1234" → "secret-5678"' in shown.stdout
    assert '"secret-summary" → "secret-new-summary"' in shown.stdout
    as_json = await sealed.run("plan", "--show-input", "--output", "json")
    assert "secret-5678" in as_json.stdout


async def test_a_change_of_something_else_keeps_the_encrypted_bytes(sealed: Project) -> None:
    assert (await sealed.run("apply", "--yes")).code == 0
    before = (await sealed.describe()).schedule.action.start_workflow
    sealed.write(JOB.replace("1h", "2h"))
    assert (await sealed.run("apply", "--yes")).code == 0
    after = (await sealed.describe()).schedule.action.start_workflow
    assert (after.input, after.memo, after.user_metadata) == (before.input, before.memo, before.user_metadata)


async def test_what_is_sealed_for_a_workflow_is_sealed_anew_for_another(sealed: Project) -> None:
    sealed.write(CODEC + BOUND, to="codec.py")
    assert (await sealed.run("apply", "--yes")).code == 0
    sealed.write(JOB.replace("run:", "run:\n  workflow_id: other"))
    written = await sealed.run("apply", "--yes")
    assert (written.code, written.stdout.splitlines()[-1]) == (0, "1 updated"), written.text
    action = (await sealed.describe()).schedule.action.start_workflow
    metadata = action.user_metadata
    for payload in (*action.input.payloads, action.memo.fields["holder"], metadata.summary, metadata.details):
        assert payload.metadata["for"] == b"other"
    assert (await sealed.run("plan")).stdout.startswith("No changes.")


async def test_a_changed_input_is_written_encrypted_once(sealed: Project) -> None:
    assert (await sealed.run("apply", "--yes")).code == 0
    sealed.write(JOB.replace("1234", "5678"))
    written = await sealed.run("apply", "--yes")
    assert (written.code, written.stdout.splitlines()[-1]) == (0, "1 updated"), written.text
    before = await sealed.snapshot()
    assert (await sealed.run("apply", "--yes")).stdout.startswith("No changes.")
    assert await sealed.snapshot() == before


async def test_a_payload_that_cannot_be_decoded_is_replaced_and_never_a_failure(
    sealed: Project, other: Stranger
) -> None:
    assert (await sealed.run("apply", "--yes")).code == 0

    def break_it(schedule: Schedule) -> None:
        action = schedule.action.start_workflow
        action.input.payloads[0].data = b"short"
        action.memo.fields["holder"].data = b"\xff" * 40

    await other.edit(break_it)
    planned = await sealed.run("plan", "--detailed-exitcode")
    assert planned.code == 2, planned.text
    assert "secret" not in planned.text
    shown = await sealed.run("plan", "--show-input", "--output", "json")
    assert shown.code == 0, shown.text
    written = await sealed.run("apply", "--yes")
    assert written.code == 0, written.text
    assert (await sealed.run("plan")).stdout.startswith("No changes.")


@on_one_back_end
async def test_a_job_that_the_codec_refuses_fails_alone(sealed: Project) -> None:
    sealed.write(JOB.replace("secret-1234", "unspeakable"))
    sealed.write(JOB.replace("name: a", "name: b"), to="specs/b.yaml")
    finished = await sealed.run("apply", "--yes")
    assert finished.code == 5, finished.text
    assert "the key server says no" in finished.stderr
    assert "unspeakable" not in finished.text
    assert "bug" not in finished.stderr
    assert (await sealed.exists("a"), await sealed.exists("b")) == (False, True)


@on_one_back_end
async def test_what_a_converter_says_of_an_input_is_hidden_where_a_codec_hides_it(sealed: Project) -> None:
    hiding = PICKY.replace("Picky)", "Picky, payload_codec=Codec())")
    imports = "from temporalio.contrib.pydantic import PydanticPayloadConverter"
    sealed.write(f"{CODEC}\n{imports}\nfrom temporalio.converter import DataConverter\n{hiding}", to="codec.py")
    sealed.write(JOB.replace("secret-1234", "unspeakable"))
    finished = await sealed.run("plan")
    assert finished.code == 3, finished.text
    assert "RuntimeError" in finished.text
    assert "there are no words for it" not in finished.text


@on_one_back_end
async def test_a_converter_that_fails_on_a_job_holds_that_job_alone(sealed: Project) -> None:
    imports = "from temporalio.contrib.pydantic import PydanticPayloadConverter"
    sealed.write(f"{imports}\nfrom temporalio.converter import DataConverter\n{PICKY}", to="codec.py")
    sealed.write(JOB.replace("name: a", "name: old"))
    assert (await sealed.run("apply", "--yes")).code == 0
    before = await sealed.snapshot("old")
    sealed.write(JOB.replace("secret-1234", "unspeakable"))
    sealed.write(JOB.replace("name: a", "name: b"), to="specs/b.yaml")
    finished = await sealed.run("apply", "--yes")
    assert finished.code == 5, finished.text
    assert "there are no words for it" in finished.text
    assert "Traceback" not in finished.stderr
    assert (await sealed.exists("a"), await sealed.exists("b")) == (False, True)
    assert await sealed.snapshot("old") == before  # it may be the former name of the one that is held
    sealed.configure(f'{SETTINGS}\n[plan]\nredact = ["input"]\n')
    hidden = await sealed.run("plan")
    assert hidden.code == 3, hidden.text
    assert "cannot convert what `a` says: RuntimeError" in hidden.stdout  # what it says may quote the input
    assert "there are no words for it" not in hidden.text


@on_one_back_end
async def test_a_codec_that_refuses_a_workflow_holds_that_job_alone(sealed: Project) -> None:
    assert (await sealed.run("apply", "--yes")).code == 0
    before = await sealed.snapshot()
    sealed.write(CODEC + CHOOSY, to="codec.py")
    sealed.write(JOB.replace("name: a", "name: b"), to="specs/b.yaml")
    finished = await sealed.run("apply", "--yes")
    assert finished.code == 5, finished.text
    assert "no key for this workflow" in finished.text
    assert "Traceback" not in finished.stderr
    assert await sealed.exists("b")
    assert await sealed.snapshot() == before


@on_one_back_end
@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("", "converter"),
        ("import no_such_module", "no_such_module"),
        ("raise SystemExit(0)", "codec"),
        ("converter = 7", "DataConverter"),
        ("from temporalio.converter import DataConverter as converter", "class"),
    ],
)
async def test_a_converter_that_cannot_be_loaded_is_named(sealed: Project, source: str, says: str) -> None:
    sealed.write(source, to="codec.py")
    finished = await sealed.run("apply", "--yes")
    assert finished.code == 1, finished.text
    assert says in finished.stderr
    assert "Traceback" not in finished.stderr
    assert not await sealed.exists()


@on_one_back_end
async def test_a_converter_that_prints_does_not_spoil_the_data(sealed: Project) -> None:
    sealed.write(CODEC + '\nprint("hello from the codec")\n', to="codec.py")
    finished = await sealed.run("plan", "--output", "json")
    assert finished.code == 0, finished.text
    assert finished.stdout.startswith("{"), finished.stdout


@pytest.mark.parametrize("server", ["chasm"], indirect=True)
async def test_the_daemon_loads_the_converter_and_no_other_code(project: Project) -> None:
    project.write(CODEC, to="codec.py")
    project.write("raise SystemExit('loaded')", to="shop.py")
    project.configure(SETTINGS)
    project.write(JOB.replace("{type: W}", "shop:Workflow"))

    once = await project.run("reconcile", "--once")
    assert (once.code, once.stdout) == (0, "1 created\n"), once
    await project.until_listed("a")
    payload = (await project.describe()).schedule.action.start_workflow.input.payloads[0]
    assert payload.metadata["encoding"] == b"binary/encrypted"

    again = await project.run("reconcile", "--once")
    assert (again.code, again.stdout) == (0, "No changes.\n"), again
    project.write(JOB.replace("{type: W}", "shop:Workflow").replace("1234", "5678"))
    changed = await project.run("reconcile", "--once")
    assert changed.stdout == "1 updated\n"
    assert "secret" not in once.text + changed.text
