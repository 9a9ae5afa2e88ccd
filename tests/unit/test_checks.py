from __future__ import annotations

import itertools
import math
import os
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, Field

from jobspec.diagnostics import RULES, Severity
from jobspec.imports import forget_failures
from jobspec.library.checks import check_clashes, check_job
from jobspec.library.input_reader import make_reader
from jobspec.spec.loader import load_all_environments
from jobspec.spec.model import JobSpec
from jobspec.spec.project import Project
from jobspec.spec.workspace import make_workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent / "data" / "checks"
UNWRITABLE = object()


@pytest.fixture(autouse=True)
def _clean_path() -> Iterator[None]:
    path = list(sys.path)
    yield
    sys.path[:] = path


def job(workflow: str | dict[str, str], **fields: Any) -> JobSpec:
    if isinstance(workflow, str) and ":" not in workflow:
        workflow = f"good:{workflow}"
    return JobSpec.model_validate({"name": "job", "queue": "queue", "workflow": workflow, **fields})


def found(spec: JobSpec) -> list[tuple[str, tuple[str | int, ...]]]:
    return [(problem.code, problem.path) for problem in check_job(spec, ROOT)]


DAILY = {"schedule": {"cron": "@daily"}}


@pytest.mark.parametrize(
    "spec",
    [
        job("TakesBasket", input={"items": [{"sku": "a", "quantity": "5"}], "due": "2026-01-01", "name": "x"}),
        job("TakesBasket"),  # on demand: the input may come later
        job("TakesNothing", **DAILY),
        job("TakesTwo", args=[{"sku": "a"}, 2]),
        job("TakesMany", args=[1, 2, 3]),
        job("TakesMany", **DAILY),
        job("TakesAnything", input={"what": ["ever", None]}),
        job("TakesAnything", input=None),
        job("TakesRaw", input={"what": "ever"}),
        job("TakesPositive", input=1),
        job("TakesEither", input={"sku": "a"}),
        job("TakesOpen", input={"inner": {"sku": "a"}, "more": 1}),
        job("TakesPlain", input={"left": 1}),
        job("Dynamic", args=[1, 2, 3]),
        job({"type": "whatever", "class": "good:Dynamic"}),
        job({"type": "named-otherwise", "class": "good:Named"}),
        job({"type": "elsewhere"}, input={"any": "thing"}),
        job({"type": "elsewhere"}, input=[1, "2"], input_model="good:Numbers"),
        job({"type": "elsewhere"}, input={"value": 1}, input_model="good:Outer.Inner"),
        job({"type": "elsewhere"}, args=[1, 2], input_model="good:Numbers"),
        job("TakesBasket", input={"items": []}, input_model="good:Basket"),
        job("TakesNothing", activities=["good:fetch", "good:store", "good:shelf.count", "good:fetch"]),
    ],
)
def test_good_jobs_have_no_problems(spec: JobSpec) -> None:
    assert check_job(spec, ROOT) == ()


