"""The kits for editors, pre-commit and GitHub do what they promise, with the jobspec that is here."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import threading
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / "deploy" / "github"
EDITORS = ROOT / "examples" / "editors"
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
GOOD = "name: a\nqueue: q\nworkflow: {type: W}\nschedule: {interval: 1h}\n"
PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"


def git(directory: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=directory, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a project on its branch `main`, and another branch checked out."""
    directory = tmp_path / "repository"
    (directory / "specs").mkdir(parents=True)
    (directory / "jobspec.toml").write_text('project = "shop"\n', encoding="utf-8")
    (directory / "specs" / "a.yaml").write_text(GOOD, encoding="utf-8")
    git(directory, "init", "--initial-branch=main")
    git(directory, "add", ".")
    git(directory, "commit", "--message=a")
    git(directory, "checkout", "-b", "change")
    return directory


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_hooks_pass_good_specs_and_fail_bad_ones(hook: dict[str, Any], repository: Path) -> None:
    def run() -> subprocess.CompletedProcess[str]:
        command = shlex.split(hook["entry"])
        environment = {**os.environ, "PATH": PATH}
        return subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)

    assert run().returncode == 0
    (repository / "specs" / "a.yaml").write_text(GOOD.replace("interval", "intervall"), encoding="utf-8")
    done = run()
    assert done.returncode == 1
    assert "specs/a.yaml:4:12: error[JS101]" in done.stdout + done.stderr


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_hooks_run_for_specs_and_settings(hook: dict[str, Any]) -> None:
    pattern = re.compile(hook["files"])
    assert all(map(pattern.search, ["specs/a.yaml", "specs/b.yml", "jobspec.toml", "specs/a.schema.json"]))
    assert not pattern.search("README.md")
    assert hook["pass_filenames"] is False


@pytest.mark.parametrize("script", sorted(GITHUB.glob("*.sh")), ids=lambda script: script.name)
def test_scripts_are_bash(script: Path) -> None:
    subprocess.run(["bash", "-n", script], check=True)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step["name"])
def test_no_value_becomes_text_of_a_script(step: dict[str, Any]) -> None:
    assert "${{" not in step["run"]
    subprocess.run(["bash", "-n"], input=step["run"], text=True, check=True)
    used = set(re.findall(r"\$\{?([A-Z_]+)", step["run"]))
    assert used <= set(step["env"])


def test_steps_use_inputs_and_outputs_that_exist() -> None:
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(ACTION["inputs"])
    written = "".join(script.read_text(encoding="utf-8") for script in GITHUB.glob("*.sh"))
    for name in re.findall(r"steps\.\w+\.outputs\.([\w-]+)", text):
        assert f"{name}=$" in written


