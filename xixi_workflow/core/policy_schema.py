"""The shape of each file in `config/`, field by field. Cross-checks between files are in `policy_checks.py`.

Unknown keys are errors: a misspelt key must not silently fall back to a default. Spans are written `90s`, `15m`,
`3h`, `1d12h` and are seconds once read.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_UNIT = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
#: Ten years in seconds: no promise is longer, and instants that far ahead can still be reckoned.
LONGEST_SPAN = 3653 * 86400.0
_SPAN = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?[dhms])+")


def read_span(text: object) -> float:
    """Seconds of a span such as `90s`, `15m`, `3h`, `1d12h`. Raises `ValueError` on anything else."""
    if not isinstance(text, str) or not _SPAN.fullmatch(text):
        raise ValueError(f"{text!r} is not a span of time; write for example 90s, 15m, 3h or 1d12h")
    seconds = sum(float(n) * _UNIT[u] for n, u in re.findall(r"(\d+(?:\.\d+)?)([dhms])", text))
    if seconds > LONGEST_SPAN:
        raise ValueError(f"{text} is longer than ten years")
    return seconds


def read_hour(text: object) -> int:
    """Minutes since midnight of `HH:MM`, 24:00 included. Raises `ValueError` on anything else."""
    if isinstance(text, str) and (m := re.fullmatch(r"([0-9]{1,2}):([0-9]{2})", text)):
        minutes = int(m[1]) * 60 + int(m[2])
        if int(m[2]) < 60 and minutes <= 24 * 60:
            return minutes
    raise ValueError(f'{text!r} is not a time of day; write "HH:MM", for example "08:30", up to "24:00"')


Span = Annotated[float, BeforeValidator(read_span)]
Hour = Annotated[int, BeforeValidator(read_hour)]
CODE = r"^[A-Za-z0-9_.:-]{1,40}$"
PHONE = r"^\+?[0-9]{5,15}$"
TELEPHONE = r"^\+?[0-9][0-9 ()-]{2,24}$"
MONTH_DAY = r"^[0-9]{2}-[0-9]{2}$"
#: What each pattern asks for, in words.
PATTERNS = {
    CODE: "may have 1 to 40 letters a-z, digits and _ . : - and nothing else",
    PHONE: "is not a telephone number; write 5 to 15 digits without blanks",
    TELEPHONE: "is not a telephone number; write digits, for example 0571-00000000",
    MONTH_DAY: "is not a day of the year; write MM-DD, for example 05-01",
}
Code = Annotated[str, Field(pattern=CODE)]
Name = Annotated[str, Field(min_length=1, max_length=60)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Urgency = Literal["normal", "urgent", "emergency"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Shape(BaseModel):
    """A mapping in a configuration file: frozen, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Named(Shape):
    """A thing with a Chinese and an English name."""

    zh: Name
    en: Name


# --- calendars.yaml -------------------------------------------------------------------------------------------------


class Period(Shape):
    """An open period of one day on the city's clock, from its opening up to its closing."""

    from_: Hour = Field(alias="from")
    to: Hour


class CalendarShape(Named):
    """A calendar that clocks may run on."""

    #: Either `always: true` or the open periods of each weekday.
    always: bool = False
    week: dict[Day, list[Period]] = {}
    holidays: list[date] = []
    #: `MM-DD`, every year.
    yearly_holidays: list[Annotated[str, Field(pattern=MONTH_DAY)]] = []
    #: Make-up working days (调休) and odd days with their own periods.
    special_days: dict[date, list[Period]] = {}


class CalendarsFile(Shape):
    """`calendars.yaml`."""

    calendars: dict[Code, CalendarShape]


# --- policy.yaml ----------------------------------------------------------------------------------------------------


class Warn(Shape):
    """Before the due instant: `80%` of the limit, or `-30m` before due."""

    at: list[str]
    to: list[Code]
    message: Code


class LadderChoice(Shape):
    """A ladder for petitions of these categories (codes or groups) and urgencies; a list left out fits all."""

    ladder: Code
    categories: list[Code] = []
    urgencies: list[Urgency] = []


