"""What the daemon says: its pages, its log, and what it tells systemd."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
import socket
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jobspec.cli.commands.reconcile import reconcile_command
from jobspec.diagnostics import Diagnostic, Location
from jobspec.errors import RequestError, UnreachableError, UsageError
from jobspec.planning.apply import Outcome, WriteStatus
from jobspec.planning.guards import Refusal
from jobspec.planning.plan import Action, Change, Held, HeldReason, Plan, Reason, Source
from jobspec.planning.planner import Planned, Terms
from jobspec.reconcile.event_log import EventLog
from jobspec.reconcile.job_states import Picture, State, draw_picture
from jobspec.reconcile.logs import log, logger, set_up_logging
from jobspec.reconcile.metrics import Metrics
from jobspec.reconcile.report import Cause, Report, Result, Trigger, Withheld
from jobspec.reconcile.service import JSON, Answer, answer_probe, parse_address, serve
from jobspec.reconcile.status_client import fetch_daemon
from jobspec.reconcile.systemd import Supervisor
from jobspec.render.daemon_documents import DaemonDocument
from jobspec.render.status_text import render_daemon
from jobspec.render.tables import Style

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TERMS = Terms(project="shop", owners=frozenset({"shop"}), now=NOW, grace=timedelta(days=1))


# HTTP


@asynccontextmanager
async def pages() -> AsyncIterator[str]:
    async def well() -> Answer:
        return answer_probe("")

    async def ill() -> Answer:
        return answer_probe("it hurts")

    async def broken() -> Answer:
        raise RuntimeError("a bug")

    async def large() -> Answer:
        return Answer(body=LARGE)

    every = {"/livez": well, "/readyz": ill, "/large": large, "/broken": broken}
    async with serve("127.0.0.1:0", every) as address:
        yield address


LARGE = bytes(range(64, 128)) * 65_536


async def talk(address: str, text: bytes) -> tuple[str, dict[str, str], str]:
    """Send a request as it is; returns the first line, the headers and the body."""
    host, port = parse_address(address)
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(text)
    answer = (await reader.read()).decode()
    writer.close()
    head, _, body = answer.partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    return first, dict(line.split(": ", 1) for line in lines), body


async def test_probes_answer_well_or_with_what_is_wrong() -> None:
    async with pages() as address:
        well = await talk(address, b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        ill = await talk(address, b"GET /readyz?verbose HTTP/1.0\r\n\r\n")
    assert (well[0], well[2], well[1]["Content-Length"]) == ("HTTP/1.1 200 OK", "ok\n", "3")
    assert (ill[0], ill[2]) == ("HTTP/1.1 503 Service Unavailable", "it hurts\n")


async def test_only_the_head_is_given_where_that_is_asked_for() -> None:
    async with pages() as address:
        small = await talk(address, b"HEAD /livez HTTP/1.1\r\n\r\n")
        large = await talk(address, b"HEAD /large HTTP/1.1\r\n\r\n")
    assert (small[0], small[1]["Content-Length"], small[2]) == ("HTTP/1.1 200 OK", "3", "")
    assert (large[0], large[1]["Content-Length"], large[2]) == ("HTTP/1.1 200 OK", "4194304", "")


async def test_a_large_answer_arrives_whole(caplog: pytest.LogCaptureFixture) -> None:
    async with pages() as address:
        _, headers, body = await talk(address, b"GET /large HTTP/1.1\r\n\r\n")
        await talk(address, b"GET /livez HTTP/1.1\r\n\r\n")
    assert (headers["Content-Length"], body.encode()) == ("4194304", LARGE)
    assert not caplog.records


@pytest.mark.parametrize("path", ["/livez", "/large", "/broken", "/nothing"])
async def test_every_answer_is_the_last_of_its_connection_and_kept_by_no_cache(path: str) -> None:
    async with pages() as address:
        _, headers, _ = await talk(address, f"GET {path} HTTP/1.1\r\n\r\n".encode())
    assert (headers["Connection"], headers["Cache-Control"]) == ("close", "no-store")


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET /nothing HTTP/1.1", "404 Not Found"),
        (b"POST /livez HTTP/1.1", "405 Method Not Allowed"),
        (b"\x16\x03\x01 what", "400 Bad Request"),
        (b"GET /livez", "400 Bad Request"),
        (b"GET /livez HTTP/2.0", "400 Bad Request"),
        (b"GET /broken HTTP/1.1", "500 Internal Server Error"),
    ],
)
async def test_what_cannot_be_answered_is_refused(request_line: bytes, status: str) -> None:
    async with pages() as address:
        first, _, _ = await talk(address, request_line + b"\r\n\r\n")
        assert first == f"HTTP/1.1 {status}"
        assert (await talk(address, b"GET /livez HTTP/1.1\r\n\r\n"))[2] == "ok\n"


@pytest.mark.parametrize(
    ("text", "address"),
    [("127.0.0.1:80", ("127.0.0.1", 80)), (":80", ("0.0.0.0", 80)), ("[::1]:0", ("::1", 0))],  # noqa: S104
)
def test_addresses(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize("text", ["8080", "localhost", "localhost:http", "localhost:99999", "localhost:"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="write HOST:PORT"):
        parse_address(text)


@pytest.mark.parametrize("host", ["a..b", "x" * 70, "nowhere.invalid"])
async def test_a_host_that_cannot_be_one_is_refused(host: str) -> None:
    with pytest.raises(UsageError, match="choose another --http"):
        async with serve(f"{host}:0", {}):
            pass


async def test_an_address_that_is_taken_is_refused() -> None:
    async with pages() as address:
        with pytest.raises(UsageError, match="choose another --http"):
            async with serve(address, {}):
                pass


def make_document(**parts: Any) -> DaemonDocument:
    fields = {
        "jobspec": "0.1.0",
        "started_at": "2026-03-01T12:00:00Z",
        "project": "shop",
        "namespace": "default",
        "environment": None,
        "commit": "0123456789abcdef",
        "ready": False,
        "problem": "it hurts",
        "settings": {"interval_seconds": 1, "sweep_seconds": 1, "prunes": True, "dry_run": False},
        "watch": {"mode": "scanning", "problem": "no events"},
        "counts": dict.fromkeys(STATES, 0) | {"synced": 1, "held": 1},
        "jobs": (
            {"name": "a", "state": "synced", "reason": "", "source": {"file": "specs/a.yaml", "line": 3}},
            {"name": "b\x1b[31m", "state": "held", "reason": "it is another's", "source": None},
        ),
        "refusals": (),
        "diagnostics": (),
        "cycles": (),
    }
    return DaemonDocument.model_validate(fields | parts)


STATES = ("synced", "drifted", "held", "invalid", "failed", "retired", "contended", "completed")


async def test_a_daemon_is_asked_and_shown() -> None:
    document = make_document()
    later = json.loads(document.to_json()) | {"brand_new": 1}

    async def status() -> Answer:
        return Answer(body=json.dumps(later).encode(), content_type=JSON)

    async with serve("127.0.0.1:0", {"/status": status}) as address:
        for written in (address, f"http://{address}", f"http://{address}/", f"http://{address}/status"):
            assert await asyncio.to_thread(fetch_daemon, written) == document

    assert render_daemon(document, Style()).splitlines() == [
        "JOB          STATE   WHERE           WHY",
        "b\\u001b[31m  held    -               it is another's",
        "a            synced  specs/a.yaml:3  -",
        "1 held, 1 synced; project shop at 0123456789ab in default",
        "files: no events",
        "not ready: it hurts",
    ]


async def test_what_is_no_daemon_is_told_apart() -> None:
    async def other() -> Answer:
        return Answer(body=b"{}", content_type=JSON)

    async with serve("127.0.0.1:0", {"/other/status": other}) as address:
        with pytest.raises(RequestError, match="answers 404"):
            await asyncio.to_thread(fetch_daemon, address)
        with pytest.raises(RequestError, match="is no daemon of jobspec"):
            await asyncio.to_thread(fetch_daemon, f"{address}/other")
    with pytest.raises(UnreachableError, match="no daemon answers"):
        await asyncio.to_thread(fetch_daemon, address)


@pytest.mark.parametrize(
    "wrong", ["", "ftp://x", "http://", "http://:80", "localhost:abc", "localhost:80 80", "[::1", "a..b:1"]
)
def test_what_is_no_address_of_a_daemon_is_refused(wrong: str) -> None:
    with pytest.raises(UsageError, match="write it as"):
        fetch_daemon(wrong)


async def test_what_speaks_no_http_is_told_apart() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"220 ready\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        with pytest.raises(RequestError, match="speaks no HTTP"):
            await asyncio.to_thread(fetch_daemon, f"127.0.0.1:{server.sockets[0].getsockname()[1]}")


async def test_a_daemon_of_another_version_is_told_apart() -> None:
    later = json.loads(make_document().to_json()) | {"version": 2, "jobspec": "9.0"}

    async def status() -> Answer:
        return Answer(body=json.dumps(later).encode(), content_type=JSON)

    async with serve("127.0.0.1:0", {"/status": status}) as address:
        with pytest.raises(RequestError, match=r"is of jobspec 9\.0, which .* does not understand"):
            await asyncio.to_thread(fetch_daemon, address)


# The log


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    yield stream
    logging.getLogger().handlers.clear()
    logging.getLogger().setLevel(logging.WARNING)


def test_a_line_of_text_cannot_be_forged(stream: io.StringIO) -> None:
    set_up_logging("text", stream=stream)
    log(logging.INFO, "created `a\n\x1b[31mb`", job="a b", nothing=None)
    [line] = stream.getvalue().splitlines()
    assert line.endswith('Z INFO    created `a\\n\\u001b[31mb` job="a b"')


def test_json_lines_carry_everything(stream: io.StringIO) -> None:
    set_up_logging("json", stream=stream)
    log(logging.WARNING, "that\nhurts", job="a")
    try:
        raise RuntimeError("hunter" + "2")  # noqa: TRY301
    except RuntimeError:
        logger.exception("a bug")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert {**first, "time": ""} == {"time": "", "level": "warning", "message": "that\nhurts", "job": "a"}
    assert second["exception"].endswith("RuntimeError")  # what it says may be any value


CHANGE = Change(name="a", action=Action.UPDATE, reason=Reason.DRIFT, source=Source(file="a.yaml", line=1))


def make_report(**parts: Any) -> Report:
    plan = Plan(project="shop", namespace="n", held=tuple(parts.pop("held", ())))
    planned = Planned(plan=plan, desired={}, terms=TERMS, refusals=tuple(parts.pop("refusals", ())))
    return Report(**{"trigger": Trigger.INTERVAL, "started_at": NOW, "planned": planned, **parts})


class Reading:
    """Stands in for what was read, of which the event_log needs the diagnostics alone."""

    commit = None

    def __init__(self, *messages: str) -> None:
        self.loaded = self
        self.diagnostics = [
            Diagnostic(code="JS101", message=said, location=Location(path="a.yaml")) for said in messages
        ]


def tell(event_log: EventLog, stream: io.StringIO, report: Report) -> list[str]:
    stream.truncate(0)
    stream.seek(0)
    event_log.tell_report(report)
    return [json.loads(line)["message"] for line in stream.getvalue().splitlines()]


def test_a_problem_is_told_when_it_begins_and_when_it_ends(stream: io.StringIO) -> None:
    set_up_logging("json", stream=stream)
    event_log = EventLog()
    held = Held(name="a", reason=HeldReason.FOREIGN, message="it is another's")
    refusal = Refusal(guard="deletes", message="6 jobs would go", override="--allow deletes=6")
    gone = UnreachableError("nobody there")

    told = [
        tell(event_log, stream, report)
        for report in (
            make_report(reading=Reading("x")),
            make_report(reading=Reading("x")),
            make_report(reading=Reading("x", "y"), held=[held], refusals=[refusal]),
            make_report(reading=Reading("y"), planned=None, error=gone, result=Result.UNREACHABLE),
            make_report(reading=None, planned=None, error=gone, result=Result.UNREACHABLE),
            make_report(reading=Reading("y"), held=[held], refusals=[refusal]),
            make_report(reading=Reading()),
        )
    ]

    assert told == [
        ["a.yaml: JS101 x"],
        [],
        ["a.yaml: JS101 y", "removals are withheld: 6 jobs would go", "`a` is held: it is another's"],
        ["nobody there", "over: a.yaml: JS101 x"],
        [],
        ["over: nobody there"],
        ["over: a.yaml: JS101 y", "over: removals are withheld: 6 jobs would go", "over: `a` is held: it is another's"],
    ]


def test_what_waits_is_told_once_although_its_sentence_changes(stream: io.StringIO) -> None:
    set_up_logging("json", stream=stream)
    event_log = EventLog()
    for seconds, told in ((60, 1), (30, 0), (0, 0)):
        withheld = Withheld(change=CHANGE, cause=Cause.CONTENDED, message=f"next attempt in {seconds}s")
        assert len(tell(event_log, stream, make_report(withheld={"a": withheld}))) == told


def test_changes_are_told_with_all_that_matters(stream: io.StringIO) -> None:
    set_up_logging("json", stream=stream)
    EventLog().tell_outcome(Outcome(change=CHANGE, status=WriteStatus.DONE))
    EventLog().tell_outcome(Outcome(change=CHANGE, status=WriteStatus.FAILED, message="no"))
    EventLog().tell_outcome(Outcome(change=CHANGE, status=WriteStatus.UNCHANGED))
    first, second = map(json.loads, stream.getvalue().splitlines())
    particulars = {"job": "a", "action": "update", "reason": "drift", "source": "a.yaml:1"}
    assert first | particulars | {"message": "updated `a` (drift)", "level": "info"} == first
    assert second | particulars | {"message": "update `a` was not done: no", "level": "error"} == second


def test_what_fails_again_and_again_is_told_once_for_each_reason(stream: io.StringIO) -> None:
    set_up_logging("json", stream=stream)
    event_log = EventLog()

    def try_it(status: WriteStatus, message: str = "") -> list[str]:
        stream.truncate(0)
        stream.seek(0)
        outcome = Outcome(change=CHANGE, status=status, message=message)
        event_log.tell_outcome(outcome)
        event_log.tell_report(make_report(outcomes=(outcome,)))
        return [json.loads(line)["message"].partition(" after ")[0] for line in stream.getvalue().splitlines()]

    failed = "update `a` was not done: no"
    assert try_it(WriteStatus.FAILED, "no") == [failed, "converged"]
    assert try_it(WriteStatus.FAILED, "no") == []
    assert try_it(WriteStatus.FAILED, "never") == ["update `a` was not done: never", "converged"]
    assert try_it(WriteStatus.DONE) == ["updated `a` (drift)", "converged"]
    assert try_it(WriteStatus.FAILED, "no") == [failed, "converged"]
    assert try_it(WriteStatus.UNCHANGED) == [f"over: {failed}"]
    assert try_it(WriteStatus.FAILED, "no") == [failed, "converged"]
    assert tell(event_log, stream, make_report(planned=None, result=Result.UNREACHABLE)) == []
    assert tell(event_log, stream, make_report()) == [f"over: {failed}"]


# How jobs stand


def stand(report: Report) -> dict[str, tuple[str, str]]:
    return {each.name: (each.state.value, each.reason) for each in draw_picture(report, Picture()).list()}


@pytest.mark.parametrize(
    ("status", "state"),
    [(WriteStatus.FAILED, "failed"), (WriteStatus.CONFLICT, "drifted"), (WriteStatus.SKIPPED, "drifted")],
)
def test_a_job_that_was_not_written_says_so(status: WriteStatus, state: str) -> None:
    outcome = Outcome(change=CHANGE, status=status, message="no")
    assert stand(make_report(outcomes=(outcome,))) == {"a": (state, "update (drift) was not done: no")}


@pytest.mark.parametrize(
    ("cause", "state"),
    [(Cause.GUARD, "held"), (Cause.PRUNE_OFF, "held"), (Cause.CONTENDED, "contended"), (Cause.DRY_RUN, "drifted")],
)
def test_a_job_that_waits_says_why(cause: Cause, state: str) -> None:
    withheld = Withheld(change=CHANGE, cause=cause, message="so")
    assert stand(make_report(withheld={"a": withheld})) == {"a": (state, "so")}


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        (HeldReason.FOREIGN, "held"),
        (HeldReason.FROZEN, "held"),
        (HeldReason.INVALID, "invalid"),
        (HeldReason.FAILED, "failed"),
    ],
)
def test_a_job_that_is_held_says_why(reason: HeldReason, state: str) -> None:
    held = Held(name="a", reason=reason, message="so", hint="do that")
    assert stand(make_report(held=[held])) == {"a": (state, "so; do that")}


def test_after_a_cycle_that_could_decide_nothing_jobs_stand_as_before() -> None:
    before = draw_picture(make_report(held=[Held(name="a", reason=HeldReason.FOREIGN, message="so")]), Picture())
    failed = make_report(planned=None, result=Result.UNREACHABLE, error=UnreachableError("gone"))
    assert draw_picture(failed, before) is before


# Figures


class Watching:
    mode = None
    missed = 0


def test_figures_count_what_was_done(tmp_path: Path) -> None:
    metrics = Metrics("1.2.3")
    for status in WriteStatus:
        metrics.count_outcome(Outcome(change=CHANGE, status=status))
    refusal = Refusal(guard="deletes", message="", override="")
    withheld = Withheld(change=CHANGE, cause=Cause.GUARD, message="")
    report = make_report(reading=Reading("x", "y"), refusals=[refusal], withheld={"a": withheld}, seconds=0.3)
    metrics.count_cycle(report, draw_picture(report, Picture()))
    metrics.count_sweep(3)

    watching: Any = Watching()
    lines = set(metrics.render(watch=watching, oldest=7.0).decode().splitlines())

    assert lines >= {
        'jobspec_build_info{version="1.2.3"} 1.0',
        'jobspec_cycles_total{result="converged"} 1.0',
        'jobspec_cycles_total{result="unreachable"} 0.0',
        'jobspec_cycle_duration_seconds_bucket{le="0.5"} 1.0',
        "jobspec_last_success_timestamp_seconds 1.7723664003e+09",
        'jobspec_changes_total{action="update",reason="drift"} 1.0',
        "jobspec_noop_writes_total 0.0",
        'jobspec_write_failures_total{action="update"} 1.0',
        "jobspec_conflicts_total 1.0",
        'jobspec_guard_refusals_total{guard="deletes"} 1.0',
        'jobspec_withheld_changes{cause="guard"} 1.0',
        "jobspec_load_errors 2.0",
        'jobspec_jobs{state="held"} 1.0',
        'jobspec_jobs{state="synced"} 0.0',
        'jobspec_described_total{for="sweep"} 3.0',
        "jobspec_oldest_verification_seconds 7.0",
    }
    assert not any("_created" in line for line in lines)


# systemd


def hear(supervisor_says: Any, address: str, monkeypatch: pytest.MonkeyPatch, **environment: str) -> list[str]:
    bound = "\0" + address[1:] if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(bound)
        channel.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        supervisor = Supervisor()
        said = []
        for say in supervisor_says(supervisor):
            say()
            said.append(channel.recv(1024).decode())
        return said


@pytest.mark.parametrize("is_abstract", [False, True])
def test_systemd_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_abstract: bool) -> None:  # noqa: FBT001
    address = f"@jobspec-test-{tmp_path.name}" if is_abstract else str(tmp_path / "notify")
    said = hear(
        lambda it: (it.ready, it.reloading, it.alive, it.stopping, lambda: it.status("fine\nso far")),
        address,
        monkeypatch,
    )
    assert said[1].startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert [*said[:1], *said[2:]] == ["READY=1", "WATCHDOG=1", "STOPPING=1", "STATUS=fine so far"]


def test_a_service_manager_that_reads_nothing_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobspec.reconcile.systemd._SECONDS", 0.0001)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        for _ in range(400):  # more than the kernel keeps for a reader
            Supervisor().alive()


def test_without_systemd_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    Supervisor().ready()
    assert Supervisor().watchdog is None


def test_the_watchdog_is_asked_for_by_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere")
    monkeypatch.setenv("WATCHDOG_USEC", "3000000")
    assert Supervisor().watchdog == 3.0
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert Supervisor().watchdog is None


# The page for operators


def test_the_page_for_operators_names_all_figures_and_states() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reconciler.md").read_text()
    watching: Any = Watching()
    lines = Metrics("1").render(watch=watching, oldest=0.0).decode().splitlines()
    names = {line.split()[2] for line in lines if line.startswith("# TYPE ")}
    assert names == set(re.findall(r"^\| `(jobspec_\w+)`", page, re.MULTILINE))
    assert {state.value for state in State} == set(re.findall(r"^\| `([a-z]+)` \|", page, re.MULTILINE)) - {"text"}


def test_the_page_for_operators_names_all_options() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reconciler.md").read_text()
    options = {
        option for parameter in reconcile_command.params for option in (*parameter.opts, *parameter.secondary_opts)
    }
    assert options - set(re.findall(r"`(--[a-z-]+)", page)) == set()
