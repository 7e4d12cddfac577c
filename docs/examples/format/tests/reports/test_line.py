"""One line per case, and nothing of a file that could be taken for a control character."""

from sbrt_qa.reports import registry
from sbrt_qa.reports.registry import Page


def test_a_case_is_one_line(review):
    text = registry.render_reviews("line", [review, review], Page())
    assert text.count("\n") == 2
    assert review.case in text
    assert "MAJOR" in text
    assert "\x1b" not in text


def test_the_format_is_found_by_its_file():
    assert "line" in registry.format_names()
