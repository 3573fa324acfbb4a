"""Play the benchmarks and print one table: `packaging/dev.py bench [-- NAMES] [--out FILE.json]`.

NAMES are parts of the names of files or functions. Each file `bench_*.py` has a process of its own, one after
the other, so that no file's caches, threads or imports help or hinder another's. How to write one: `bench.py`.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
Report = dict[str, Any]  # {"file", "threads", "rows": [...], "errors": [...]}


def play_file(name: str, wanted: list[str], answer: Path) -> None:
    """In the child process: run the file's benchmarks, write its report."""
    sys.path[:0] = [str(ROOT), str(HERE)]
    import bench

    importlib.import_module(name)
    report: Report = {"file": name, "rows": [], "errors": []}
    for function in bench.BENCHMARKS:
        if is_wanted(name, wanted) or is_wanted(function.__name__, wanted):
            print(f"{name}: {function.__name__} …", file=sys.stderr, flush=True)
            try:
                report["rows"] += [as_json(row) for row in function()]
            except Exception:  # the other benchmarks are still worth their time
                report["errors"].append(f"{name}.{function.__name__}\n{traceback.format_exc()}")
    torch = sys.modules.get("torch")
    report["threads"] = torch.get_num_threads() if torch else None
    answer.write_text(json.dumps(report))


def as_json(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("what", "measured", "at_most", "at_least", "unit", "figures", "kept")}


def is_wanted(name: str, wanted: list[str]) -> bool:
    return not wanted or any(word in name for word in wanted)


def report_of(file: Path, wanted: list[str]) -> Report:
    """Play one file in its own process; a crash of it is an error in its report."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "report.json"
        command = [sys.executable, __file__, "--play", file.stem, str(answer), *wanted]
        code = subprocess.run(command, stdout=sys.stderr, check=False).returncode
        if code == 0:
            return dict(json.loads(answer.read_text()))
        return {"file": file.stem, "threads": None, "rows": [], "errors": [f"{file.stem} ended with exit code {code}"]}


def table(rows: list[dict[str, Any]]) -> str:
    cells = [("", "what", "measured", "bar", "figures"), *map(cells_of, rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(5)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells)


def cells_of(row: dict[str, Any]) -> tuple[str, ...]:
    mark = "" if row["kept"] else "MISSED"
    return mark, row["what"], quantity(row["measured"], row["unit"]), bar(row), row["figures"]


def quantity(value: float, unit: str) -> str:
    return f"{value:.3g} {unit}"


def bar(row: dict[str, Any]) -> str:
    limits = [("≤", row["at_most"]), ("≥", row["at_least"])]
    return ", ".join(f"{sign} {quantity(limit, row['unit'])}" for sign, limit in limits if limit is not None)


def machine() -> dict[str, Any]:
    today = time.strftime("%Y-%m-%d")
    return {"python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count(), "date": today}


def summary(reports: list[Report]) -> tuple[str, bool]:
    """The text to print, and whether every bar was kept."""
    rows = [row for report in reports for row in report["rows"]]
    errors = [error for report in reports for error in report["errors"]]
    missed = sum(not row["kept"] for row in rows)
    threads = ", ".join(f"{report['file']} {report['threads'] or 'none'}" for report in reports)
    parts = [
        table(rows),
        "",
        "; ".join(f"{name} {value}" for name, value in machine().items()),
        f"torch threads: {threads}",
        *errors,
        f"{len(rows) - missed} kept, {missed} missed, {len(errors)} failed to run",
    ]
    return "\n".join(parts), bool(rows) and not missed and not errors


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="dev.py bench --", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the reports as JSON too")
    options = parser.parse_args(arguments)
    reports = [report_of(file, options.names) for file in sorted(HERE.glob("bench_*.py"))]
    text, all_kept = summary([report for report in reports if report["rows"] or report["errors"]])
    print(text)
    if options.out:
        options.out.write_text(json.dumps({"machine": machine(), "reports": reports}, indent=1))
    return 0 if all_kept else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--play"]:
        play_file(sys.argv[2], sys.argv[4:], Path(sys.argv[3]))
    else:
        sys.exit(main(sys.argv[1:]))
