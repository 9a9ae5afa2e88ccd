from __future__ import annotations

import pytest

from jobspec.temporal.ownership import Mark
from jobspec.temporal.runs.run_ownership import find_objection

OURS = frozenset({"shop", "store"})
NOBODY: frozenset[str] = frozenset()
UNMARKED = Mark()


@pytest.mark.parametrize(
    ("mark", "schedule", "owners"),
    [
        ("shop", None, OURS),
        ("store", None, OURS),
        ("shop", Mark(project="rival"), OURS),
        (None, Mark(project="shop"), OURS),
        (None, Mark(project="store"), OURS),
        (None, None, NOBODY),
        (None, UNMARKED, NOBODY),
    ],
)
def test_a_run_of_the_project_may_be_acted_on(mark: str | None, schedule: Mark | None, owners: frozenset[str]) -> None:
    assert find_objection("orders", mark, schedule, owners=owners) is None


@pytest.mark.parametrize(
    ("mark", "schedule", "owners", "words"),
    [
        ("rival", None, OURS, "it belongs to the project `rival`; if that is a former id of this project"),
        ("rival", Mark(project="shop"), OURS, "it belongs to the project `rival`"),
        (None, Mark(project="rival"), OURS, "the schedule `orders` belongs to the project `rival`"),
        (None, UNMARKED, OURS, "run `jobspec adopt orders`"),
        (None, None, OURS, "there is no schedule `orders` that tells whose it is"),
        ("shop", None, NOBODY, "it belongs to the project `shop`; give the job that project"),
        (None, Mark(project="shop"), NOBODY, "the schedule `orders` belongs to the project `shop`"),
    ],
)
def test_a_run_that_may_be_another_projects_is_left_alone(
    mark: str | None, schedule: Mark | None, owners: frozenset[str], words: str
) -> None:
    assert words in (find_objection("orders", mark, schedule, owners=owners) or "")
