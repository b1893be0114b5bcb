"""Which figures of the paper stand beside a study's own."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ..errors import EvaluationError
from .published.tables import Row, table

Texts = Mapping[str, str]


@attrs.frozen
class Beside:
    """Rows of one of the paper's tables, each for a variant of a study."""

    table: int
    columns: Texts  # how those of the table that are shown are headed
    rows: Mapping[str, Texts]  # by label, cells that pick the row
    where: Texts = attrs.field(factory=dict)  # cells that all of the rows have

    def __attrs_post_init__(self) -> None:
        known = table(self.table).rows[0]
        if wrong := [name for name in self.columns if name not in known]:
            raise EvaluationError(
                f"Table {self.table} of the paper has no column {wrong[0]!r}; its columns are "
                f"{', '.join(known)}."
            )
        for label in self.rows:
            self._row(label)

    @property
    def title(self) -> str:
        return f"Table {self.table} of the paper: {table(self.table).title}"

    def figures(self, label: str) -> list[str]:
        """What the paper has for a variant; nothing where it has none."""
        row = self._row(label) if label in self.rows else {}
        return [row.get(name, "") for name in self.columns]

    def _row(self, label: str) -> Row:
        cells = {**self.where, **self.rows[label]}
        found = [row for row in table(self.table).rows if cells.items() <= row.items()]
        if len(found) != 1:
            raise EvaluationError(
                f"Table {self.table} of the paper has {len(found)} rows that fit {label!r}, and "
                f"one is wanted; see visualcrop paper {self.table}."
            )
        return found[0]