class ClockShape(Named):
    """A clock: when it starts and stops, how long it may run, and who hears of it. Spans are seconds."""

    limit: Span
    starts: list[str]
    meets: list[str]
    #: Events that stop it without a verdict.
    ends: list[str] = []
    #: `receipt`: a clock started by `file` counts from the source's receipt, not from our intake.
    counts_from: Literal["receipt", "event"] = "event"
    pauses_in: list[str] = []
    #: A starting event restarts a running clock; otherwise it is ignored.
    restarts: bool = False
    extendable: bool = False
    #: A command that carries a deadline of its own sets the limit of the run that it starts; `limit` is for the others.
    limit_by_command: bool = False
    scope: Literal["petition", "assist"] = "petition"
    calendar: Code = "always"
    warn: Warn | None = None
    ladder: Code | None = None
    #: Ladders for some petitions instead of `ladder`; the first that fits when the clock is breached is taken.
    ladders: list[LadderChoice] = []
    when_due: Literal["breach", "lapse"] = "breach"


class StepShape(Shape):
    """One rung of a ladder. `after` counts from the breach."""

    level: Annotated[int, Field(ge=1, le=9)]
    after: Span
    to: list[Code]
    message: Code
    repeat: Span | None = None
    #: How often it rings in all; left out with a `repeat` it rings until somebody acknowledges.
    times: Annotated[int, Field(ge=1, le=48)] | None = None
    #: Repeats go on, to those who have not answered, until everybody who was told has acknowledged.
    everyone: bool = False


class Notice(Shape):
    """A message to send when an event happens."""

    message: Code
    to: list[Code]


class Routing(Shape):
    """How far petitions are routed and dispatched without a person."""

    #: Dispatch at once what the rules have routed; otherwise an operator dispatches.
    dispatch_automatically: bool = True
    #: Petitions this urgent have their category's assisting teams asked at once.
    ask_assisting: list[Urgency] = ["emergency"]
    #: A category by rules counts as sure only from this score on; below it an operator decides.
    sure_from: Annotated[float, Field(ge=0)] = 0


class Quiet(Shape):
    """Hours in which some messages wait: from `from` until `to`, both on the city's clock, over midnight too."""

    messages: list[Code] = []
    from_: Hour = Field(alias="from", default=22 * 60)
    to: Hour = 8 * 60 + 30


class Cap(Shape):
    """At most `most` of these messages to one telephone number on one day of the city; more are withheld."""

    messages: list[Code] = []
    most: Annotated[int, Field(ge=1, le=100)] = 3


class Throttle(Shape):
    """At most `most` texts to one member of staff within `within`; what is more waits and is bundled."""

    most: Annotated[int, Field(ge=1, le=1000)] = 6
    within: Span = 600.0


class SmsRules(Shape):
    """How messages are spread over time and told together. Spans are seconds."""

    quiet: Quiet = Quiet()
    daily_cap: Cap = Cap()
    throttle: Throttle = Throttle()
    #: This many messages that wait for one member of staff are told in one text.
    bundle_from: Annotated[int, Field(ge=2, le=50)] = 3
    #: A message this late is looked at again: what is no longer true is not told any more.
    late_after: Span = 600.0
    #: No receipt within this span: the next way to reach the person is tried.
    receipt_within: Span = 300.0
    #: Automatic replies to one number within an hour; beyond that somebody's machine is talking to ours.
    replies_per_hour: Annotated[int, Field(ge=1, le=100)] = 10
    opt_out_words: list[str] = ["STOP", "TD", "T", "退订"]
    opt_in_words: list[str] = ["START", "订阅"]


class ReportRules(Shape):
    """How a period's figures are made and who is named in them. Spans are seconds."""

    #: The indicator by which teams are ranked, and with how many cases a team is.
    ranked_by: Code = "closure_on_time"
    ranking_minimum: Annotated[int, Field(ge=1, le=100_000)] = 10
    #: How many teams the red list and the black list have each, see `kpi.red_and_black`.
    red_and_black: Annotated[int, Field(ge=0, le=100)] = 3
    #: Indicator -> weight of a team's score, see `kpi.score`.
    score: dict[Code, Annotated[float, Field(gt=0, le=1000)]] = {
        "closure_on_time": 40, "satisfaction": 20, "interim_on_time": 15, "acceptance_on_time": 10, "rework_rate": 10,
        "groundless_return_rate": 5,
    }  # fmt: skip
    #: A petitioner who files the same matter again within this time repeats it.
    repeat_within: Span = 30 * 86400.0
    #: A team has to speak to the petitioner (先行联系) within this time from its dispatch.
    contact_within: Span = 3600.0
    #: Counts below this are withheld from the public; 0 and 1 withhold nothing.
    hide_below: Annotated[int, Field(ge=0, le=100)] = 3
    #: Missed clocks of each name that are listed one by one.
    listed_overdue: Annotated[int, Field(ge=0, le=10_000)] = 100


