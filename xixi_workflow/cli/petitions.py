"""`xixi show`: everything about one petition. Names and telephone numbers are not in it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import msgspec
import typer
from rich.text import Text

from xixi_workflow import clock
from xixi_workflow.adapters.console import in_one_line
from xixi_workflow.cli.failures import PROBLEM, REFUSED, Stop
from xixi_workflow.cli.listing import remaining
from xixi_workflow.cli.screen import Screen, tell_json
from xixi_workflow.cli.session import Json, language, open_engine, takes_settings
from xixi_workflow.core import explain as core_explain
from xixi_workflow.core import words
from xixi_workflow.core.lifecycle import EVENT_OF, ROLES, allowed
from xixi_workflow.core.petition import Actor, Clock, Entry, Outcome, Petition
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.replay import ReplayError
from xixi_workflow.core.work import Refused
from xixi_workflow.engine.handle import Engine
from xixi_workflow.store import views
from xixi_workflow.store.views import Page

Number = Annotated[int, typer.Argument(metavar="NO", help="单号 The petition's number.")]
#: Chinese and English names of a clock's verdicts.
RESULTS = {
    "on_time": ("按时", "on time"),
    "late": ("超时完成", "late"),
    "breached": ("超时未完成", "breached"),
    "unmet": ("超时终止", "unmet"),
    "ended": ("提前终止", "ended"),
    "lapsed": ("到期未回", "lapsed"),
    "excluded": ("不计", "not counted"),
}
_FATES = {
    "waiting": ("待发", "waiting"),
    "sending": ("发送中", "sending"),
    "sent": ("已发", "sent"),
    "uncertain": ("不明", "uncertain"),
    "failed": ("失败", "failed"),
    "delivered": ("已送达", "delivered"),
    "undelivered": ("未送达", "undelivered"),
    "withheld": ("未发", "withheld"),
    "overtaken": ("已不必发", "overtaken"),
}


@takes_settings
def show(no: Number, as_json: Json = False) -> None:
    """查看 Everything about one petition: what was said, its clocks, its history and its messages."""
    now = clock.now()
    with open_engine() as engine:
        page = find(engine, no)
        policy = engine.policies.judging(page.petition.policy)
    if as_json:
        tell_json(_as_data(page))
    else:
        _show(Screen(language(), policy.zone), page, policy, now)


def find(engine: Engine, no: int) -> Page:
    """The petition's page. Raises `Stop` in the reader's language when there is none."""
    page = views.page(engine.store, no)
    if page is None:
        unknown = Refused("no_such_petition", facts={"no": str(no)})
        policy = engine.policies.in_force
        raise Stop(words.refusal(unknown, policy, role="operator", language=language()), REFUSED)
    return page


def _as_data(page: Page) -> dict[str, Any]:
    petition = msgspec.to_builtins(page.petition, builtin_types=(datetime,))
    named = {"no": page.petition.no} | dict(zip(Petition.__struct_fields__, petition, strict=True))
    del named["id"]
    named |= {"clocks": [_struct(c) for c in page.petition.clocks]}
    named["assists"] = [_struct(a) for a in page.petition.assists]
    said = msgspec.structs.asdict(page.said) | {
        "title": _masked(page.said.title),
        "content": _masked(page.said.content),
    }
    journal = [_struct(e) | {"data": msgspec.json.decode(e.data) if e.data else None} for e in page.journal]
    return {
        "petition": named,
        "said": said,
        "journal": journal,
        "outcomes": [_struct(o) for o in page.outcomes],
        "messages": [_struct(m) | {"vars": m.vars} for m in page.messages],
    }


def _struct(value: msgspec.Struct) -> dict[str, Any]:
    return msgspec.structs.asdict(value)


def _masked(text: str) -> str:
    return "\n".join(in_one_line(line) for line in text.splitlines())


def _show(screen: Screen, page: Page, policy: Policy, now: datetime) -> None:
    say, p = screen.pick, page.petition
    urgency = {"urgent": say("紧急", "urgent"), "emergency": say("特急", "EMERGENCY")}.get(p.urgency, "")
    marks = [say("督办", "under supervision")] if p.supervised else []
    marks += [say("保密", "confidential")] if p.confidential else []
    screen.line(p.no, words.state(p.state, screen.language), urgency, *marks, style="bold")
    screen.line(page.said.title)
    _facts(screen, page, policy)
    for line in page.said.content.splitlines():
        screen.line("  " + line)
    screen.blank()
    _clocks(screen, page, policy, now)
    _journal(screen, page)
    _messages(screen, page, policy)
    able = [words.event(e, screen.language) for e in allowed(p.state, "operator")]
    screen.line(say("值班员可办理：", "An operator can now: ") + say("、", ", ").join(able))


def _facts(screen: Screen, page: Page, policy: Policy) -> None:
    say, p, said = screen.pick, page.petition, page.said
    category = policy.categories.get(p.category)
    sources = policy.sources.sources
    facts = [
        (say("来源", "Source"), f"{screen.name(sources.get(p.source), p.source)} {said.source_id}"),
        (say("受理", "Received"), screen.at(p.received_at)),
        (say("分类", "Category"), screen.name(category, p.category)),
        (say("承办", "Team"), screen.name(policy.teams.get(p.lead), p.lead)),
        (say("承办人", "Handler"), p.handler),
        (say("协办", "Assisting"), "、".join(screen.name(policy.teams.get(a.team), a.team) for a in p.assists)),
        (say("轮次", "Round"), str(p.round) if p.round > 1 else ""),
        (say("待批", "Waits for approval"), p.pending),
        (say("主单", "Merged into"), str(p.parent) if p.parent else ""),
        (say("并入", "Merged here"), " ".join(map(str, p.children))),
        (say("社区", "Community"), p.community),
        (say("地点", "Address"), said.address),
        (say("诉求人", "Petitioner"), "" if p.reachable else say("未留电话", "left no number")),
    ]
    screen.line(*(f"{name} {value}" for name, value in facts if value))


def _clocks(screen: Screen, page: Page, policy: Policy, now: datetime) -> None:
    say = screen.pick
    running = {(c.name, c.key, c.started_at) for c in page.petition.clocks}
    settled = [o for o in page.outcomes if (o.clock, o.key, o.started_at) not in running]
    rows: list[list[Any]] = [
        [
            _clock_name(screen, policy, o.clock, o.key),
            o.round,
            o.started_at,
            o.due_at,
            _verdict(screen, o),
            o.settled_at,
        ]
        for o in settled
    ]
    rows += [
        [_clock_name(screen, policy, c.name, c.key), c.round, c.started_at, c.due_at, _standing(screen, c, now), None]
        for c in page.petition.clocks
    ]
    headings = [say("时限", "Clock"), say("轮", "Round"), say("起算", "Started"), say("到期", "Due")]
    screen.table("", [*headings, say("状况", "Stands"), say("了结", "Settled")], rows)


def _clock_name(screen: Screen, policy: Policy, name: str, key: str) -> str:
    plan = policy.clocks.get(name)
    shown = screen.name(plan.shape if plan else None, name)
    return f"{shown} ({screen.name(policy.teams.get(key), key)})" if key else shown


def _verdict(screen: Screen, outcome: Outcome) -> Text:
    word = RESULTS[outcome.result][screen.language == "en"]
    return Text(word, style="red" if outcome.result in ("late", "breached", "unmet") else "")


def _standing(screen: Screen, running: Clock, now: datetime) -> Text:
    if running.paused_at is not None:
        return Text(screen.pick("暂停", "paused"))
    return remaining(screen, running.due_at, now)


def _journal(screen: Screen, page: Page) -> None:
    say = screen.pick
    rows = []
    for e in page.journal:
        actor = Actor.parse(e.actor)
        who = ROLES[actor.role][screen.language == "en"]
        event = words.event(EVENT_OF.get(e.event, e.event), screen.language)
        rows.append([e.seq, e.at, event, f"{who} {actor.id}".strip(), _detail(screen, e.data)])
    number = "#"
    headings = [number, say("时间", "When"), say("经过", "What"), say("办理人", "Who"), say("内容", "Detail")]
    screen.table(say("经过", "History"), headings, rows, right=number)


def _detail(screen: Screen, data: str) -> str:
    if not data:
        return ""
    facts: dict[str, Any] = msgspec.json.decode(data)
    facts.pop("text", None) if len(str(facts.get("text", ""))) == 32 and "source_id" in facts else None
    spans = ("seconds", "left")
    told = [f"{k}={screen.span(v) if k in spans else v}" for k, v in facts.items() if v not in ("", [], None)]
    return " ".join(told)


def _messages(screen: Screen, page: Page, policy: Policy) -> None:
    say = screen.pick
    at = {e.seq: e.at for e in page.journal}
    petitioner = say("诉求人", "petitioner")
    rows = [
        [
            words.local(at[m.seq], policy) if m.seq in at else None,
            words.kind(m.kind, policy, screen.language),
            petitioner if m.to == "petitioner" else policy.people[m.to].name if m.to in policy.people else m.to,
            _FATES[m.state][screen.language == "en"] if m.state in _FATES else m.state,
            words.local(m.sent_at, policy) if m.sent_at else None,
            m.remark,
        ]
        for m in page.messages
    ]
    headings = [say("时间", "When"), say("种类", "Kind"), say("收件", "To"), say("状态", "State"), say("发出", "Sent")]
    screen.table(say("消息", "Messages"), [*headings, say("备注", "Remark")], rows)


@takes_settings
def explain(no: Number, as_json: Json = False) -> None:
    """解释 Where each deadline comes from, line by line: started, paused, extended, missed, met, and by whom.

    The petition's journal is judged again for it. Exit code 1 if the journal does not say what the judge says.
    """
    with open_engine() as engine:
        page = find(engine, no)
        policy = engine.policies.judging(page.petition.policy)
        policy_for = _then(engine, page)
        try:
            lines = core_explain.explain(page.journal, petition_id=page.petition.id, policy_for=policy_for)
        except ReplayError as error:
            raise Stop(str(error), PROBLEM) from None
    if as_json:
        tell_json([_struct(line) for line in lines])
        return
    screen = Screen(language(), policy.zone)
    screen.line(page.petition.no, words.state(page.petition.state, screen.language), page.said.title, style="bold")
    for line, text in zip(lines, core_explain.render(lines, policy, screen.language), strict=True):
        screen.line(text, style="red" if line.what in ("breached", "escalated", "late", "unmet") else "")


def _then(engine: Engine, page: Page) -> Callable[[Entry], Policy]:
    """The rules of the petition with the people of the day on which a journal line was written."""

    @functools.cache
    def with_roster(version: int) -> Policy:
        return engine.policies.version(page.petition.policy).with_people(engine.policies.version(version))

    return lambda entry: with_roster(page.rosters[entry.seq])


@takes_settings
def route(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="标题 The title, or the whole text.")],
    detail: Annotated[str, typer.Option(help="内容 The detail, where words count once instead of twice.")] = "",
    as_json: Json = False,
) -> None:
    """研判 What the category rules in force make of a text, and which words decided."""
    from xixi_workflow.core.routing import Router

    with open_engine() as engine:
        policy = engine.policies.in_force
    router = Router(policy)
    matches = router.matches(text, detail)
    command, dispatch = router.route(text, detail)
    category = policy.categories[command.category]
    if as_json:
        told = {"category": category.code, "team": category.team, "urgency": command.urgency or category.urgency}
        found = [{"category": m.category, "score": m.score, "words": m.words} for m in matches]
        tell_json({**told, "dispatched": dispatch is not None, "matches": found})
        return
    screen = Screen(language(), policy.zone)
    team = screen.name(policy.teams.get(category.team), category.team)
    screen.line(category.code, screen.name(category, ""), team, command.urgency or category.urgency, style="bold")
    score = screen.pick("得分", "Score")
    headings = ["", screen.pick("分类", "Category"), screen.pick("承办", "Team"), score, screen.pick("词", "Words")]
    screen.table("", headings, [_match(screen, policy, *m) for m in matches], right=score)


def _match(screen: Screen, policy: Policy, code: str, score: float, found: tuple[str, ...]) -> list[Any]:
    category = policy.categories[code]
    team = screen.name(policy.teams.get(category.team), category.team)
    return [code, screen.name(category, code), team, f"{score:g}", " ".join(found)]
