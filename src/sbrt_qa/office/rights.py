"""Who may do what: one table, and the question that every request asks of it.

`MATRIX` has a cell for every right and role; `Scope` names what a cell can hold. Rights
are asked of the grants as they are in the store at that moment, never of a session. What is done
with a case (downloads, queries, readings) asks for the right to see that case besides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from sbrt_qa.i18n.phrase import say
from sbrt_qa.office.roles import EVERYWHERE, OF_A_SITE, ROLES, Grant, Right, Role


class Scope(StrEnum):
    """What stands in a cell of the matrix."""

    NO = "no"
    YES = "yes"
    OWN_SITE = "own site"
    TRIAL_OPTION = "own site, if the trial lets sites see it"
    WITH_REASON = "with a reason"
    ASSIGNED = "assigned, and no conflict"
    IN_ADJUDICATION = "in adjudication, and no conflict"
    AFTER_BOTH = "after all have signed"
    OWN_READING = "own reading, and no conflict"
    POOL = "if the trial lets reviewers take cases"
    CODED = "with replaced codes"
    WITH_GRANT = "with the separate grant"
    OWN_SITE_WITH_GRANT = "own site, with the separate grant"
    ARM_HIDDEN = "with the arm hidden"
    OWN_ACTIONS = "own actions"


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What a right depends on besides grants; without a case only `trial` and `site` count.

    Parameters
    ----------
    trial, site
        Codes; `EVERYWHERE` where the question is of no trial or site.
    submitters
        Accounts that sent the submission.
    readers, adjudicators
        Accounts it is assigned to now.
    signed
        Readers that have signed in this round.
    complete
        Whether all readings of this round that are asked for are signed.
    blind
        Whether readers see nothing of one another until then.
    in_adjudication
        Whether an adjudicator has it.
    conflicted, at_home
        Accounts with a declared conflict of interest, and those that belong to the site.
    sites_see_verdict, pool
        What the trial allows.
    coded
        Whether what is shown has the codes of subject and site replaced; who asks for a page or a
        file as it is leaves it out, and a statistician is refused.
    """

    trial: str = EVERYWHERE
    site: str = EVERYWHERE
    submitters: frozenset[int] = frozenset()
    readers: frozenset[int] = frozenset()
    adjudicators: frozenset[int] = frozenset()
    signed: frozenset[int] = frozenset()
    complete: bool = False
    blind: bool = True
    in_adjudication: bool = False
    conflicted: frozenset[int] = frozenset()
    at_home: frozenset[int] = frozenset()
    sites_see_verdict: bool = False
    pool: bool = False
    coded: bool = False


@dataclass(frozen=True, slots=True)
class May:
    """An answer: the role by which something is allowed, or why it is not."""

    role: Role | None
    why: str = ""
    grant: Grant | None = field(default=None, compare=False)

    def __bool__(self) -> bool:
        return self.role is not None


_N, _Y, _SITE = Scope.NO, Scope.YES, Scope.OWN_SITE


def _row(text: str) -> Mapping[Role, Scope]:
    """Read a row: a cell for each of `ROLES`, in their order."""
    short = {
        "-": _N, "y": _Y, "site": _SITE, "option": Scope.TRIAL_OPTION, "reason": Scope.WITH_REASON,
        "assigned": Scope.ASSIGNED, "adjudication": Scope.IN_ADJUDICATION,
        "signed": Scope.AFTER_BOTH, "own": Scope.OWN_READING, "pool": Scope.POOL,
        "coded": Scope.CODED, "grant": Scope.WITH_GRANT, "site+grant": Scope.OWN_SITE_WITH_GRANT,
        "hidden": Scope.ARM_HIDDEN, "actions": Scope.OWN_ACTIONS,
    }  # fmt: skip
    return dict(zip(ROLES, (short[cell] for cell in text.split()), strict=True))


MATRIX: Final[Mapping[Right, Mapping[Role, Scope]]] = {
    # submitter physicist reviewer adjudicator coordinator statistician admin auditor
    Right.UPLOAD: _row("site site - - y - - -"),
    Right.SEE_SITE_SUBMISSIONS: _row("site site - - y - - y"),
    Right.SEE_AUTOMATIC_REVIEW: _row("option option assigned adjudication y coded - y"),
    Right.ANSWER_QUERY: _row("- site - - reason - - -"),
    Right.WITHDRAW: _row("- site - - reason - - -"),
    Right.SEE_CASE: _row("site site assigned adjudication y coded - y"),
    Right.SEE_OTHER_READING: _row("- - signed adjudication signed - - y"),
    Right.WRITE_READING: _row("- - own own - - - -"),
    Right.SIGN_READING: _row("- - own own - - - -"),
    Right.SEND_QUERY: _row("- - assigned adjudication y - - -"),
    Right.ASSIGN: _row("- - - - y - - -"),
    Right.TAKE_FROM_POOL: _row("- - pool - y - - -"),
    Right.SET_DUE: _row("- - - - y - - -"),
    Right.CLOSE_QUERY: _row("- - - - y - - -"),
    Right.REOPEN: _row("- - - - y - - -"),
    Right.VIEW_PHI: _row("- site+grant - - grant - - -"),
    Right.DOWNLOAD: _row("site site grant grant grant - - -"),
    Right.EXPORT: _row("- - - - y hidden - y"),
    Right.SEE_ARM: _row("- - - - - grant - -"),
    Right.PROPOSE_GRANT: _row("- - - - y - y -"),
    Right.MANAGE_ACCOUNTS: _row("- - - - - - y -"),
    Right.SEE_OWN_TRAIL: _row("- actions actions actions y - y y"),
    Right.SEE_TRIAL_TRAIL: _row("- - - - y - - y"),
    Right.SEE_SECURITY_TRAIL: _row("- - - - - - y y"),
    Right.SEE_ACCESS_LOG: _row("- - - - y - - y"),
    Right.DECLARE_CONFLICT: _row("- - actions actions y - - -"),
    Right.SEE_CONFLICTS: _row("- - actions actions y - - y"),
    Right.VERIFY: _row("- - - - y - - y"),
}
"""A cell for every right and every role of a person."""

