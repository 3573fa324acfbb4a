"""Open a file of examples: read it, guess its columns, remember it as long as it stays as it is."""

import hashlib
from dataclasses import replace
from pathlib import Path

from engine.dataset_results import Dataset, DatasetResult, PredictionsResult
from engine.datasets.columns import columns_of_fields, guess_label_of_records, guess_labels, guess_pair, guess_text
from engine.datasets.read import Read
from engine.datasets.readers import reader_for
from engine.datasets.table import Table
from engine.errors import UserError
from engine.jobs import Partial, Steps
from engine.requests import DatasetRequest, DataSource, PredictionsRequest
from engine.results import Notice

LARGEST = 2_000_000_000  # bytes
_MOST_LABELS = 1_000  # different ones; more are no classes
_GUESSABLE = ("delimiter", "encoding", "quoted", "header", "text", "pair", "labels")


class Datasets:
    """The last data that were opened, good as long as their files do not change."""

    def __init__(self, most: int = 2) -> None:
        self._open: dict[DataSource, tuple[tuple[int, int], Dataset]] = {}
        self._most = most
        self.predictions: dict[PredictionsRequest, PredictionsResult] = {}  # the last ones

    def is_current(self, data: Dataset) -> bool:
        """Whether the file is as it was."""
        known = self._open.get(data.source)
        return known is not None and known[1] is data and known[0] == _signature(data.source.path)

    def keep(self, request: PredictionsRequest, result: PredictionsResult) -> None:
        """For the next question about them."""
        self.predictions.pop(request, None)
        self.predictions[request] = result
        while len(self.predictions) > self._most:
            del self.predictions[next(iter(self.predictions))]

    def read(self, request: DatasetRequest) -> Steps[DatasetResult]:
        """The job for a request."""
        return DatasetResult(request, (yield from self.open(request.source)))

    def open(self, source: DataSource, sha256: str | None = None) -> Steps[Dataset]:
        """What is in ``source``.

        Args:
            sha256: what it was when it was opened; None: whatever it is now.

        Raises:
            UserError: it cannot be read, or has changed since.
        """
        signature = _signature(source.path)
        known = self._open.get(source)
        if known is None or known[0] != signature:
            data = yield from open_dataset(source)
            if _signature(source.path) != signature:
                raise UserError(f"{data.table.name} changed while it was being read; open it again.", "data_changed")
            self._remember(source, signature, data)
            self._remember(data.source, signature, data)
        data = self._open[source][1]
        if sha256 not in (None, data.sha256):
            raise UserError(f"{data.table.name} has changed on the disk since it was opened; open it again.", "data_changed")
        return data

    def _remember(self, source: DataSource, signature: tuple[int, int], data: Dataset) -> None:
        self._open.pop(source, None)
        self._open[source] = (signature, data)
        while len({id(kept) for _, kept in self._open.values()}) > self._most:
            del self._open[next(iter(self._open))]


def _signature(path: str) -> tuple[int, int]:
    try:
        status = Path(path).stat()
    except (OSError, ValueError) as error:  # a name too long, a NUL
        why = getattr(error, "strerror", None) or "there is no such file"
        raise UserError(f"{path} cannot be read ({why}).", "unreadable") from None
    return status.st_size, status.st_mtime_ns


def open_dataset(source: DataSource) -> Steps[Dataset]:
    """Read ``source`` anew.

    Raises:
        UserError: it cannot be read, is too large, is no table, or has no such columns.
    """
    name = Path(source.path).name
    reader = reader_for(source.path, name)
    if _signature(source.path)[0] > LARGEST:
        raise UserError(f"{name} is larger than {LARGEST // 1_000_000:,} MB; take a sample of it.", "too_large")
    yield Partial(0, doing="Reading the table")
    try:
        content = Path(source.path).read_bytes()
    except OSError as error:
        raise UserError(f"{name} cannot be read ({error.strerror}).", "unreadable") from None
    read = Read(source, name)
    yield from reader(read, content)
    return dataset_of(source, read, read.table(), hashlib.sha256(content).hexdigest())


def dataset_of(asked: DataSource, read: Read, table: Table, sha256: str) -> Dataset:
    """A table whose columns are known, or guessed.

    Raises:
        UserError: it has no such columns.
    """
    source = with_columns(read.source, table)
    warnings = [*read.warnings, *_about(source, table)]
    if read.left_out_count:
        first = read.left_out[0].reason
        warnings.append(Notice(f"Lines that are no rows, and were left out: {read.left_out_count:,}. {first}", "left_out"))
    records = columns_of_fields(source.fields, table.columns)
    settled = ("text", "pair") if records else ()
    guessed = tuple(
        name for name in _GUESSABLE if name not in settled and getattr(asked, name) is None and getattr(source, name) is not None
    )
    return Dataset(
        source,
        sha256,
        table,
        guessed,
        _counted(source, table),
        read.left_out,
        read.left_out_count,
        tuple(warnings),
        records,
    )


def with_columns(source: DataSource, table: Table) -> DataSource:
    """``source`` with its columns.

    Raises:
        UserError: there are none of these names.
    """
    records = columns_of_fields(source.fields, table.columns)
    if records:
        return _of_records(source, table, [column for _, column in records])
    text = guess_text(table) if source.text is None else source.text
    pair = guess_pair(table, text) if source.pair is None else source.pair
    labels = guess_labels(table, (text, pair)) if source.labels is None else source.labels
    for column in (text, pair, *labels):
        if column or column == text:
            table.series(column)
    if text == pair or {text, pair} & set(labels):
        raise UserError("A column cannot be text and label at once; name another for one of them.", "same_column")
    return replace(source, text=text, pair=pair, labels=labels)


def _of_records(source: DataSource, table: Table, columns: list[str]) -> DataSource:
    """No column is a text where several are a record; a field cannot be the label as well."""
    labels = guess_label_of_records(table, columns) if source.labels is None else source.labels
    for column in labels:
        table.series(column)
    both = next((column for column in labels if column in columns), None)
    if both is not None:
        raise UserError(f"The column “{both}” is a field that the model reads; name another for the label.", "same_column")
    return replace(source, text="", pair="", labels=labels)


def _about(source: DataSource, table: Table) -> list[Notice]:
    records = columns_of_fields(source.fields, table.columns)
    if records:
        known = {field for field, _ in records}
        missing = [field for field in source.fields if field not in known]
        words = f"No column is named after these fields, which are read as blank: {', '.join(missing)}."
        return [Notice(words, "missing_fields")] if missing else []
    texts = table.series(source.text or "")
    empty = int((texts.str.strip_chars() == "").sum())
    return [Notice(f"Rows without a text: {empty:,} of {table.rows:,}.", "empty_rows")] if empty else []


def _counted(source: DataSource, table: Table) -> tuple[tuple[str, int], ...]:
    """The labels as they are written, the commonest first; several columns are counted by whoever reads them."""
    if len(source.labels or ()) != 1:
        return ()
    cells = table.series((source.labels or ())[0]).str.strip_chars()
    counts = cells.filter(cells != "").value_counts(sort=True)
    if counts.height > _MOST_LABELS:
        return ()
    found = zip(counts.get_column(cells.name).to_list(), counts.get_column("count").to_list(), strict=True)
    return tuple(sorted(((str(name), int(count)) for name, count in found), key=lambda each: (-each[1], each[0])))
