"""The room writes the text on while the film is in sight; branches, cancelling, findings, files, what cannot be."""

import json
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt

from engine.errors import UserError
from engine.requests import AttentionRequest, Generation, HeadRequest, TextInput
from engine.tfidf_reading import where
from gui.attention import film_desk
from gui.attention.choice import Choice
from gui.attention.film_page import FilmPage
from gui.attention.film_take import BRANCH, TRUNK
from gui.attention.film_writing import SAMPLE
from gui.attention.room import AttentionRoom
from gui.attention.view import TFIDF
from tests.gui.conftest import Stage

TEXT = "Not once does it"


def film(stage: Stage) -> FilmPage:
    return room_of(stage)._view.film


def room_of(stage: Stage) -> AttentionRoom:
    return next(room for room in stage.window.rooms if isinstance(room, AttentionRoom))


def asked(stage: Stage) -> list[AttentionRequest]:
    """Writings."""
    return [each for each in stage.stub.asked if isinstance(each, AttentionRequest) and each.generation.tokens]


def written(stage: Stage, lane: int = TRUNK, **generation: object) -> Callable[[], bool]:
    """Whole, with its rows, and as it was asked."""

    def there() -> bool:
        take = film(stage).take(lane)
        if take is None or not take.whole or take.film is None:
            return False
        how = take.result.request.generation
        return all(getattr(how, name) == value for name, value in generation.items())

    return there


@pytest.fixture
def room(stage: Stage) -> AttentionRoom:
    """Of a recurrent model: nothing but the film is there to be seen."""
    stage.open("/models/writer")
    stage.type(TEXT)
    stage.until_explained()
    stage.window.actions_registry["view_attention"].trigger()
    stage.until(written(stage))
    return room_of(stage)


@pytest.fixture
def gpt(stage: Stage) -> AttentionRoom:
    stage.open("/models/gpt")
    stage.type(TEXT)
    stage.until_explained()
    stage.window.actions_registry["view_attention"].trigger()
    stage.until(lambda: room_of(stage)._view.map is not None)
    assert not asked(stage)  # a writing costs time: not before it is looked at
    room_of(stage)._view.switcher._group.buttons()[4].click()
    stage.until(written(stage))
    return room_of(stage)


def test_a_recurrent_model_is_written_on_and_shows_no_heads(stage: Stage, room: AttentionRoom) -> None:
    view = room._view
    assert asked(stage) == [AttentionRequest("sha of /models/writer", TextInput(TEXT), Generation(tokens=40))]
    assert view.page == "film"
    assert not [each for each in stage.stub.asked if isinstance(each, HeadRequest)]
    assert [part.text() for part in view.switcher._group.buttons() if part.isVisible()] == ["Film", "TF-IDF"]
    assert not view.panel.isVisible()
    assert not view.controls.isVisible()
    assert view._facts.text().startswith("Logit of “w39”")
    view.film.show_step(0)
    view.film.looked.emit()
    assert view._facts.text().startswith("Logit of “w0”")


def test_what_is_set_is_asked_and_the_step_stays(stage: Stage, room: AttentionRoom) -> None:
    page = film(stage)
    page.transport.slider.setValue(7)
    page.writing.sampling.how._group.button(1).click()
    assert page.writing.sampling.how.current == SAMPLE
    stage.until(written(stage, temperature=0.8, seed=0))
    page.writing.sampling.top_k.setValue(10)
    page.writing.sampling.top_p.setValue(0.5)
    page.writing.sampling.seed.setValue(3)
    page.writing.tokens.setValue(20)
    wanted = Generation(tokens=20, temperature=0.8, top_k=10, top_p=0.5, seed=3)
    stage.until(written(stage, seed=3, tokens=20))
    assert asked(stage)[-1].generation == wanted
    assert page.step == 7
    assert page.steps == 20
    assert page.writing.how.text().startswith("T 0.8")


def test_another_checkpoint_writes_the_same_text(stage: Stage, room: AttentionRoom) -> None:
    page = film(stage)
    assert page.writing.checkpoint.isVisible()
    assert page.writing._named.text() == "epoch 2"
    page.transport.slider.setValue(5)
    page.writing.checkpoint.setValue(0)
    stage.until(written(stage, checkpoint="epoch 0"))
    assert page.step == 5
    assert page.writing._named.text() == "epoch 0"
    page.writing.checkpoint.setValue(2)
    stage.until(written(stage, checkpoint=None))