@pytest.mark.parametrize(
    ("spec", "problems"),
    [
        (job("absent:Any"), [("JS300", ("workflow", "class"))]),
        (job("needs:Any"), [("JS301", ("workflow", "class"))]),
        (job("TakesBaskets"), [("JS302", ("workflow", "class"))]),
        (job("good:explosive"), [("JS303", ("workflow", "class"))]),
        (job("exits:Any"), [("JS304", ("workflow", "class"))]),
        (job("syntax:Any"), [("JS305", ("workflow", "class"))]),
        (job("Item"), [("JS306", ("workflow", "class"))]),
        (job("Undecorated"), [("JS306", ("workflow", "class"))]),
        (job("undecorated"), [("JS306", ("workflow", "class"))]),
        (job("Named"), [("JS307", ("workflow", "type"))]),
        (job({"type": "other", "class": "good:TakesNothing"}), [("JS307", ("workflow", "type"))]),
        (
            job("TakesNothing", activities=["good:undecorated", "good:Shelf", "good:Shelf.count", "good:Numbers"]),
            [("JS308", ("activities", index)) for index in range(4)],
        ),
        (job("TakesNothing", activities=["good:absent"]), [("JS302", ("activities", 0))]),
        (job("TakesAnything", input=1, input_model="good:shelf"), [("JS309", ("input_model",))]),
        (job("TakesAnything", input=1, input_model="good:Absent"), [("JS302", ("input_model",))]),
        (job("TakesNothing", input=None), [("JS320", ("input",))]),
        (job("TakesTwo", args=[{"sku": "a"}, 2, 3, 4]), [("JS320", ("args", 2))]),
        (job("TakesBasket", **DAILY), [("JS320", ("workflow",))]),
        (job("KeywordOnly", input=1), [("JS321", ("workflow",))]),
        (job({"type": "elsewhere"}, input=[1, "x"], input_model="good:Numbers"), [("JS322", ("input", 1))]),
        (job({"type": "elsewhere"}, args=[1, "x"], input_model="good:Numbers"), [("JS322", ("args", 1))]),
        (job("TakesBasket", input=None), [("JS323", ("input",))]),
        (job("TakesBasket", input={}), [("JS323", ("input",))]),
        (job("TakesBasket", input={"items": [{"sku": "a"}, {}]}), [("JS323", ("input", "items", 1))]),
        (job("TakesBasket", input={"items": [{"sku": 1}]}), [("JS323", ("input", "items", 0, "sku"))]),
        (job("TakesBasket", input={"items": [], "due": "soon"}), [("JS323", ("input", "due"))]),
        (job("TakesBasket", input={"items": [], "name": 1}), [("JS323", ("input", "name"))]),
        (job("TakesBasket", input={"items": [], "dew": None}), [("JS323", ("input", "dew"))]),
        (job("TakesMany", args=[1, "x"]), []),
        (job("TakesPositive", input=0), [("JS323", ("input",))]),
        (job("TakesTwo", args=[{"sku": "a"}, "x"]), [("JS323", ("args", 1))]),
        (job("TakesEither", input={"sku": []}), [("JS323", ("input",)), ("JS323", ("input", "sku"))]),
        (
            job("TakesBasket", input={"items": [{"sku": "a", "quantitty": 2}]}),
            [("JS324", ("input", "items", 0, "quantitty"))],
        ),
        (job("TakesOpen", input={"inner": {"sku": "a", "z": 1}, "more": 1}), [("JS324", ("input", "inner", "z"))]),
        (job("TakesPlain", input={"left": 1, "rigth": 2}), [("JS324", ("input", "rigth"))]),
        (
            job({"type": "elsewhere"}, input={"key": "a", "kez": 2}, input_model="good:Typed"),
            [("JS324", ("input", "kez"))],
        ),
        (job("TakesOpaque", input={}), [("JS329", ("input",))]),
        (job("TakesAnything", input=UNWRITABLE), [("JS326", ("input",))]),
        (job("TakesTwo", input={"sku": "a"}), [("JS327", ("input",))]),
        (
            job("absent:Any", activities=["exits:Any"], input="x", input_model="good:Numbers"),
            [("JS300", ("workflow", "class")), ("JS304", ("activities", 0)), ("JS322", ("input",))],
        ),
    ],
)
def test_mistakes_are_found_where_they_are(
    spec: JobSpec, problems: list[tuple[str, tuple[str | int, ...]]], broken: None
) -> None:
    assert found(spec) == problems


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[None]:
    """Modules that no checker of this project's own code should see."""
    (tmp_path / "needs.py").write_text("import package_that_nobody_has\n")
    (tmp_path / "exits.py").write_text("import sys; sys.exit(0)\n")
    (tmp_path / "syntax.py").write_text("def\n")
    sys.path.append(str(tmp_path))
    forget_failures()
    yield
    forget_failures()


def test_every_code_is_explained_with_its_severity() -> None:
    warnings = {code for code, rule in RULES.items() if code.startswith("JS3") and rule.severity is Severity.WARNING}
    assert {"JS324", "JS325", "JS327"} <= warnings
    assert "JS329" not in warnings
    specs = (job("TakesPlain", input={"left": 1, "rigth": 2}), job("TakesOpaque", input={}), job("Named"))
    for spec, own_converter in itertools.product(specs, (False, True)):
        for problem in check_job(spec, ROOT, own_converter=own_converter):
            assert problem.severity is RULES[problem.code].severity


