"""Single cells of a file of petitions: instants, telephone numbers, choices."""

from datetime import date, time
from typing import Any

import pytest

from tests.adapters.intake_samples import HANGZHOU, wall
from xixi_workflow.adapters.intake_values import Unfit, as_instant, as_phone, as_urgency, as_yes

# --- single values --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-06-01T08:05:09", "2026-06-01T00:05:09"),
        ("2026-06-01T08:05:09+00:00", "2026-06-01T08:05:09"),
        ("2026-06-01T08:05:09Z", "2026-06-01T08:05:09"),
        ("2026-06-01T08:05:09.25+08:00", "2026-06-01T00:05:09.250000"),
        ("2026/6/1 8:05", "2026-06-01T00:05:00"),
        ("2026/6/1 8:05:09", "2026-06-01T00:05:09"),
        ("2026-6-1", "2026-05-31T16:00:00"),
        ("2026.6.1 8:05", "2026-06-01T00:05:00"),
        ("2026年6月1日", "2026-05-31T16:00:00"),
        ("2026年6月1日8时5分", "2026-06-01T00:05:00"),
        ("2026年6月1日 8点", "2026-06-01T00:00:00"),
        ("2026年6月1日 下午 1：05", "2026-06-01T05:05:00"),
        ("2026/6/1 1:05 PM", "2026-06-01T05:05:00"),
        ("2026/6/1 12:05 AM", "2026-05-31T16:05:00"),
        ("2026/6/1 上午12:05", "2026-06-01T04:05:00"),
        ("20260601", "2026-05-31T16:00:00"),
        ("202606010805", "2026-06-01T00:05:00"),
        ("20260601080509", "2026-06-01T00:05:09"),
        ("1780272309", "2026-06-01T00:05:09"),
        ("1780272309000", "2026-06-01T00:05:09"),
        (1780272309, "2026-06-01T00:05:09"),
        (46174.5, "2026-06-01T04:00:00"),
        (wall(2026, 6, 1, 8, 5), "2026-06-01T00:05:00"),
        (date(2026, 6, 1), "2026-05-31T16:00:00"),
    ],
)
def test_an_instant_is_read_as_people_and_programs_write_it(written: Any, instant: str) -> None:
    found = as_instant(written, HANGZHOU)
    assert found is not None
    assert found.isoformat() == f"{instant}+00:00"


@pytest.mark.parametrize(
    "written",
    [
        "昨天",
        "6/1/2026",
        "2026-13-01",
        "2026-02-30",
        "2026-06-01 25:00",
        "2026-06-01 8",
        "8:05",
        "0026-06-01",
        "3026-06-01",
        "123",
        5,
        1e300,
        float("nan"),
        True,
        time(8, 5),
        [2026],
    ],
)
def test_anything_else_is_no_instant(written: Any) -> None:
    with pytest.raises(Unfit):
        as_instant(written, HANGZHOU)


def test_an_empty_cell_is_no_instant_and_no_mistake() -> None:
    assert [as_instant(empty, HANGZHOU) for empty in (None, "", " ")] == [None, None, None]


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("19900001234", "19900001234"),
        (" 199 0000 1234 ", "19900001234"),
        ("199-0000-1234", "19900001234"),
        ("+86 19900001234", "+8619900001234"),
        ("（0571）0000 0000", "057100000000"),
        ("19900001234、19900005678", "19900001234"),
        ("无/19900005678", "19900005678"),
        (19900001234, "19900001234"),
        ("无", ""),
        ("-", ""),
        (None, ""),
    ],
)
def test_a_telephone_number_is_reduced_to_what_can_be_dialled(written: Any, number: str) -> None:
    assert as_phone(written) == number


@pytest.mark.parametrize("written", ["打微信", "1.99E+10", "110", "1990000123４", "1" * 16])
def test_what_cannot_be_dialled_is_refused_without_being_repeated(written: str) -> None:
    with pytest.raises(Unfit) as caught:
        as_phone(written)
    assert (caught.value.reason, caught.value.facts) == ("row_bad_phone", {})


@pytest.mark.parametrize(
    ("written", "urgency"),
    [
        ("", "normal"),
        (None, "normal"),
        ("一般", "normal"),
        ("紧急", "urgent"),
        ("特急", "emergency"),
        ("URGENT", "urgent"),
    ],
)
def test_an_urgency_is_read_in_both_languages(written: Any, urgency: str) -> None:
    assert as_urgency(written) == urgency


@pytest.mark.parametrize(
    ("written", "yes"),
    [("是", True), ("保密", True), (True, True), (1, True), ("否", False), (None, False), (0.0, False)],
)
def test_yes_and_no_are_read_as_they_are_written(written: Any, yes: bool) -> None:
    assert as_yes(written) is yes