def test_a_text_read_elsewhere_is_written_on_when_one_comes_back(stage: Stage, room: AttentionRoom) -> None:
    stage.stub.step_seconds = 0.05
    stage.type("Another text")
    stage.until(lambda: any(isinstance(each, AttentionRequest) and "Another" in each.input.text for each in stage.stub.asked))
    stage.window.workspace.tabs.setCurrentIndex(0)  # before the answer
    stage.until(lambda: room._view.result is not None and room._view.result.input.text.startswith("Another"))
    stage.stub.step_seconds = 0.0
    assert asked(stage)[-1].input.text == TEXT
    room.enter()
    stage.until(lambda: asked(stage)[-1].input.text == "Another text" and written(stage)())


def test_scrubbing_asks_nothing(stage: Stage, room: AttentionRoom) -> None:
    before = len(stage.stub.asked)
    for step in range(10):
        film(stage).transport.slider.setValue(step)
    assert len(stage.stub.asked) == before


def test_a_text_typed_on_the_desk_is_written_on_and_nothing_stays_forced(stage: Stage, room: AttentionRoom) -> None:
    page = film(stage)
    page.show_step(3)
    page.lanes[TRUNK].force_wanted.emit("dull")
    stage.until(written(stage, BRANCH))
    page.lanes[BRANCH].make_trunk.click()
    assert page.take(BRANCH) is None
    assert asked(stage)[-1].generation.forced == ((3, "dull"),)
    stage.type("Another text")
    stage.until(lambda: written(stage, forced=())() and asked(stage)[-1].input.text == "Another text")
    assert page.step == 3


def test_what_was_slow_waits_for_its_button(stage: Stage, room: AttentionRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film_desk, "SLOW_SECONDS", 0.0)
    page, before = film(stage), len(asked(stage))
    page.writing.tokens.setValue(11)
    assert page.writing.write.isVisible()
    assert len(asked(stage)) == before
    page.writing.write.click()
    stage.until(written(stage, tokens=11))
    assert not page.writing.write.isVisible()


def test_a_branch_is_forced_where_one_is_and_dropped(stage: Stage, room: AttentionRoom) -> None:
    page = film(stage)
    page.transport.slider.setValue(4)
    page.lanes[TRUNK].alternatives.chosen.emit("b4")
    stage.until(written(stage, BRANCH))
    assert asked(stage)[-1].generation == Generation(tokens=40, forced=((4, "b4"),))
    assert page.step == 4
    take = page.take(BRANCH)
    assert take is not None
    assert [token.text for token in take.result.generated[3:6]] == ["w3", "b4", "v5"]
    page.transport.slider.setValue(6)
    page.lanes[BRANCH].alternatives.chosen.emit("c6")  # from the branch on
    stage.until(written(stage, BRANCH, forced=((4, "b4"), (6, "c6"))))
    page.lanes[BRANCH].drop.click()
    assert page.take(BRANCH) is None
    assert not page.lanes[BRANCH].isVisible()


def test_a_branch_becomes_the_trunk_and_is_let_go(stage: Stage, room: AttentionRoom) -> None:
    page = film(stage)
    page.transport.slider.setValue(4)
    page.lanes[TRUNK].force.setText("dull")
    page.lanes[TRUNK].force.returnPressed.emit()
    stage.until(written(stage, BRANCH))
    assert page.lanes[TRUNK].force.text() == ""
    count = len(asked(stage))
    page.lanes[BRANCH].make_trunk.click()
    take = page.take(TRUNK)
    assert take is not None
    assert take.result.request.generation.forced == ((4, "dull"),)
    assert len(asked(stage)) == count  # it is there already
    assert page.lanes[TRUNK].release.isVisible()
    page.lanes[TRUNK].release.click()
    stage.until(written(stage, forced=()))
    assert not page.lanes[TRUNK].release.isVisible()


def test_a_word_in_no_vocabulary_is_refused_in_one_sentence(stage: Stage, room: AttentionRoom) -> None:
    page = film(stage)
    page.lanes[TRUNK].force.setText("qwertz")
    page.lanes[TRUNK].force.returnPressed.emit()
    stage.until(lambda: page._message.isVisible())
    assert page._message.text() == "“qwertz” is not in the model's vocabulary, so it cannot be written."
    assert page.take(BRANCH) is None
    assert page.lanes[TRUNK].force.text() == "qwertz"  # to be mended
    assert written(stage)()
    page.lanes[TRUNK].force.setText("dull")
    page.lanes[TRUNK].force.returnPressed.emit()
    stage.until(written(stage, BRANCH))
    assert not page._message.isVisible()
    page.lanes[TRUNK].force.setText("qwertz")
    page.lanes[TRUNK].force.returnPressed.emit()
    stage.until(lambda: page._message.isVisible())
    assert written(stage, BRANCH)()  # the branch of before stays


