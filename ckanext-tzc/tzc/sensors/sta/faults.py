"""Why a question cannot be answered: codes, which answers put into words.

    address     the address leads to nothing that this interface has
    option      an option that is none, or is given where it means nothing
    syntax      an expression that cannot be read; `near` what stands there
    number      a value that must be a whole number
    property    a property that the entity has not
    function    a function that is not known, or not offered
    arguments   a function with too many or too few arguments
    kinds       values that cannot be compared or computed with
    geometry    a geometry that cannot be read
    order       an order that is not offered
    format      a form of the answer that is not offered here
    deep        more in one another, or longer, than is looked at
"""
from __future__ import annotations

from typing import Any


class Fault(Exception):  # noqa: N818 -- it is what this module's codes are called everywhere
    """A question that cannot be answered. `code`: see above; `parameters`: what the words need."""

    def __init__(self, code: str, **parameters: Any) -> None:
        self.code, self.parameters = code, parameters
        super().__init__(f"{code} {parameters or ''}".strip())
