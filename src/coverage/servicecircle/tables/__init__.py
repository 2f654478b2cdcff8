"""Files to frames: encodings, header rows, Chinese and English headers, cells as people type them.

Nothing here knows about coordinates: `sites` and `demand` go on from the `Table`. Numbers,
answers, dates and shares are read; words stay the planner's own, and `standards` and `hours`
know what they mean.
"""

from servicecircle.tables.describe import TableDescription, describe_table
from servicecircle.tables.headers import canonical
from servicecircle.tables.read import RepeatedIds, Table, read_table

__all__ = [
    "RepeatedIds",
    "Table",
    "TableDescription",
    "canonical",
    "describe_table",
    "read_table",
]
