"""What a site sent: looked at, then reviewed and recorded, one submission after the other.

Nothing here reads a file that a site sent. A child with caps looks what the files are; the audit
reviews them in children of its own and records what they answer, as `sbrt-qa audit` does.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from sbrt_qa.errors import SbrtQaError, UsageError
from sbrt_qa.i18n.phrase import msg
from sbrt_qa.intake.chunks import UploadManifest
from sbrt_qa.intake.landing import ArrivalSource, Landed, land
from sbrt_qa.office.acting import Acting
from sbrt_qa.web.desk.desk_checks import MOST_FILE_BYTES, CheckState, DeskCheck, DeskChecks
from sbrt_qa.web.desk.desk_work import DeskWork
from sbrt_qa.web.review_office.release_work import ReleasePlace, release_study
from sbrt_qa.web.working.arrival_rows import record_arrival
from sbrt_qa.web.working.study_rows import CLOSED, QUARANTINED, RELEASED, WITHDRAWN, Studies

OWNER: Final = "owner.json"
ABANDONED_SECONDS: Final = 24 * 3600.0
CUT_OFF: Final = msg("the office was closed before it was done")


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

    def take_landed(
        self, check: DeskCheck, manifest: UploadManifest, landed: Sequence[Landed]
    ) -> DeskCheck:
        """Lay the files of an upload that landed where they are looked at."""
        for number, (one, there) in enumerate(zip(manifest.files, landed, strict=True)):
            path = self.next_file(replace(check, files=number), one.name)
            path.unlink()
            linked_or_copied(there.path, path)
            self.name_file(check, path, one.name)
        return self.change(check, files=len(landed), size_bytes=manifest.size_bytes)


def linked_or_copied(path: Path, to: Path) -> None:
    """Lay a file in another place, without a second copy where the system can."""
    with suppress(OSError):
        os.link(path, to)
        return
    shutil.copyfile(path, to)


class IntakeWork(DeskWork):
    """Looks at what sites send, and has it de-identified, reviewed and recorded.

    Parameters
    ----------
    intake
        The uploads.
    place
        What a release works with.
    """

    def __init__(self, intake: Intake, place: ReleasePlace) -> None:
        super().__init__(intake)
        self._intake, self._place = intake, place

    def send(self, check: DeskCheck, by: Acting) -> DeskCheck:
        """Begin to de-identify, review and record an upload."""
        changed = self._intake.change(check, state=CheckState.REVIEWING, failure="")
        self._pool.submit(self._guarded, lambda one: self._send(one, by), changed)
        return changed

    def _send(self, check: DeskCheck, by: Acting) -> None:
        owner = self._intake.owner(check)
        if owner is None:
            raise UsageError("this upload belongs to nobody")
        store, batch = self._place.store, check.id
        studies = Studies(store)
        study = studies.of_batch(batch)
        if study is None or study.state == WITHDRAWN:
            members = self._landed(check, owner)
            study = studies.begin(
                owner.site, members, state=CLOSED, batch=batch, account=owner.account,
                subject=owner.subject,
            )  # fmt: skip
        try:
            done = release_study(self._place, study, by)
        except SbrtQaError:
            studies.change(study, state=WITHDRAWN)
            raise
        if done.state == QUARANTINED:
            self._intake.change(check, state=CheckState.HELD, failure=done.why)
            return
        if done.state != RELEASED:  # the office has it already
            raise UsageError(done.why)
        sent = SentBy(owner.account, owner.site, owner.subject, done.submission, done.why)
        self._intake.keep_owner(check, sent)
        changed = self._intake.change(check, state=CheckState.DONE)
        self._intake.delete_files(changed)

    def _landed(self, check: DeskCheck, owner: SentBy) -> list[int]:
        """Land the files of an upload, as what comes through any other door; return arrivals."""
        source = ArrivalSource("web", owner.site, f"account {owner.account}")
        members = []
        for path in sorted(self._intake.files(check).iterdir()):
            if not path.stat().st_size:
                continue
            with path.open("rb") as file:
                landed = land(self._place.vault, source, file, max_bytes=MOST_FILE_BYTES)
            members.append(record_arrival(self._place.store, source, landed, batch=check.id).id)
        return members
