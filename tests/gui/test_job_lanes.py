"""Whose turn it is."""

from gui.job_lanes import Job, Lane, Lanes


def lanes_with(*wanted: Lane) -> Lanes:
    lanes = Lanes()
    for ticket, lane in enumerate(wanted):
        lanes.add(lane, Job(ticket, lane))
    return lanes


def turns(lanes: Lanes, count: int) -> list[object]:
    taken = [lanes.next() for _ in range(count)]
    return [None if job is None else job.request for job in taken]


def test_nobody_waits() -> None:
    assert Lanes().next() is None


def test_what_is_in_sight_takes_turns_with_the_map_that_is_not() -> None:
    lanes = lanes_with(Lane.INTERACTIVE, Lane.VIEW)
    assert turns(lanes, 4) == [Lane.INTERACTIVE, Lane.VIEW, Lane.INTERACTIVE, Lane.VIEW]


def test_a_view_alone_has_every_turn() -> None:
    assert turns(lanes_with(Lane.SCAN, Lane.BACKGROUND, Lane.VIEW), 3) == [Lane.VIEW] * 3


def test_opening_takes_turns_with_typing_and_with_nothing_else() -> None:
    lanes = lanes_with(Lane.SETUP, Lane.INTERACTIVE, Lane.VIEW, Lane.BACKGROUND)
    assert turns(lanes, 4) == [Lane.SETUP, Lane.INTERACTIVE, Lane.SETUP, Lane.INTERACTIVE]
    assert turns(lanes_with(Lane.SETUP, Lane.VIEW), 2) == [Lane.SETUP, Lane.SETUP]


def test_background_waits_for_all_that_is_shown_and_scans_for_background() -> None:
    assert turns(lanes_with(Lane.BACKGROUND, Lane.VIEW, Lane.INTERACTIVE), 4)[::2] == [Lane.INTERACTIVE] * 2
    assert turns(lanes_with(Lane.SCAN, Lane.BACKGROUND), 2) == [Lane.BACKGROUND] * 2
