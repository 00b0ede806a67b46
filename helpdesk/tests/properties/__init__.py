"""The promises of hardening (properties 1–13) against a plain model, by walks of thousands of steps that really commit.

`working`, `book`, `clocks` and `model` say what should happen and import nothing of the product; `house` makes people
and policies; `walk` to `machine` are the steps; `invariants` compares, one function for each numbered property.
"""

import pytest

# So that a comparison that fails says what differs.
_COMPARING = ("invariants", "walk", "talking", "moving", "holding", "machine", "workers")
pytest.register_assert_rewrite(*(f"{__name__}.{module}" for module in _COMPARING))
