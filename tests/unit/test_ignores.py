"""Comments that ignore a warning: where they stand, what they name, and what is said of those that do nothing."""

from __future__ import annotations

import time

import pytest
from linting import HEAD, lint, lint_job, list_codes

from jobspec.spec.document import Document
from jobspec.spec.ignores import MOST_IGNORES, read_ignores

INTERVAL = "schedule: {interval: 7h, jitter: 8h}"


def test_a_comment_ignores_on_its_own_line() -> None:
    assert list_codes(lint_job(INTERVAL)) == ["JS506", "JS511"]
    assert list_codes(lint_job(f"{INTERVAL}  # jobspec: ignore[JS506] the shop closes at odd hours")) == ["JS511"]


@pytest.mark.parametrize(
    "comment",
    [
        "# jobspec: ignore[JS506,JS511] odd hours",
        "# jobspec: ignore[JS506, JS511]: odd hours",
        "#jobspec:ignore [ JS511 , JS506 ] - odd hours, see #12",
        "# noted # jobspec: ignore[JS506 JS511] odd hours",
    ],
)
def test_several_codes_and_ways_to_write_it(comment: str) -> None:
    assert lint_job(f"{INTERVAL}  {comment}") == ()


def test_a_comment_alone_is_about_the_next_line() -> None:
    assert list_codes(lint_job(f"# jobspec: ignore[JS506] odd hours\n{INTERVAL}")) == ["JS511"]
    comments = "# jobspec: ignore[JS506] odd hours\n# and another remark\n  # jobspec: ignore[JS511] no matter"
    assert lint_job(f"{comments}\n{INTERVAL}") == ()


def test_an_empty_line_parts_a_comment_from_what_follows() -> None:
    found = lint_job(f"# jobspec: ignore[JS506] odd hours\n\n{INTERVAL}")
    assert list_codes(found) == ["JS591", "JS506", "JS511"]
    assert found[0].message == "there is nothing below to which `JS506` could belong"


@pytest.mark.parametrize(
    "text",
    [
        "name: a  # jobspec: ignore[JS506] odd\nqueue: q\nworkflow: {type: W}\nschedule: {interval: 7h}\n",
        "# jobspec: ignore[JS506] odd\nname: a\nqueue: q\nworkflow: {type: W}\nschedule: {interval: 7h}\n",
        "queue: q\nworkflow: {type: W}\nname: a  # jobspec: ignore[JS506] odd\nschedule: {interval: 7h}\n",
        "jobs:\n- name: a  # jobspec: ignore[JS506] odd\n  workflow: {type: W}\n  queue: q\n  schedule: {interval: 7h}",
        "jobs:\n# jobspec: ignore[JS506] odd\n- queue: q\n  name: a\n  workflow: {type: W}\n  schedule: {interval: 7h}",
        "jobs:\n- {name: a, queue: q, workflow: {type: W}, schedule: {interval: 7h}} # jobspec: ignore[JS506] odd\n",
    ],
)
def test_on_the_line_of_a_jobs_name_it_counts_for_all_of_the_job(text: str) -> None:
    assert lint(text) == ()


def test_what_one_job_ignores_is_still_said_of_others_that_inherit_it() -> None:
    head = "defaults: {queue: q, workflow: {type: W}, schedule: {interval: 7h}}\njobs:\n"
    first, second = [f"- {{name: {name}, schedule: {{}}}}" for name in "ab"]
    comment = "  # jobspec: ignore[JS506] odd hours"
    [found] = lint(f"{head}{first}{comment}\n{second}\n")
    assert (found.code, found.job) == ("JS506", "b")
    assert lint(f"{head}{first}{comment}\n{second}{comment}\n") == ()
    assert lint(head.replace("}}\n", f"}}}}{comment}\n") + f"{first}\n{second}\n") == ()


def test_a_defaults_file_ignores_for_all_that_inherit() -> None:
    files = {
        "specs/defaults.toml": "[schedule]\n# jobspec: ignore[JS506] odd hours\ninterval = '7h'\n",
        "specs/a.yaml": HEAD + "schedule: {}\n",
    }
    assert lint(files) == ()


TOML = 'name = "a"{name}\nqueue = "q"\nworkflow = {{type = "W"}}\n[schedule]\n{above}\ninterval = "7h"{beside}\n'


@pytest.mark.parametrize("place", ["name", "above", "beside"])
def test_the_same_in_toml(place: str) -> None:
    places = dict.fromkeys(("name", "above", "beside"), "") | {place: " # jobspec: ignore[JS506] odd hours"}
    assert lint({"specs/a.toml": TOML.format(**places)}) == ()


@pytest.mark.parametrize("place", ["above", "header", "name", "value"])
def test_in_a_table_of_toml_the_header_stands_for_the_job_too(place: str) -> None:
    text = '{above}\n[[jobs]]{header}\nname = "a"{name}\nqueue = "q"\nworkflow = {{type = "W"}}\n'
    places = dict.fromkeys(("above", "header", "name", "value"), "") | {place: " # jobspec: ignore[JS506] odd"}
    assert lint({"specs/a.toml": (text + 'schedule = {{interval = "7h"}}{value}\n').format(**places)}) == ()