SEPARATE_GRANT: Final[Mapping[Right, Role]] = {
    Right.VIEW_PHI: Role.VIEW_PHI,
    Right.DOWNLOAD: Role.DOWNLOAD,
    Right.SEE_ARM: Role.UNBLINDING,
}
"""The grant that a cell `WITH_GRANT` asks for besides the role."""


def may(
    grants: Iterable[Grant],
    right: Right,
    case: CaseFacts | None = None,
    *,
    at: str,
    account: int = 0,
    reason: str = "",
) -> May:
    """Tell whether an account may do something, by which of its roles; else why not.

    Parameters
    ----------
    grants
        All grants of the account, whether they hold or not.
    case
        What it is about; None where it is about nothing in particular.
    at
        Now, UTC, ISO 8601.
    account
        Who asks; that of the grants when 0.
    reason
        The words of who asks, where a cell wants some.
    """
    facts = case or CaseFacts()
    holding = [g for g in grants if g.holds(at) and g.covers(facts.trial, facts.site)]
    asks = account or next((g.account for g in holding), 0)
    holding = [g for g in holding if g.account == asks]
    answers = [
        _cell(MATRIX[right].get(g.role, _N), g, right, facts, holding, reason) for g in holding
    ]
    allowed = next((one for one in answers if one), None)
    if allowed is not None:
        return allowed
    told = (one.why for one in answers if one.why)
    return May(None, next(told, f"no role here brings the right to {right.value}"))


def _cell(
    scope: Scope,
    grant: Grant,
    right: Right,
    facts: CaseFacts,
    holding: list[Grant],
    reason: str,
) -> May:
    """Answer one cell."""
    if scope is _N:
        return May(None)
    if why := _refused(scope, grant, right, facts, holding, reason):
        return May(None, why)
    return May(grant.role, grant=grant)


def _refused(
    scope: Scope,
    grant: Grant,
    right: Right,
    facts: CaseFacts,
    holding: list[Grant],
    reason: str,
) -> str:
    if scope in _CONFLICTS and (why := conflict(grant.account, facts, holding)):
        return why
    separate = SEPARATE_GRANT.get(right)
    granted = any(one.role is separate for one in holding)
    own = facts.site != EVERYWHERE and grant.site == facts.site
    checks: dict[Scope, tuple[bool, str]] = {
        Scope.OWN_SITE: (own, "it is not of the own site"),
        Scope.TRIAL_OPTION: (
            own and facts.sites_see_verdict,
            "the trial does not show sites the automatic review",
        ),
        Scope.WITH_REASON: (bool(reason.strip()), "it needs a reason"),
        Scope.ASSIGNED: (grant.account in facts.readers, "it is not assigned to this account"),
        Scope.IN_ADJUDICATION: (
            facts.in_adjudication and grant.account in facts.adjudicators,
            "it is not with this account for adjudication",
        ),
        Scope.AFTER_BOTH: (
            (facts.complete or not facts.blind)
            and (grant.role is not Role.REVIEWER or grant.account in facts.readers),
            "not all readers have signed",
        ),
        Scope.OWN_READING: (_is_reader(grant, facts), "it is not assigned to this account"),
        Scope.POOL: (facts.pool, "the trial does not let reviewers take cases"),
        Scope.CODED: (facts.coded, "the codes of subject and site are not replaced"),
        Scope.WITH_GRANT: (granted, "it needs a grant of its own"),
        Scope.OWN_SITE_WITH_GRANT: (own and granted, "it needs a grant of its own"),
    }
    held, why = checks.get(scope, (True, ""))
    return "" if held else why


_CONFLICTS: Final = frozenset({
    Scope.ASSIGNED, Scope.IN_ADJUDICATION, Scope.OWN_READING, Scope.POOL,
})  # fmt: skip


def _is_reader(grant: Grant, facts: CaseFacts) -> bool:
    if grant.role is Role.ADJUDICATOR:
        return facts.in_adjudication and grant.account in facts.adjudicators
    return grant.account in facts.readers


def conflict(account: int, facts: CaseFacts, grants: Iterable[Grant]) -> str:
    """Return why an account must not judge a case; empty when it may.

    Nobody judges what came from a site that they belong to, what they sent themselves, or where
    they declared a conflict of interest.
    """
    if account in facts.submitters:
        return say("nobody reviews their own submission")
    if account in facts.conflicted:
        return say("a conflict of interest is declared")
    of_site = {one.account for one in grants if one.role in OF_A_SITE} | facts.at_home
    return say("nobody reviews a submission of their own site") if account in of_site else ""
