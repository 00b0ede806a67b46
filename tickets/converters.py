"""How ticket numbers stand in addresses."""

from django.urls import register_converter


class NumberConverter:
    """`<number:number>`: nothing but what our sequence makes, so that no odd string reaches the database."""

    regex = "T[0-9]{1,12}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(NumberConverter, "number")
