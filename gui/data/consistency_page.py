"""Does the prediction stay when what should not matter is rewritten? Rules, how often they turn it over, and the rows."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal, Slot
from PySide6.QtWidgets import QLabel, QLineEdit, QMenu, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from engine.dataset_results import ConsistencyResult, RewrittenRow, RuleEffect
from engine.datasets.rewrites import RULES
from engine.heatmaps.numerals import fixed, percent
from gui import theme
from gui.controls.rows import name_control
from gui.data.asking import AskRow
from gui.data.desk import DataDesk
from gui.views.row_table import RowTable
from gui.views.thin_splitter import ThinSplitter

Index = QModelIndex | QPersistentModelIndex
EMPTY = (
    "What should not matter must not turn the answer over: names, pronouns, capital letters, punctuation. Each rule rewrites the "
    "rows that are shown, and the model reads them again. Flips show what the model holds against whom."
)
RULE_COLUMNS = ("Rule", "Changed", "Flips", "Flip rate", "Change", "|Change|")
RULE_HINTS = (
    "What is rewritten.",
    "So many rows hold what the rule rewrites.",
    "So many get another class.",
    "Of the rows that were changed; the interval of 95 % is from a bootstrap over rows.",
    "Mean change of the probability of the class that was predicted, likewise.",
    "Mean size of the change, whichever way.",
)
RULE_WIDTHS = (140, 76, 56, 112, 196, 76)
CASE_COLUMNS = ("Row", "Before", "After", "Change", "Rewritten")
CASE_HINTS = ("Its number.", "Predicted of the row.", "Predicted of the rewritten text.", "Of the probability.", "The new text.")
CASE_WIDTHS = (56, 88, 88, 68, 240)
RULES_PIXELS = 240


class ConsistencyPage(QWidget):
    """Setters are silent."""

    asked = Signal()
    stopped = Signal()
    row_chosen = Signal(int)
    rewritten_chosen = Signal(object)  # RewrittenRow

    def __init__(self, desk: DataDesk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self.result: ConsistencyResult | None = None
        self.rules, self.pattern, self.replacement = QToolButton(), QLineEdit(), QLineEdit()
        self.row = AskRow(
            "consistency",
            "Rewrite the rows",
            "Rewrite the rows that are shown, and predict them again.",
            (self.rules, self.pattern, self.replacement),
        )
        self.effects, self.cases = _Effects(), _Cases()
        self._empty, self._stack = QLabel(EMPTY), QStackedWidget()
        self._build()
        self.row.asked.connect(self.asked)
        self.row.stopped.connect(self.stopped)
        self.rules.menu().triggered.connect(self._on_rule)
        self.effects.rule_chosen.connect(self._on_effect)
        self.cases.case_chosen.connect(self.rewritten_chosen)
        self._on_rule()

    def _build(self) -> None:
        menu = QMenu(self.rules)
        for rule in RULES.values():
            action = menu.addAction(f"{rule.label}:  {rule.help}")
            action.setCheckable(True)
            action.setChecked(True)
            action.setData(rule.id)
        self.rules.setMenu(menu)
        self.rules.setProperty("menu", True)
        self.rules.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.pattern.setPlaceholderText("own rule: regular expression")
        self.replacement.setPlaceholderText("becomes")
        self.replacement.setMaximumWidth(120)
        for control, words in (
            (self.rules, ("consistencyRules", "Rules", "Which rules rewrite the rows.")),
            (self.pattern, ("consistencyPattern", "Own rule", "A regular expression; every match is replaced.")),
            (self.replacement, ("consistencyReplacement", "Replacement", "What a match becomes; \\1 is group 1.")),
        ):
            name_control(control, *words)
        self._empty.setWordWrap(True)
        self._empty.setProperty("role", "muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        both = ThinSplitter(Qt.Orientation.Vertical)
        both.addWidget(self.effects)
        both.addWidget(self.cases)
        both.setSizes([RULES_PIXELS, RULES_PIXELS])
        self._stack.addWidget(self._empty)
        self._stack.addWidget(both)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 4, 0, 0)
        whole.setSpacing(8)
        whole.addWidget(self.row)
        whole.addWidget(self._stack, 1)

    def chosen_rules(self) -> tuple[str, ...]:
        """Their ids."""
        return tuple(action.data() for action in self.rules.menu().actions() if action.isChecked())

    def own_rules(self) -> tuple[tuple[str, str], ...]:
        """At most one."""
        return ((self.pattern.text(), self.replacement.text()),) if self.pattern.text() else ()

    def show_nothing(self) -> None:
        """Of other data, or another model."""
        self.result = None
        self.row.show_running(False)
        self.row.say("")
        self._stack.setCurrentIndex(0)

    def show_result(self, result: ConsistencyResult, whole: bool) -> None:
        """Finished, or rule by rule."""
        self.result = result
        self.effects.show_effects(result.rules)
        self._stack.setCurrentIndex(1)
        self._on_effect(self.effects.chosen)
        if whole:
            self.row.show_running(False)
            self.effects.choose_most()
            flips = sum(rule.flips for rule in result.rules)
            self.row.say(f"{len(result.cases):,} rewritten texts, {flips:,} get another class")

    @Slot()
    def _on_rule(self) -> None:
        count = len(self.chosen_rules())
        self.rules.setText("all rules" if count == len(RULES) else f"{count} rules" if count != 1 else "1 rule")

    @Slot(str)
    def _on_effect(self, rule: str) -> None:
        """Flips first, then the largest changes."""
        if self.result is not None:
            cases = [case for case in self.result.cases if case.rule == rule]
            cases.sort(key=lambda case: (not case.flips, -abs(case.after - case.before)))
            self.cases.show_cases(cases, self.result.model.labels)


class _Effects(RowTable):
    rule_chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__("consistencyEffects", "Rules and what they did")
        self._rows = _Table(RULE_COLUMNS, RULE_HINTS, (0,), self)
        self._rules: tuple[RuleEffect, ...] = ()
        self.setModel(self._rows)
        self.set_columns(RULE_WIDTHS, (0,))
        self.selectionModel().selectionChanged.connect(self._on_selected)

    @property
    def chosen(self) -> str:
        """The rule in evidence."""
        rows = self.selectionModel().selectedRows()
        return self._rules[rows[0].row()].rule if rows else self._rules[0].rule if self._rules else ""

    def show_effects(self, rules: tuple[RuleEffect, ...]) -> None:
        chosen = self.chosen
        self._rules = rules
        self._rows.show_cells([_effect_cells(each) for each in rules])
        at = next((at for at, each in enumerate(rules) if each.rule == chosen), 0)
        if rules:
            self.selectRow(at)

    def choose_most(self) -> None:
        """The rule that turns most rows over, unless another was chosen than the first."""
        flips = [each.flips for each in self._rules]
        if flips and self.chosen == self._rules[0].rule:
            self.selectRow(flips.index(max(flips)))

    @Slot()
    def _on_selected(self) -> None:
        self.rule_chosen.emit(self.chosen)


class _Cases(RowTable):
    case_chosen = Signal(object)  # RewrittenRow

    def __init__(self) -> None:
        super().__init__("consistencyCases", "Rewritten rows")
        self._rows = _Table(CASE_COLUMNS, CASE_HINTS, (1, 2, 4), self)
        self._cases: list[RewrittenRow] = []
        self.setModel(self._rows)
        self.set_columns(CASE_WIDTHS, (4,))
        self.setToolTip("Enter, or a double click, puts the rewritten text on the desk.")
        self.activated.connect(self._on_activated)

    def show_cases(self, cases: list[RewrittenRow], labels: tuple[str, ...]) -> None:
        self._cases = cases
        self._rows.show_cells([_case_cells(each, labels) for each in cases], [each.flips for each in cases])

    @Slot(QModelIndex)
    def _on_activated(self, index: QModelIndex) -> None:
        self.case_chosen.emit(self._cases[index.row()])


class _Table(QAbstractTableModel):
    """Cells that are words already; ``left``: columns that are no numbers."""

    def __init__(self, titles: tuple[str, ...], hints: tuple[str, ...], left: tuple[int, ...], parent: QWidget) -> None:
        super().__init__(parent)
        self._titles, self._hints, self._left = titles, hints, left
        self._cells: list[tuple[str, ...]] = []
        self._marked: list[bool] = []

    def show_cells(self, cells: list[tuple[str, ...]], marked: list[bool] | None = None) -> None:
        self.beginResetModel()
        self._cells, self._marked = cells, marked or []
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._cells)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._titles)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._titles[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._hints[section]
        return self._side(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.DisplayRole:
            return self._cells[index.row()][index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._side(index.column())
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == 2 and self._marked and self._marked[index.row()]:
            return theme.current().error
        return None

    def _side(self, column: int) -> int:
        side = Qt.AlignmentFlag.AlignLeft if column in self._left else Qt.AlignmentFlag.AlignRight
        return int(side | Qt.AlignmentFlag.AlignVCenter)


def _effect_cells(each: RuleEffect) -> tuple[str, ...]:
    return (
        each.label,
        f"{each.changed:,}",
        f"{each.flips:,}",
        _with_interval(each.flip_rate, each.flip_interval, percent, lambda end: fixed(100 * end, 0)),
        _with_interval(each.change, each.change_interval, partial(fixed, decimals=3), partial(fixed, decimals=3)),
        "–" if each.magnitude is None else fixed(each.magnitude, 3),
    )


def _with_interval(
    value: float | None, interval: tuple[float, float] | None, written: Callable[[float], str], ends: Callable[[float], str]
) -> str:
    if value is None:
        return "–"
    return written(value) if interval is None else f"{written(value)}  ({ends(interval[0])} … {ends(interval[1])})"


def _case_cells(each: RewrittenRow, labels: tuple[str, ...]) -> tuple[str, ...]:
    before, after = (labels[at] if 0 <= at < len(labels) else "" for at in (each.predicted_before, each.predicted_after))
    if not labels:
        before, after = fixed(each.before, 3), fixed(each.after, 3)
    text = " ".join(each.rewritten.text[:300].split())
    return f"{each.row:,}", before, after, fixed(each.after - each.before, 3), text
