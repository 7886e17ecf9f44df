"""The installation's senders, from a YAML file: who carries messages, and on which route.

It is no part of the city's policy: it says which accounts this machine uses. Secrets are written as `env:NAME` and
taken from the environment, so the file may be kept with other files. Every mistake is told with its line, and none
of them with a secret.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import Field, TypeAdapter, ValidationError, model_validator

from xixi_workflow.core.policy_schema import Shape

#: A senders file is some kilobytes.
LARGEST_FILE: Final = 200_000
_ENV: Final = "env:"

SenderName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,30}$")]
Secret = Annotated[str, Field(min_length=1)]
Sid = Annotated[str, Field(pattern=r"^AC[0-9a-fA-F]{32}$")]
Url = Annotated[str, Field(pattern=r"^https?://[^\s/?#]+")]


class SendersError(Exception):
    """The senders cannot be set up as they are configured; `str` has a line for each mistake and no secret."""


class TwilioShape(Shape):
    """An account at Twilio. `timeout` in seconds."""

    kind: Literal["twilio"]
    account_sid: Sid
    auth_token: Secret = ""
    api_key: str = ""
    api_secret: Secret = ""
    from_: str = Field("", alias="from")
    messaging_service: Annotated[str, Field(pattern=r"^(MG[0-9a-fA-F]{32})?$")] = ""
    base_url: Url | Literal[""] = ""
    timeout: Annotated[float, Field(gt=0, le=120)] = 10.0

    @model_validator(mode="after")
    def _complete(self) -> TwilioShape:
        if bool(self.api_key) != bool(self.api_secret):
            raise ValueError("an API key needs its secret, and a secret its key: api_key, api_secret")
        if not self.auth_token and not self.api_key:
            raise ValueError("no access to the account: auth_token, or api_key and api_secret")
        if bool(self.from_) == bool(self.messaging_service):
            raise ValueError("either from or messaging_service says who sends")
        return self


class AppriseShape(Shape):
    """Chats by name, or an SMS provider by the template of its URL."""

    kind: Literal["apprise"]
    chats: dict[str, Secret | list[Secret]] = Field({})
    url: Secret = ""

    @model_validator(mode="after")
    def _one(self) -> AppriseShape:
        if bool(self.chats) == bool(self.url):
            raise ValueError("either chats (name: URL) or url (with {phone}) says where to")
        return self


class ConsoleShape(Shape):
    """Prints the messages."""

    kind: Literal["console"]


SenderShape = Annotated[TwilioShape | AppriseShape | ConsoleShape, Field(discriminator="kind")]


class RouteShape(Shape):
    """Addresses with one of these prefixes go through these senders; without a prefix it is all addresses."""

    prefix: list[str] = Field([])
    through: Annotated[list[SenderName], Field(min_length=1)]


class SendersShape(Shape):
    """The whole file."""

    senders: Annotated[dict[SenderName, SenderShape], Field(min_length=1)]
    routes: dict[Literal["sms", "chat"], Annotated[list[RouteShape], Field(min_length=1)]]

    @model_validator(mode="after")
    def _known(self) -> SendersShape:
        for channel, routes in self.routes.items():
            for name in (name for route in routes for name in route.through):
                if name not in self.senders:
                    raise ValueError(f"routes.{channel}: no sender is named {name}")
        return self


#: Keys whose values are secrets, wherever they stand.
_SECRETS: Final = ("auth_token", "api_secret", "chats", "url")
_FILE: Final = TypeAdapter(SendersShape)
_Path = tuple[Hashable, ...]


def read_senders(path: Path, environment: Mapping[str, str]) -> SendersShape:
    """The file with every `env:NAME` replaced. Raises `SendersError` with every mistake, as `file:line: sentence`."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise SendersError(f"{path}: larger than {LARGEST_FILE // 1000} kB: this cannot be a senders file")
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise SendersError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SendersError(f"{path}: not UTF-8; save the file with the encoding UTF-8") from None
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise SendersError(f"{path}{line}: not YAML: {getattr(error, 'problem', '')}") from None
    lines: dict[_Path, int] = {}
    mistakes: list[tuple[int, str]] = []
    value = _plain(tree, (), lines, mistakes)
    value = _resolved(value, (), environment, lines, mistakes)
    if not mistakes:
        try:
            return _FILE.validate_python(value)
        except ValidationError as error:
            mistakes = list(_told(error, lines))
    raise SendersError("\n".join(f"{path}:{line}: {sentence}" for line, sentence in sorted(set(mistakes))))


#: Setting -> key of `TwilioShape`.
_SETTINGS: Final = {
    "account_sid": "XIXI_TWILIO_ACCOUNT_SID",
    "auth_token": "XIXI_TWILIO_AUTH_TOKEN",
    "api_key": "XIXI_TWILIO_API_KEY",
    "api_secret": "XIXI_TWILIO_API_SECRET",
    "from": "XIXI_TWILIO_FROM",
    "messaging_service": "XIXI_TWILIO_MESSAGING_SERVICE",
    "base_url": "XIXI_TWILIO_BASE_URL",
}


def twilio_of(given: Mapping[str, str]) -> SendersShape:
    """One sender named `twilio` from keys of `TwilioShape`, or the console when all are empty.

    Raises `SendersError` that names the settings.
    """
    if not any(given.values()):
        return _FILE.validate_python(
            {
                "senders": {"console": {"kind": "console"}},
                "routes": {channel: [{"through": ["console"]}] for channel in ("sms", "chat")},
            }
        )
    try:
        shape = TwilioShape.model_validate({"kind": "twilio"} | {key: value for key, value in given.items() if value})
    except ValidationError as error:
        told = []
        for problem in error.errors(include_input=False, include_url=False):
            key = str(problem["loc"][0]) if problem["loc"] else ""
            sentence = problem["msg"].removeprefix("Value error, ")
            for name, setting in _SETTINGS.items():
                sentence = re.sub(rf"\b{name}\b", setting, sentence)
            told.append(f"{_SETTINGS[key]}: {sentence}" if key else sentence)
        raise SendersError("; ".join(told)) from None
    return SendersShape(senders={"twilio": shape}, routes={"sms": [RouteShape(through=["twilio"])]})


def _plain(node: Any, at: _Path, lines: dict[_Path, int], mistakes: list[tuple[int, str]]) -> Any:
    """The node's value, with the line of each of its parts; keys that are written twice are mistakes."""
    if node is None:
        return {}
    lines.setdefault(at, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value)
            line = key.start_mark.line + 1
            if name in found:
                mistakes.append((line, f"{name} is written twice"))
            lines[(*at, name)] = line
            found[name] = _plain(value, (*at, name), lines, mistakes)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*at, n), lines, mistakes) for n, item in enumerate(node.value)]
    # Account and telephone numbers are texts, quoted or not; of the rest only seconds are numbers.
    return node.value


