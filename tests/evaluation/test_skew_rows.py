"""Rows as served beside rows as SQL gives them."""

import numpy as np

from readership.evaluation.leakage import Check
from readership.evaluation.skew import SkewReport, check_of, compare_rows

NAN = np.nan


def test_numbers_must_be_equal_and_missing_equals_missing_only() -> None:
    served = np.array([[1.0, 2.0, NAN], [3.0, NAN, NAN]], dtype=np.float32)
    offline = np.array([[1.0, 2.25, NAN], [3.0, 5.0, NAN]], dtype=np.float32)
    compared = compare_rows(served, offline, ["a", "b", "c"])
    assert (compared.rows, compared.max_abs_diff, compared.columns) == (2, 0.25, {"b": 2})
    check = check_of("features", compared, "both")
    assert (check.result, check.detail) == ("fail", "both differ in b (2 readers)")
    assert compare_rows(served, served, ["a", "b", "c"]).equal


def test_the_last_bit_counts() -> None:
    one = np.array([[1.0]], dtype=np.float32)
    assert not compare_rows(one, np.nextafter(one, np.float32(2)), ["a"]).equal


def test_nothing_compared_is_never_equal() -> None:
    nothing = check_of("features", compare_rows(np.empty((0, 1)), np.empty((0, 1)), ["a"]), "both")
    assert nothing.result == "skipped"
    assert SkewReport(None, (nothing, Check("readers", "pass", 3, ""))).verdict == "nothing_compared"


def test_one_failure_is_skew() -> None:
    good = check_of("features", compare_rows(np.ones((2, 1)), np.ones((2, 1)), ["a"]), "both")
    report = SkewReport("2026-04-01", (good, Check("prediction_log", "fail", 3, "")))
    assert (SkewReport("2026-04-01", (good,)).verdict, report.verdict, report.rows_compared) == ("equal", "skew", 5)
