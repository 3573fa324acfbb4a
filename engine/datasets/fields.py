"""What is to be said of a table of records before its numbers are believed: fields missing, too long, of another type."""

from engine.dataset_results import Dataset
from engine.records import RecordField
from engine.results import ModelInfo, Notice

_SHOWN = 6  # fields


def about_fields(data: Dataset, model: ModelInfo) -> list[Notice]:
    """In how many rows each, and the first value that is meant."""
    known = {field.name: field for field in model.fields}
    counts = [_Count(data, known[name], column) for name, column in data.fields if name in known]
    missing = [f"{each.name} {each.missing:,}" for each in counts if each.missing]
    cut = [f"{each.name} {each.cut:,} (“{each.first_cut}” to {each.width})" for each in counts if each.cut]
    wrong = [f"{each.name} {each.wrong:,} ({each.first_wrong})" for each in counts if each.wrong]
    said = [
        ("Empty fields, read as blank, in rows", missing, "missing_field"),
        ("Fields longer than the model reads, whose ends were cut, in rows", cut, "cut"),
        ("Fields that are not what they should be, read as they stand, in rows", wrong, "wrong_type"),
    ]
    return [Notice(f"{words}: {_listed(those)}.", kind) for words, those, kind in said if those]


def _listed(those: list[str]) -> str:
    return "; ".join(those[:_SHOWN]) + (f"; and {len(those) - _SHOWN} more fields" if len(those) > _SHOWN else "")


class _Count:
    """One field over all rows; each different cell is looked at once."""

    def __init__(self, data: Dataset, field: RecordField, column: str) -> None:
        self.name, self.width = field.name, field.width
        self.missing = self.cut = self.wrong = 0
        self.first_cut = self.first_wrong = ""
        cells = data.table.series(column).str.strip_chars()
        counts = cells.value_counts()
        for value, count in zip(counts.get_column(cells.name).to_list(), counts.get_column("count").to_list(), strict=True):
            self._note(field, str(value), int(count))

    def _note(self, field: RecordField, value: str, count: int) -> None:
        if not value:
            self.missing += count
        elif len(value) > field.width:
            self.cut += count
            self.first_cut = min(filter(None, (self.first_cut, value[:40])))
        elif fault := field.fault(value):
            self.wrong += count
            self.first_wrong = min(filter(None, (self.first_wrong, fault)))
