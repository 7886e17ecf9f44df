"""Is a report what it says it is: its file, the journal it quotes, the figures it prints.

Everything is asked of the database and counted anew; the file is believed in nothing but which claims to check.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Literal

import msgspec

from xixi_workflow.core.document import Enclosed, Provenance
from xixi_workflow.core.figures import digest
from xixi_workflow.core.frozen import Frozen, Issued, is_sound
from xixi_workflow.engine import exports, freeze
from xixi_workflow.engine.exports import Asked, Writer
from xixi_workflow.engine.handle import Engine
from xixi_workflow.store import frozen as store
from xixi_workflow.store.verify import Broken, verify

#: Fine, wrong, or neither: something that a reader should know.
Verdict = Literal["ok", "wrong", "note"]
#: `file` is as issued; `journal` sound, with the root named; `frozen` as kept; `figures` counted again; `newer`
#: whether a correction replaced it; `made` again from the same, the same bytes.
What = Literal["file", "journal", "frozen", "figures", "newer", "made"]


class Finding(msgspec.Struct, frozen=True):
    """The answer to one question about a report, in both languages."""

    what: What
    verdict: Verdict
    zh: str
    en: str


def check(engine: Engine, data: bytes, says: Provenance, writers: Mapping[str, Writer]) -> list[Finding]:
    """Every question about the file `data`, which `says` what it was made of, answered.

    `writers` make the document again; a format without one is left out. Reads the whole journal and counts the period:
    takes as long as `xixi verify` and a freeze together. Writes nothing.
    """
    return list(_Check(engine, data, says, writers).all())


def sound(findings: list[Finding]) -> bool:
    """Whether nothing is wrong."""
    return all(finding.verdict != "wrong" for finding in findings)


class _Check:
    def __init__(self, engine: Engine, data: bytes, says: Provenance, writers: Mapping[str, Writer]) -> None:
        self.engine, self.data, self.says, self.writers = engine, data, says, writers
        self.sha256 = hashlib.sha256(data).hexdigest()
        self.issued = store.issued(engine.store, sha256=self.sha256, limit=1)

    def all(self) -> Iterator[Finding]:
        yield self._file()
        yield self._journal()
        if self.says.version:
            kept = store.get(self.engine.store, self.says.period, self.says.version)
            yield self._frozen(kept)
            if kept is not None and is_sound(kept):
                yield self._figures(kept)
        else:
            yield Finding(
                "frozen",
                "note",
                "这是草稿：封存前导出，数字可能已变",
                "this is a draft: made before the period was frozen, its figures may have changed",
            )
        yield from self._newer()
        yield from self._made()

    def _file(self) -> Finding:
        if self.issued:
            one = self.issued[0]
            at = self._local(one.at)
            zh = f"文件与导出时一字不差：{one.name}，{at} 由 {one.by} 导出"
            return Finding("file", "ok", zh, f"the file is as it was issued: {one.name}, by {one.by} on {at}")
        alike = [one for one in store.issued(self.engine.store, period=self.says.period) if self._is(one)]
        if alike:
            zh = f"文件在导出后被改动过：同时导出的 {len(alike)} 个文件校验值都与它不同（xixi month issued）"
            en = f"the file was changed since: none of the {len(alike)} issued with it is the same (xixi month issued)"
            return Finding("file", "wrong", zh, en)
        return Finding(
            "file",
            "wrong",
            "没有导出过这份文件：它不是从本系统导出的，或导出后被改动过",
            "no such file was issued: it was not made here, or changed since",
        )

    def _is(self, one: Issued) -> bool:
        """Whether a file was issued with this one, by what it says of itself."""
        says = self.says
        return (one.at, one.by, one.version, one.form, one.team, one.language, one.audience) == (
            says.exported_at, says.exported_by, says.version, says.form, says.team, says.language, says.audience,
        )  # fmt: skip

    def _journal(self) -> Finding:
        found = verify(self.engine.store)
        if isinstance(found, Broken):
            zh = f"日志被改动过：第 {found.seal} 个封印"
            return Finding("journal", "wrong", zh, f"the journal was changed: seal {found.seal}: {found.why}")
        root = store.root_at(self.engine.store, self.says.seal)
        if root != self.says.root:
            zh = f"日志在第 {self.says.seal} 个封印处的根与文件所载不符"
            en = f"the journal is sound, and its root at seal {self.says.seal} is not the one that the file names"
            return Finding("journal", "wrong", zh, en)
        zh = f"日志完好（{found.seals} 个封印），第 {self.says.seal} 个封印处的根与文件所载一致"
        en = f"the journal is sound ({found.seals} seals), and its root at seal {self.says.seal} is the file's"
        return Finding("journal", "ok", zh, en)

    def _frozen(self, kept: Frozen | None) -> Finding:
        says = self.says
        if kept is None:
            zh = f"{says.period} 没有第 {says.version} 版存档"
            return Finding("frozen", "wrong", zh, f"{says.period} has no frozen version {says.version}")
        if not is_sound(kept):
            zh = f"{says.period} 第 {says.version} 版的存档被改动过，与其校验值不符"
            en = f"the stored version {says.version} of {says.period} was changed: it does not fit its hash"
            return Finding("frozen", "wrong", zh, en)
        claims = (says.report, says.figures, says.seal, says.root, says.cut_off)
        if claims != (kept.report, kept.digest, kept.seal, kept.root, kept.cut_off):
            zh = f"文件所载与 {says.period} 第 {says.version} 版存档不符"
            en = f"what the file says is not what is kept as version {says.version} of {says.period}"
            return Finding("frozen", "wrong", zh, en)
        at = self._local(kept.at)
        zh = f"与 {says.period} 第 {says.version} 版存档一致，{at} 由 {kept.by} 封存"
        return Finding("frozen", "ok", zh, f"it is version {says.version} of {says.period}, kept by {kept.by} on {at}")

    def _figures(self, kept: Frozen) -> Finding:
        again = digest(freeze.count_again(self.engine, kept))
        if again == self.says.figures:
            return Finding("figures", "ok", "重新核算，数字一个不差", "counted again, every figure is the same")
        if again == kept.digest:
            # The file is in the wrong: nobody may suspect the database for what was written into a file.
            zh, en = (
                "重新核算，与存档相同，与文件所载不同",
                "counted again, figures are as kept and not as the file says",
            )
            return Finding("figures", "wrong", zh, en)
        if any(one.period == kept.period and one.version > kept.version for one in freeze.listed(self.engine)):
            zh = "重新核算，数字与这一版不同，已有更正"
            return Finding("figures", "note", zh, "counted again, figures differ from this version; it was corrected")
        reasons = {reason.no for reason in freeze.why(self.engine, kept)}
        if not reasons:
            zh = "重新核算，数字不同，日志里没有原因：数据库被绕过日志改动过"
            en = "counted again, figures differ, and no line of the journal says why: rows were changed past it"
            return Finding("figures", "wrong", zh, en)
        zh = f"重新核算，数字不同：封存以后有 {len(reasons)} 件诉求补记或改派，应作更正（xixi month recount）"
        en = f"counted again, figures differ: {len(reasons)} petition(s) since; to be corrected (xixi month recount)"
        return Finding("figures", "wrong", zh, en)

    def _newer(self) -> Iterator[Finding]:
        last = store.versions(self.engine.store, [self.says.period]).get(self.says.period, 0)
        if last > self.says.version > 0:
            zh = f"这一版已被第 {last} 版更正取代"
            yield Finding("newer", "wrong", zh, f"it is superseded by version {last}, a correction")
        elif last > self.says.version:
            zh = f"此后已封存第 {last} 版，以封存版为准"
            yield Finding("newer", "wrong", zh, f"the period was frozen since: version {last} counts, not this draft")

    def _made(self) -> Iterator[Finding]:
        """The document again, byte for byte; of a draft that cannot be: its figures were kept nowhere."""
        form = self.issued[0].format if self.issued else ""
        says = self.says
        if not says.version or form not in self.writers:
            return
        asked = Asked(says.period, says.form, says.team, says.language, says.audience, (form,))
        try:
            taken = exports.take(self.engine, says.period, says.version)
            document, shown = exports.fill(
                self.engine, asked, taken, by=says.exported_by, now=says.exported_at, until=says.exported_at
            )
            again = self.writers[form](document, Enclosed(shown, exports.facts_of(self.engine, asked, taken)))
        except ValueError:
            again = b""
        if again == self.data:
            yield Finding("made", "ok", "按出处重新生成，逐字节相同", "made again from the same, to the byte")
        else:
            zh = "按出处重新生成，字节不同：程序版本不同，或所附清单此后有变"
            en = "made again it is not the same to the byte: another release of the program, or its lists moved since"
            yield Finding("made", "note", zh, en)

    def _local(self, at: datetime) -> str:
        return at.astimezone(self.engine.policies.in_force.zone).strftime("%Y-%m-%d %H:%M")
