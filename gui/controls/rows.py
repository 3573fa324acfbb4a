"""How the rows of a panel are set: a label of one width, a control, names that a screen reader can say."""

from PySide6.QtWidgets import QAbstractSpinBox, QFormLayout, QHBoxLayout, QLabel, QWidget

from gui.controls.elided_combo import ElidedCombo

LABEL_WIDTH = 72
SPIN_MARGIN = 6
SPIN_PIXELS = 120


def form_layout(parent: QWidget | None = None) -> QFormLayout:
    """An empty form in the panel's measures."""
    form = QFormLayout(parent)
    form.setContentsMargins(0, 0, 0, 0)
    form.setHorizontalSpacing(8)
    form.setVerticalSpacing(6)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return form


def name_control(control: QWidget, object_name: str, name: str, description: str) -> None:
    """For tests, for screen readers, and for the mouse that rests on it."""
    control.setObjectName(object_name)
    control.setAccessibleName(name)
    control.setAccessibleDescription(description)
    control.setToolTip(description)


def add_row(form: QFormLayout, title: str, control: QWidget) -> QLabel:
    """One labelled row."""
    label = QLabel(title)
    label.setMinimumWidth(LABEL_WIDTH)
    label.setBuddy(control)
    label.setToolTip(control.toolTip())
    form.addRow(label, control)
    return label


def small_combo(parent: QWidget | None = None) -> ElidedCombo:
    """A combo box that is as wide as its column, however long its longest item."""
    box = ElidedCombo(parent)
    box.setSizeAdjustPolicy(ElidedCombo.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(8)
    box.setMinimumWidth(SPIN_PIXELS)
    box.setMaxVisibleItems(20)
    return box


def pad_spin_box(box: QAbstractSpinBox) -> None:
    """Its number begins where the text of a combo box does."""
    line = box.lineEdit()
    if line is not None:
        line.setTextMargins(SPIN_MARGIN, 0, 0, 0)
    box.setMinimumWidth(SPIN_PIXELS)


def section_label(words: str) -> QLabel:
    """The title of a group of rows."""
    label = QLabel(words)
    label.setProperty("role", "section")
    return label


def caption_label(words: str = "") -> QLabel:
    """Small, muted, as long as it needs to be."""
    label = QLabel(words)
    label.setProperty("role", "caption")
    label.setWordWrap(True)
    return label


def show_instead(shown: QWidget, hidden: QWidget) -> None:
    """One of two buttons in one place, which keeps the keyboard: Qt would hand it to whatever comes next in the window."""
    had_focus = hidden.hasFocus()
    shown.show()
    if had_focus:
        shown.setFocus()
    hidden.hide()


def centred(page: QWidget) -> QWidget:
    """A page of limited width, in the middle of whatever room there is."""
    around = QWidget()
    row = QHBoxLayout(around)
    row.setContentsMargins(0, 0, 0, 0)
    row.addStretch(1)
    row.addWidget(page, 100)
    row.addStretch(1)
    return around