@pytest.mark.parametrize("path", ["/models/writer", "/models/gpt"])
def test_cancelling_keeps_what_was_written(stage: Stage, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film_desk, "PATIENCE_SECONDS", 0.0)
    stage.open(path)
    stage.type(TEXT)
    stage.stub.step_seconds = 0.05
    stage.window.actions_registry["view_attention"].trigger()
    stage.until(lambda: room_of(stage)._view.result is not None)
    page = film(stage)
    room_of(stage)._view.switcher._group.buttons()[4].click()
    stage.until(lambda: page.take(TRUNK) is not None and 3 <= page.steps < 40)
    stage.window.jobs.cancel()
    stage.until(lambda: page._message.isVisible())
    steps = page.steps
    assert page._message.text().startswith(f"Stopped after {steps} of 40 tokens.")
    assert page.lanes[TRUNK]._head.text().startswith(f"Step {steps} of {steps}")
    assert (page.matrix.currentIndex() == 1) is ("writer" in path)  # rows of a head come with the whole
    assert page.writing.write.isVisible()
    stage.stub.step_seconds = 0.0
    page.writing.write.click()
    stage.until(lambda: page.steps == 40 and written(stage)())


def test_the_newest_writing_wins(stage: Stage, room: AttentionRoom) -> None:
    stage.stub.step_seconds = 0.01
    page = film(stage)
    for tokens in (30, 31, 32):
        page.writing.tokens.setValue(tokens)
    stage.until(written(stage, tokens=32))
    stage.stub.step_seconds = 0.0
    assert page.steps == 32


def test_a_writing_that_ends_at_once_says_so(stage: Stage, room: AttentionRoom) -> None:
    stage.type("a silent text")
    page = film(stage)
    stage.until(lambda: page._message.text() == "⚠ The model ended after 0 of 40 tokens.")
    assert page.steps == 0
    assert room.kept() is None
    assert room.caption() is None
    stage.type("a short text")
    stage.until(lambda: page.steps == 2)
    assert page._message.text() == "⚠ The model ended after 2 of 40 tokens."


def test_a_head_chosen_is_the_films_too(stage: Stage, gpt: AttentionRoom) -> None:
    page, view = film(stage), gpt._view
    assert view.controls.isVisible()
    assert not view.panel.isVisible()
    page.lanes[TRUNK].force_wanted.emit("dull")
    stage.until(written(stage, BRANCH))
    count = len(asked(stage))
    view.choose(Choice(layer=2, head="mean"))

    def both() -> bool:
        takes = page.take(TRUNK), page.take(BRANCH)
        return all(take is not None and take.map is not None and take.map.request.head == "mean" for take in takes)

    stage.until(both)
    assert len(asked(stage)) == count
    take = page.take(TRUNK)
    assert take is not None
    assert take.map is not None
    assert take.map.request.attention == take.result.request


def test_a_model_that_does_not_write_offers_no_film(stage: Stage, gpt: AttentionRoom) -> None:
    view = gpt._view
    stage.open()
    stage.type(TEXT)
    stage.until(lambda: view.map is not None and view.map.request.attention.model_sha256 == "sha of /models/film-mood")
    assert view.page == "heads"
    assert not view.switcher._group.buttons()[4].isVisible()
    assert film(stage).steps == 0


def test_pinned_and_seen_again(stage: Stage, room: AttentionRoom) -> None:
    page = film(stage)
    page.writing.sampling.how._group.button(1).click()
    page.writing.checkpoint.setValue(1)
    stage.until(written(stage, temperature=0.8, checkpoint="epoch 1"))
    page.transport.slider.setValue(3)
    page.lanes[TRUNK].alternatives.chosen.emit("b3")
    stage.until(written(stage, BRANCH))
    page.transport.slider.setValue(9)
    page.set_look(replace(page.look, picture="difference", coordinates="text", scale="linear", quantity="contributions"))
    look = page.look
    seen = room.seen()
    assert seen is not None
    assert seen.title.startswith("Film: Step 10 of 40: “")
    assert json.loads(dict(seen.state)["film_branch"]) == [[3, "b3"]]  # type: ignore[arg-type]
    page.lanes[BRANCH].drop.click()
    page.writing.sampling.how._group.button(0).click()
    page.writing.checkpoint.setValue(2)
    page.writing.tokens.setValue(5)
    stage.until(written(stage, tokens=5, temperature=None, checkpoint=None))
    room.show_seen(seen)
    stage.until(written(stage, BRANCH, temperature=0.8, checkpoint="epoch 1", forced=((3, "b3"),)))
    stage.until(lambda: page.look == look)
    assert written(stage, tokens=40, forced=())()
    assert page.step == 9


