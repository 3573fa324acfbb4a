"""Jobs: driven to their end, closed on the way, their failures put in words."""

import pytest

from engine.errors import LoadError, UserError
from engine.jobs import Failure, Partial, Steps, TimeLeft, run


def counting(to: int, log: list[str]) -> Steps[str]:
    try:
        for i in range(to):
            yield Partial(i, to, doing="counting")
        return "done"
    finally:
        log.append("closed")


def test_run_hands_over_every_partial_and_returns_the_result():
    log: list[str] = []
    seen: list[Partial] = []
    assert run(counting(3, log), seen.append) == "done"
    assert [p.done for p in seen] == [0, 1, 2]
    assert log == ["closed"]


def test_a_job_is_closed_when_whoever_watches_fails():
    log: list[str] = []

    def stop(_: Partial) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(counting(3, log), stop)
    assert log == ["closed"]


def test_a_job_without_steps():
    log: list[str] = []
    assert run(counting(0, log)) == "done"


@pytest.mark.parametrize(
    ("partial", "fraction"), [(Partial(1, 4), 0.25), (Partial(5, 4), 1.0), (Partial(1), None), (Partial(0, 0), None)]
)
def test_fractions(partial: Partial, fraction: float | None):
    assert partial.fraction == fraction


def test_a_users_error_keeps_its_words_and_a_bug_is_called_one():
    assert Failure.of(LoadError("Gone.", "no_such_path", "x")) == Failure("Gone.", "no_such_path", "x")
    assert Failure.of(UserError("Empty.")).kind == "input"
    try:
        raise ZeroDivisionError("oops")
    except ZeroDivisionError as error:
        failure = Failure.of(error)
    assert failure.kind == "bug"
    assert failure.message == "Something went wrong in Neuroloupe itself (ZeroDivisionError: oops)."
    assert "test_jobs.py" in failure.detail


def test_time_left_of_a_steady_job():
    now = 0.0
    left = TimeLeft(lambda: now)
    told = []
    for done in range(1, 5):
        now += 2.0
        told.append(left.update(Partial(done, 4)))
    assert told == pytest.approx([6, 4, 2, 0])


def test_time_left_follows_a_job_that_gets_faster():
    now = 0.0
    left = TimeLeft(lambda: now)
    now = 10.0
    assert left.update(Partial(1, 10)) == pytest.approx(90)
    now = 11.0
    second = left.update(Partial(2, 10))
    assert second is not None
    assert 8 < second < 72


def test_time_left_is_not_guessed():
    left = TimeLeft(lambda: 0.0)
    assert left.update(Partial(1)) is None
    assert left.update(Partial(0, 10)) is None
