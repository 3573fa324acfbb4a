"""The log holds what happened, and nothing the user typed."""

import faulthandler
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import qWarning

from gui.logs import LOG_FILE, Logs, install_excepthook


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    logs = Logs(tmp_path)
    yield tmp_path / LOG_FILE
    logs.end()
    faulthandler.enable(sys.__stderr__)


def test_an_uncaught_exception_is_shown_in_full_and_logged_without_its_message(log: Path) -> None:
    shown: list[tuple[str, str]] = []
    install_excepthook(lambda text, detail: shown.append((text, detail)))
    typed = "".join(("the user's", " own words"))  # the source line is logged, and may be: it is ours
    try:
        raise ValueError(typed)
    except ValueError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    [(text, detail)] = shown
    assert text == "Something went wrong in Neuroloupe itself (ValueError); your text is kept."
    assert typed in detail
    written = log.read_text(encoding="utf-8")
    assert "ValueError" in written
    assert "test_logs.py" in written
    assert typed not in written


def test_qts_messages_are_logged(log: Path) -> None:
    qWarning("a word from Qt")
    assert "a word from Qt" in log.read_text(encoding="utf-8")
