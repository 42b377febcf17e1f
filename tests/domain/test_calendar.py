"""Days: those of Paris, those of school, and those known only to the month."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import (
    InvalidDate,
    PartialDate,
    SchoolBreak,
    SchoolCalendar,
    add_months,
    easter,
    french_date,
    paris_day,
    public_holidays,
    school_year,
    school_year_bounds,
    start_of,
)

DAYS = st.dates(date(2000, 1, 1), date(2090, 12, 31))
CALENDAR = SchoolCalendar(
    academie="08",
    version="test",
    breaks=(
        SchoolBreak(date(2025, 10, 18), date(2025, 11, 2), "Vacances de la Toussaint"),
        SchoolBreak(date(2025, 12, 20), date(2026, 1, 4), "Vacances de Noël"),
    ),
)


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 1, 11, 22, 59, tzinfo=UTC), date(2026, 1, 11)),
        (datetime(2026, 1, 11, 23, 0, tzinfo=UTC), date(2026, 1, 12)),
        (datetime(2026, 7, 11, 21, 59, tzinfo=UTC), date(2026, 7, 11)),
        (datetime(2026, 7, 11, 22, 0, tzinfo=UTC), date(2026, 7, 12)),
    ],
)
def test_the_day_changes_at_midnight_in_paris_summer_and_winter(instant: datetime, day: date) -> None:
    assert paris_day(instant) == day


def test_the_day_of_an_instant_without_a_time_zone_is_a_bug() -> None:
    with pytest.raises(ValueError, match="time zone"):
        paris_day(datetime(2026, 1, 1))


def test_the_days_on_which_the_clocks_change_have_23_and_25_hours() -> None:
    assert start_of(date(2026, 3, 30)) - start_of(date(2026, 3, 29)) == timedelta(hours=23)
    assert start_of(date(2026, 10, 26)) - start_of(date(2026, 10, 25)) == timedelta(hours=25)
    assert start_of(date(2026, 3, 29)) == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert start_of(date(2026, 3, 30)) == datetime(2026, 3, 29, 22, tzinfo=UTC)


@given(DAYS)
def test_a_day_begins_at_its_first_instant(day: date) -> None:
    assert paris_day(start_of(day)) == day
    assert paris_day(start_of(day) - timedelta(microseconds=1)) == day - timedelta(days=1)


def test_months_are_clamped_to_their_last_day() -> None:
    assert add_months(date(2025, 11, 30), 3) == date(2026, 2, 28)
    assert add_months(date(2027, 11, 30), 3) == date(2028, 2, 29)
    assert add_months(date(2026, 1, 31), -2) == date(2025, 11, 30)
    assert add_months(date(2026, 12, 15), 24) == date(2028, 12, 15)


@given(DAYS, st.integers(-60, 60))
def test_adding_months_moves_by_whole_months(day: date, n: int) -> None:
    moved = add_months(day, n)
    assert (moved.year * 12 + moved.month) - (day.year * 12 + day.month) == n
    assert moved.day == day.day or (moved.day < day.day and (moved + timedelta(1)).day == 1)


def test_easter_falls_where_the_church_says() -> None:
    assert [easter(year) for year in (2000, 2008, 2024, 2025, 2026, 2027, 2038)] == [
        date(2000, 4, 23),
        date(2008, 3, 23),
        date(2024, 3, 31),
        date(2025, 4, 20),
        date(2026, 4, 5),
        date(2027, 3, 28),
        date(2038, 4, 25),
    ]


def test_2026_has_eleven_public_holidays() -> None:
    assert list(public_holidays(2026)) == [
        date(2026, 1, 1),
        date(2026, 4, 6),
        date(2026, 5, 1),
        date(2026, 5, 8),
        date(2026, 5, 14),
        date(2026, 5, 25),
        date(2026, 7, 14),
        date(2026, 8, 15),
        date(2026, 11, 1),
        date(2026, 11, 11),
        date(2026, 12, 25),
    ]


def test_a_school_year_begins_on_the_first_of_september() -> None:
    assert school_year(date(2025, 8, 31)) == "2024-2025"
    assert school_year(date(2025, 9, 1)) == "2025-2026"
    assert school_year_bounds("2025-2026") == (date(2025, 9, 1), date(2026, 8, 31))


@given(DAYS)
def test_a_day_lies_within_its_school_year(day: date) -> None:
    first, last = school_year_bounds(school_year(day))
    assert first <= day <= last


@pytest.mark.parametrize("text", ["2025", "2025-2027", "2026-2025", "rentrée 2025"])
def test_two_years_that_do_not_follow_are_no_school_year(text: str) -> None:
    with pytest.raises(InvalidDate, match="année scolaire"):
        school_year_bounds(text)


def test_no_school_on_weekends_holidays_and_breaks() -> None:
    assert CALENDAR.is_school_day(date(2025, 10, 17))
    assert not CALENDAR.is_school_day(date(2025, 10, 20)), "Toussaint"
    assert CALENDAR.is_school_day(date(2025, 11, 3))
    assert not CALENDAR.is_school_day(date(2025, 11, 8)), "a Saturday"
    assert not CALENDAR.is_school_day(date(2025, 11, 11)), "the Armistice"


def test_deadlines_step_over_the_holidays() -> None:
    assert CALENDAR.add_school_days(date(2025, 10, 17), 1) == date(2025, 11, 3)
    assert CALENDAR.add_school_days(date(2025, 12, 5), 20) == date(2026, 1, 16)
    assert CALENDAR.add_school_days(date(2025, 10, 25), 0) == date(2025, 10, 25)
    assert CALENDAR.school_days_between(date(2025, 10, 17), date(2025, 11, 3)) == 1
    assert CALENDAR.school_days_between(date(2025, 11, 3), date(2025, 10, 17)) == 0


def test_school_days_are_not_counted_backward() -> None:
    with pytest.raises(ValueError, match="forward"):
        CALENDAR.add_school_days(date(2025, 12, 5), -1)


@given(DAYS, st.integers(1, 200))
def test_the_nth_school_day_is_n_school_days_away(day: date, n: int) -> None:
    due = CALENDAR.add_school_days(day, n)
    assert CALENDAR.is_school_day(due)
    assert CALENDAR.school_days_between(day, due) == n
    assert CALENDAR.school_days_between(day, due - timedelta(days=1)) == n - 1


@given(DAYS, st.integers(0, 60), st.integers(0, 60))
def test_school_days_add_up(day: date, n: int, m: int) -> None:
    assert CALENDAR.add_school_days(CALENDAR.add_school_days(day, n), m) == (
        CALENDAR.add_school_days(day, n + m)
    )


@given(DAYS, DAYS, DAYS)
def test_counts_over_adjoining_periods_add_up(one: date, two: date, three: date) -> None:
    first, middle, last = sorted(
        date(2025 + day.year % 3, day.month, min(day.day, 28)) for day in (one, two, three)
    )
    assert CALENDAR.school_days_between(first, last) == (
        CALENDAR.school_days_between(first, middle) + CALENDAR.school_days_between(middle, last)
    )


def test_a_calendar_says_how_far_it_is_known() -> None:
    assert CALENDAR.known_until == date(2026, 1, 4)
    assert CALENDAR.covers(date(2025, 12, 1))
    assert not CALENDAR.covers(date(2026, 1, 5))
    assert not CALENDAR.covers(date(2025, 10, 17))
    assert CALENDAR.is_school_day(date(2030, 2, 20)), "beyond, weekdays count"
    assert not CALENDAR.is_school_day(date(2031, 4, 14)), "save the public holidays"


def test_a_calendar_without_dates_covers_nothing_and_counts_weekdays() -> None:
    bare = SchoolCalendar("33", "weekdays")
    assert bare.known_until is None
    assert not bare.covers(date(2025, 12, 1))
    assert bare.add_school_days(date(2025, 12, 19), 5) == date(2025, 12, 29)


def test_a_break_can_be_named_on_screen() -> None:
    pause = CALENDAR.break_on(date(2025, 12, 24))
    assert pause is not None
    assert pause.label == "Vacances de Noël"
    assert CALENDAR.break_on(date(2025, 12, 1)) is None


def test_equal_calendars_are_one_key() -> None:
    twin = SchoolCalendar("08", "test", CALENDAR.breaks)
    assert twin.covers(date(2025, 12, 1))
    assert {CALENDAR: 1}[twin] == 1


@pytest.mark.parametrize(
    "breaks",
    [
        tuple(reversed(CALENDAR.breaks)),
        (SchoolBreak(date(2026, 1, 4), date(2025, 12, 20), "à l'envers"),),
    ],
)
def test_breaks_out_of_order_are_a_bug(breaks: tuple[SchoolBreak, ...]) -> None:
    with pytest.raises(ValueError, match="break"):
        SchoolCalendar("08", "test", breaks)


@pytest.mark.parametrize(
    ("text", "iso", "label"),
    [
        ("2025-12-05", "2025-12-05", "5 décembre 2025"),
        ("05/12/2025", "2025-12-05", "5 décembre 2025"),
        ("5.12.2025", "2025-12-05", "5 décembre 2025"),
        ("5 décembre 2025", "2025-12-05", "5 décembre 2025"),
        (" 05 DECEMBRE  2025 ", "2025-12-05", "5 décembre 2025"),
        ("1er mai 2026", "2026-05-01", "1er mai 2026"),
        ("1 août 2026", "2026-08-01", "1er août 2026"),
        ("2025-01", "2025-01", "janvier 2025"),
        ("01/2025", "2025-01", "janvier 2025"),
        ("Janvier 2025", "2025-01", "janvier 2025"),
        ("fevrier 2021", "2021-02", "février 2021"),
    ],
)
def test_days_and_months_are_read_as_people_write_them(text: str, iso: str, label: str) -> None:
    partial = PartialDate.parse(text)
    assert partial.isoformat() == str(partial) == iso
    assert partial.label == label


def test_a_month_lasts_from_its_first_day_to_its_last() -> None:
    february = PartialDate.parse("2028-02")
    assert (february.first, february.last) == (date(2028, 2, 1), date(2028, 2, 29))
    day = PartialDate(date(2025, 12, 5))
    assert (day.first, day.last, day.precision) == (date(2025, 12, 5), date(2025, 12, 5), "day")


@pytest.mark.parametrize(
    "text",
    ["", "hier", "2025", "2025-13", "2025-02-29", "31/04/2025", "00/2025", "5 brumaire 2025",
     "2025-1-5", "٢٠٢٥-٠١"],
)  # fmt: skip
def test_what_is_no_date_is_refused_with_the_way_to_write_one(text: str) -> None:
    with pytest.raises(InvalidDate) as refusal:
        PartialDate.parse(text)
    assert refusal.value.value == text
    assert refusal.value.remedy.startswith("Écrivez un jour")


def test_a_month_that_does_not_begin_on_its_first_day_is_a_bug() -> None:
    with pytest.raises(ValueError, match="first day"):
        PartialDate(date(2025, 1, 2), "month")


PARTIAL_DATES = st.one_of(
    st.builds(PartialDate, DAYS),
    st.builds(lambda day: PartialDate(day.replace(day=1), "month"), DAYS),
)


@given(PARTIAL_DATES)
def test_what_is_written_is_read_again(partial: PartialDate) -> None:
    assert PartialDate.parse(partial.isoformat()) == partial
    assert PartialDate.parse(partial.label) == partial
    assert partial.first <= partial.last


@given(PARTIAL_DATES, PARTIAL_DATES)
def test_partial_dates_are_in_the_order_of_their_first_days(one: PartialDate, two: PartialDate) -> None:
    assert min(one, two).first == min(one.first, two.first)


@given(st.text())
def test_any_text_is_a_date_or_is_refused(text: str) -> None:
    try:
        partial = PartialDate.parse(text)
    except InvalidDate:
        return
    assert PartialDate.parse(partial.isoformat()) == partial


def test_the_first_of_the_month_is_written_with_its_ordinal() -> None:
    assert french_date(date(2026, 9, 1)) == "1er septembre 2026"
    assert french_date(date(2026, 9, 11)) == "11 septembre 2026"


@pytest.mark.parametrize("text", ["0000-01", "0001-01-01", "01/12/1989", "2101-01-01", "9999-12"])
def test_a_year_in_which_nothing_can_have_happened_is_refused(text: str) -> None:
    with pytest.raises(InvalidDate) as no:
        PartialDate.parse(text)
    assert "plausible" in no.value.problem
    assert "1990 et 2100" in no.value.remedy
