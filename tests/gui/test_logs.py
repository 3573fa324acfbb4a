"""The log holds what happened, and nothing the user typed."""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import qInstallMessageHandler, qWarning

from gui.logs import LOG_FILE, install_excepthook, start_logging


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    import faulthandler

    hook, root, level = sys.excepthook, list(logging.getLogger().handlers), logging.getLogger().level
    start_logging(tmp_path)
    yield tmp_path / LOG_FILE
    qInstallMessageHandler(None)
    sys.excepthook = hook
    for handler in [each for each in logging.getLogger().handlers if each not in root]:
        logging.getLogger().removeHandler(handler)
        handler.close()
    logging.getLogger().setLevel(level)
    faulthandler.enable(sys.__stderr__)


def test_an_uncaught_exception_is_shown_in_full_and_logged_without_its_message(log: Path) -> None:
    shown: list[tuple[str, str]] = []
    install_excepthook(lambda text, detail: shown.append((text, detail)))
    try:
        raise ValueError("the user's own words")
    except ValueError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    [(text, detail)] = shown
    assert text == "Something went wrong in Neuroloupe itself (ValueError); your text is kept."
    assert "the user's own words" in detail
    written = log.read_text(encoding="utf-8")
    assert "ValueError" in written
    assert "test_logs.py" in written
    assert "own words" not in written


def test_qts_messages_are_logged(log: Path) -> None:
    qWarning("a word from Qt")
    assert "a word from Qt" in log.read_text(encoding="utf-8")
