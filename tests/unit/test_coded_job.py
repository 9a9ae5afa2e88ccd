"""What a definition is made of: whose its runs are, and what of it a worker can run."""

from __future__ import annotations

import pytest

from jobspec import Definition, InvalidDefinitionError, WorkflowRef

BARE = WorkflowRef(type="elsewhere")


@pytest.mark.parametrize(
    ("project", "also_owns", "owners"),
    [
        (None, (), set()),
        (None, ("old",), set()),
        ("shop", (), {"shop"}),
        ("shop", ("old", "older"), {"shop", "old", "older"}),
    ],
)
def test_its_owners_are_the_project_and_its_former_ids(
    project: str | None, also_owns: tuple[str, ...], owners: set[str]
) -> None:
    spec = Definition("a", "q", workflow=BARE).spec
    assert Definition.from_spec(spec, project=project, also_owns=also_owns)._job.owners == owners


def test_it_has_code_where_a_worker_has_something_to_run() -> None:
    assert not Definition("a", "q", workflow=BARE)._job.has_code
    assert Definition("a", "q", workflow=BARE, activities=["nowhere:fetch"])._job.has_code
    assert Definition("a", "q", workflow="nowhere:Sync")._job.has_code
    assert Definition("a", "q", workflow=BARE, register=lambda _: None)._job.has_code


def test_every_mistake_in_its_code_is_said_at_once() -> None:
    job = Definition("a", "q", workflow="no_a:Sync", activities=["no_b:fetch"], input_model="no_c:Model")._job
    with pytest.raises(InvalidDefinitionError) as caught:
        job.load_code()
    assert all(module in str(caught.value) for module in ("no_a", "no_b", "no_c"))
