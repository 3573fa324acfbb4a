"""PySide leaves the sources of what is imported after it unread."""

import subprocess
import sys

import pytest

READ = """
import linecache
{before}
import PySide6.QtCore
import difflib
print(any(name.endswith("difflib.py") for name in linecache.cache))
"""
SPARED = "from gui.quick_imports import leave_sources_unread\nleave_sources_unread()"


@pytest.mark.parametrize(("before", "read"), [("", "True"), (SPARED, "False")])
def test_sources_are_read_only_where_nothing_was_done(before: str, read: str) -> None:
    answer = subprocess.run([sys.executable, "-c", READ.format(before=before)], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == read