@pytest.mark.parametrize(
    "text",
    [
        'input: "# jobspec: ignore[JS506] odd"\nschedule: {interval: 7h}',
        "input: 'a\n  # jobspec: ignore[JS506] odd'\nschedule: {interval: 7h}",
        "input: |\n  # jobspec: ignore[JS506] odd\nschedule: {interval: 7h}",
        "input: x# jobspec:ignore[JS506]\nschedule: {interval: 7h}",
        "description: >\n  a\n\n  # jobspec: ignore[JS506] odd\nschedule: {interval: 7h}",
    ],
)
def test_a_hash_in_a_value_begins_no_comment(text: str) -> None:
    assert list_codes(lint_job(text)) == ["JS506"]


@pytest.mark.parametrize("quotes", ['"{}"', "'{}'", '"""\n{}"""', "'''\n{}\n'''"])
def test_nor_does_one_in_a_value_of_toml(quotes: str) -> None:
    text = TOML.format(name="", above="", beside="").replace(
        "[schedule]", "description = " + quotes.format("# jobspec: ignore[JS506] odd") + "\n[schedule]"
    )
    assert list_codes(lint({"specs/a.toml": text})) == ["JS506"]


def test_a_comment_beside_and_below_a_block_is_one() -> None:
    secret = "-----BEGIN " + "PRIVATE KEY-----"
    text = f"input:\n  pem: |  # jobspec: ignore[JS514] of a test\n    {secret}\n# jobspec: ignore[JS506] odd\n"
    assert lint_job(text + "schedule: {interval: 7h}") == ()


def test_warnings_of_loading_are_ignored_alike() -> None:
    schedule = 'schedule: {cron: "0 0 30 2 *"}'
    assert list_codes(lint_job(schedule)) == ["JS241"]
    assert lint_job(f"{schedule}  # jobspec: ignore[JS241] started by hand only") == ()


@pytest.mark.parametrize(
    ("comment", "message", "place"),
    [
        ("# jobspec: ignore[JS506]", "the comment does not say why the warning is ignored", "4:27"),
        ("# jobspec: ignore[JS506] - ", "the comment does not say why the warning is ignored", "4:27"),
        ("# jobspec: ignore[] odd", "the comment names no rule to ignore", "4:27"),
        ("# jobspec: ignore JS506 odd", "the comment is not written as one that ignores a warning", "4:27"),
        ("# jobspec: disable=JS506", "the comment is not written as one that ignores a warning", "4:27"),
        ("# jobspec: ignroe[JS506] odd", "the comment is not written as one that ignores a warning", "4:27"),
        ("# jobspec: ignore[JS999] odd", "there is no rule `JS999`", "4:45"),
        ("# jobspec: ignore[js506] odd", "there is no rule `js506`", "4:45"),
        ("# jobspec: ignore[JS110] odd", "`JS110` is an error, and errors cannot be ignored", "4:45"),
        ("# jobspec: ignore[JS591] odd", "`JS591` is about such comments, and cannot be ignored by one", "4:45"),
    ],
)
def test_a_comment_that_cannot_work_is_told_and_ignores_nothing(comment: str, message: str, place: str) -> None:
    found = lint_job(f"schedule: {{interval: 7h}}  {comment}")
    assert list_codes(found) == ["JS506", "JS590"]
    assert (found[1].message, str(found[1].location)) == (message, f"specs/a.yaml:{place}")
    assert found[1].hint


def test_other_comments_are_free() -> None:
    assert lint_job("# jobspec: see the manual\nowner: a  # jobspec makes this no change") == ()


def test_what_ignores_nothing_is_told_code_by_code() -> None:
    found = lint_job("schedule: {interval: 7h}  # jobspec: ignore[JS506, JS507] odd")
    [unused] = found
    assert (unused.code, str(unused.location)) == ("JS591", "specs/a.yaml:4:52")
    assert unused.message == "nothing on this line is warned of with `JS507`"
    [unused] = lint_job("# jobspec: ignore[JS507] odd\nowner: a")
    assert unused.message == "nothing on the line below is warned of with `JS507`"


@pytest.mark.parametrize("code", ["JS324", "JS520"])
def test_what_was_not_looked_for_is_not_unused(code: str) -> None:
    assert lint_job(f"owner: a  # jobspec: ignore[{code}] so it is") == ()


def test_what_is_unused_is_only_known_when_all_was_looked_at() -> None:
    comment = "# jobspec: ignore[JS507] odd"
    assert lint(HEAD + f"owner: a  {comment}\n", is_complete=False) == ()
    assert list_codes(lint(HEAD + f"owner: 5  {comment}\n")) == ["JS110"]


def test_a_rule_that_is_off_uses_its_comments_all_the_same() -> None:
    more = "schedule: {interval: 7h}  # jobspec: ignore[JS506] odd"
    assert lint_job(more, levels={"JS506": "off"}) == ()
    assert lint_job(more, levels={"JS506": "error"}) == ()


def test_errors_are_not_ignored() -> None:
    assert list_codes(lint_job("owner: 5  # jobspec: ignore[JS110] so it is")) == ["JS110", "JS590"]


@pytest.mark.parametrize("comment", ["# jobspec: ignore JS514\n", "# jobspec: ignore[JS514] x\n"])
def test_a_file_full_of_comments_takes_no_longer_than_another(comment: str) -> None:
    text = HEAD + "schedule: {cron: 0 3 * * *}\n" + comment * 20_000
    started = time.process_time()
    found = read_ignores(Document(path="a.yaml", text=text, format="yaml", value={}))
    assert time.process_time() - started < 5
    assert len(found.all) + len(found.problems) == MOST_IGNORES + 1
    assert "more than 1,000" in found.problems[-1].message
