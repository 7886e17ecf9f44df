"""The status page: is the promise being kept right now, and is everything running that keeps it.

Plain HTML that reloads itself, so it works on any screen of the centre. It names no petitioner.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from typing import Final

import structlog

from xixi_workflow import __version__, clock
from xixi_workflow.core import words
from xixi_workflow.core.policy import Policy
from xixi_workflow.engine.handle import Engine
from xixi_workflow.processes.pulse import share_within
from xixi_workflow.web.languages import Language
from xixi_workflow.web.observer import CLOCK_STATES, Beating, Observer, Overview, Running
from xixi_workflow.web.petition_view import clock_name
from xixi_workflow.web.status_words import TEXT
from xixi_workflow.web.style import document

log = structlog.get_logger()

REFRESH: Final = 10
_COLOURS: Final = {"overdue": "bad", "due_soon": "warn", "on_time": "good", "paused": "soft"}


def status_page(engine: Engine, observer: Observer, prefect_api_url: str, language: Language) -> str:
    """The whole page as it stands now; never raises because the database is away."""
    return _Page(engine, observer, prefect_api_url, language).whole()


class _Page:
    def __init__(self, engine: Engine, observer: Observer, prefect_api_url: str, language: Language) -> None:
        self.text = TEXT[language]
        self.language = language
        self.observer = observer
        self.prefect_api_url = prefect_api_url
        self.policy: Policy = engine.policies.in_force
        self.now = clock.now()
        self.view: Overview | None = None
        try:
            if observer.database_answers:
                self.view = observer.overview()
        except Exception as error:
            log.warning("overview_failed", error=type(error).__name__)

    def whole(self) -> str:
        text, view = self.text, self.view
        city = getattr(self.policy.main.city, self.language)
        other = "en" if self.language == "zh" else "zh"
        shown = text["at"].format(at=self.at(self.now), seconds=REFRESH, version=__version__)
        reports = f'<a href="/reports?lang={self.language}">{text["reports"]}</a>'
        parts = [
            f"<header><h1>{escape(city)} · {text['title']}</h1><p>{shown}</p>",
            f'<nav>{reports} · <a href="/?lang={other}" lang="{other}">{text["other"]}</a></nav></header>',
            *self.notices(),
        ]
        if view is not None:
            parts += [self.numbers(view), self.lists(view), self.tables(view)]
        parts.append(f'<div class="wide">{self.alarm()}{self.running()}</div>')
        return document(f"{text['title']} · {city}", f"<main>{''.join(parts)}</main>", self.language, refresh=REFRESH)

    def notices(self) -> Iterable[str]:
        """What needs somebody's attention first."""
        text = self.text
        if self.view is None:
            yield f'<section class="notice" role="alert">{text["away"]}</section><br>'
        elif not self.observer.clock_beats and self.observer.settled:
            yield f'<section class="notice" role="alert">{text["silent_clock"]}</section><br>'
        # Each clock audits the whole house: the latest look counts.
        audits = [one.pulse for one in self.observer.beating if one.alive and one.pulse.audited_at is not None]
        silent = max(audits, key=lambda pulse: pulse.audited_at or pulse.started_at).silent if audits else {}
        if silent:
            kinds = ", ".join(f"{escape(text.get(f'found_{kind}', kind))} {n}" for kind, n in silent.items())
            found = text["stayed_silent"].format(n=sum(silent.values()))
            yield f'<section class="notice" role="alert">{found} <span class="soft">{kinds}</span></section><br>'
        if self.view is not None and self.view.trouble_count:
            numbers = ", ".join(f"{t.petition} ({escape(t.error)})" for t in self.view.troubles)
            put_off = text["put_off"].format(n=self.view.trouble_count)
            yield f'<section class="notice" role="alert">{put_off} <span class="soft">{numbers}</span></section><br>'

    def numbers(self, view: Overview) -> str:
        """The five large figures."""
        cards = [f"<div class='card'><b>{sum(view.open.values())}</b><span>{self.text['open']}</span></div>"]
        for state in CLOCK_STATES:
            count = view.open[state]
            colour = _COLOURS[state] if count else ""
            cards.append(f"<div class='card'><b class='{colour}'>{count}</b><span>{self.text[state]}</span></div>")
        return f'<div class="row">{"".join(cards)}</div>'

    def lists(self, view: Overview) -> str:
        """The petitions to look at first."""
        text = self.text
        made = []
        for title, rows, span, colour in (
            ("list_overdue", view.overdue, "gone", "bad"),
            ("list_due_soon", view.due_soon, "left", "warn"),
        ):
            headings = [text[h] for h in ("no", "clock", "due", span, "state", "team")]
            body = [self.row(row, colour) for row in rows]
            table = self.table(headings, body) if body else f'<p class="soft">{text["none"]}</p>'
            made.append(f"<section><h2>{text[title]}</h2>{table}</section>")
        return f'<div class="wide lists">{"".join(made)}</div>'

    def row(self, row: Running, colour: str) -> list[str]:
        team = self.policy.teams.get(row.clock.key or row.petition.lead)
        span = words.span(abs((self.now - row.clock.due_at).total_seconds()), self.language)
        return [
            row.petition.no,
            escape(clock_name(row.clock.name, self.policy, self.language)),
            words.local(row.clock.due_at, self.policy),
            f'<span class="{colour}">{span}</span>',
            words.state(row.petition.state, self.language),
            escape(getattr(team, self.language, "—")),
        ]

    def tables(self, view: Overview) -> str:
        """Clocks by state, petitions by state, messages."""
        text = self.text
        clocks = self.table(
            [text["clock"], *(text[s] for s in CLOCK_STATES)],
            [
                [escape(clock_name(name, self.policy, self.language)), *(str(counts[s]) for s in CLOCK_STATES)]
                for name, counts in view.clocks.items()
            ],
            numbers=True,
        )
        states = self.table(
            [text["state"], text["open"]],
            [[words.state(state, self.language), str(count)] for state, count in view.states.items()],
            numbers=True,
        )
        return (
            f'<div class="wide"><section><h2>{text["by_clock"]}</h2>{clocks}</section>'
            f"<section><h2>{text['by_state']}</h2>{states}</section></div>"
        )

    def alarm(self) -> str:
        """Every clock process and how late its alarms were."""
        text = self.text
        made = []
        for one in self.observer.beating:
            pulse = one.pulse
            state = (
                f'<span class="good">{text["alive"]}</span>'
                if one.alive
                else f'<span class="bad">{text["dead"].format(at=self.at(one.at))}</span>'
            )
            rows = [
                (escape(one.name), state),
                (text["started"], self.at(pulse.started_at)),
                (text["last"], self.at(pulse.last_ring)),
                (text["next"], self.at(pulse.next_alarm)),
                (text["late"], self.lateness(one)),
                (text["sent"], str(sum(pulse.sent.values()))),
            ]
            made.append(_definitions(rows))
        return f"<section><h2>{text['alarm']}</h2>{'<br>'.join(made) or self.text['none']}</section>"

    def lateness(self, one: Beating) -> str:
        pulse = one.pulse
        half, most = share_within(pulse, 0.5), share_within(pulse, 0.99)
        if half is None or most is None:
            return self.text["never"]
        return self.text["late_value"].format(
            half=_short(half), most=_short(most), max=_short(pulse.late_max), n=sum(pulse.late)
        )

    def running(self) -> str:
        """The database, the policy, the messages, Prefect."""
        text, view, observer = self.text, self.view, self.observer
        fine = observer.database_answers
        rows = [(text["database"], _coloured(text["yes"] if fine else text["no_answer"], "good" if fine else "bad"))]
        if view is not None:
            if view.policy is not None:
                version, since = view.policy
                rows.append((text["policy"], text["policy_value"].format(version=version, at=self.at(since))))
            counts = [
                _coloured(f"{text[state]} {view.outbox.get(state, 0)}", "bad" if state == "failed" and n else "")
                for state in ("waiting", "sending", "uncertain", "failed")
                for n in [view.outbox.get(state, 0)]
            ]
            rows.append((text["outbox"], " · ".join(counts)))
            if view.oldest_message is not None:
                waited = max(0.0, (self.now - view.oldest_message).total_seconds())
                rows.append((text["oldest"], words.span(waited, self.language)))
            waiting = text["letters_value"].format(open=view.letters.open, unread=view.letters.unread)
            rows.append((text["letters"], _coloured(waiting, "warn" if view.letters.open else "")))
        prefect = _coloured(text[observer.prefect], {"answers": "good", "silent": "warn"}.get(observer.prefect, ""))
        if self.prefect_api_url:
            ui = escape(self.prefect_api_url.removesuffix("/api"), quote=True)
            prefect += f' · <a href="{ui}" rel="noreferrer">{text["open_ui"]}</a>'
        rows.append((text["prefect"], prefect))
        return f"<section><h2>{text['parts']}</h2>{_definitions(rows)}</section>"

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: bool = False) -> str:
        """An HTML table; with `numbers` all columns but the first hold numbers."""

        def cells(tag: str, row: Sequence[str]) -> str:
            made = []
            for n, cell in enumerate(row):
                kinds = ("n " if numbers and n else "") + ("zero" if cell == "0" else "")
                made.append(f'<{tag} class="{kinds}">{cell}</{tag}>' if kinds else f"<{tag}>{cell}</{tag}>")
            return f"<tr>{''.join(made)}</tr>"

        body = "".join(cells("td", row) for row in rows)
        return f"<table><thead>{cells('th', headings)}</thead><tbody>{body}</tbody></table>"

    def at(self, instant: datetime | None) -> str:
        """An instant on the city's clock, to the second."""
        return instant.astimezone(self.policy.zone).strftime("%m-%d %H:%M:%S") if instant else "—"


def _definitions(rows: Iterable[tuple[str, str]]) -> str:
    return f"<dl>{''.join(f'<dt>{name}</dt><dd>{value}</dd>' for name, value in rows)}</dl>"


def _coloured(text: str, colour: str) -> str:
    return f'<span class="{colour}">{text}</span>' if colour else text


def _short(seconds: float) -> str:
    """A lateness for people: milliseconds below a second."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
