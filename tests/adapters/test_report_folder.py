"""The folder of finished documents: whole files, exact names."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from xixi_workflow.adapters.report_folder import ReportFolder


def test_what_is_kept_is_listed_and_read_back(tmp_path: Path) -> None:
    folder = ReportFolder(tmp_path / "deep" / "reports")
    assert folder.listed() == []
    folder.keep("2026-10-monthly-zh.pdf", b"one")
    folder.keep("2026-10-monthly-zh.csv", b"two")
    folder.keep("2026-10-monthly-zh.pdf", b"three")
    assert [(k.name, k.size) for k in folder.listed()] == [("2026-10-monthly-zh.csv", 3), ("2026-10-monthly-zh.pdf", 5)]
    assert folder.listed()[1].sha256 == hashlib.sha256(b"three").hexdigest()
    found = folder.open("2026-10-monthly-zh.pdf")
    assert found is not None
    with found:
        assert found.read() == b"three"


def test_a_file_that_changed_has_another_digest(tmp_path: Path) -> None:
    folder = ReportFolder(tmp_path)
    folder.keep("a.pdf", b"one")
    before = folder.listed()[0].sha256
    folder.keep("a.pdf", b"two")
    assert folder.listed()[0].sha256 == hashlib.sha256(b"two").hexdigest() != before


def test_nobody_else_of_the_machine_can_read_it(tmp_path: Path) -> None:
    folder = ReportFolder(tmp_path / "reports")
    path = folder.keep("a.pdf", b"one")
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    folder = ReportFolder(tmp_path)
    folder.keep("a.pdf", b"one")
    with pytest.raises(TypeError):
        folder.keep("a.pdf", "no bytes")  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.iterdir()] == ["a.pdf"]
    assert (tmp_path / "a.pdf").read_bytes() == b"one"


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../a.pdf", "a/b.pdf", "/a.pdf", ".a.pdf", "a", "a.PDF", "a\n.pdf", "a.pdf\n", "报.pdf",
             "a\0.pdf", "a.pdf/", "x" * 200 + ".pdf"]
)  # fmt: skip
def test_what_is_no_name_is_neither_written_nor_read(name: str, tmp_path: Path) -> None:
    folder = ReportFolder(tmp_path / "reports")
    with pytest.raises(ValueError, match="no name"):
        folder.keep(name, b"one")
    (tmp_path / "a.pdf").write_bytes(b"outside")
    assert folder.open(name) is None


def test_links_pipes_and_folders_are_no_documents(tmp_path: Path) -> None:
    outside = tmp_path / "outside.pdf"
    outside.write_bytes(b"outside")
    folder = ReportFolder(tmp_path / "reports")
    folder.path.mkdir()
    (folder.path / "link.pdf").symlink_to(outside)
    (folder.path / "folder.pdf").mkdir()
    os.mkfifo(folder.path / "pipe.pdf")
    assert [folder.open(name) for name in ("link.pdf", "folder.pdf", "pipe.pdf")] == [None] * 3
    assert folder.listed() == []
