"""The resourceVersion: one growing number for everything, written so that clients can only compare it for equality."""

from .refusals import BadRequest

# An odd factor is a bijection modulo 2**40: neighbouring revisions look unrelated and sort in no order.
_MODULUS = 2**40
_FACTOR = 0x9E3779B97F % _MODULUS | 1
_INVERSE = pow(_FACTOR, -1, _MODULUS)


class NumericRevisions:
    """What a real server writes: a decimal number."""

    def text(self, number: int) -> str:
        return str(number)

    def number(self, text: str) -> int:
        if not text.isdecimal():
            message = f'Invalid value: "{text}": invalid resource version'
            raise BadRequest(message)
        return int(text)


class OpaqueRevisions:
    """What a server may write by the letter of the documentation; catches clients that count or sort."""

    def text(self, number: int) -> str:
        return f"v{number * _FACTOR % _MODULUS:010x}"

    def number(self, text: str) -> int:
        try:
            return int(text.removeprefix("v"), 16) * _INVERSE % _MODULUS if text != "0" else 0
        except ValueError:
            message = f'Invalid value: "{text}": invalid resource version'
            raise BadRequest(message) from None


Revisions = NumericRevisions | OpaqueRevisions