def test_messages_say_what_to_do() -> None:
    [problem] = check_job(job("Named"), ROOT)
    assert problem.message == "`good:Named` has the workflow type `named-otherwise`, not `Named`"
    assert problem.hint == "write `workflow: {type: named-otherwise, class: good:Named}`"
    [problem] = check_job(job("TakesBasket", input={"items": [], "labell": ""}), ROOT)
    assert problem.on_key
    [problem] = check_job(job("TakesPlain", input={"left": 1, "rigth": 2}), ROOT)
    assert problem.message == "`Plain` (`value` of `TakesPlain.run()`) has no `rigth` and ignores it"
    assert problem.hint == "did you mean `right`?"
    [problem] = check_job(job("TakesBasket", input={}), ROOT)
    assert problem.message == "`items` is missing, which `Basket` (`basket` of `TakesBasket.run()`) requires"
    [problem] = check_job(job("TakesBasket", input=[]), ROOT)
    assert problem.message == "`input` must be a mapping, not a list, to fit `Basket` (`basket` of `TakesBasket.run()`)"


def test_values_that_only_some_json_knows_are_read_as_the_worker_reads_them() -> None:
    assert found(job("TakesAnything", input=[math.nan, 10**30, "\u2028"])) == []


def test_a_job_of_another_language_imports_nothing() -> None:
    path = list(sys.path)
    assert check_job(job({"type": "elsewhere"}, input=1), ROOT / "not there") == ()
    assert sys.path == path


def test_a_broken_module_is_loaded_once_for_all_jobs(tmp_path: Path) -> None:
    (tmp_path / "counted.py").write_text(
        "import os; os.environ['COUNTED'] = os.environ.get('COUNTED', '') + 'x'; 1 / 0"
    )
    try:
        for name in "ABC":
            [problem] = check_job(job(f"counted:{name}"), tmp_path)
            assert problem.code == "JS303"
        assert os.environ["COUNTED"] == "x"
    finally:
        os.environ.pop("COUNTED", None)


def test_checking_jobs_that_share_a_workflow_is_quick() -> None:
    spec = job("TakesBasket", input={"items": [{"sku": "a"}] * 5}, activities=["good:fetch", "good:store"])
    check_job(spec, ROOT)
    started = time.perf_counter()
    for _ in range(1000):
        check_job(spec, ROOT)
    assert time.perf_counter() - started < 1  # 20 ms where nothing else runs


def test_validators_may_raise_and_print(capsys: pytest.CaptureFixture[str]) -> None:
    assert found(job("TakesMoody", input={"mood": "good"})) == []
    [problem] = check_job(job("TakesMoody", input={"mood": "bad"}), ROOT)
    assert (problem.code, problem.path) == ("JS323", ("input",))
    assert problem.message == "`Moody` (`value` of `TakesMoody.run()`) cannot read this: KeyError: 'bad'"
    assert capsys.readouterr().out == ""


def test_models_that_are_not_complete_are_told() -> None:
    [problem] = check_job(job("TakesUnfinished", input={}), ROOT)
    assert (problem.code, problem.severity) == ("JS329", Severity.ERROR)
    assert "is not defined" in problem.message


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="pydantic reads it from Python 3.12 on")
def test_a_typed_dict_that_the_worker_cannot_read_is_a_mistake() -> None:
    [problem] = check_job(job("TakesTypedDict", input={"sku": "a"}), ROOT)
    assert (problem.code, problem.severity) == ("JS329", Severity.ERROR)
    assert problem.message == (
        "the worker cannot read the input as `OldDict` (`value` of `TakesTypedDict.run()`): "
        "pydantic cannot read a `typing.TypedDict` on Python below 3.12"
    )
    assert problem.hint == "import `TypedDict` from `typing_extensions`"


def test_what_a_converter_of_ones_own_may_read_is_no_mistake() -> None:
    [problem] = check_job(job("TakesOpaque", input={}), ROOT, own_converter=True)
    assert (problem.code, problem.severity) == ("JS325", Severity.WARNING)
    assert problem.message.startswith("the input is not checked against `Opaque` (`value` of `TakesOpaque.run()`): ")
    assert [each.code for each in check_job(job("TakesTwoOpaque", args=[{}]), ROOT)] == ["JS325"]  # plain JSON there


