"""What type checkers must refuse to users of the library; each line that is refused ends with what mypy calls it."""

from __future__ import annotations

from pydantic import BaseModel

from jobspec import Definition, ScheduleSpec, WorkflowRef


class Batch(BaseModel):
    """An input."""

    region: str


TYPED = Definition("a", "q", workflow=WorkflowRef(type="a"), input_model=Batch)
wrong: int = TYPED.new_input()  # refused: assignment
ScheduleSpec(cron=5)  # refused: arg-type
ScheduleSpec(crom="0 2 * * *")  # refused: call-arg
Definition("a", "q")  # refused: call-arg
TYPED.project = "shop"  # refused: misc
