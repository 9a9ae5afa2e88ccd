"""Mistakes in the user's text, as data.

A diagnostic is collected, never raised: whoever reads text returns what it
understood together with all that is wrong, so that one run shows everything.
Rendering is elsewhere; a diagnostic carries its own excerpt and needs no file.

What looks like a secret is masked when a diagnostic is made, in its words as in
the lines that it shows, so that no form of output can forget to do it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from jobspec.secrets import mask


class Severity(StrEnum):
    """How bad it is: an error freezes the job, a warning does not; `validate` fails by what it was told to."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A place in a file, with the line that stands there.

    Attributes:
        path: The file as a user would name it, relative to the project where it lies inside.
        line: Line number from 1; 0 when the whole file is meant.
        column: Column from 1, in characters; 0 when the whole line or file is meant.
        length: How many characters of the line the caret marks, at least 1.
        excerpt: The text of that line without its newline, secrets masked; empty when there is none to show.
    """

    path: str
    line: int = 0
    column: int = 0
    length: int = 1
    excerpt: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "excerpt", mask(self.excerpt))

    def __str__(self) -> str:
        numbers = [str(number) for number in (self.line, self.column) if number]
        return ":".join([self.path, *numbers])


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """A second place that explains the first, such as where an inherited value was set."""

    message: str
    location: Location

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", mask(self.message, is_prose=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One mistake: what is wrong, where, and what to do about it.

    Attributes:
        code: The rule, a key of :data:`RULES`; never reused for something else.
        message: One sentence on what is wrong and why, without the location.
        location: Where the offending text stands.
        severity: Whether the job can still be used.
        hint: What to do; empty when the message says it all.
        related: Other places to look at.
        job: The job it belongs to, where one is known.
    """

    code: str
    message: str
    location: Location
    severity: Severity = Severity.ERROR
    hint: str = ""
    related: tuple[Related, ...] = ()
    job: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", mask(self.message, is_prose=True))
        object.__setattr__(self, "hint", mask(self.hint, is_prose=True))

    @property
    def is_error(self) -> bool:
        """Whether it freezes what it belongs to."""
        return self.severity is Severity.ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a code stands for.

    Attributes:
        summary: The kind of mistake, as a heading.
        explanation: Why it is a mistake and how to fix it; Markdown, a few sentences.
        severity: What its diagnostics are by default.
    """

    summary: str
    explanation: str
    severity: Severity = Severity.ERROR


RULES: dict[str, Rule] = {
    # JS0xx: files and their syntax
    "JS001": Rule(
        summary="A file cannot be read",
        explanation="The file is there but its content is not: access is denied, a symlink leads nowhere, or it "
        "changed while it was read. Its jobs are frozen, not removed, until it can be read again.",
    ),
    "JS002": Rule(
        summary="Not a regular file",
        explanation="A directory, pipe, socket or device has the name of a spec file, or a file that of a spec root. "
        "Rename it, or give it a name that begins with a dot.",
    ),
    "JS003": Rule(
        summary="A symlink leads outside",
        explanation="Spec files lie in their spec root. Spec roots, schema files and `jobspec.toml` lie in the "
        "project's git repository, or in the project's directory where there is none. What lies outside, or in `.git`, "
        "is not reviewed with the specs and may be any file on this machine, so it is never read. Its jobs are frozen, "
        "not removed. Replace the symlink with the file or directory itself.",
    ),
    "JS004": Rule(
        summary="A file is too large",
        explanation="A spec file has at most 1 MiB: split it into several files. All spec files of a project "
        "together hold at most about a million keys and values, counted by the characters that separate them. If there "
        "are more, the largest files are not parsed, and their jobs are frozen; the other files are read as usual.",
    ),
    "JS005": Rule(
        summary="A file is not UTF-8",
        explanation="Spec files are UTF-8 text, with or without a byte order mark. Save the file in that encoding.",
    ),
    "JS006": Rule(
        summary="A file is empty",
        explanation="A file without content may be one that is being written at this moment, so it is not taken for "
        "a file whose jobs were removed. Delete the file if it is not needed.",
    ),
    "JS007": Rule(
        summary="The top level is not a mapping",
        explanation="A file holds one job as `key: value` lines, or several as a list under `jobs:`.",
    ),
    "JS008": Rule(
        summary="A directory cannot be read",
        explanation="The jobs in it are unknown, so none is taken for removed. Give read and search access to the "
        "account that runs jobspec. Directories more than 64 levels below the spec root are not read.",
    ),
    "JS009": Rule(
        summary="A directory is reached twice",
        explanation="A symlink leads to a directory that is read already, perhaps in a circle. It is read once, under "
        "its own name. Remove the symlink.",
        severity=Severity.WARNING,
    ),
    "JS010": Rule(
        summary="The YAML cannot be read",
        explanation="The text breaks the grammar of YAML. Most often a text needs quotes, because it begins with one "
        "of ``* & ! @ ` % { [ |`` or contains `: ` or ` #`, or a line has the wrong indentation.",
    ),
    "JS011": Rule(
        summary="The TOML cannot be read",
        explanation="The text breaks the grammar of TOML 1.0 (https://toml.io/en/v1.0.0). Strings need quotes, and "
        "TOML has no null.",
    ),
    "JS012": Rule(
        summary="Duplicate key",
        explanation="Only one of the two values could count, and readers would disagree on which. Remove one.",
    ),
    "JS013": Rule(
        summary="A key is not text",
        explanation="YAML reads keys such as `1`, `true` or `null` as a number, truth value or nothing, and JSON knows "
        "only keys that are text. Put the key in quotes.",
    ),
    "JS014": Rule(
        summary="A YAML tag is not allowed",
        explanation="Tags such as `!secret` or `!!python/object` mean something to one program only; job files have "
        "plain values. The tags of YAML itself (`!!str`, `!!int` …) are allowed where the value fits.",
    ),
    "JS015": Rule(
        summary="A YAML merge key is not allowed",
        explanation="`<<` was dropped from YAML with version 1.2, and programs disagree on what it does. What jobs "
        "have in common stands in `defaults`, beside `jobs` or in a `defaults.yaml`.",
    ),
    "JS016": Rule(
        summary="Several YAML documents in one file",
        explanation="Tools that read only the first document would not see the jobs of the others. Put several jobs "
        "into a list under `jobs:`.",
    ),
    "JS017": Rule(
        summary="A YAML alias or anchor is wrong",
        explanation="An alias needs an anchor of its name before it, which is there once and not around the alias. "
        "All aliases of a file together may stand for 10,000 values. A text that begins with `*` or `&` needs quotes.",
    ),
    "JS018": Rule(
        summary="Values are nested too deep",
        explanation="Mappings and lists may be nested 64 levels deep, in YAML with all aliases expanded.",
    ),
    "JS019": Rule(
        summary="A character is not allowed",
        explanation="Control characters, invisible byte order marks, and U+0085, U+2028 and U+2029, which versions of "
        "YAML read differently, cannot be seen in a review. Remove them, or write them as escapes in double quotes.",
    ),
    "JS020": Rule(
        summary="A YAML directive is not allowed",
        explanation="Job files are YAML 1.2; `%YAML 1.1` and `%TAG` would change what the text below means. "
        "Remove the line.",
    ),
    "JS021": Rule(
        summary="A number cannot be kept",
        explanation="JSON, which carries the input to Temporal, has neither infinity nor NaN, and whole numbers have "
        "at most 128 digits here. Quote the value if text is meant.",
    ),
    # JS1xx: the shape of a job
    "JS101": Rule(
        summary="Unknown key",
        explanation="Only listed keys are allowed, so that a mistyped one cannot be silently without effect. "
        "Keys that begin with `x-` are free for your own use.",
    ),
    "JS102": Rule(
        summary="A key is missing",
        explanation="A job needs `name`, `queue` and `workflow`; queue and workflow may come from `defaults`, "
        "the name may not. Some mappings need a key too, such as `every` in an interval.",
    ),
    "JS103": Rule(
        summary="A key cannot stand here",
        explanation="`name` cannot be a default and is the same in every environment, and the part for an "
        "environment has no environments itself. Move the key.",
    ),
    "JS104": Rule(
        summary="A key cannot stand beside the jobs",
        explanation="A file holds one job, or `jobs` with an optional `defaults` beside it. What all jobs of "
        "a file have in common goes into `defaults`.",
    ),
    "JS105": Rule(
        summary="Too many mistakes to list",
        explanation="Only the first hundred mistakes of one job, or of one mapping, are listed. After 10,000 mistakes "
        "in a project, the jobs that follow are frozen without a check. Fix the listed mistakes first.",
    ),
    "JS110": Rule(
        summary="A value has the wrong type",
        explanation="Values are not converted: a number is not text, and text is not a list. YAML 1.2 reads `yes`, "
        "`no`, `on` and `off` as text; put a number in quotes where text is meant.",
    ),
    "JS111": Rule(
        summary="A value is not one of those allowed",
        explanation="The key takes one of a few words, which the message lists.",
    ),
    "JS120": Rule(
        summary="Keys that exclude each other, or none of them",
        explanation="A schedule has exactly one of `interval`, `cron` and `calendar`, a job at most one of "
        "`input` and `args`, and one of `input_model` and `input_schema`, which judges a single `input`. An inherited "
        "time or argument gives way to one that is set nearer to the job; an inherited `input_model` or "
        "`input_schema` stays until `null` unsets it.",
    ),
    "JS130": Rule(
        summary="Duplicate job name",
        explanation="The name is the Schedule ID, so it is unique in the project, over all files and roots. "
        "Neither of the two is touched until one is renamed.",
    ),
    "JS140": Rule(
        summary="Unknown environment",
        explanation="`jobspec.toml` declares the environments of the project. A part for any other would "
        "never be used.",
    ),
    "JS150": Rule(
        summary="Two defaults files in one directory",
        explanation="It would depend on their order which of them counts. Keep one of `defaults.yaml`, "
        "`defaults.yml` and `defaults.toml`.",
    ),
    # JS2xx: values: times, names, limits
    "JS201": Rule(
        summary="A name is not allowed",
        explanation="Names and workflow ids have 1 to 200 letters, digits and `. _ : / -`, and begin with a "
        "letter or digit, so that every shell, URL and log can carry them. The memo key `jobspec` is reserved for the "
        "project's mark on runs that are started by hand.",
    ),
    "JS202": Rule(
        summary="Not an import path",
        explanation="Import paths are written `package.module:Name`, with a colon between the module and what "
        "it holds.",
    ),
    "JS203": Rule(
        summary="A text is not allowed",
        explanation="Task queues and workflow types must not be empty, hold control characters or be longer "
        "than 1,000 bytes, and spaces around them are nearly always a slip.",
    ),
    "JS210": Rule(
        summary="Not a duration",
        explanation="Durations are written `90s`, `5m`, `1h30m`, `500ms`, `2d` or `1w`. A number without a "
        "unit could mean anything.",
    ),
    "JS211": Rule(
        summary="A timeout that cannot work",
        explanation="Timeouts are longer than zero and at most 100 years, and an inner one may not be longer "
        "than the one around it: the server would silently shorten it.",
    ),
    "JS212": Rule(
        summary="An interval that cannot work",
        explanation="The scheduler counts intervals in whole seconds, one at least, and an offset must be "
        "shorter than its interval.",
    ),
    "JS213": Rule(
        summary="A jitter that cannot work",
        explanation="The scheduler counts jitter in milliseconds and ignores what is finer.",
    ),
    "JS214": Rule(
        summary="A catch-up window that cannot work",
        explanation="A window of zero means ten seconds to one of Temporal's schedulers and 365 days to the "
        "other. Write the window that is meant.",
    ),
    "JS215": Rule(
        summary="Not a date and time",
        explanation="Times are written as in RFC 3339, such as `2027-01-01T00:00:00Z`. The offset is "
        "required, because a time without one means another moment elsewhere.",
    ),
    "JS216": Rule(
        summary="Unknown time zone",
        explanation="Time zones are names of the IANA database, such as `Europe/Berlin`, exactly as they are "
        "written there.",
    ),
    "JS217": Rule(
        summary="Not a pause",
        explanation="`paused` is `true` or the reason. To leave it to the operator, leave it out: a deploy "
        "never undoes an operator's pause.",
    ),
    "JS220": Rule(
        summary="Not a cron expression",
        explanation="Cron has 5 fields, 6 with a year, 7 with seconds and a year, or is a word such as `@daily`. Six "
        "fields that other schedulers would read with seconds first are refused: write 5 or 7. Time zones belong in "
        "`timezone`, and `@every` is an `interval`.",
    ),
    "JS221": Rule(
        summary="Not a calendar",
        explanation="Calendar fields take a number, a range, a step, a name, a list of these, or `*`; the "
        "comment has 200 bytes at most.",
    ),
    "JS222": Rule(
        summary="Not a date to skip",
        explanation="`skip` takes dates such as `2026-12-25`, and calendars such as `{month: 1, day_of_month: 1}`.",
    ),
    "JS230": Rule(
        summary="A retry policy that cannot work",
        explanation="The server stores such a policy, and then every start of the workflow fails.",
    ),
    "JS231": Rule(
        summary="A priority that cannot work",
        explanation="The server stores such a priority, and then every start of the workflow fails.",
    ),
    "JS240": Rule(
        summary="The schedule has ended",
        explanation="`end_at` lies in the past, so the job has no more runs. It is not created again, and "
        "stays as it is where it is live.",
        severity=Severity.WARNING,
    ),
    "JS241": Rule(
        summary="The schedule never fires",
        explanation="No run follows from the calendar, the skipped times, `start_at` and `end_at`, such as "
        "for February 30.",
        severity=Severity.WARNING,
    ),
    # JS3xx: import paths and input
    "JS300": Rule(
        summary="Module not found",
        explanation="Import paths start at the directory of `jobspec.toml`; packages that are installed into the "
        "Python that runs jobspec are found too. A project with a `src` directory is installed with `pip "
        "install -e .`.",
    ),
    "JS301": Rule(
        summary="Module imports something that is missing",
        explanation="The module is there, but one that it imports is not installed. Install it, or run `validate "
        "--no-imports` where the job's code is not at hand.",
    ),
    "JS302": Rule(
        summary="Module has no such name",
        explanation="The module was imported and has nothing of the name after the `:`.",
    ),
    "JS303": Rule(
        summary="Importing raised an exception",
        explanation="The module's own code raised while it was imported; the message names the exception and the "
        "line. A worker would fail the same way.",
    ),
    "JS304": Rule(
        summary="Importing ended the process",
        explanation="The module calls `sys.exit` while it is imported. Put what runs as a script below `if __name__ "
        '== "__main__":`.',
    ),
    "JS305": Rule(
        summary="Module is not valid Python",
        explanation="The module, or one that it imports, has a syntax error for the Python that runs jobspec.",
    ),
    "JS306": Rule(
        summary="Not a workflow class",
        explanation="`workflow` names a class decorated with `@workflow.defn`; a subclass needs its own decorator. "
        "For a workflow in another language write `workflow: {type: name}`.",
    ),
    "JS307": Rule(
        summary="Workflow type differs from the class",
        explanation="A bare import path means that the workflow type is the class's name. Where `@workflow.defn` "
        "gives another name, the spec says it: `workflow: {type: sync-orders, class: "
        "shop.workflows:SyncOrders}`. Otherwise Temporal would start a type that no worker knows.",
    ),
    "JS308": Rule(
        summary="Not an activity",
        explanation="`activities` names functions decorated with `@activity.defn`, or methods of an instance that the "
        "module holds, as `shop.activities:orders.fetch`.",
    ),
    "JS309": Rule(
        summary="Input model is not a type",
        explanation="`input_model` names anything that pydantic can validate: a model, a dataclass, a `TypedDict`, or "
        "an alias such as `Batch = list[int]`.",
    ),
    "JS310": Rule(
        summary="An input schema cannot be read",
        explanation="`input_schema` is a path relative to the file in which it is written, inside the project "
        "or the spec root; JSON or YAML of at most 1 MiB.",
    ),
    "JS311": Rule(
        summary="An input schema is wrong",
        explanation="The file must be a valid JSON Schema, of Draft 2020-12 unless `$schema` names Draft 4, 6, 7 or "
        "2019-09. Everything it refers to stands in the same file: nothing is ever fetched. `format` is not checked.",
    ),
    "JS312": Rule(
        summary="The input does not match its schema",
        explanation="The workflow would be started with an input that its own schema refuses.",
    ),
    "JS313": Rule(
        summary="An input cannot be judged by its schema",
        explanation="Schemas are applied in a separate process, which is killed when one input takes more than half a "
        "second of CPU time or 256 MiB of memory; schemas in practice take a fraction of that. The job is frozen, and "
        "other jobs are checked as usual; of those with the same schema, later ones are checked the next time. "
        "All schemas together may take four seconds at once, and a tenth of the time in the long run.",
    ),
    "JS320": Rule(
        summary="Wrong number of arguments",
        explanation="`input` is one argument, `args` are several, and without either the workflow gets none. `run()` "
        "must take that many. A job without a schedule may leave them out and get them when it is "
        "started.",
    ),
    "JS321": Rule(
        summary="`run()` cannot be called by Temporal",
        explanation="Temporal passes arguments by position, so a keyword-only parameter needs a default.",
    ),
    "JS322": Rule(
        summary="Input does not fit its model",
        explanation='The input is read as JSON into the `input_model`, as a worker would read it: `"5"` is a good '
        'integer and `"2026-01-01"` a good date. With `args` the model is that of the whole list.',
    ),
    "JS323": Rule(
        summary="Input does not fit `run()`",
        explanation="A worker reads the input as JSON into the annotation of the parameter of `run()`. Where that "
        "fails, the workflow task fails and is retried forever, so the run hangs.",
    ),
    "JS324": Rule(
        summary="Input has a key that is ignored",
        explanation="The model has no such field and drops the key silently, so it is most likely mistyped. "
        'Models with `extra="allow"` keep such keys and cause no warning.',
        severity=Severity.WARNING,
    ),
    "JS325": Rule(
        summary="Input cannot be checked against `run()`",
        explanation="pydantic cannot read the annotation as a type. The project has a data converter of its own, "
        "which may know better, or the worker reads plain JSON here; otherwise it is JS329.",
        severity=Severity.WARNING,
    ),
    "JS326": Rule(
        summary="Input cannot be written as JSON",
        explanation="Values in files can always be written; in code the input may hold any object, and Temporal needs "
        "JSON.",
    ),
    "JS327": Rule(
        summary="Argument will not be read into its type",
        explanation="The SDK reads arguments into the annotations of `run()` only when there are as many as "
        "parameters. With fewer, the workflow gets plain mappings and lists instead of its models. Give "
        "all arguments in `args`.",
        severity=Severity.WARNING,
    ),
    "JS328": Rule(
        summary="Two workflows or activities with one name",
        explanation="A worker runs one workflow or activity per name, so two different ones on one task queue exclude "
        "each other, whichever jobs they belong to. Give one of them another name with `@workflow.defn(name=…)` or "
        "`@activity.defn(name=…)`, or another queue.",
    ),
    "JS329": Rule(
        summary="Worker cannot read the input",
        explanation="pydantic cannot read the annotation of the parameter of `run()` as a type, so the Pydantic data "
        "converter, the default, fails on it in the worker: the workflow task is retried forever, and the run hangs. "
        "On Python 3.11 this applies to `typing.TypedDict`; import it from `typing_extensions`.",
    ),
    # JS4xx: the project file
    "JS401": Rule(
        summary="Unknown key in jobspec.toml",
        explanation="Only listed keys are allowed, so that a mistyped one cannot be silently without effect.",
    ),
    "JS402": Rule(
        summary="A value in jobspec.toml is wrong",
        explanation="The message says what is wanted; durations are written as in jobs.",
    ),
    "JS403": Rule(
        summary="Not a project id",
        explanation="The id has 1 to 63 lower-case letters, digits and `. _ -`, and begins with a letter or "
        "digit. It marks what the project owns and is permanent; former ids stay in `also_owns`.",
    ),
    "JS404": Rule(
        summary="A level for a rule that cannot have one",
        explanation="`[lint] levels` says how much a rule that only warns weighs: `error`, `warning` or `off`. What "
        "leaves a job that cannot be used is an error in any case.",
    ),
    # JS5xx: lint, what is allowed and rarely meant; `validate` only
    "JS501": Rule(
        summary="Cron with days of the month and of the week",
        explanation="Temporal runs a job on days that match both fields; crontab runs it on days that match either, "
        "unless one of them begins with `*`. A `calendar` with both fields means both and is not warned of. Where "
        "either is meant, write two crons.",
        severity=Severity.WARNING,
    ),
    "JS502": Rule(
        summary="A run is lost or moved when clocks change",
        explanation="Clocks that are set forward pass over an hour, and Temporal leaves out what is due in it; where "
        "they are set by less than an hour, a run may be moved, or left out though the clock shows its time. The "
        "message names the next date. Jobs that run again within four hours are not warned of. Choose another time of "
        "day, or `timezone: UTC`.",
        severity=Severity.WARNING,
    ),
    "JS503": Rule(
        summary="A job runs once more when clocks change",
        explanation="Clocks that are set back show an hour twice, and Temporal runs a job twice that is due in it; "
        "east of Greenwich it is the hour before that runs again, an hour later. The message names the next date. Jobs "
        "that run again within four hours are not warned of. Choose another time of day, or `timezone: UTC`.",
        severity=Severity.WARNING,
    ),
    "JS504": Rule(
        summary="A job is due more often than it can finish",
        explanation="With `overlap: skip` a run is left out while the one before still runs. A run may last as long as "
        "its `execution_timeout`, or its `run_timeout` without one; where two or more runs in a row can be left out "
        "meanwhile, the job may run far less often than its schedule says. An inherited timeout does not count, "
        "because it says little about this job.",
        severity=Severity.WARNING,
    ),
    "JS505": Rule(
        summary="An entry of `skip` excludes nothing",
        explanation="The job would not run at such a time anyway, so the entry is most likely mistaken. Inherited "
        "entries cause no warning, because a list of holidays serves jobs of all kinds; nor do dates that are past.",
        severity=Severity.WARNING,
    ),
    "JS506": Rule(
        summary="An interval drifts against the day",
        explanation="Intervals are counted from the beginning of 1970 in UTC, not from midnight. One that is neither "
        "an even part of a day nor a multiple of one runs at other times each day. Intervals below an hour are not "
        "warned of.",
        severity=Severity.WARNING,
    ),
    "JS507": Rule(
        summary="A time zone beside an interval",
        explanation="Intervals are counted from the beginning of 1970 in UTC, whatever the time zone. Only `cron`, "
        "`calendar` and `skip` have one. An inherited time zone causes no warning.",
        severity=Severity.WARNING,
    ),
    "JS508": Rule(
        summary="Too many jobs start in the same minute",
        explanation="The workers of a task queue get all these runs at once. More than 50 jobs are warned of, or more "
        "than `[lint] max_jobs_per_minute` says; those that are paused or have a jitter of a minute or more do not "
        "count. The fullest minute of the coming month is named, once for each task queue.",
        severity=Severity.WARNING,
    ),
    "JS509": Rule(
        summary="Catching up could start a flood",
        explanation="After an outage of the server all runs that were missed within `catchup_window` are started, with "
        "`overlap: allow_all` at once. The default of the server is 365 days. More than 100 runs are warned of, or "
        "more than `[lint] max_catchup_runs` says.",
        severity=Severity.WARNING,
    ),
    "JS510": Rule(
        summary="A catch-up window below the server's minimum",
        explanation="The server raises windows of less than ten seconds to that.",
        severity=Severity.WARNING,
    ),
    "JS511": Rule(
        summary="A jitter as long as the time between runs",
        explanation="The server cuts the jitter of each run to the time until the next one, so that runs come at any "
        "time at all and may follow one another at once.",
        severity=Severity.WARNING,
    ),
    "JS512": Rule(
        summary="A job has no owner",
        explanation="The project demands one with `[lint] require_owner`. Set `owner`, in the job or in the defaults "
        "of its directory.",
        severity=Severity.WARNING,
    ),
    "JS513": Rule(
        summary="An input or memo is large",
        explanation="By default a server refuses what is larger than 2 MiB, and warns of inputs from 512 KiB and of "
        "memos from 2 KiB on. All of it is stored with every run. A codec may make it smaller or larger.",
        severity=Severity.WARNING,
    ),
    "JS514": Rule(
        summary="A value looks like a secret",
        explanation="Inputs and memos are in git, in Temporal's history and on every screen that shows a run. Keep "
        "secrets where workers read them, and pass a name. Known kinds of tokens are looked for, and texts under keys "
        "such as `password` or `api_key` that are not references such as `${DB_PASSWORD}` or `vault:shop/db`. The "
        "value is never shown.",
        severity=Severity.WARNING,
    ),
    "JS515": Rule(
        summary="A time zone is an abbreviation or an offset",
        explanation="Names such as `EST`, `CET` or `Etc/GMT+5` are in the tz database for the sake of old systems. "
        "`EST` has no daylight saving time, and `Etc/GMT+5` is five hours behind UTC. The name of a city says which "
        "clock is meant.",
        severity=Severity.WARNING,
    ),
    "JS520": Rule(
        summary="A search attribute is not registered",
        explanation="Temporal refuses a schedule whose runs have a search attribute that the namespace does not know. "
        "Register it, or correct its name. Only `validate --live` looks.",
        severity=Severity.WARNING,
    ),
    "JS521": Rule(
        summary="No worker polls the task queue",
        explanation="Runs would wait until a worker comes or their timeout ends them. Temporal knows of the workers "
        "that polled within the last minutes. Only `validate --live` looks.",
        severity=Severity.WARNING,
    ),
    "JS590": Rule(
        summary="A comment that ignores a warning is wrong",
        explanation="It is written `# jobspec: ignore[JS506] reason`, with one or more codes of warnings and a reason, "
        "on the line that the warning names, alone on the line above, or, for all of a job, on the line of its name. "
        "Errors cannot be ignored. A comment that is wrong ignores nothing.",
        severity=Severity.WARNING,
    ),
    "JS591": Rule(
        summary="A comment ignores nothing",
        explanation="The warning that it ignored is gone, or is on another line. Reported only where all "
        "environments are checked and nothing is wrong, and for rules that were checked.",
        severity=Severity.WARNING,
    ),
    # JS9xx: our own mistakes
    "JS901": Rule(
        summary="A bug in jobspec",
        explanation="jobspec raised an unexpected exception while it checked the file or the job. The job is "
        "frozen, as if it had a mistake, and everything else is checked as usual. Please report it. With "
        "`JOBSPEC_DEBUG=1` in the environment the traceback is logged.",
    ),
    "JS902": Rule(
        summary="A bug in a check of jobspec",
        explanation="A check that only warns raised an unexpected exception. The job can be used, but without the "
        "result of that check. Please report it. With `JOBSPEC_DEBUG=1` in the environment "
        "the traceback is logged.",
        severity=Severity.WARNING,
    ),
}
"""Every code that a diagnostic may carry, in order."""
