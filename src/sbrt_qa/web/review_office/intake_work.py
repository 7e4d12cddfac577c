"""What a site sent: looked at, then reviewed and recorded, one submission after the other.

Nothing here reads a file that a site sent. A child with caps looks what the files are; the audit
reviews them in children of its own and records what they answer, as `sbrt-qa audit` does.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from sbrt_qa.audit.folder import AuditFolder
from sbrt_qa.audit.request import Request
from sbrt_qa.audit.run_audit import audit
from sbrt_qa.audit.store.connection import Database
from sbrt_qa.audit.times import now
from sbrt_qa.errors import UsageError
from sbrt_qa.office.acting import Acting
from sbrt_qa.office.entering import name_sender, take_in
from sbrt_qa.office.site_uploads import protocol_content, versions_of
from sbrt_qa.pipeline import DEFAULT_PROTOCOL
from sbrt_qa.protocol.protocol_files import library
from sbrt_qa.web.desk.desk_checks import CheckState, DeskCheck, DeskChecks
from sbrt_qa.web.desk.desk_work import DeskWork

OWNER: Final = "owner.json"
SUBMISSIONS: Final = "submissions"
ABANDONED_SECONDS: Final = 24 * 3600.0
CUT_OFF: Final = "the office was closed before it was done"


def _age_seconds(begun: str) -> float:
    return (dt.datetime.now().astimezone() - dt.datetime.fromisoformat(begun)).total_seconds()


@dataclass(frozen=True, slots=True)
class SentBy:
    """Whose an upload is, and what it is to become; `submission` is 0 until it is recorded."""

    account: int
    site: str
    subject: str
    submission: int = 0
    trouble: str = ""


class Intake(DeskChecks):
    """Uploads of sites, each with whose it is, in a folder beside the audit.

    Parameters
    ----------
    folder
        Only its owner may look into it.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._sent = folder / SUBMISSIONS

    def keep_owner(self, check: DeskCheck, owner: SentBy) -> None:
        """Keep whose an upload is."""
        text = json.dumps(asdict(owner))
        (self.home(check.id) / OWNER).write_text(text, encoding="utf-8")

    def owner(self, check: DeskCheck) -> SentBy | None:
        """Return whose an upload is; None where nobody's."""
        try:
            text = (self.home(check.id) / OWNER).read_text(encoding="utf-8")
            return SentBy(**json.loads(text))
        except (OSError, ValueError, TypeError):
            return None

    def settle(self) -> None:
        """Bring what an end of the office cut off back to where it can be sent again."""
        for check in self.all():
            if check.state in (CheckState.LOOKING, CheckState.REVIEWING):
                state = CheckState.SEEN if check.seen.plans else CheckState.FAILED
                self.change(check, state=state, failure="" if check.seen.plans else CUT_OFF)

    def drop_abandoned(self, seconds: float = ABANDONED_SECONDS) -> int:
        """Remove uploads whose files stopped coming long ago; return how many (case P25)."""
        old = [
            one
            for one in self.all()
            if one.state is CheckState.RECEIVING and _age_seconds(one.begun) > seconds
        ]
        for one in old:
            self.remove(one)
        return len(old)

    def place(self, check: DeskCheck, owner: SentBy, version: int) -> Path:
        """Move the files of an upload to where the audit finds them; return the folder above."""
        root = self._sent / check.id
        place = root / owner.site / owner.subject / f"v{version}"
        if root.exists():
            shutil.rmtree(root)
        place.parent.mkdir(parents=True)
        shutil.copytree(self.files(check), place)
        return root


class IntakeWork(DeskWork):
    """Looks at what sites send, and has it reviewed and recorded.

    Parameters
    ----------
    intake
        The uploads.
    folder, engine, database
        Of the audit; the address with its password where the records are in a database of others.
    """

    def __init__(
        self, intake: Intake, folder: AuditFolder, engine: Database, database: str = ""
    ) -> None:
        super().__init__(intake)
        self._intake, self._audit = intake, folder
        self._engine, self._database = engine, database

    def send(self, check: DeskCheck, by: Acting) -> DeskCheck:
        """Begin to review and record an upload."""
        changed = self._intake.change(check, state=CheckState.REVIEWING, failure="")
        self._pool.submit(self._guarded, lambda one: self._send(one, by), changed)
        return changed

    def _send(self, check: DeskCheck, by: Acting) -> None:
        owner = self._intake.owner(check)
        if owner is None:
            raise UsageError("this upload belongs to nobody")
        known = versions_of(self._engine, owner.site, owner.subject)
        version = max(known, default=0) + 1
        root = self._intake.place(check, owner, version)
        steps = list(audit(self._request(root)))
        trouble = "; ".join(step.trouble for step in steps if step.trouble)
        made = versions_of(self._engine, owner.site, owner.subject)
        new = [key for key in made.values() if key not in known.values()]
        if not new:
            raise UsageError(trouble or "these files were sent before; nothing new was recorded")
        take_in(self._engine, now())
        name_sender(self._engine, Acting(by.account, now(), by.session, by.request), new[-1])
        sent = SentBy(owner.account, owner.site, owner.subject, new[-1], trouble)
        self._intake.keep_owner(check, sent)
        done = self._intake.change(check, state=CheckState.DONE)
        self._intake.delete_files(done)

    def _request(self, root: Path) -> Request:
        settings = self._audit.settings
        return Request((root,), self._audit.folder, self._protocol(root), settings.trial,
                       self._database)  # fmt: skip

    def _protocol(self, root: Path) -> str:
        """Return the protocol of the audit: one of the library, or the one it was begun with."""
        code, content = protocol_content(self._engine)
        names = {stem.partition("@")[0] for stem in library()}
        if not code or code in names:
            return code or DEFAULT_PROTOCOL
        path = root.with_suffix(".protocol.yaml")
        path.write_text(content, encoding="utf-8")
        return str(path)
