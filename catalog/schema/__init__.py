"""The schema: the one specification of every variable on disk, and the arrays that it describes.

:mod:`~catalog.schema.groups` has the tables. :mod:`~catalog.schema.conformity` makes labelled datasets by them and
validates datasets. :mod:`~catalog.schema.blocks` reads arrays that are larger than memory block by block. Nothing
here knows files.
"""

from catalog.layout import SCHEMA_VERSION
from catalog.schema.conformity import conform, decode, flag_numbers, validate, variable
from catalog.schema.groups import (
    ACTIVATIONS,
    ALIGNED,
    COORDINATES,
    FITTED,
    GROUPS,
    ORTHOGONAL,
    PAPER_STATEMENTS,
    PHASES,
    ROLES,
    STAGES,
    STATEMENTS,
    VERDICTS,
)
from catalog.schema.specification import Variable

__all__ = [
    "ACTIVATIONS",
    "ALIGNED",
    "COORDINATES",
    "FITTED",
    "GROUPS",
    "ORTHOGONAL",
    "PAPER_STATEMENTS",
    "PHASES",
    "ROLES",
    "SCHEMA_VERSION",
    "STAGES",
    "STATEMENTS",
    "VERDICTS",
    "Variable",
    "conform",
    "decode",
    "flag_numbers",
    "validate",
    "variable",
]
