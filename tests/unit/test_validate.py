"""`validate`, `explain` and `init` as they are used from a shell."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from jobspec.cli import group
from jobspec.imports import forget_failures

PROJECT = 'project = "shop"\n'
JOB = "name: a\nqueue: q\nworkflow: {type: t}\n"
CODE = """
from temporalio import workflow

@workflow.defn
class Sync:
    @workflow.run
    async def run(self, size: int) -> None: ...
"""


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", ["", *__import__("sys").path])
    forget_failures()


def write(files: dict[str, str]) -> None:
    for name, text in files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def list_places(text: str) -> list[str]:
    return [line.partition(": error")[0] for line in text.splitlines() if ": error[" in line]


def test_mistakes_of_code_and_of_text_are_shown_in_the_order_of_lines(capsys: pytest.CaptureFixture[str]) -> None:
    jobs = [
        "{name: one, workflow: 'absent_module:Sync'}",
        "{name: two, workflow: {type: t}, owner: 5}",
        "{name: three, workflow: 'absent_module:Sync'}",
    ]
    text = "defaults: {queue: q}\njobs:\n" + "".join(f"- {job}\n" for job in jobs)
    write({"jobspec.toml": PROJECT, "specs/a.yaml": text})
    assert group.run(["validate"]) == 1
    assert list_places(capsys.readouterr().out) == ["specs/a.yaml:3:25", "specs/a.yaml:4:43", "specs/a.yaml:5:27"]


def test_a_mistake_that_several_jobs_inherit_names_them(capsys: pytest.CaptureFixture[str]) -> None:
    write(
        {
            "jobspec.toml": PROJECT,
            "synchronising.py": CODE,
            "specs/defaults.yaml": "queue: q\nworkflow: synchronising:Sync\ninput: x\n",
            "specs/a.yaml": "jobs:\n- name: a\n- name: b\n- {name: c, env: {dev: {input: y}}}\n",
        }
    )
    assert group.run(["validate"]) == 1
    out = capsys.readouterr().out
    assert list_places(out) == ["specs/a.yaml:4:32", "specs/defaults.yaml:3:8"]
    assert out.count("inherited by") == 3
    assert out.count("(in the environment `dev`)") == 1


def test_a_project_without_specs_is_refused_with_the_reason_in_any_form(capsys: pytest.CaptureFixture[str]) -> None:
    assert group.run(["validate", "--output", "json"]) == 3
    captured = capsys.readouterr()
    assert json.loads(captured.out)["diagnostics"] == []
    assert "`specs` does not exist" in captured.err
    assert "no `jobspec.toml`" in captured.err
    assert group.run(["validate"]) == 3
    assert "no mistakes" not in capsys.readouterr().out


def test_jobs_that_are_no_list_are_no_empty_root(capsys: pytest.CaptureFixture[str]) -> None:
    write({"jobspec.toml": PROJECT, "specs/a.yaml": "jobs:\n"})
    assert group.run(["validate"]) == 1
    assert "holds no job" not in capsys.readouterr().err


def test_explaining_a_job_of_a_broken_file_shows_that_file(capsys: pytest.CaptureFixture[str]) -> None:
    write({"jobspec.toml": PROJECT, "specs/a.yaml": JOB + "---\n", "specs/b.yaml": JOB.replace("a", "b", 1)})
    assert group.run(["explain", "a"]) == 1
    assert list_places(capsys.readouterr().err) == ["specs/a.yaml:4:1"]


def test_an_environment_that_only_others_are_named_beside_is_misspelt(capsys: pytest.CaptureFixture[str]) -> None:
    write({"jobspec.toml": PROJECT, "specs/a.yaml": JOB + "env: {staging: {queue: s}, dev: null}\n"})
    assert group.run(["explain", "a", "--env", "stagin"]) == 64
    assert "no spec names the environment `stagin`; did you mean `staging`?" in capsys.readouterr().err
    assert group.run(["validate", "--env", "prod"]) == 64
    assert "they name `dev` and `staging`" in capsys.readouterr().err
    assert group.run(["explain", "a", "--env", "staging"]) == 0
    write({"jobspec.toml": PROJECT + "[env.prod]\n[env.staging]\n[env.dev]\n"})
    assert group.run(["validate", "--env", "prod", "--no-imports"]) == 0
    write({"jobspec.toml": PROJECT, "specs/a.yaml": JOB})
    assert group.run(["validate", "--env", "prod", "--no-imports"]) == 0


def test_a_new_project_is_valid_and_never_written_over(capsys: pytest.CaptureFixture[str]) -> None:
    assert group.run(["init"]) == 0
    assert group.run(["validate", "--no-imports"]) == 0
    capsys.readouterr()
    assert group.run(["init"]) == 3
    assert "nothing was written: `jobspec.toml` exists already" in capsys.readouterr().err


def test_a_new_project_is_written_whole_or_not_at_all(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path, text: str, encoding: str) -> int:
        if path.name == "hello.py":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return path.write_bytes(text.encode(encoding))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_text", fail)
        assert group.run(["init", "new/shop"]) == 1
    assert "`new/shop/hello.py` cannot be written: no space left on device" in capsys.readouterr().err
    assert not Path("new").exists()
    assert group.run(["init", "new/shop"]) == 0


def test_a_new_project_does_not_overwrite_what_a_link_will_lead_to(capsys: pytest.CaptureFixture[str]) -> None:
    Path("hello.py").symlink_to("elsewhere.py")
    assert group.run(["init"]) == 3
    assert "`hello.py` exists already" in capsys.readouterr().err
    assert not Path("elsewhere.py").exists()


def test_a_project_where_none_can_be_is_a_mistake_of_usage(capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").touch()
    assert group.run(["init", "file/inside"]) == 64
    assert "cannot be written: not a directory" in capsys.readouterr().err


def list_warnings(text: str) -> list[str]:
    return [line.partition(": ")[2].partition(":")[0] for line in text.splitlines() if ": warning[" in line]


def test_warnings_let_a_project_pass_and_levels_decide_otherwise(capsys: pytest.CaptureFixture[str]) -> None:
    write({"jobspec.toml": PROJECT, "specs/a.yaml": JOB + "schedule: {interval: 7h}\n"})
    assert group.run(["validate"]) == 0
    out = capsys.readouterr().out
    assert "specs/a.yaml:4:22: warning[JS506]: `7h`" in out
    assert "1 warning in 1 file" in out
    write({"jobspec.toml": PROJECT + "[lint]\nlevels = {JS506 = 'error'}\n"})
    assert group.run(["validate", "--output", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["errors"], document["warnings"], document["diagnostics"][0]["severity"]) == (1, 0, "error")
    write({"jobspec.toml": PROJECT + "[lint]\nlevels = {JS506 = 'off'}\n"})
    assert group.run(["validate"]) == 0
    assert "1 job, no mistakes" in capsys.readouterr().out


def test_a_warning_turned_off_or_ignored_is_said_by_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    broken = "name: b\nqueue: 5\nworkflow: {type: t}\n"
    never = JOB + 'schedule: {cron: "0 0 30 2 *"}'
    write({"jobspec.toml": PROJECT, "specs/a.yaml": f"{never}\n", "specs/b.yaml": broken})
    assert group.run(["validate"]) == 1
    assert list_warnings(capsys.readouterr().out) == ["warning[JS241]"]
    for settings, comment in (("[lint]\nlevels = {JS241 = 'off'}\n", ""), ("", "  # jobspec: ignore[JS241] by hand")):
        write({"jobspec.toml": PROJECT + settings, "specs/a.yaml": f"{never}{comment}\n"})
        assert group.run(["validate"]) == 1
        assert list_warnings(capsys.readouterr().out) == []


def test_warnings_of_code_can_be_ignored(capsys: pytest.CaptureFixture[str]) -> None:
    code = CODE.replace("size: int", "size: Size").replace(
        "@workflow.defn", "@dataclasses.dataclass\nclass Size:\n    rows: int\n\n@workflow.defn", 1
    )
    text = "name: a\nqueue: q\nworkflow: weighing:Sync\ninput: {rows: 5, colums: 6}"
    write({"jobspec.toml": PROJECT, "weighing.py": "import dataclasses\n" + code, "specs/a.yaml": text + "\n"})
    assert group.run(["validate"]) == 0
    assert list_warnings(capsys.readouterr().out) == ["warning[JS324]"]
    write({"specs/a.yaml": text + "  # jobspec: ignore[JS324] read by another worker\n"})
    assert group.run(["validate"]) == 0
    assert list_warnings(capsys.readouterr().out) == []
    assert group.run(["validate", "--no-imports"]) == 0
    assert list_warnings(capsys.readouterr().out) == []


def test_what_holds_in_one_environment_only_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    environments = "[env.dev]\n[env.prod]\n"
    text = JOB + "schedule: {interval: 1h}\nenv:\n  dev: {schedule: {interval: 7h}}  # jobspec: ignore[JS507] odd\n"
    write({"jobspec.toml": PROJECT + environments, "specs/a.yaml": text})
    assert group.run(["validate"]) == 0
    out = capsys.readouterr().out
    assert list_warnings(out) == ["warning[JS506]", "warning[JS591]"]
    assert "(in the environment `dev`)" in out
    assert group.run(["validate", "--env", "prod"]) == 0
    assert list_warnings(capsys.readouterr().out) == []  # whether a comment is of use, other environments may tell


def test_options_of_the_connection_go_with_live(capsys: pytest.CaptureFixture[str]) -> None:
    write({"jobspec.toml": PROJECT, "specs/a.yaml": JOB})
    assert group.run(["validate", "--namespace", "shop"]) == 64
    assert "go with --live" in capsys.readouterr().err


@pytest.mark.parametrize("code", ["JS501", "js521"])
def test_a_rule_is_explained_with_its_severity(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert group.run(["rule", code]) == 0
    assert capsys.readouterr().out.startswith(f"{code.upper()} (warning): ")


def test_annotations_name_files_as_the_repository_does(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write({"inner/jobspec.toml": PROJECT, "inner/specs/a.yaml": JOB.replace("queue: q", "queue: 5")})
    monkeypatch.setenv("GITHUB_WORKSPACE", str(Path.cwd()))
    monkeypatch.chdir("inner")
    assert group.run(["validate", "--output", "github"]) == 1
    captured = capsys.readouterr()
    assert captured.out == (
        "::error file=inner/specs/a.yaml,line=2,col=8,endColumn=9,title=JS110::the task queue must be text, "
        'not the number `5`%0Ahint: write "5" in quotes\n1 error in 1 file\n'
    )
    assert "queue: 5" in captured.err
    monkeypatch.delenv("GITHUB_WORKSPACE")
    assert group.run(["validate", "--output", "github"]) == 1
    assert "file=specs/a.yaml," in capsys.readouterr().out
    write({"specs/a.yaml": JOB})
    assert group.run(["validate", "--output", "github"]) == 0
    assert capsys.readouterr().out == "1 job, no mistakes.\n"


def test_redacted_values_are_in_no_diagnostic(capsys: pytest.CaptureFixture[str]) -> None:
    settings = PROJECT + '[plan]\nredact = ["input.password", "input.db.*", "run.memo.key"]\n'
    texts = {
        "specs/line.yaml": JOB + "input: {password: tiger1, size: 5, db: {a: tiger2}}\nowner: [x]\n",
        "specs/beside.yaml": JOB.replace("a", "b", 1)
        + "input: {password: tiger3}\nrun: {memo: {key: tiger4}, mem: 1}\n",
        "specs/twice.yaml": JOB.replace("a", "c", 1) + "input:\n  password: tiger5\n  password: tiger6\n",
        "specs/broken.toml": 'name = "d"\ninput = {password = "tiger7}\n',
        "specs/env.yaml": JOB.replace("a", "e", 1) + "env: {dev: {input: {password: tiger8}, queu: 1}}\n",
        "specs/schema.yaml": JOB.replace("a", "f", 1) + "input_schema: s.json\ninput: {password: tiger9}\n",
        "specs/s.json": '{"properties": {"password": {"enum": ["lion9"]}}}',
    }
    write({"jobspec.toml": settings, **texts})
    for output in ("text", "json", "github"):
        assert group.run(["validate", "--no-imports", "--output", output]) == 1
        captured = capsys.readouterr()
        assert "tiger" not in captured.out + captured.err
        assert "specs/env.yaml" in captured.out


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.yaml", 'run: {memo: {key: "hunter1\n  hunter2", j: 1}, execution_timeout: 5}\n'),
        ("a.yaml", "run: {memo: {key: hunter1\n  hunter2, j: 1}, execution_timeout: 5}\n"),
        ("a.yaml", "run: {memo: {j: 1, key: 'hunter1\n\n\n  hunter2'}, execution_timeout: 5}\n"),
        ("a.toml", 'run = {memo = {key = """hunter1\nhunter2"""}, execution_timeout = 5}\n'),
    ],
)
def test_a_redacted_value_over_several_lines_is_in_no_diagnostic(
    name: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    head = 'name = "a"\nqueue = "q"\nworkflow = {type = "W"}\n'
    if name.endswith("yaml"):
        head = "name: a\nqueue: q\nworkflow: {type: W}\n"
    write({"jobspec.toml": PROJECT + '[plan]\nredact = ["run.memo.key"]\n', f"specs/{name}": head + text})
    assert group.run(["validate", "--no-imports"]) == 1
    said = capsys.readouterr().out
    assert "`5` has no unit" in said or "execution_timeout" in said
    assert "hunter" not in said


def test_redacted_values_are_not_explained(capsys: pytest.CaptureFixture[str]) -> None:
    settings = PROJECT + '[plan]\nredact = ["input.*.token", "run.memo"]\n'
    text = JOB + "input: {db: {token: tiger1, host: h}}\nrun: {memo: {key: tiger2}}\n"
    write({"jobspec.toml": settings, "specs/a.yaml": text})
    assert group.run(["explain", "a"]) == 0
    shown = capsys.readouterr().out
    assert "{db: {token: (redacted), host: h}}" in shown
    assert "memo: (redacted)" in shown
    assert group.run(["explain", "a", "--output", "json"]) == 0
    shown += capsys.readouterr().out
    assert "tiger" not in shown
