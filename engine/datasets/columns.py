"""Which column holds the texts, which the second texts of pairs, which the labels."""

from collections.abc import Sequence

from engine.datasets.table import Table

TEXT = ("text", "sentence", "review", "document", "content")  # the first that is there
FIRST_OF_PAIR = ("sentence1", "premise", "question1", "text_a", "text1", "text_1", "question", "query")
SECOND_OF_PAIR = ("sentence2", "hypothesis", "question2", "text_b", "text2", "text_2", "pair", "answer", "passage")
LABEL = ("label", "labels", "class", "category", "sentiment", "topic", "target", "gold", "true", "y", "rating", "score")
KNOWN = frozenset((*TEXT, *FIRST_OF_PAIR, *SECOND_OF_PAIR, *LABEL))
_LOOKED_AT = 2_000  # rows
_MOST_LABELS = 20


def guess_text(table: Table) -> str:
    """The column named like a text, else that of the longest cells."""
    return named_like_a_text(table.columns) or max(table.columns, key=lambda name: _length(table, name))


def named_like_a_text(columns: Sequence[str]) -> str | None:
    """The one that says by its name that it holds texts."""
    return named(columns, (*TEXT, *FIRST_OF_PAIR))


def guess_pair(table: Table, text: str) -> str:
    """The column named like a second text, where the first is named like one; empty: none."""
    return (named(table.columns, SECOND_OF_PAIR) or "") if text.strip().lower() in FIRST_OF_PAIR else ""


def guess_labels(table: Table, beside: Sequence[str]) -> tuple[str, ...]:
    """The column named like a label, else the last one of few and short different values; empty: none."""
    others = [name for name in table.columns if name not in beside]
    known = named(others, LABEL)
    if known is not None:
        return (known,)
    few = [name for name in others if _is_few(table, name)]
    return (few[-1],) if few else ()


def columns_of_fields(fields: Sequence[str], columns: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """(field, column) of each field that a column is named after: exactly, else but for case, blanks and underscores."""
    folded = {_folded(name): name for name in reversed(columns)}
    found: dict[str, str] = {}  # column -> field: no column is read twice
    for field in fields:
        column = field if field in columns else folded.get(_folded(field))
        if column is not None:
            found.setdefault(column, field)
    return tuple((field, column) for column, field in found.items())


def guess_label_of_records(table: Table, fields: Sequence[str]) -> tuple[str, ...]:
    """Of the columns that are no fields, the one named like a label, else the last; empty: there is no other."""
    others = [name for name in table.columns if name not in fields]
    known = named(others, LABEL)
    return (known,) if known is not None else tuple(others[-1:])


def _folded(name: str) -> str:
    return "".join(name.casefold().replace("_", " ").split())


def named(columns: Sequence[str], known: Sequence[str]) -> str | None:
    """The first of ``known`` that is there, as the table writes it."""
    return next((name for each in known for name in columns if name.strip().lower() == each), None)


def _length(table: Table, column: str) -> int:
    return sum(map(len, table.cells(column, slice(_LOOKED_AT))))


def _is_few(table: Table, column: str) -> bool:
    cells = [cell for cell in table.cells(column, slice(_LOOKED_AT)) if cell.strip()]
    different = set(cells)
    return 2 <= len(different) <= min(_MOST_LABELS, len(cells) // 2) and max(map(len, different)) <= 40
