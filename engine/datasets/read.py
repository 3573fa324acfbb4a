"""What a reader of examples has so far: columns, rows, lines that are no rows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.dataset_results import NONE, Skipped
from engine.datasets.sniff import encoding_of
from engine.datasets.table import Table
from engine.errors import UserError
from engine.requests import DataSource
from engine.results import Notice

if TYPE_CHECKING:
    import polars

MOST_LISTED = 1_000  # of what went wrong
MOST_ROWS = 5_000_000
MOST_COLUMNS = 2_000
BATCH = 20_000  # rows between two yields
DOING = "Reading the table"


@dataclass(slots=True, eq=False)
class Read:
    """What a reader has so far.

    Args:
        source: with what was sniffed filled in.
    """

    source: DataSource
    name: str
    columns: list[str] = field(default_factory=list)
    parts: "list[polars.DataFrame]" = field(default_factory=list)
    rows: int = 0
    lines_left_out: list[tuple[int, str]] = field(default_factory=list)
    left_out_count: int = 0
    warnings: list[Notice] = field(default_factory=list)

    def add(self, rows: Sequence[Sequence[str]]) -> None:
        """Rows of as many cells as there are columns.

        Raises:
            UserError: there are too many.
        """
        import polars

        if not rows:
            return
        self.rows += len(rows)
        if self.rows > MOST_ROWS:
            raise UserError(f"{self.name} holds more than {MOST_ROWS:,} rows; take a sample of it.", "too_large")
        series = [polars.Series(str(at), cells, dtype=polars.String) for at, cells in enumerate(zip(*rows, strict=True))]
        self.parts.append(polars.DataFrame(series))

    def leave_out(self, line: int, reason: str) -> None:
        """It is no row; ``reason`` goes on from the number of the line."""
        self.left_out_count += 1
        if len(self.lines_left_out) < MOST_LISTED:
            self.lines_left_out.append((line, f"Line {line} {reason}"))

    @property
    def left_out(self) -> tuple[Skipped, ...]:
        """In the order of the file."""
        return tuple(Skipped(NONE, reason) for _, reason in sorted(self.lines_left_out))

    def warn(self, words: str, kind: str) -> None:
        self.warnings.append(Notice(words, kind))

    def table(self) -> Table:
        """All of it.

        Raises:
            UserError: there is nothing in it.
        """
        import polars

        if not self.rows:
            raise UserError(f"{self.name} holds no rows.", "empty_data")
        ragged = len({part.width for part in self.parts}) > 1  # columns that came up later are empty before
        whole = polars.concat(self.parts, how="diagonal" if ragged else "vertical", rechunk=True)
        whole = whole.fill_null("") if ragged else whole
        return Table(self.name, dict(zip(self.columns, whole.get_columns(), strict=True)))

    def decide_encoding(self, content: bytes) -> str:
        """That which was asked for, or that which reads it; what is not UTF-8 is said.

        Raises:
            UserError: it is no text, or not in the encoding that was asked for.
        """
        encoding = encoding_of(content, self.name, self.source.encoding)
        if self.source.encoding is None and encoding not in ("utf-8", "utf-8-sig"):
            self.warn(f"{self.name} is not UTF-8; it is read as {encoding}.", "encoding")
        return encoding

    def name_columns(self, names: Sequence[str]) -> None:
        """Each gets a name of its own."""
        found: list[str] = []
        twice: list[str] = []
        for number, name in enumerate(names, start=1):
            own = name.strip() or f"column {number}"
            if own in found:
                twice.append(own)
                own = next(f"{own} ({n})" for n in range(2, len(names) + 2) if f"{own} ({n})" not in (*found, *names))
            found.append(own)
        if twice:
            shown = ", ".join(f"“{name}”" for name in dict.fromkeys(twice))
            self.warn(f"Columns have the same name ({shown}); the later ones are numbered.", "duplicate_columns")
        self.columns = found