def _resolved(
    value: Any, at: _Path, environment: Mapping[str, str], lines: dict[_Path, int], mistakes: list[tuple[int, str]]
) -> Any:
    """`value` with the environment's values in it."""
    if isinstance(value, dict):
        return {k: _resolved(v, (*at, k), environment, lines, mistakes) for k, v in value.items()}
    if isinstance(value, list):
        return [_resolved(v, (*at, n), environment, lines, mistakes) for n, v in enumerate(value)]
    # senders.NAME.KEY…
    secret = len(at) > 2 and at[0] == "senders" and at[2] in _SECRETS
    if not value.startswith(_ENV):
        if secret and value:
            mistakes.append((lines[at], f"{_place(at)}: a secret; write env:NAME and set NAME in the environment"))
        return value
    name = value.removeprefix(_ENV).strip()
    if not environment.get(name):
        mistakes.append((lines[at], f"{_place(at)}: {name} is not set in the environment"))
    return environment.get(name, "")


def _told(error: ValidationError, lines: Mapping[_Path, int]) -> Iterator[tuple[int, str]]:
    for problem in error.errors(include_input=False, include_url=False):
        # The kind of a sender is no key of the file; what follows it is.
        path = tuple(part for n, part in enumerate(problem["loc"]) if not (n == 2 and problem["loc"][0] == "senders"))
        path = tuple(part for part in path if part != "[key]")
        line = next((lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in lines), 1)
        sentence = problem["msg"].removeprefix("Value error, ")
        yield line, f"{_place(path)}: {sentence}" if path else sentence


def _place(path: _Path) -> str:
    return "".join(f"[{key + 1}]" if isinstance(key, int) else f".{key}" for key in path).removeprefix(".")
