"""Django's formats, save that a month without its year has no leading zero."""

MONTH_DAY_FORMAT = "n月j日"
