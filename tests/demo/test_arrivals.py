"""When petitions arrive, and what they say."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xixi_workflow.adapters.policy_folder import read_policy, shipped_folder
from xixi_workflow.core.commands import FilePetition
from xixi_workflow.demo import samples
from xixi_workflow.demo.arrivals import HOURLY_WEIGHTS, arrivals, instants

HANGZHOU = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 6, 1, tzinfo=HANGZHOU).astimezone(UTC)


@given(st.integers(1, 200), st.integers(1, 40), st.integers())
def test_every_arrival_lies_in_the_days_that_were_asked_for(count: int, days: int, seed: int) -> None:
    found = instants(count, days, START, HANGZHOU, random.Random(seed))
    assert len(found) == count
    assert found == sorted(found)
    assert found[0] >= START
    assert found[-1] < START + timedelta(days=days)


def test_the_hours_of_a_day_follow_the_citys_shape() -> None:
    found = instants(50_000, 30, START, HANGZHOU, random.Random(1))
    hours = Counter(at.astimezone(HANGZHOU).hour for at in found)
    total = sum(HOURLY_WEIGHTS)
    for hour, weight in enumerate(HOURLY_WEIGHTS):
        assert hours[hour] / 50_000 == pytest.approx(weight / total, rel=0.15)


@given(st.integers(2, 120), st.integers())
def test_a_twin_tells_the_matter_of_an_earlier_petition_and_keeps_its_own_number(count: int, seed: int) -> None:
    filings = [FilePetition("demo", str(n), f"title {n}", f"detail {n}") for n in range(count)]
    coming = arrivals(filings, 1, START, HANGZHOU, random.Random(seed))
    assert sorted(a.filing.source_id for a in coming) == sorted(f.source_id for f in filings)
    for place, arrival in enumerate(coming):
        assert arrival.filing.received_at is not None
        assert arrival.filing.received_at <= arrival.at
        if arrival.twin >= 0:
            assert arrival.twin < place
            assert arrival.filing.title == coming[arrival.twin].filing.title
            assert coming[arrival.twin].twin < 0


@given(
    st.lists(st.tuples(st.sampled_from(["", "grid", "nowhere"]), st.sampled_from(["", "1", "1-2", "2"])), min_size=1),
    st.integers(1, 60),
)
def test_no_two_petitions_share_a_source_and_an_id(rows: list[tuple[str, str]], count: int) -> None:
    said = [samples.Sample("title", "detail", source=source, source_id=given_id) for source, given_id in rows]
    made = samples.filings(said, count, POLICY, random.Random(1))
    assert len({(f.source, f.source_id) for f in made}) == count
    assert all(f.source in POLICY.sources.sources for f in made)


POLICY = read_policy(shipped_folder())


def test_the_shipped_samples_are_many_and_reach_every_kind_of_source() -> None:
    rows = samples.read(shipped_folder() / "samples" / "petitions.csv")
    assert len(rows) >= 150
    assert {row.source for row in rows} == set(POLICY.sources.sources) - {"demo", "canary"}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("subject,detail\na,b\n", "no column title"),
        ("id,text\n1,b\n", "no column title and no column detail"),
        ("", "no column title"),
        ("title,detail\n,\n", "no row"),
        ('title,detail\n"a,b\n', "line"),
        (b"title,detail\n\xff\xfe\xff,x\n", "UTF-8"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_line(
    tmp_path: Path, content: str | bytes, complaint: str
) -> None:
    path = tmp_path / "petitions.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(samples.BadSamples, match=complaint) as refused:
        samples.read(path)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_spreadsheets_csv_is_read_in_its_usual_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "petitions.csv"
    path.write_bytes('编号,Title,DETAIL\r\n1,路灯不亮,"三天了,\r\n没人修"\r\n2,,只有内容\r\n'.encode(encoding))
    first, second = samples.read(path)
    assert (first.title, first.detail) == ("路灯不亮", "三天了,\r\n没人修")
    assert (second.title, second.detail) == ("只有内容", "只有内容")