def test_scripts_use_variables_that_their_steps_set() -> None:
    by_runner = {"RUNNER_TEMP", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE"}
    for step in STEPS:
        for name in re.findall(r"deploy/github/(\w+\.sh)", step["run"]):
            script = (GITHUB / name).read_text(encoding="utf-8")
            used = set(re.findall(r"\$\{?([A-Z][A-Z_]+)", script)) - {"PIPESTATUS", "PWD"}
            assert used <= set(step["env"]) | by_runner


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What the action's main step left."""

    code: int
    stdout: str
    outputs: dict[str, str]
    summary: str


def run_step(repository: Path, command: str, *, workspace: str = "", **inputs: str) -> Step:
    runner = repository.parent / "runner"
    runner.mkdir(exist_ok=True)
    output, summary = runner / "output", runner / "summary"
    output.write_text("", encoding="utf-8")
    summary.write_text("", encoding="utf-8")
    given = {name: str(value.get("default", "")) for name, value in ACTION["inputs"].items()}
    given |= {"command": command, "directory": str(repository), **inputs}
    environment = {
        **os.environ,
        **{f"INPUT_{name.upper()}": value for name, value in given.items()},
        "JOBSPEC_PYTHON": sys.executable,
        "RUNNER_TEMP": str(runner),
        "GITHUB_OUTPUT": str(output),
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    environment["GITHUB_WORKSPACE"] = workspace
    done = subprocess.run(
        ["bash", GITHUB / "run.sh"], env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    outputs = dict(line.split("=", 1) for line in output.read_text(encoding="utf-8").splitlines())
    return Step(code=done.returncode, stdout=done.stdout, outputs=outputs, summary=summary.read_text(encoding="utf-8"))


def test_a_project_directory_that_leads_out_of_the_workspace_is_refused(repository: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "shop").symlink_to(repository)
    refused = run_step(repository, "check", workspace=str(workspace), directory=str(workspace / "shop"))
    assert (refused.code, refused.stdout, refused.outputs) == (64, "", {})
    (tmp_path / "alias").symlink_to(repository)  # the workspace itself may be behind a link
    read = run_step(repository, "check", workspace=str(tmp_path / "alias"), directory=str(tmp_path / "alias"))
    assert read.outputs["exit-code"] == "0"


def test_check_annotates_mistakes_and_leaves_the_exit_code(repository: Path) -> None:
    assert run_step(repository, "check").outputs == {"exit-code": "0", "plan": ""}
    (repository / "specs" / "a.yaml").write_text(GOOD.replace("interval", "intervall"), encoding="utf-8")
    step = run_step(repository, "check")
    assert step.outputs["exit-code"] == "1"
    assert "::error file=specs/a.yaml,line=4" in step.stdout


def test_plan_with_a_base_needs_no_server(repository: Path) -> None:
    (repository / "specs" / "b.yaml").write_text(GOOD.replace("name: a", "name: b"), encoding="utf-8")
    step = run_step(repository, "plan", base="main")
    assert step.outputs["exit-code"] == "0"
    plan = Path(step.outputs["plan"]).read_text(encoding="utf-8")
    assert plan.startswith("<!-- jobspec-plan: shop -->\n")
    assert "`b`" in plan
    assert step.summary == plan
    assert "::notice file=specs/b.yaml,line=1" in step.stdout


def test_the_page_shows_a_comment_as_it_is(repository: Path) -> None:
    specs = repository / "specs"
    orders = "name: orders-sync\nqueue: q\nworkflow: {type: W}\nschedule: {cron: 0 2 * * *, timezone: Europe/Berlin}\n"
    (specs / "a.yaml").rename(specs / "legacy.yaml")
    (specs / "legacy.yaml").write_text(GOOD.replace("name: a", "name: legacy-export"), encoding="utf-8")
    (specs / "orders.yaml").write_text(orders, encoding="utf-8")
    git(repository, "add", ".")
    git(repository, "commit", "--message=b")
    (specs / "legacy.yaml").unlink()
    (specs / "orders.yaml").write_text(orders.replace("0 2", "0 3"), encoding="utf-8")
    plan = run_step(repository, "plan", base="HEAD").summary
    page = (ROOT / "docs" / "kits.md").read_text(encoding="utf-8")
    assert drop_times(plan) == drop_times(page.partition("````markdown\n")[2].partition("````\n")[0])


def drop_times(text: str) -> list[str]:
    """Leave out what depends on the moment: when jobs run, and with which commit is compared."""
    return [line for line in text.splitlines() if not line.startswith(("  runs ", "Compared with "))]


def test_a_plan_that_was_not_made_replaces_no_comment(repository: Path) -> None:
    step = run_step(repository, "plan", base="nowhere")
    assert step.outputs == {"exit-code": "64", "plan": ""}


@pytest.mark.parametrize("allow", ["empty deletes=9", "empty\ndeletes=9\n"])
def test_guards_are_let_pass_by_words_or_lines(allow: str, repository: Path) -> None:
    (repository / "specs" / "a.yaml").unlink()
    assert run_step(repository, "plan", base="main").outputs["exit-code"] == "3"
    assert run_step(repository, "plan", base="main", allow=allow).outputs["exit-code"] == "0"


def test_text_of_inputs_is_no_command(repository: Path) -> None:
    touched = repository.parent / "touched"
    evil = f'$(touch {touched}); `touch {touched}`; " ; touch {touched} #'
    for given in ({"base": evil}, {"env": evil}, {"allow": evil}, {"live": evil, "base": "main"}):
        run_step(repository, "plan", **{"base": "main", **given})
    assert run_step(repository, evil).code == 64
    assert not touched.exists()


def test_code_beside_the_project_is_not_taken_for_a_module(repository: Path) -> None:
    touched = repository.parent / "touched"
    for name in ("jobspec", "json", "click"):
        (repository / f"{name}.py").write_text(f"open({str(touched)!r}, 'w')\n", encoding="utf-8")
    assert run_step(repository, "check").outputs["exit-code"] == "0"
    assert run_step(repository, "plan", base="main").outputs["exit-code"] == "0"
    assert not touched.exists()


def test_a_fork_whose_token_cannot_write_gets_no_comment() -> None:
    condition = next(step["if"] for step in STEPS if step["name"] == "Comment")
    assert "github.event.pull_request.head.repo.full_name == github.repository" in condition


def test_a_plan_of_an_earlier_step_is_not_taken_for_this_one(repository: Path) -> None:
    assert run_step(repository, "plan", base="main").outputs["plan"]
    assert run_step(repository, "plan", base="nowhere").outputs == {"exit-code": "64", "plan": ""}


@dataclass(slots=True, kw_only=True)
class Conversation:
    """Comments on one pull request, as GitHub keeps them."""

    login: str | None = None
    comments: list[dict[str, Any]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    address: str = ""

    def add(self, body: str, kind: str = "User", login: str = "somebody") -> None:
        user = {"type": kind, "login": login}
        self.comments.append({"id": len(self.comments) + 1, "body": body, "user": user})


@contextmanager
def serve_github() -> Iterator[Conversation]:
    conversation = Conversation()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/user":
                self._answer({"login": conversation.login}, 200 if conversation.login else 403)
                return
            page = int(re.findall(r"[?&]page=(\d+)", self.path)[0])
            self._answer(conversation.comments[100 * (page - 1) : 100 * page])

        def do_POST(self) -> None:
            login = conversation.login
            conversation.add(self._read()["body"], "User" if login else "Bot", login or "actions")
            self._answer({})

        def do_PATCH(self) -> None:
            conversation.comments[int(self.path.rpartition("/")[2]) - 1]["body"] = self._read()["body"]
            self._answer({})

        def _read(self) -> Any:
            return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

        def _answer(self, content: object, status: int = 200) -> None:
            conversation.requests.append(f"{self.command} {self.path.partition('?')[0]}")
            assert self.headers["Authorization"] == "Bearer secret"
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        conversation.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield conversation
        server.shutdown()
        thread.join()


def comment(conversation: Conversation, plan: Path, body: str) -> None:
    plan.write_text(body, encoding="utf-8")
    environment = {
        **{key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")},
        "GITHUB_API_URL": conversation.address,
        "GITHUB_REPOSITORY": "shop/jobs",
        "GITHUB_TOKEN": "secret",
        "PULL_REQUEST": "7",
    }
    subprocess.run([sys.executable, GITHUB / "sticky_comment.py", plan], env=environment, check=True)


def test_a_token_that_is_no_header_is_not_quoted(tmp_path: Path) -> None:
    environment = {"GITHUB_API_URL": "http://127.0.0.1:1", "GITHUB_REPOSITORY": "a/b", "PULL_REQUEST": "7"}
    (tmp_path / "plan.md").write_text("plan", encoding="utf-8")
    finished = subprocess.run(
        [sys.executable, GITHUB / "sticky_comment.py", tmp_path / "plan.md"],
        env={**environment, "GITHUB_TOKEN": "swordfish\nX-Other: 1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 1
    assert "the token is no line of ASCII" in finished.stderr
    assert "swordfish" not in finished.stderr + finished.stdout


def test_a_plan_replaces_the_comment_of_the_last_one(tmp_path: Path) -> None:
    with serve_github() as conversation:
        comment(conversation, tmp_path / "plan.md", "<!-- jobspec-plan: shop -->\nfirst\n")
        comment(conversation, tmp_path / "plan.md", "<!-- jobspec-plan: shop -->\nsecond\n")
        comment(conversation, tmp_path / "plan.md", "<!-- jobspec-plan: shop/staging -->\nother\n")
    bodies = [each["body"].splitlines()[1] for each in conversation.comments]
    assert bodies == ["second", "other"]
    assert "POST /repos/shop/jobs/issues/7/comments" in conversation.requests
    assert "PATCH /repos/shop/jobs/issues/comments/1" in conversation.requests


def test_its_own_comment_is_found_among_many_and_that_of_a_person_is_left_alone(tmp_path: Path) -> None:
    with serve_github() as conversation:
        conversation.add("<!-- jobspec-plan: shop -->\nquoted by somebody")
        for _ in range(150):
            conversation.add("talk")
        conversation.add("<!-- jobspec-plan: shop -->\r\nfirst", "Bot")
        comment(conversation, tmp_path / "plan.md", "<!-- jobspec-plan: shop -->\nsecond\n")
    assert conversation.comments[0]["body"].endswith("quoted by somebody")
    assert conversation.comments[-1]["body"].endswith("second\n")
    assert len(conversation.comments) == 152


def test_with_the_token_of_a_person_the_comment_is_theirs(tmp_path: Path) -> None:
    with serve_github() as conversation:
        conversation.login = "keeper"
        conversation.add("<!-- jobspec-plan: shop -->\nquoted by somebody")
        conversation.comments[0]["user"] = None
        for body in ("first", "second"):
            comment(conversation, tmp_path / "plan.md", f"<!-- jobspec-plan: shop -->\n{body}\n")
    assert [each["body"].splitlines()[1] for each in conversation.comments] == ["quoted by somebody", "second"]


def test_editors_find_the_schemas() -> None:
    settings = json.loads((EDITORS / ".vscode" / "settings.json").read_text(encoding="utf-8"))
    taplo = tomllib.loads((EDITORS / ".taplo.toml").read_text(encoding="utf-8"))
    schemas = [*settings["yaml.schemas"], *(rule["schema"]["path"] for rule in taplo["rule"])]
    assert len(schemas) == 3
    assert [schema for schema in schemas if not (ROOT / schema).is_file()] == []
    assert settings["evenBetterToml.taplo.configFile.path"] == ".taplo.toml"


def test_editors_look_at_the_files_that_jobspec_reads() -> None:
    settings = json.loads((EDITORS / ".vscode" / "settings.json").read_text(encoding="utf-8"))
    taplo = tomllib.loads((EDITORS / ".taplo.toml").read_text(encoding="utf-8"))
    patterns = [pattern for group in settings["yaml.schemas"].values() for pattern in group]
    patterns += [pattern for rule in taplo["rule"] for pattern in rule["include"]]
    found = {path for pattern in patterns for path in ROOT.glob(pattern)}
    read = {path for path in (ROOT / "specs").rglob("*") if path.suffix in {".yaml", ".yml", ".toml"}}
    assert found == read | {ROOT / "jobspec.toml"}


def test_the_page_lists_all_inputs() -> None:
    page = (ROOT / "docs" / "kits.md").read_text(encoding="utf-8")
    assert [name for name in ACTION["inputs"] if f"| `{name}` |" not in page] == []
