"""Problems with the data as letters, one for each site: what, where, and what is asked."""

from __future__ import annotations

from collections.abc import Sequence

from sbrt_qa.i18n.phrase import say
from sbrt_qa.i18n.words import SOURCE, Words
from sbrt_qa.trial.problem import Problem


def problem_letters(problems: Sequence[Problem], language: str = SOURCE) -> dict[str, str]:
    """Return the letter of each site; what is of no site goes to the office, under ``office``.

    What is only noted asks for nothing and stands in no letter.

    Raises
    ------
    UsageError
        There is no such language.
    """
    words = Words(language)
    by_site: dict[str, list[Problem]] = {}
    for one in problems:
        if one.level != "I":
            by_site.setdefault(one.site or "office", []).append(one)
    return {site: _letter(site, listed, words) for site, listed in sorted(by_site.items())}


def _letter(site: str, problems: Sequence[Problem], words: Words) -> str:
    lines = [
        words.sentence(say("Questions about the data of the trial, site {0}", site)), "",
        words.sentence(say(
            "Please correct these at the source and send the data again; a correction is a further "
            "import, and nothing that was sent is changed."
        )), "",
    ]  # fmt: skip
    for number, one in enumerate(problems, 1):
        kept = say("this row is not analysed") if one.blocks else say("please check")
        whom = say("subject {0}", one.subject) if one.subject else ""
        place = " · ".join(part for part in (words.sentence(whom), one.place) if part)
        lines.append(f"{number}. {place} [{one.code}]")
        lines.append(f"   {words.sentence(one.message)} ({words.sentence(kept)})")
        if one.advice:
            lines.append(f"   {words.sentence(one.advice)}")
    return "\n".join(lines) + "\n"
