"""Plans side by side in one of their formats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sbrt_qa.reports.plans.compose_plans import compose_plans
from sbrt_qa.reports.plans.plans_html import plans_html
from sbrt_qa.reports.plans.plans_pdf import plans_pdf
from sbrt_qa.reports.plans.plans_viewer import plans_payload

if TYPE_CHECKING:
    from sbrt_qa.evidence.evidence import Reviewed


def render_plans(name: str, plans: Sequence[Reviewed], language: str = "en") -> bytes:
    """Return plans side by side as ``html`` or ``pdf``.

    Raises
    ------
    UsageError
        There is no such language.
    ValueError
        There are too few plans, or too many.
    """
    page = compose_plans(plans, language)
    if name == "html":
        return plans_html(page, plans_payload(plans, language))
    return plans_pdf(page)
