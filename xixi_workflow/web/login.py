"""The page that asks a browser for the token, once."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from xixi_workflow.web.languages import Language
from xixi_workflow.web.style import document

_TEXT: Final[dict[Language, dict[str, str]]] = {
    "zh": {
        "title": "西溪诉求流程",
        "ask": "请输入口令。口令在服务器的 token 文件里，启动时会显示文件位置。",
        "token": "口令",
        "enter": "进入",
        "wrong": "口令不对，请核对后重新输入。",
    },
    "en": {
        "title": "Xixi Workflow",
        "ask": "Please enter the token. It is in the token file on the server; its place is shown at start.",
        "token": "Token",
        "enter": "Enter",
        "wrong": "That is not the token; please check and try again.",
    },
}


def login_page(language: Language, *, wrong: bool, then: str = "/") -> str:
    """The whole page; `wrong` after a failed attempt. `then` is the path of the page that was asked for."""
    text = _TEXT[language]
    complaint = f'<p class="bad" role="alert">{text["wrong"]}</p>' if wrong else ""
    action = "/enter" if then == "/" else f"/enter?then={quote(then, safe='')}"
    body = f"""<main class="narrow"><h1>{text["title"]}</h1>{complaint}<p>{text["ask"]}</p>
<form method="post" action="{action}"><label for="token">{text["token"]}</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<button>{text["enter"]}</button></form></main>"""
    return document(text["title"], body, language)