def test_clashes_on_a_queue_are_found() -> None:
    specs = [
        job("good:TakesNothing", activities=["good:fetch", "good:other_fetch"]),
        job("clashing:TakesNothing", name="second", activities=["good:fetch"]),
        job("clashing:TakesNothing", name="third", queue="elsewhere", activities=["clashing:fetch", "absent:any"]),
        job("good:TakesNothing", name="fourth"),
    ]
    clashes = check_clashes(specs, ROOT)
    assert {name: [(each.code, each.path) for each in found] for name, found in clashes.items()} == {
        "job": [("JS328", ("activities", 1))],
        "second": [("JS328", ("workflow", "class"))],
    }
    assert clashes["second"][0].message == (
        "on task queue `queue`, `clashing:TakesNothing` of job `second` and `good:TakesNothing` of job `job` are both "
        "workflow `TakesNothing`"
    )


def test_projects_own_specs_fit_the_examples() -> None:
    root = Path(__file__).parent.parent.parent
    now = datetime(2026, 11, 24, tzinfo=UTC)
    checked = load_all_environments(make_workspace(root, Project()), now=now)
    assert checked.diagnostics == ()
    [loaded] = checked.by_environment.values()
    specs = [found.spec for found in loaded.jobs.values()]
    assert len(specs) == 7
    assert [check_job(spec, root) for spec in specs] == [()] * 7


def test_a_missing_key_is_shown_at_the_one_that_was_written_in_its_place() -> None:
    [problem] = check_job(job("TakesPlain", input={"lefd": 1}), ROOT)
    assert (problem.path, problem.on_key) == (("input", "lefd"), True)
    assert problem.hint == "write `left` instead of `lefd`"


def refuse(value: int) -> int:
    raise ValueError("Never.\n Ever.")


def leave(value: int) -> int:
    raise SystemExit(value)


def test_a_value_that_fits_none_of_several_types_is_told_once() -> None:
    number_or_text = Annotated[int | str | None, "of any use"]
    [problem] = make_reader(number_or_text, "`Some`").check([], ("input",), "JS322")
    assert problem.message == "`input` must be a whole number or text, not a list, to fit `Some`"


@pytest.mark.parametrize(
    ("annotation", "value", "message"),
    [
        (Literal["eu", "us"], "asia", "`input` must be `eu` or `us` to fit `Some`"),
        (Annotated[int, Field(gt=3)], 3, "`input` must be greater than 3 to fit `Some`"),
        (Annotated[str, Field(min_length=3)], "a", "`input` must have at least 3 characters to fit `Some`"),
        (Annotated[str, Field(pattern="^a$")], "b", "`input` must match pattern `^a$` to fit `Some`"),
        (Annotated[int, AfterValidator(refuse)], 3, "`input` does not fit `Some`: Never. Ever"),
        (Annotated[int, AfterValidator(leave)], 3, "`Some` cannot read this: SystemExit: 3"),
        (date, "soon", "`input` must be a date such as `2026-12-25`, not text, to fit `Some`"),
    ],
)
def test_misfits_are_told_in_plain_words(annotation: Any, value: Any, message: str) -> None:
    [problem] = make_reader(annotation, "`Some`").check(value, ("input",), "JS322")
    assert problem.message == message


def test_code_that_cannot_be_looked_at_is_a_mistake_in_it(tmp_path: Path) -> None:
    (tmp_path / "strange.py").write_text(
        "import sys\n"
        "class Meta(type):\n"
        "    def __getattr__(cls, name): raise RuntimeError(name)\n"
        "class Odd(metaclass=Meta): ...\n"
        "class Leaver:\n"
        "    @property\n"
        "    def run(self): sys.exit(0)\n"
        "leaver = Leaver()\n"
    )
    spec = job("strange:Odd", activities=["strange:Odd", "strange:leaver.run"])
    found = [(each.code, each.path) for each in check_job(spec, tmp_path)]
    assert found == [("JS303", ("workflow", "class")), ("JS303", ("activities", 0)), ("JS303", ("activities", 1))]
    assert check_job(spec, tmp_path)[0].message.startswith("`strange:Odd` cannot be looked at: RuntimeError: ")