@pytest.mark.parametrize(
    "state",
    [
        (("film_tokens", "many"), ("film_forced", "{"), ("film_step", -4), ("film_scale", "cubic"), ("page", "film")),
        (
            ("page", "film"),
            ("film_tokens", 3),
            ("film_temperature", -1.0),
            ("film_branch", "[[0]]"),
            ("film_seed", True),
            ("film_step", 99),
        ),
    ],
)
def test_a_finding_that_makes_no_sense_here(stage: Stage, room: AttentionRoom, state: tuple[tuple[str, object], ...]) -> None:
    room.restore(state)  # type: ignore[arg-type]
    room.ask(AttentionRequest("sha of /models/writer", TextInput("Another text.")))
    stage.until(lambda: written(stage)() and asked(stage)[-1].input.text == "Another text.")
    how = asked(stage)[-1].generation
    assert (how.temperature, how.forced, how.seed) == (None, (), 0)
    assert film(stage).take(BRANCH) is None


def test_taken_along(stage: Stage, room: AttentionRoom, tmp_path: Path) -> None:
    page = film(stage)
    page.transport.slider.setValue(2)
    page.lanes[TRUNK].alternatives.chosen.emit("b2")
    stage.until(written(stage, BRANCH))
    page.set_look(replace(page.look, picture="branch"))
    kept = room.kept()
    assert kept is not None
    for suffix in kept.filters:
        kept.save(tmp_path / f"film{suffix}")
    take = page.take(BRANCH)
    assert take is not None
    assert take.result.history is not None
    with np.load(tmp_path / "film.npz", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["history_patterns"], take.result.history.patterns[-len(take.result.generated) :])
    words = shlex.split(kept.command(tmp_path))
    tail = ["/models/writer", "--text", TEXT, "--generate", "40", "--alternatives", "5", "--force", "2=b2", "--device", "cpu"]
    assert words[words.index("attention") + 1 :] == tail


def test_a_head_taken_along(stage: Stage, gpt: AttentionRoom, tmp_path: Path) -> None:
    kept = gpt.kept()
    assert kept is not None
    for suffix in kept.filters:
        kept.save(tmp_path / f"film{suffix}")
    words = shlex.split(kept.command(tmp_path))
    assert words[words.index("--layer") :][:6] == ["--layer", "0", "--head", "0", "--generate", "40"]
    with np.load(tmp_path / "film.npz", allow_pickle=False) as arrays:
        assert arrays["generated_patterns"].shape[:3] == (40, 1, 1)
    gpt._view.choose(Choice(head="mean"))
    stage.until(
        lambda: (take := film(stage).take(TRUNK)) is not None and take.map is not None and take.map.request.head == "mean"
    )
    kept = gpt.kept()
    assert kept is not None
    with pytest.raises(UserError, match="single"):
        kept.command(tmp_path)


@pytest.mark.qt_log_ignore("does not support", extend=True)  # said by the offscreen platform of every popup
def test_the_panel_of_sampling_unfolds_below_its_button(stage: Stage, room: AttentionRoom) -> None:
    page = film(stage)
    stage.qtbot.mouseClick(page.writing.how, Qt.MouseButton.LeftButton)
    panel = page.writing.sampling
    assert panel.isVisible()
    assert not panel.temperature.isEnabled()  # greedy
    panel.close()


def test_words_that_were_written_count_beside_tf_idf(room: AttentionRoom, stage: Stage) -> None:
    view = room._view
    view.switcher.chosen.emit(TFIDF)
    stage.until(lambda: view.tfidf.result is not None)
    shown = view.tfidf.result
    assert shown is not None
    assert shown.request.attention == asked(stage)[-1]
    assert shown.occurrences[-1].word.startswith("w")
    assert "tokens written" in where(shown)
    stage.type("Another text.")
    stage.until(lambda: view.tfidf.result is not None and view.tfidf.result.request.attention.input.text == "Another text.")
    assert view.tfidf.result.request.attention.generation == Generation()
