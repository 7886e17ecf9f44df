"""The frame of every page: one style sheet inside the page, fonts of the reader's own machine, no script."""

from __future__ import annotations

from html import escape
from typing import Final

from xixi_workflow.web.languages import Language

_STYLE: Final = """
:root{color-scheme:light dark;--ink:#1f2933;--soft:#616e7c;--line:#e4e7eb;--card:#fff;--ground:#f5f7fa;
--good:#0c7a5b;--warn:#a15c00;--bad:#b42318;--link:#1d5fa8}
@media (prefers-color-scheme:dark){:root{--ink:#e4e7eb;--soft:#9aa5b1;--line:#323f4b;--card:#1f2933;--ground:#151b22;
--good:#4cc38a;--warn:#f0b429;--bad:#ff8a80;--link:#7cb5f2}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.6 system-ui,-apple-system,"PingFang SC",
"Hiragino Sans GB","Microsoft YaHei","Noto Sans CJK SC","WenQuanYi Zen Hei",sans-serif}
main{max-width:1280px;margin:0 auto;padding:28px 20px 48px}main.narrow{max-width:440px;padding-top:14vh}
header{display:flex;flex-wrap:wrap;gap:4px 24px;align-items:baseline;margin-bottom:20px}
h1{font-size:22px;margin:0;font-weight:600}h2{font-size:16px;margin:0 0 10px;font-weight:600}
header p,.soft{color:var(--soft);margin:0}header nav{margin-left:auto}
a{color:var(--link)}
.row{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:14px;margin-bottom:14px}
.wide{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(420px,100%),1fr));gap:14px;margin-bottom:14px}
section,.card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:16px 18px;overflow-x:auto}
.lists{grid-template-columns:repeat(auto-fit,minmax(min(600px,100%),1fr))}td.team{white-space:normal}
.card b{display:block;font-size:30px;line-height:1.25;font-weight:600;font-variant-numeric:tabular-nums}
.card span{color:var(--soft)}
.good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}
.notice{border-left:4px solid var(--bad)}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:5px 14px 5px 0;border-bottom:1px solid var(--line);white-space:nowrap}
th{color:var(--soft);font-weight:500}tr:last-child td{border-bottom:0}
td.n,th.n{text-align:right}td.zero{color:var(--soft)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 18px;margin:0}dt{color:var(--soft)}dd{margin:0}
label{display:block;color:var(--soft);margin-top:14px}
input{width:100%;font:inherit;padding:9px 11px;border:1px solid var(--soft);border-radius:6px;
background:var(--card);color:inherit}
button{font:inherit;margin-top:14px;padding:9px 22px;border:0;
border-radius:6px;background:var(--link);color:var(--card)}
"""


def document(title: str, body: str, language: Language, *, refresh: int = 0) -> str:
    """A whole page around `body` (HTML); reloaded by the browser every `refresh` seconds."""
    again = f'<meta http-equiv="refresh" content="{refresh}">' if refresh else ""
    tag = "zh-CN" if language == "zh" else "en"
    return (
        f'<!doctype html><html lang="{tag}"><head><meta charset="utf-8">{again}'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title><style>{_STYLE}</style></head>'
        f"<body>{body}</body></html>"
    )
