"""Finished documents over HTTP: listed with what is known of them, handed out by exact name to whoever may see them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import pytest

from tests.conftest import DATABASES, fresh_postgres_database
from tests.processes.running import TOKEN, Running, running
from xixi_workflow.adapters.report_folder import ReportFolder
from xixi_workflow.core.frozen import Issued
from xixi_workflow.store import frozen
from xixi_workflow.store.connect import Store

pytestmark = pytest.mark.slow

AT = datetime(2026, 11, 1, 0, 30, tzinfo=UTC)
FILES = {
    "2026-10-monthly-zh.pdf": b"%PDF-1.7 report",
    "2026-10-monthly-zh-draft.xlsx": b"PK draft",
    "2026-W43-weekly-public-en-v2.html": b"<!doctype html><script>document.title='gone'</script>",
    "nobody-noted-this.csv": b"a,b\r\n",
}
SECRET = "what stands outside of the folder"


class Place(NamedTuple):
    service: Running
    folder: Path


@pytest.fixture(scope="module", params=DATABASES)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("service")
    with ExitStack() as stack:
        url = f"sqlite:///{folder}/xixi.db"
        if request.param == "postgresql":
            url = stack.enter_context(fresh_postgres_database(request.getfixturevalue("postgres_url")))
        service = stack.enter_context(running(folder, url))
        reports = folder / "state" / "reports"
        for name, data in FILES.items():
            ReportFolder(reports).keep(name, data)
        (folder / "state" / "secret.csv").write_text(SECRET, "utf-8")
        (reports / "link.csv").symlink_to(folder / "state" / "secret.csv")
        os.mkfifo(reports / "pipe.csv")
        (reports / "folder.csv").mkdir()
        (reports / ".hidden.csv").write_text(SECRET, "utf-8")
        note(url)
        yield Place(service, reports)


def note(url: str) -> None:
    store = Store(url)

    def issued(name: str, version: int, audience: str, language: str, form: str, by: str = "flow") -> Issued:
        data = FILES[name]
        period, ending = name[:8] if "W" in name else name[:7], name.rpartition(".")[2]
        sha256 = hashlib.sha256(data).hexdigest()
        return Issued(sha256, name, period, version, form, "", language, audience, ending, by, AT, len(data))

    frozen.issue(
        store,
        [
            issued("2026-10-monthly-zh.pdf", 1, "internal", "zh", "monthly", "operator <1>"),
            issued("2026-W43-weekly-public-en-v2.html", 2, "public", "en", "weekly"),
            issued("2026-10-monthly-zh-draft.xlsx", 0, "internal", "zh", "monthly"),
        ],
    )
    store.close()


def test_every_document_is_listed_with_what_is_known_of_it(place: Place) -> None:
    page = place.service.ask("/reports?lang=zh")
    assert (page.status, page.headers["cache-control"]) == (200, "no-store")
    for name, data in FILES.items():
        assert f'<a href="/reports/{name}">' in page.body
        assert hashlib.sha256(data).hexdigest()[:8] in page.body
    rows = {row.split("</a>")[0].rpartition(">")[2]: row for row in page.body.split("<tr><td")[1:]}
    assert list(rows)[:3] == [
        "2026-10-monthly-zh-draft.xlsx",
        "2026-W43-weekly-public-en-v2.html",
        "2026-10-monthly-zh.pdf",
    ]
    # 00:30 UTC is 08:30 in the city.
    for said in ("2026-10<", "封存", "内部", "中文", "pdf", "1 kB", "2026-11-01 08:30", "operator &lt;1&gt;"):
        assert said in rows["2026-10-monthly-zh.pdf"], said
    assert "草稿" in rows["2026-10-monthly-zh-draft.xlsx"]
    assert "更正第 2 版" in rows["2026-W43-weekly-public-en-v2.html"]
    assert "公开" in rows["2026-W43-weekly-public-en-v2.html"]
    for hidden in ("link.csv", "pipe.csv", "folder.csv", ".hidden"):
        assert hidden not in page.body
    english = place.service.ask("/reports?lang=en").body
    assert "correction v2" in english
    assert 'lang="zh"' in english


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("2026-10-monthly-zh.pdf", "application/pdf"),
        (
            "2026-10-monthly-zh-draft.xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        ("2026-W43-weekly-public-en-v2.html", "text/html; charset=utf-8"),
        ("nobody-noted-this.csv", "text/csv; charset=utf-8"),
    ],
)
def test_a_document_is_saved_whole_and_never_shown_within_the_site(name: str, kind: str, place: Place) -> None:
    got = place.service.ask(f"/reports/{name}")
    assert got.status == 200
    assert got.body.encode() == FILES[name]
    headers = {key.lower(): value for key, value in got.headers.items()}
    assert headers["content-type"] == kind
    assert headers["content-disposition"] == f'attachment; filename="{name}"'
    assert headers["content-length"] == str(len(FILES[name]))
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in headers["content-security-policy"]


HOSTILE = [
    "../secret.csv",
    "..%2fsecret.csv",
    "%2e%2e%2fsecret.csv",
    "..%5csecret.csv",
    "..%252fsecret.csv",
    "./2026-10-monthly-zh.pdf%00",
    "2026-10-monthly-zh.pdf%00.csv",
    "2026-10-monthly-zh.pdf%20",
    "2026-10-MONTHLY-zh.pdf",
    "2026-10-monthly-zh",
    "link.csv",
    "pipe.csv",
    "folder.csv",
    ".hidden.csv",
    "%2fetc%2fpasswd",
    "//etc/passwd",
    "a%0d%0aX-Evil:%201.csv",
    quote("报表.csv"),
    "a" * 5000 + ".csv",
    "..",
    ".",
    "%22.csv",
    "",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_but_an_exact_name_opens_anything(name: str, place: Place) -> None:
    got = place.service.ask(f"/reports/{name}")
    assert got.status in (307, 404, 422), got
    assert SECRET not in got.body
    assert "X-Evil" not in got.headers
    assert FILES["2026-10-monthly-zh.pdf"].decode() not in got.body


def test_a_name_that_is_not_there_is_told_so_in_the_readers_language(place: Place) -> None:
    got = place.service.ask("/reports/2027-01-monthly-zh.pdf", headers={"Accept-Language": "zh-CN"})
    assert (got.status, got.json["error"], got.json["message"]) == (404, "not_found", "没有这个地址。")


def test_who_is_not_known_sees_neither_list_nor_document_and_comes_back_to_it(place: Place) -> None:
    wanted = "/reports/2026-10-monthly-zh.pdf"
    for path in ("/reports", wanted):
        asked = place.service.ask(path, token=None)
        assert asked.status == 401
        assert "2026-W43" not in asked.body
        assert f'action="/enter?then={quote(path, safe="")}"' in asked.body
        assert place.service.ask(path, token="wrong").status == 401
        wrong = place.service.ask(path, token=None, headers={"Cookie": "xixi=guessed"})
        assert wrong.status == 401
    entered = place.service.ask(f"/enter?then={quote(wanted, safe='')}", f"token={TOKEN}".encode(), token=None)
    assert (entered.status, entered.headers["location"]) == (303, wanted)
    cookie = {"Cookie": entered.headers["set-cookie"].split(";")[0]}
    assert place.service.ask(wanted, token=None, headers=cookie).body.encode() == FILES["2026-10-monthly-zh.pdf"]
    assert place.service.ask("/reports", token=None, headers=cookie).status == 200
    # The cookie opens pages, not the API.
    assert place.service.ask("/api/v1/petitions/20261123000001", token=None, headers=cookie).status == 401
    assert place.service.ask("/reports", b"x", token=None, headers=cookie, method="POST").status == 401


@pytest.mark.parametrize(
    "then", ["https://example.org/", "//example.org", "/reportsx", "javascript:alert(1)", "/\\example.org", "reports"]
)
def test_after_the_token_nobody_is_sent_anywhere_else(then: str, place: Place) -> None:
    entered = place.service.ask(f"/enter?then={quote(then, safe='')}", f"token={TOKEN}".encode(), token=None)
    assert (entered.status, entered.headers["location"]) == (303, "/")


def test_a_header_cannot_be_smuggled_through_the_page_that_was_asked_for(place: Place) -> None:
    then = quote("/reports/x\r\nSet-Cookie: a=b", safe="")
    entered = place.service.ask(f"/enter?then={then}", f"token={TOKEN}".encode(), token=None)
    assert entered.headers["location"] == "/reports/x%0D%0ASet-Cookie%3A%20a%3Db"
    assert entered.headers["set-cookie"].startswith("xixi=")


def test_a_large_document_arrives_whole(place: Place) -> None:
    data = b"0123456789abcdef" * 200_000
    ReportFolder(place.folder).keep("large.json", data)
    assert place.service.ask("/reports/large.json").body.encode() == data
