"""What runs, how far, how long; nothing when nothing runs, and nothing for what is done at once."""

import pytest
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton
from pytestqt.qtbot import QtBot

from engine.jobs import Partial
from gui.views.job_bar import JobBar


@pytest.fixture
def bar(qtbot: QtBot) -> JobBar:
    made = JobBar()
    qtbot.addWidget(made)
    made.show()
    return made


def progress(bar: JobBar) -> QProgressBar:
    found = bar.findChild(QProgressBar, "jobProgress")
    assert found is not None
    return found


def cancel(bar: JobBar) -> QPushButton:
    found = bar.findChild(QPushButton, "cancelButton")
    assert found is not None
    return found


def words(bar: JobBar) -> str:
    return " ".join(label.text() for label in bar.findChildren(QLabel) if label.isVisible() and label.text())


def test_a_quick_job_is_never_announced(bar: JobBar) -> None:
    bar.begin(1, "Saliency")
    assert not progress(bar).isVisible()
    bar.end(1)
    assert not bar._patience.isActive()


def test_a_long_job_shows_how_far_it_is(bar: JobBar, qtbot: QtBot) -> None:
    bar.begin(1, "Integrated Gradients")
    qtbot.waitUntil(lambda: progress(bar).isVisible(), timeout=5000)
    assert progress(bar).maximum() == 0, "how far is not known yet"
    bar.show_partial(1, Partial(12, 48, doing="Walking the path"))
    assert words(bar).startswith("Walking the path 12/48")
    assert progress(bar).value() == 250
    bar.end(1)
    assert not progress(bar).isVisible()


@pytest.mark.parametrize(
    ("partial", "said"),
    [
        (Partial(0.266667, 1), "26 %"),  # a share of one whole
        (Partial(0.999, 1), "99 %"),  # not whole yet
        (Partial(0, 1), "0 %"),
        (Partial(1.6, 3), "1/3"),  # of three things, one is done
        (Partial(1_234_567, 9_982_123), "1,234,567/9,982,123"),
        (Partial(12), ""),
    ],
)
def test_a_share_reads_as_per_cent_and_a_count_as_a_count(bar: JobBar, qtbot: QtBot, partial: Partial, said: str) -> None:
    bar.begin(1, "Integrated Gradients")
    qtbot.waitUntil(lambda: progress(bar).isVisible(), timeout=5000)
    bar.show_partial(1, partial)
    assert bar._count.text() == said
    bar.end(1)


def test_the_job_begun_last_is_shown_and_the_other_again_after_it(bar: JobBar, qtbot: QtBot) -> None:
    bar.begin(1, "First")
    bar.begin(2, "Second")
    qtbot.waitUntil(lambda: progress(bar).isVisible(), timeout=5000)
    assert words(bar) == "Second"
    bar.end(2)
    assert words(bar) == "First"
    bar.end(1)


def test_stopping_is_said_until_the_step_has_ended(bar: JobBar, qtbot: QtBot) -> None:
    bar.begin(1, "Integrated Gradients")
    qtbot.waitUntil(lambda: progress(bar).isVisible(), timeout=5000)
    with qtbot.waitSignal(bar.cancel_requested):
        cancel(bar).click()
    bar.show_stopping()
    bar.show_partial(1, Partial(13, 48, doing="Walking the path"))
    assert words(bar).startswith("Stopping after this step…")
    assert not cancel(bar).isEnabled()
    bar.end(1)


def test_what_cannot_be_cancelled_offers_no_cancel(bar: JobBar, qtbot: QtBot) -> None:
    bar.begin(0, "Starting the engine…", cancellable=False)
    qtbot.waitUntil(lambda: progress(bar).isVisible(), timeout=5000)
    assert not cancel(bar).isVisible()
    bar.end(0)


def test_partials_of_jobs_long_gone_are_ignored(bar: JobBar) -> None:
    bar.show_partial(7, Partial(1, 2))
    bar.end(7)
