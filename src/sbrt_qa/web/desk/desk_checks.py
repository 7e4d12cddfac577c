"""What was checked at a desk: one folder for each check, with its files and its reports.

Files that were dropped lie under numbers, never under the names they came with. They are deleted
when the desk ends, or before when the person says so; reports and what they are about stay until
the person removes the check.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import enum
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from sbrt_qa.i18n.phrase import msg, phrases_in, with_phrases
from sbrt_qa.pipeline.untrusted_report import PartsSeen
from sbrt_qa.web.session_tokens import new_object_id

MOST_FILES: Final = 20_000
MOST_FILE_BYTES: Final = 600 * 1024**2
MOST_CHECK_BYTES: Final = 4 * 1024**3
MOST_LISTED: Final = 500

_ID: Final = re.compile(r"[0-9a-f]{32}")
_NUMBER_DIGITS: Final = 6
SUFFIXES: Final = (".zip", ".tar", ".tgz", ".gz")
"""Of archives: kept behind the number, because an archive is known by its suffix too."""


class CheckState(enum.StrEnum):
    """Where a check stands."""

    RECEIVING = "receiving"
    LOOKING = "looking"
    SEEN = "seen"
    REVIEWING = "reviewing"
    DONE = "done"
    FAILED = "failed"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class PlanDone:
    """The outcome of one plan: verdict and counts, empty with a failure where there is none."""

    label: str
    verdict: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    failure: str = ""


@dataclass(frozen=True, slots=True)
class DeskCheck:
    """One check.

    Parameters
    ----------
    begun
        When, in ISO form with the zone.
    files
        How many files were dropped; 0 once they are deleted and `deleted` is true.
    protocol, mapping
        What it was held against, and the names that the person gave.
    """

    id: str
    begun: str
    state: CheckState = CheckState.RECEIVING
    files: int = 0
    size_bytes: int = 0
    deleted: bool = False
    seen: PartsSeen = field(default_factory=PartsSeen)
    protocol: str = ""
    mapping: Mapping[str, str] = field(default_factory=dict)
    plans: tuple[PlanDone, ...] = ()
    failure: str = ""

    @classmethod
    def read(cls, text: str) -> DeskCheck:
        """Read what `written` wrote; raise ValueError where it is none."""
        try:
            held = json.loads(text)
            seen = PartsSeen.of(held.pop("seen"))
            plans = tuple(PlanDone(**one) for one in held.pop("plans"))
            phrases = held.pop("phrases", None)
            known = {**held, "state": CheckState(held["state"]), "seen": seen, "plans": plans}
            return with_phrases(cls(**known), phrases)
        except (KeyError, TypeError, AttributeError) as error:
            msg = "no record of a check"
            raise ValueError(msg) from error

    def written(self) -> str:
        """Return it as JSON."""
        phrases = phrases_in({"failure": self.failure, "plans": self.plans})
        return json.dumps({**asdict(self), "seen": self.seen.form(), "phrases": phrases})


class DeskChecks:
    """The checks in a folder.

    Parameters
    ----------
    folder
        Of the desk; only its owner may look into it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "checks"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def begin(self) -> DeskCheck:
        """Begin a check."""
        check = DeskCheck(new_object_id(), dt.datetime.now().astimezone().isoformat("T", "seconds"))
        (self.home(check.id) / "files").mkdir(parents=True, mode=0o700)
        self.keep(check)
        return check

    def home(self, check_id: str) -> Path:
        """Return the folder of a check."""
        return self._folder / check_id

    def keep(self, check: DeskCheck) -> None:
        """Write what is known of a check; whole or not at all."""
        path = self.home(check.id) / "check.json"
        part = path.with_suffix(".part")
        part.write_text(check.written(), encoding="utf-8")
        part.replace(path)

    def find(self, check_id: str) -> DeskCheck | None:
        """Return a check by its id."""
        if not _ID.fullmatch(check_id):
            return None
        try:
            return DeskCheck.read((self.home(check_id) / "check.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def change(self, check: DeskCheck, **changes: Any) -> DeskCheck:  # noqa: ANN401 - its fields
        """Keep a check with some fields changed, and return it."""
        changed = replace(check, **changes)
        self.keep(changed)
        return changed

    def all(self) -> list[DeskCheck]:
        """Return the checks, the latest first."""
        found = [self.find(path.name) for path in self._folder.iterdir()]
        listed = [one for one in found if one is not None]
        return sorted(listed, key=lambda one: one.begun, reverse=True)[:MOST_LISTED]

    def remove(self, check: DeskCheck) -> None:
        """Remove a check with all that belongs to it."""
        shutil.rmtree(self.home(check.id), ignore_errors=True)

    # --- files --------------------------------------------------------------------------------

    def files(self, check: DeskCheck) -> Path:
        """Return the folder of the files that were dropped."""
        return self.home(check.id) / "files"

    def next_file(self, check: DeskCheck, name: str) -> Path:
        """Return where the next file goes; its name is told only where files are not used.

        Raises
        ------
        OverflowError
            The check holds as many files as it may.
        """
        suffix = next((s for s in SUFFIXES if name.lower().endswith(s)), "")
        suffix = ".tar.gz" if name.lower().endswith(".tar.gz") else suffix
        for number in range(check.files + 1, MOST_FILES + 1):
            path = self.files(check) / f"{number:0{_NUMBER_DIGITS}}{suffix}"
            with contextlib.suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
                return path
        raise OverflowError

    def delete_files(self, check: DeskCheck) -> DeskCheck:
        """Delete the files that were dropped; the report stays."""
        shutil.rmtree(self.files(check), ignore_errors=True)
        for name in ("names.json", "told"):
            (self.home(check.id) / name).unlink(missing_ok=True)
        return self.change(check, deleted=True)

    def name_file(self, check: DeskCheck, path: Path, name: str) -> None:
        """Note under which name a file was dropped, to tell the person which are not used."""
        with (self.home(check.id) / "names.json").open("a", encoding="utf-8") as file:
            file.write(json.dumps([path.name, name[:300]]) + "\n")

    def names(self, check: DeskCheck) -> dict[str, str]:
        """Return the names that files were dropped with."""
        try:
            text = (self.home(check.id) / "names.json").read_text(encoding="utf-8")
            return dict(json.loads(line) for line in text.splitlines())
        except (OSError, ValueError):
            return {}

    # --- reports ------------------------------------------------------------------------------

    def keep_report(self, check: DeskCheck, number: int, kind: str, text: str) -> None:
        """Keep one report."""
        (self.home(check.id) / f"report-{number}.{kind}").write_text(text, encoding="utf-8")

    def report(self, check: DeskCheck, number: str, kind: str) -> bytes | None:
        """Return a report by the place of its plan and its kind, None where there is none."""
        if not (number.isascii() and number.isdigit() and kind in ("en.html", "zh.html", "json")):
            return None
        try:
            return (self.home(check.id) / f"report-{int(number)}.{kind}").read_bytes()
        except OSError:
            return None

    def tidy(self) -> None:
        """Delete files of former days, and end what was in work when a desk was cut off."""
        for check in self.all():
            if not check.deleted:
                check = self.delete_files(check)  # noqa: PLW2901 - the same check, changed
            if check.state is CheckState.RECEIVING:
                self.remove(check)
            elif check.state is not CheckState.DONE:
                self.change(check, state=CheckState.FAILED, failure=check.failure or CUT_OFF)


CUT_OFF: Final = msg("the desk was closed before it was done")
