"""What each code of Twilio's means for the next attempt. Every row of the table is named here once more, by hand."""

import pytest

from xixi_workflow.adapters.twilio_codes import CODES, at_sending, by_receipt

OURS = {10001, 20003, 20005, 20006, 20008, 20404, 21212, 21601, 21603, 21606, 21609, 21659, 21660, 21701, 21703}
OURS |= {21704, 21705, 30002, 30010, 30032, 30034}
BUSY = {14107, 20429, 21611, 21730, 63038}
PERMANENT = {21211, 21217, 21265, 21266, 21602, 21604, 21614, 21617, 21619, 21635, 30004, 30005, 30006, 30007}
HERE_ONLY = {21408, 21608, 21612, 21910}
PASSING = {30001, 30003, 30008, 30022, 30036, 30410}


def test_every_code_is_judged_by_hand() -> None:
    assert {21610} | OURS | BUSY | PERMANENT | HERE_ONLY | PASSING == CODES.keys()


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_code_means_what_it_was_judged_to_mean(code: int) -> None:
    expected = next(
        meaning
        for codes, meaning in [
            ({21610}, (True, "opted_out")),
            (OURS, (False, "ours")),
            (BUSY, (False, "busy")),
            (PERMANENT, (True, "message")),
            (HERE_ONLY, (True, "ours")),
            (PASSING, (False, "message")),
        ]
        if code in codes
    )
    for meaning in (at_sending(code, 400), by_receipt(code)):
        assert (meaning.permanent, meaning.because) == expected
        assert meaning.text
        assert not any(character.isdigit() for character in meaning.text)


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        (21999, 400, (True, "message")),
        (30999, 400, (False, "message")),
        (63999, 400, (True, "message")),
        (20999, 400, (False, "ours")),
        (63999, 403, (False, "ours")),
        (63999, 429, (False, "busy")),
        (0, 429, (False, "busy")),
        (0, 400, (False, "ours")),
        (0, 404, (False, "ours")),
        (0, 407, (False, "ours")),
        (0, 302, (False, "ours")),
    ],
)
def test_an_unknown_code_at_sending_is_judged_by_its_range(code: int, status: int, expected: tuple[bool, str]) -> None:
    meaning = at_sending(code, status)
    assert (meaning.permanent, meaning.because) == expected


@pytest.mark.parametrize(("code", "permanent"), [(0, False), (30999, False), (63999, False), (21999, True)])
def test_an_unknown_code_in_a_receipt_may_pass_once(code: int, permanent: bool) -> None:
    assert by_receipt(code).permanent == permanent
