"""How ticket numbers stand in addresses."""

from django.urls import register_converter

from tickets.querysets import NUMBER


class NumberConverter:
    """`<number:number>`: nothing but what our sequence makes, so that no odd string reaches the database."""

    regex = NUMBER

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(NumberConverter, "number")
