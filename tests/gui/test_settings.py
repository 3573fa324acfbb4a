"""Settings and session: what is written comes back; what a stranger wrote does no harm."""

import json
import random
from dataclasses import fields
from pathlib import Path

import pytest

from gui.settings import (
    SESSION_FILE,
    SETTINGS_FILE,
    Session,
    Settings,
    load_session,
    load_settings,
    save_session,
    save_settings,
    with_recent,
)

CHANGED = Settings(
    theme="dark",
    auto_run=False,
    method="saliency",
    parameters={
        "integrated_gradients": {"n_steps": 48, "tolerance": 0.001, "quadrature": "midpoint"},
        "x": {"on": True, "no": None},
    },
    score="probability",
    baselines=("mask", "pad"),
    background="/texts.csv",
    reduction="l2",
    seed=7,
    model_panel=False,
    method_panel=False,
    model_panel_width=300,
    method_panel_width=320,
    geometry=(1, 2, 1300, 900),
    maximised=True,
    recent_models=("/a", "/b"),
    grain="word",
    path_curve=False,
    cells_page="position",
    cells_sort="change",
    cells_quantity="forget_gate",
    folder="/a",
    save_folder="/b",
    recent_data=("/a.csv",),
    data_folder="/c",
    data_versus=False,
    picture_folder="/d",
    image_mode="mask",
    image_blend=0.25,
    image_top=0.03,
    image_lines=5,
    image_grey=False,
)
WRONG = [None, True, -1, 10**12, 1.5, float("nan"), "", "x" * 100_000, [], [None], {}, {"a": 1}, {"a": {"b": []}}, ["\ud800"]]


def test_settings_come_back_as_they_were(tmp_path: Path) -> None:
    save_settings(tmp_path, CHANGED)
    assert load_settings(tmp_path) == CHANGED
    assert all(getattr(CHANGED, f.name) != getattr(Settings(), f.name) for f in fields(Settings)), "every field is tried"


def test_a_session_keeps_every_character(tmp_path: Path) -> None:
    session = Session("nul \0 \u00a0 😀 \x1b\n", "second", "positive", ("a", "b"), "/cat.png", ("/cat.png", "/dog.png"))
    save_session(tmp_path, session)
    assert load_session(tmp_path) == session


def test_nothing_there_means_defaults(tmp_path: Path) -> None:
    assert load_settings(tmp_path) == Settings()
    assert load_session(tmp_path) == Session()


@pytest.mark.parametrize("name", [f.name for f in fields(Settings)])
def test_each_field_falls_back_by_itself(tmp_path: Path, name: str) -> None:
    save_settings(tmp_path, CHANGED)
    good = json.loads((tmp_path / SETTINGS_FILE).read_text())
    for wrong in WRONG:
        (tmp_path / SETTINGS_FILE).write_text(json.dumps({**good, name: wrong}))
        loaded = load_settings(tmp_path)
        for field in fields(Settings):
            if field.name != name:
                assert getattr(loaded, field.name) == getattr(CHANGED, field.name)
        save_settings(tmp_path, loaded)
        assert load_settings(tmp_path) == loaded, "whatever was let in can be written and read again"


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"version": 99}', b"\xff\xfe", b"[" * 100_000, b'{"version": 1e999}']
)
def test_a_damaged_file_is_moved_aside_and_named(tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / SETTINGS_FILE).write_bytes(content)
    assert load_settings(tmp_path) == Settings()
    assert SETTINGS_FILE in caplog.text
    assert (tmp_path / "settings.damaged.json").read_bytes() == content


def test_mutants_never_raise(tmp_path: Path) -> None:
    save_settings(tmp_path, CHANGED)
    whole = (tmp_path / SETTINGS_FILE).read_bytes()
    chance = random.Random(0)
    for _ in range(400):
        mutant = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            mutant[chance.randrange(len(mutant))] = chance.randrange(256)
        (tmp_path / SETTINGS_FILE).write_bytes(mutant[: chance.randint(1, len(mutant))] if chance.random() < 0.3 else mutant)
        save_settings(tmp_path, load_settings(tmp_path))


def test_a_folder_in_the_files_place_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / SESSION_FILE).mkdir()
    assert load_session(tmp_path) == Session()


def test_recent_things_are_listed_once_newest_first() -> None:
    assert with_recent(("a", "b", "c"), "b", 3) == ("b", "a", "c")
    assert with_recent(("a", "b", "c"), "d", 3) == ("d", "a", "b")
