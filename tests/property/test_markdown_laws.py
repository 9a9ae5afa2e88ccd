"""The law of Markdown plans: whatever specs and schedules hold, it is shown as text and changes nothing around it."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING

from hypothesis import example, given, settings, strategies as st
from markdown_it import MarkdownIt

from jobspec.diagnostics import Diagnostic, Location
from jobspec.planning.diff import ABSENT, FieldChange
from jobspec.planning.effects import Effects, Note, NoteKind
from jobspec.planning.guards import Refusal
from jobspec.planning.pauses import Pause
from jobspec.planning.plan import Action, Change, Held, HeldReason, Plan, Reason, Source
from jobspec.render.plan_documents import BaseDocument, PlanDocument, plan_document
from jobspec.render.plan_markdown import render_markdown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

PIECES = (
    *("`", "``", "```", "````\n", "~~~", "*", "**", "_", "[", "](http://x.example)", "![", "<", ">", "</code>", "&lt;"),
    *("</summary>", "</details>", "<script>", "<!--", "-->", "@octocat", "#1", "|", "---", "\n", "\n\n", "\r", "\t"),
    *(
        "# ",
        "- ",
        "1. ",
        "> ",
        "    ",
        " ",
        "\\",
        "\u202e",
        "\x1b[2J",
        "::error::",
        "https://x.example/",
        "a",
        "é",
        "'",
        '"',
    ),
)
TEXT = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=8).map("".join)


def make_document(text: str) -> PlanDocument:
    """Make a plan that holds the text wherever there can be any."""

    def change(action: Action, *fields: FieldChange, reason: Reason = Reason.CHANGED) -> Change:
        return Change(
            name=text,
            action=action,
            reason=reason,
            source=Source(file=text, line=3),
            fields=fields,
            pause=Pause(paused=True, note=text),
        )

    fields = (
        FieldChange(field=f"input.{text}", before=text, after={text: [text]}),
        FieldChange(field="run.memo", before=ABSENT, after=text),
        FieldChange(field="schedule.timezone", before=text, after=ABSENT),
    )
    plan = Plan(
        project="shop",
        namespace=text,
        environment="prod",
        changes=(
            *(change(action, *fields) for action in Action),
            change(Action.UPDATE, reason=Reason.MENDED),
        ),
        held=(Held(name=text, reason=HeldReason.FAILED, message=text, hint=text, source=Source(file=text, line=0)),),
    )
    effects = Effects(notes=(Note(kind=NoteKind.UNKNOWN_TIMEZONE, message=text),))
    mistake = Diagnostic(code="JS101", message=text, location=Location(path=text, line=1), hint=text)
    return plan_document(
        plan,
        refusals=[Refusal(guard="deletes", message=text, override=text)],
        diagnostics=[mistake],
        effects={text: effects},
        base=BaseDocument(ref=text, commit="0" * 40, live=True, notes=(text,), diagnostics=()),
    )


class Html(HTMLParser):
    """Tells the tags of HTML, and its text outside of code."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self._in_code = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(f"<{tag} {attrs}>")
        self._in_code = tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self.seen.append(f"</{tag}>")
        self._in_code = False

    def handle_data(self, data: str) -> None:
        if not self._in_code:
            self.seen.append(data)

    def handle_comment(self, data: str) -> None:
        self.seen.append(f"<!--{data}-->")


def outline(text: str) -> list[str]:
    """Tell all of a page but the content of code."""
    return list(_walk(MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)))


def _walk(tokens: list[Token]) -> Iterator[str]:
    for token in tokens:
        yield token.type
        if token.type.startswith("html"):
            html = Html()
            html.feed(token.content)
            html.close()
            yield from html.seen
        elif token.children:
            yield from _walk(token.children)
        elif token.type not in ("fence", "code_inline"):
            yield token.content


@settings(max_examples=400)
@given(TEXT)
@example("`")
@example("``` \n```\n")
@example("-->\n<details>")
@example("</code></summary>@octocat")
@example("")
def test_no_text_changes_what_stands_around_it(text: str) -> None:
    page = render_markdown(make_document(text))
    assert outline(page) == outline(render_markdown(make_document("x")))
    assert page.startswith("<!-- jobspec-plan: shop/prod -->\n")
