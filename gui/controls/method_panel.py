"""The right panel: how to explain. Everything here together is a ``Choices``."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, get_args

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QScrollArea, QSpinBox, QVBoxLayout, QWidget

from engine.descriptions import AXIOMS, MethodDescription
from engine.requests import Parameter, Reduction, ScoreUnit, Target
from engine.results import ModelInfo, PredictionResult
from gui.choices import PREDICTED, TRUE, Choices, Snapshot
from gui.controls.baseline_controls import BaselineControls
from gui.controls.method_box import MethodBox
from gui.controls.parameter_form import LAYER, ParameterForm, fits
from gui.controls.rows import add_row, caption_label, form_layout, name_control, pad_spin_box, section_label, small_combo
from gui.controls.target_controls import TargetControls
from gui.controls.wheel_guard import WheelGuard

REDUCTIONS: tuple[Reduction, ...] = get_args(Reduction)
REDUCTION_WORDS = {"l1": "L1 norm", "l2": "L2 norm", "signed_max": "signed maximum", "none": "none (every dimension)"}
TIGHTER = 10
STRICTEST_TOLERANCE = 1e-6


class MethodPanel(QScrollArea):
    """Setters are silent; ``changed``: the user chose something else."""

    changed = Signal()
    true_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._methods: tuple[MethodDescription, ...] = ()
        self._model: ModelInfo | None = None
        self._wanted_method = Choices().method
        self._wishes: dict[str, dict[str, Parameter]] = {}
        self.method_box = MethodBox()
        self.target_controls = TargetControls()
        self.baseline_controls = BaselineControls()
        self._form = ParameterForm()
        self._summary, self._promise, self._baseline_note = caption_label(), caption_label(), caption_label()
        self._reduction, self._seed = small_combo(), QSpinBox()
        self._build()
        self._connect()

    def _build(self) -> None:
        self.setObjectName("methodPanel")
        self.setAccessibleName("Method panel")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._reduction.addItem("default", None)
        for reduction in REDUCTIONS:
            self._reduction.addItem(REDUCTION_WORDS.get(reduction, reduction), reduction)
        self._seed.setRange(0, 2**31 - 1)
        self._seed.setKeyboardTracking(False)
        pad_spin_box(self._seed)
        name_control(
            self._reduction,
            "reductionBox",
            "Reduction",
            "How an embedding's dimensions, or a pixel's channels, become one number.",
        )
        name_control(self._seed, "seedBox", "Seed", "Of noise and random documents: the same seed, the same map.")
        guard = WheelGuard(self)
        for control in (self.method_box, self._reduction, self._seed):
            control.installEventFilter(guard)
        bottom = form_layout()
        add_row(bottom, "Reduction", self._reduction)
        add_row(bottom, "Seed", self._seed)
        inside = QWidget()
        inside.setProperty("role", "panel")
        column = QVBoxLayout(inside)
        column.setContentsMargins(12, 12, 16, 16)
        column.setSpacing(8)
        _add_all(column, section_label("Method"), self.method_box, self._summary, self._form, self._promise)
        column.addSpacing(8)
        column.addWidget(section_label("What is explained"))
        column.addWidget(self.target_controls)
        column.addSpacing(8)
        _add_all(column, section_label("Baseline"), self.baseline_controls, self._baseline_note)
        column.addSpacing(8)
        column.addLayout(bottom)
        column.addStretch()
        self.setWidget(inside)

    def _connect(self) -> None:
        self.method_box.currentIndexChanged.connect(self._on_method_changed)
        self._form.changed.connect(self._on_changed)
        self.target_controls.changed.connect(self.changed)
        self.target_controls.true_changed.connect(self.true_changed)
        self.baseline_controls.changed.connect(self._on_changed)
        self._reduction.currentIndexChanged.connect(self._on_changed)
        self._seed.valueChanged.connect(self._on_changed)

    def show_catalogue(self, methods: tuple[MethodDescription, ...]) -> None:
        """What the engine offers."""
        self._methods = methods
        self._refresh_methods()

    def show_model(self, model: ModelInfo) -> None:
        """Keep what still makes sense."""
        self._model = model
        self._form.show_layers(tuple(layer.name for layer in model.layers if layer.name))
        self._refresh_methods()
        self.target_controls.show_model(model)
        if model.baselines:
            self.baseline_controls.show_baselines(model.baselines, model.input_kind)
        self._show_uses()

    def show_prediction(self, result: PredictionResult) -> None:
        """Name the predicted class."""
        self.target_controls.show_prediction(result)

    def choices(self) -> Choices:
        """All of it; what the method does not use stands at its default, so that equal questions are equal requests."""
        method = self.method_box.method()
        if method is None:
            return Choices(target=self.target_controls.target(), method=self._wanted_method)
        return Choices(
            target=self.target_controls.target(),
            method=method.id,
            baselines=self.baseline_controls.baselines() if method.uses_baseline else Choices().baselines,
            reduction=self._reduction.currentData(),
            seed=self._seed_for(method),
            parameters=self._form.values(),
            background=self.baseline_controls.background() if method.uses_baseline else None,
        )

    def choices_for(self, method: MethodDescription) -> Choices:
        """As ``choices``, for another method with what the user set for it last."""
        wishes = self._wishes.get(method.id, {})
        known = {each.name: each for each in method.parameters}
        kept = {name: value for name, value in wishes.items() if name in known and fits(known[name], value)}
        values = {name: each.default for name, each in known.items()} | kept
        heeded = {name for name, each in known.items() if each.only_with is None or each.only_with.holds(values)}
        return Choices(
            target=self.target_controls.target(),
            method=method.id,
            baselines=self.baseline_controls.baselines() if method.uses_baseline else Choices().baselines,
            seed=self._seed_for(method),
            background=self.baseline_controls.background() if method.uses_baseline else None,
            parameters=tuple((name, kept[name]) for name in known if name in kept and name in heeded),
        )

    def _seed_for(self, method: MethodDescription) -> int:
        """0 where nothing is drawn, so that equal questions are equal requests."""
        draws = method.uses_seed or (method.uses_baseline and self.baseline_controls.background() is not None)
        return self._seed.value() if draws else 0

    def methods(self) -> tuple[tuple[MethodDescription, str | None], ...]:
        """The catalogue, each with why it cannot run on the open model."""
        return tuple((each, each.unavailable_because(self._model) if self._model else None) for each in self._methods)

    def snapshot(self) -> Snapshot:
        """All that can be undone."""
        return Snapshot(
            self._wanted_method,
            tuple((name, tuple(values.items())) for name, values in self._wishes.items() if values),
            self.target_controls.target(),
            self.baseline_controls.wishes,
            self.baseline_controls.path.text(),
            self._reduction.currentData(),
            self._seed.value(),
        )

    def go_back_to(self, snapshot: Snapshot) -> None:
        """By a person: undone or redone."""
        wishes = {name: dict(values) for name, values in snapshot.wishes}
        chosen = Choices(
            baselines=snapshot.baselines, background=snapshot.background, reduction=snapshot.reduction, seed=snapshot.seed
        )
        self.restore(snapshot.method, wishes, snapshot.target.score, chosen)
        self.target_controls.set_target(snapshot.target)
        self.changed.emit()

    @property
    def seed(self) -> int:
        """Also while the method does not use it."""
        return self._seed.value()

    @property
    def wanted_method(self) -> str:
        """What the user chose last, also where it cannot run."""
        return self._wanted_method

    def wishes(self) -> dict[str, dict[str, Parameter]]:
        """What the user set, by method."""
        return {method: dict(values) for method, values in self._wishes.items() if values}

    def restore(self, method: str, wishes: dict[str, dict[str, Parameter]], score: ScoreUnit, choices: Choices) -> None:
        """From the settings, silently; also before any catalogue is there."""
        self._wanted_method, self._wishes = method, {name: dict(values) for name, values in wishes.items()}
        self.target_controls.set_target(Target(score=score))
        self.baseline_controls.set_baselines(choices.baselines, choices.background)
        for control in (self._reduction, self._seed):
            control.blockSignals(True)
        self._reduction.setCurrentIndex(max(0, self._reduction.findData(choices.reduction)))
        self._seed.setValue(choices.seed)
        for control in (self._reduction, self._seed):
            control.blockSignals(False)
        self._refresh_methods()

    @Slot(str)
    def set_target(self, choice: str) -> None:
        """By a person, elsewhere: a bar was clicked."""
        self._retarget(choice=choice)

    @Slot(str)
    def set_unit_of(self, layer: str) -> None:
        """By a person, elsewhere: a layer was chosen."""
        self._retarget(choice=f"unit:{layer}:0")

    def take_layer(self, layer: str) -> bool:
        """By a person, elsewhere: as the method's layer; False: it has none."""
        if not self._form.has(LAYER):
            return False
        self._form.set_value(LAYER, layer)
        self._on_changed()
        return True

    def set_versus(self, choice: str) -> None:
        """By a person, elsewhere; the same class again means none."""
        self._retarget(versus=None if self.target_controls.target().versus == choice else choice)

    def explain_versus(self, versus: str | None) -> None:
        """Silently, where the predicted class is what is explained: against the true one, or against none."""
        target = self.target_controls.target()
        if target.choice == PREDICTED and target.versus in (None, TRUE, target.true):
            self.target_controls.set_target(replace(target, versus=versus))

    def set_true(self, true: str | None) -> None:
        """Silently."""
        self.target_controls.set_target(replace(self.target_controls.target(), true=self.target_controls.spelling(true)))

    def _retarget(self, **new: Any) -> None:
        self.target_controls.set_target(replace(self.target_controls.target(), **new))
        self.changed.emit()

    @Slot(str)
    def apply_remedy(self, remedy: str) -> None:
        """What the completeness strip offers when a map has not converged."""
        known = {"more_steps": self._more_steps, "use_logit": self._use_logit, "other_baseline": self._other_baseline}
        known[remedy]()
        self._on_changed()

    def _more_steps(self) -> None:
        steps, tolerance = self._form.value("n_steps"), self._form.value("tolerance")
        if isinstance(steps, int):
            self._form.set_value("n_steps", steps * 2)
        elif isinstance(tolerance, float):
            self._form.set_value("tolerance", max(STRICTEST_TOLERANCE, tolerance / TIGHTER))

    def _use_logit(self) -> None:
        self.target_controls.set_target(replace(self.target_controls.target(), score="logit"))

    def _other_baseline(self) -> None:
        following = self.baseline_controls.next_baseline()
        if following is not None:
            self.baseline_controls.set_baselines((following,))

    def _refresh_methods(self) -> None:
        if self._methods:
            self.method_box.show_methods(self._methods, self._model, self._wanted_method)
            self._show_method()

    @Slot()
    def _on_method_changed(self) -> None:
        method = self.method_box.method()
        if method is not None:
            self._wanted_method = method.id
            self._show_method()
            self.changed.emit()

    @Slot()
    def _on_changed(self) -> None:
        method = self.method_box.method()
        if method is not None:
            self._wishes[method.id] = dict(self._form.wishes())
            self._show_seed(method)
        self.changed.emit()

    def _show_method(self) -> None:
        method = self.method_box.method()
        if method is None:
            return
        self._form.show_method(method, self._wishes.get(method.id, {}))
        self._summary.setText(method.summary)
        self._summary.setToolTip(f"Source: {method.source}")
        self._promise.setText(_promise_of(method))
        self._promise.setToolTip(_axioms_of(method.axioms))
        reduction = method.reduction if self._model is None else method.reduction_of(self._model)
        own = REDUCTION_WORDS.get(reduction, reduction)
        self._reduction.setItemText(0, f"default ({own})")
        self._show_uses()

    def _show_uses(self) -> None:
        method = self.method_box.method()
        for part in (self._form, self.target_controls, self.baseline_controls, self._reduction, self._seed):
            part.setEnabled(method is not None or self._model is None)
        if method is None:
            return
        self.target_controls.show_uses_target(method.uses_target)
        self.baseline_controls.setEnabled(method.uses_baseline)
        self._baseline_note.setText("" if method.uses_baseline else f"{method.label} uses no baseline.")
        self._baseline_note.setVisible(not method.uses_baseline)
        self._show_seed(method)

    def _show_seed(self, method: MethodDescription) -> None:
        documents = method.uses_baseline and self.baseline_controls.background() is not None
        self._seed.setEnabled(method.uses_seed or documents)
        idle = f"{method.label} draws no noise."
        self._seed.setToolTip(self._seed.accessibleDescription() if self._seed.isEnabled() else idle)


def _add_all(column: QVBoxLayout, *widgets: QWidget) -> None:
    for widget in widgets:
        column.addWidget(widget)


def _promise_of(method: MethodDescription) -> str:
    if method.complete:
        return "Promises that the values add up to f(input) − f(baseline)."
    return "Does not promise that the values add up." if method.signed else "Magnitudes: they say how much, not which way."


def _axioms_of(kept: Iterable[str]) -> str:
    known = [f"✓ {words}" if name in kept else f"✗ {words}" for name, words in AXIOMS.items()]
    return "Keeps (✓) and breaks (✗):\n" + "\n".join(known)
