"""What crosses between us and the process that reads a file: plain values, which cannot do anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ops.imports.faults import Fault, Faults
from ops.imports.report import Report
from ops.imports.tables import Columns, Row, Table

Told = Mapping[str, Any]


def table_told(table: Table) -> Told:
    """Without its columns, which whoever asked knows."""
    return {
        "rows": [(row.line, dict(row.cells), sorted(row.numbers)) for row in table.rows],
        "titles": dict(table.titles),
        "left_aside": table.left_aside,
        "media_type": table.media_type,
        "header": table.header,
        "width": table.width,
        "delimiter": table.delimiter,
        "faults": _faults_told(table.faults),
    }


def table_heard(told: Told, columns: Columns) -> Table:
    return Table(
        columns,
        [Row(line, cells, frozenset(numbers)) for line, cells, numbers in told["rows"]],
        told["titles"],
        told["left_aside"],
        told["media_type"],
        told["header"],
        told["width"],
        told["delimiter"],
        _faults_heard(told["faults"]),
    )


def report_told(report: Report) -> Told:
    """What a file is annotated by."""
    return {
        "found": _faults_told(report.found),
        "known_lines": sorted(report.known_lines),
        "remarks": list(report.remarks.items()),
        "numbers": sorted(report.numbers),
        "header": report.header,
        "width": report.width,
        "delimiter": report.delimiter,
    }


def report_heard(told: Told) -> Report:
    return Report(
        found=_faults_heard(told["found"]),
        known_lines=set(told["known_lines"]),
        remarks=dict(told["remarks"]),
        numbers=frozenset(told["numbers"]),
        header=told["header"],
        width=told["width"],
        delimiter=told["delimiter"],
    )


def _faults_told(faults: Faults) -> Told:
    return {
        "count": faults.count,
        "by_line": [(line, [asdict(fault) for fault in found]) for line, found in faults.by_line.items()],
    }


def _faults_heard(told: Told) -> Faults:
    heard = Faults(told["count"])
    for line, found in told["by_line"]:
        heard.by_line[line] = [Fault(**fault) for fault in found]
    return heard