class PolicyFile(Shape):
    """`policy.yaml`. Spans are seconds."""

    city: Named
    zone: str
    #: Of the centre, as messages show it.
    telephone: Annotated[str, Field(pattern=TELEPHONE)]
    signature: Named
    #: Country calling code that numbers without one belong to.
    country_code: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,3}$")] = "86"
    clocks: dict[Code, ClockShape]
    ladders: dict[Code, list[StepShape]]
    notices: dict[str, list[Notice]]
    routing: Routing = Routing()
    sms: SmsRules = SmsRules()
    report: ReportRules = ReportRules()
    reopening_window: Span
    most_rounds: Annotated[int, Field(ge=1, le=20)] = 5
    most_extensions: Annotated[int, Field(ge=0, le=10)] = 1
    longest_extension: Span
    longest_hold: Span
    #: Weight of `fairly_satisfied` in the satisfaction rate.
    fairly_satisfied_weight: Annotated[float, Field(ge=0, le=1)] = 0.6
    return_reasons: dict[Code, Named]
    hold_reasons: dict[Code, Named]
    reject_reasons: dict[Code, Named]
    results: dict[Code, Named]


# --- categories.yaml, teams.yaml, sources.yaml, communities.yaml ----------------------------------------------------


class Category(Named):
    """What a petition can be about, the team that leads it, and the words that point to it."""

    code: Code
    group: Code
    team: Code
    assisting: list[Code] = []
    urgency: Urgency = "normal"
    flags: list[Code] = []
    words: list[Annotated[str, Field(min_length=1)]] = []


class CategoriesFile(Shape):
    """`categories.yaml`."""

    fallback: Code
    emergency_words: list[str] = []
    transfer_110_words: list[str] = []
    natures: dict[Code, Named] = {}
    groups: dict[Code, Named]
    categories: list[Category]


class Person(Shape):
    """Somebody who can be told; `phone` in digits, with a leading + where it holds a country code."""

    name: Name
    phone: Annotated[str, Field(pattern=PHONE)] = ""
    #: Name of a destination of team chat in the installation's senders file.
    chat: str = ""
    language: Literal["zh", "en"] = "zh"
    #: Ways to reach the person, in the order in which they are tried.
    ways: Annotated[list[Literal["sms", "chat"]], Field(min_length=1)] = ["sms"]
    #: Who is told instead when no way leads to the person.
    backup: Code | None = None
    #: First and last day of service, on the city's clock; before and after nobody counts on the person.
    joins: date | None = None
    leaves: date | None = None


class Team(Named):
    """A team that handles petitions. Without a roster in `duty/` all its handlers are on duty round the clock."""

    lead: Code
    handlers: Annotated[list[Code], Field(min_length=1)]


class TeamsFile(Shape):
    """`teams.yaml`."""

    people: dict[Code, Person]
    teams: dict[Code, Team]


#: Fields of a petition that a file of petitions can have a column for.
COLUMN_FIELDS = frozenset(
    {
        "source",
        "source_id",
        "title",
        "content",
        "received_at",
        "channel",
        "nature",
        "urgency",
        "community",
        "address",
        "confidential",
        "petitioner_name",
        "petitioner_phone",
    }
)


class SourcesFile(Shape):
    """`sources.yaml`."""

    sources: dict[Code, Named]
    #: Field of `COLUMN_FIELDS` -> headings that a file may use for it, the preferred one first.
    columns: dict[str, list[str]] = {}


class Community(Shape):
    """A community (社区) and its statistical division code."""

    name: Name
    #: In English documents, for example `Wensan`; without it they say the Chinese name.
    en: str = ""
    code: str = ""
    #: For the filings per thousand households.
    households: Annotated[int, Field(ge=1)] | None = None


class CommunitiesFile(Shape):
    """`communities.yaml`."""

    communities: list[Community]


class WordsFile(Shape):
    """One language. Keys are fixed by the code or by `policy.yaml`; both languages must have the same."""

    messages: dict[Code, str]
    #: Several messages told in one text.
    digests: dict[Code, str] = {}
    #: Answers to what people write to us.
    replies: dict[Code, str] = {}
    refusals: dict[Code, str]
    screens: dict[Code, str]


#: Each file of the configuration folder and its shape; besides them any number of `duty/NAME.yaml` (duty_schema.py).
FILES: dict[str, type[Shape]] = {
    "policy.yaml": PolicyFile,
    "calendars.yaml": CalendarsFile,
    "categories.yaml": CategoriesFile,
    "teams.yaml": TeamsFile,
    "sources.yaml": SourcesFile,
    "communities.yaml": CommunitiesFile,
    "words/zh.yaml": WordsFile,
    "words/en.yaml": WordsFile,
}
Documents = dict[str, Any]
