"""Public holidays out of two packages, imported only when asked: they are large and only the import needs them."""

import re
from dataclasses import dataclass
from datetime import date


class HolidaysUnknown(ValueError):
    """No holidays are known for this country or, so far, for this year."""


@dataclass(frozen=True)
class SpecialDay:
    """A day off, or a weekend day that is worked in exchange for one."""

    date: date
    name: str
    is_working: bool


def special_days(country: str, year: int) -> list[SpecialDay]:
    """The special days of a year by ISO country code, in order of date."""
    return china_days(year) if country.upper() == "CN" else other_days(country, year)


def countries() -> list[tuple[str, str]]:
    """ISO code and English name of every country and region whose holidays are known, by name."""
    from holidays.registry import COUNTRIES

    return sorted(
        ((code, re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)) for name, code, *_others in COUNTRIES.values()),
        key=lambda each: each[1],
    )


def china_days(year: int) -> list[SpecialDay]:
    """Statutory holidays and make-up working days as the State Council announced them for that year."""
    from chinese_calendar import constants

    announced = {day.year for day in constants.holidays}
    if year not in announced:
        raise HolidaysUnknown(
            f"The holidays of China are known for {min(announced)} to {max(announced)}, not for {year}. "
            "A newer release of chinesecalendar may know them."
        )
    names = {each.value: each.chinese for each in constants.Holiday}
    days = [
        SpecialDay(day, f"{names[name]} {name}", is_working=False)
        for day, name in constants.holidays.items()
        if day.year == year
    ]
    days += [
        SpecialDay(day, f"{names[name]}调休上班 {name}, make-up working day", is_working=True)
        for day, name in constants.workdays.items()
        if day.year == year
    ]
    return sorted(days, key=lambda each: each.date)


def other_days(country: str, year: int) -> list[SpecialDay]:
    """Public holidays of any other country, and its worked weekend days where it has such."""
    import holidays

    try:
        found = holidays.country_holidays(country.upper(), years=year)
    except NotImplementedError as error:
        raise HolidaysUnknown(f"No holidays are known for the country {country!r}.") from error
    days = [SpecialDay(day, name, is_working=False) for day, name in found.items() if day.year == year]
    if not days:
        raise HolidaysUnknown(f"No holidays are known for {country.upper()} in {year}.")
    worked = (day for day in getattr(found, "weekend_workdays", ()) if day.year == year)
    days += [SpecialDay(day, "make-up working day", is_working=True) for day in worked]
    return sorted(days, key=lambda each: each.date)
