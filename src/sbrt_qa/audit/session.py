"""One run of an audit: what a worker is sent, and what is recorded of what it answers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from sbrt_qa import __version__
from sbrt_qa.audit.case_reports import CaseReports, relative_path
from sbrt_qa.audit.earlier import Before
from sbrt_qa.audit.head import write_head
from sbrt_qa.audit.job import SubmissionJob
from sbrt_qa.audit.one_submission import review_in_child
from sbrt_qa.audit.place_names import PlaceNames, in_words
from sbrt_qa.audit.published import WRITTEN, files_recorded
from sbrt_qa.audit.request import Request, Step, now
from sbrt_qa.errors import InputError
from sbrt_qa.i18n.phrase import said, say
from sbrt_qa.sandbox import Limits, Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from sbrt_qa.audit.answer import SubmissionAnswer
    from sbrt_qa.audit.discovery import Submission
    from sbrt_qa.audit.discovery_thread import Finder, FoundSubmission
    from sbrt_qa.audit.folder import AuditFolder
    from sbrt_qa.audit.layout import Naming
    from sbrt_qa.audit.running import Done
    from sbrt_qa.audit.store.connection import Database
    from sbrt_qa.audit.store.known import Settled
    from sbrt_qa.audit.store.places import PlaceRow
    from sbrt_qa.audit.store.records import Entry, Recorded
    from sbrt_qa.audit.store.write import Recorder
    from sbrt_qa.deid.secret import Secret
    from sbrt_qa.protocol.versions import ProtocolFamily

ATTEMPTS: Final = 3
"""How many runs try a submission whose review breaks off; then only those that are told to."""

PROVING: Final = 4
"""Threads of the parent that read what a worker read, to know that it is the same."""


@dataclass(frozen=True, slots=True)
class Task:
    """A submission, what its worker is sent, and its inputs that need no review.

    ``proof`` becomes the fingerprint of all its bytes as the parent sees them, or the InputError
    that it meets; a worker is not sent it.
    """

    def __reduce__(self) -> tuple[object, ...]:
        """Leave at home what a worker on another machine cannot use."""
        return Task, (self.submission, self.place_key, self.job, {}, None)

    submission: Submission
    place_key: str
    job: SubmissionJob
    settled: Mapping[str, Settled]
    proof: Future[str]


def review(task: Task, limits: Limits) -> Outcome:
    """Review a submission, here or on another machine."""
    return review_in_child(task.job, limits)


# --- recording --------------------------------------------------------------------------------


def known_codes(named: Naming, *, subject: bool = True) -> tuple[str, ...]:
    """Return the codes of site and subject that a place tells, which files may hold; no names.

    A subject that goes by a pseudonym is none that they may hold.
    """
    from sbrt_qa.audit.coding import is_subject_code
    from sbrt_qa.audit.layout import is_code

    site, code = named.site or "", (named.subject or "") * subject
    return tuple(filter(None, (site * is_code(site), code * is_subject_code(code))))


def site_code(named: Naming) -> str:
    """Return the code of a site that a place tells; nothing where its name is none."""
    from sbrt_qa.audit.layout import is_code

    return named.site if named.site and is_code(named.site) else ""


class AuditSession:
    """One run: what it knows, and what it has done."""

    def __init__(
        self,
        request: Request,
        place: AuditFolder,
        family: ProtocolFamily,
        secret: Secret,
        engine: Database,
        recorder: Recorder,
        manifest: dict[str, Naming] | None,
    ) -> None:
        self.manifest = manifest
        self.reviewed = 0
        self._request, self._trial = request, place.settings.trial
        self._pseudonymize = place.settings.pseudonymized
        self._language = place.settings.language or "en"
        self._family, self._secret = family, secret
        self._engine, self._recorder = engine, recorder
        self._protocols = tuple(v.model_dump_json(by_alias=True) for v in family.versions)
        self._folder = place.folder
        self._reports = CaseReports(place.folder)
        if request.reports:
            self._reports.begin()
        self._places = PlaceNames(secret, pseudonymize=self._pseudonymize)
        self._open: set[str] = set()
        self._recorded: dict[str, str] | None = None
        self._provers: ThreadPoolExecutor | None = None

    @contextmanager
    def proving(self) -> Iterator[None]:
        """Have threads of this process read what workers read, while they do."""
        from sbrt_qa.audit.store.failures import open_failures

        self._open = {one.place_key for one in open_failures(self._engine)}
        self._provers = ThreadPoolExecutor(PROVING, "proving")
        try:
            yield
        finally:
            self._provers.shutdown(wait=False, cancel_futures=True)

    def _proof(self, path: Path) -> Future[str]:
        from sbrt_qa.audit.fingerprints import bytes_fingerprint

        if self._provers is None:
            raise RuntimeError
        return self._provers.submit(bytes_fingerprint, path)

    def task(self, found: FoundSubmission) -> Task:
        """Return what a worker is sent about a submission."""
        from sbrt_qa.audit.store.failures import attempts
        from sbrt_qa.audit.store.known import is_recorded, settled_inputs
        from sbrt_qa.audit.store.verify_records import head

        one = found.submission
        key = self._secret.digest(one.key)
        asked = (self._engine, key, self._recorder.rules_sha256, __version__)
        settled = settled_inputs(*asked)
        tried = {} if self._request.retry else attempts(*asked)
        given_up = tuple(given for given, times in tried.items() if times >= ATTEMPTS)
        mapping, words = self._words(one.named)
        job = SubmissionJob(
            one.path.absolute(),
            self._protocols,
            mapping,
            fixed=self._family.fixed,
            known=(*(s.input_sha256 for s in settled if self._is_complete(s)), *given_up),
            codes=known_codes(one.named, subject=not self._pseudonymize),
            before=self._before(found, known=bool(settled)),
            report=self._reports.stem(key) if self._request.reports else None,
            site=site_code(one.named),
            version=str(one.named.version or ""),
            renamed=self._renamed(one.named) if self._pseudonymize else None,
            subject=self._subject(one.named),
            older=is_recorded(self._engine, key),
            head=str(head(self._engine)) if self._request.reports else "",
            waiting=self._waiting(one.named) if self._request.reports else ("", ""),
            stated=one.named.words.stated,
            words=words,
            language=self._language,
        )
        return Task(one, key, job, {s.input_sha256: s for s in settled}, self._proof(one.path))

    def _waiting(self, named: Naming) -> tuple[str, str]:
        """Return by when and what the site still has to answer about the subject."""
        from sbrt_qa.audit.store.queries import waiting_query

        subject = self._subject(named)
        found = waiting_query(self._engine, site_code(named), subject) if subject else None
        if found is None:
            return "", ""
        return found.due[:10], say(
            "query {0} of {1} about {2}", found.id, found.opened[:10], found.code
        )

    def _words(self, named: Naming) -> tuple[dict[str, str], str]:
        """Return the map of names for a submission, and the hash of all that is stated of it."""
        from sbrt_qa.audit.stated_input import words_digest

        mapping = {**self._request.mapping, **dict(named.words.mapping)}
        return mapping, words_digest(self._secret, named.words.stated, mapping)

    def anew(self, task: Task) -> Task:
        """Return a task that is tried again, of the bytes that are there now."""
        return replace(task, proof=self._proof(task.submission.path))

    def _is_complete(self, settled: Settled) -> bool:
        wanted = settled.plans if self._request.reports else 0
        return self._reports.are_there(settled.code, wanted)

    def _before(self, found: FoundSubmission, *, known: bool) -> Before | None:
        """Return the submission before: its files, else what is recorded of it."""
        if found.before is not None:
            earlier = found.before
            mapping, words = self._words(earlier.named)
            stated = earlier.named.words.stated
            return Before(earlier.path.absolute(), (), stated, mapping, words)
        named = found.submission.named
        if named.weak or named.subject is None or not (known or (named.version or 1) > 1):
            return None
        from sbrt_qa.audit.coding import coded
        from sbrt_qa.audit.store.kept import newest_reviews

        codes = coded(named, "", self._secret, pseudonymize=self._pseudonymize)
        place = self._trial, codes.site, codes.subject
        recorded = newest_reviews(self._engine, place, named.version)
        return Before(recorded=recorded) if recorded else None

    def _subject(self, named: Naming) -> str:
        """Return the code of a subject as far as the place tells it, else nothing."""
        from sbrt_qa.audit.coding import coded

        if named.weak or named.subject is None:
            return ""
        return coded(named, "", self._secret, pseudonymize=self._pseudonymize).subject

    def _renamed(self, named: Naming) -> dict[str, str]:
        """Return the pseudonym of a subject by its name, as far as the place tells it."""
        if named.weak or named.subject is None:
            return {}
        return {named.subject: self._secret.code("P", named.subject)}

    def record(self, done: Done[Task, Outcome], finder: Finder) -> Step:
        """Record what came of a submission, and put its reports in place."""
        from sbrt_qa.audit.answer import answer_of
        from sbrt_qa.audit.recording import Owner, entry_of

        task, outcome = done.task, done.result or Outcome(failure="its worker was lost")
        answer = answer_of(outcome)
        failure, proof = self._distrusted(done, answer)
        if failure:
            return self._failed(task, *failure, finder)
        given = (answer.input_sha256, answer.older_sha256) if answer else ()
        settled = next((task.settled[one] for one in given if one in task.settled), None)
        if answer and settled is not None:
            return self._unchanged(task, settled, answer, finder)
        if answer and answer.known:
            told = f"its review broke off in {ATTEMPTS} runs; --retry tries again"
            return Step(self._code(task.submission), None, finder.found, finder.complete, told)
        owner = Owner(
            task.place_key, proof, self._trial, self._secret, self._pseudonymize, now(),
            task.job.words,
        )  # fmt: skip
        entry = entry_of(task.submission, outcome, answer, self._family.latest, owner)
        if self._request.reports and entry.cases:
            hashes = self._reports.hashes(task.place_key, len(entry.cases))
            entry = replace(entry, reports=hashes)
        made = self._recorder.record(entry, now())
        self.reviewed += 1
        self._places.learn(task.submission, entry.place)
        return self._step(task, entry, made, finder)

    def _distrusted(
        self, done: Done[Task, Outcome], answer: SubmissionAnswer | None
    ) -> tuple[tuple[str, str] | None, str]:
        """Return why an answer does not count, as kind and words; and what the parent saw.

        A worker has to have seen the bytes that the parent sees. One that was lost, or could not
        read the files, says nothing of the site.
        """
        from sbrt_qa.audit.recording import CANNOT_READ, LOST, OTHER_BYTES

        if done.result is None:
            return (LOST, say("its worker was lost")), ""
        try:
            proof = done.task.proof.result()
        except InputError as error:
            return (CANNOT_READ, said(error)), ""
        if isinstance(done.result.error, InputError):
            told = say("a worker could not read it: {0}", said(done.result.error))
            return (CANNOT_READ, told), proof
        if answer is None:
            return None, proof
        if answer.bytes_sha256 != proof or answer.changed:
            told = say(
                "a worker read other bytes than are in the files now, or they changed meanwhile"
            )
            return (OTHER_BYTES, told), proof
        return None, proof

    def _failed(self, task: Task, kind: str, why: str, finder: Finder) -> Step:
        """Record that a submission was not reviewed, for a reason that is not the site's."""
        from sbrt_qa.audit.store.failures import Failure, record_failure

        code = self._code(task.submission)
        site, subject, _ = code.split("/")
        rules = self._recorder.rules_sha256
        one = Failure(task.place_key, code, site, subject, "", kind, why, rules, __version__)
        record_failure(self._engine, one, now())
        return Step(code, None, finder.found, finder.complete, why)

    def _code(self, one: Submission) -> str:
        """Return what a submission will be called, as far as its place tells."""
        from sbrt_qa.audit.coding import coded
        from sbrt_qa.audit.store.records import submission_code

        codes = coded(one.named, one.key, self._secret, pseudonymize=self._pseudonymize)
        return submission_code(codes.site, codes.subject, one.named.version or 1)

    def _unchanged(
        self, task: Task, settled: Settled, answer: SubmissionAnswer, finder: Finder
    ) -> Step:
        """Take note of a submission that needs no review."""
        from sbrt_qa.audit.store.failures import REVIEWED, end_failures_of
        from sbrt_qa.audit.store.marks import known_as

        if answer.input_sha256 not in task.settled:
            known_as(self._engine, settled.submission_id, answer.input_sha256, now())
        if task.place_key in self._open:
            end_failures_of(self._engine, {task.place_key: REVIEWED}, now())
        self._put_made_anew(task.place_key, settled)
        self._places.know(task.submission, settled.code)
        return Step("", None, finder.found, finder.complete)

    def _put_made_anew(self, place_key: str, settled: Settled) -> None:
        """Put reports in place that were missing, and record what they are now."""
        from sbrt_qa.audit.store.write import note

        hashes = self._reports.hashes(place_key, settled.plans)
        files = {relative_path(settled.code, n): h for n, h in enumerate(hashes, 1) if h}
        if files and self._recorded is None:
            self._recorded = files_recorded(self._engine)
        if files.items() - (self._recorded or {}).items():
            note(self._engine, now(), WRITTEN, {"files": files})
        self._reports.put_in_place(place_key, settled.code, settled.plans)

    def _step(self, task: Task, entry: Entry, made: Recorded, finder: Finder) -> Step:
        from sbrt_qa.model.outcome import Verdict, worst
        from sbrt_qa.review.unreviewed import NOT_REVIEWED

        written = self._reports.put_in_place(task.place_key, made.code, len(entry.cases))
        write_head(self._folder, self._engine)
        if entry.lost:
            return Step(made.code, None, finder.found, finder.complete, entry.lost.message)
        verdict = worst([c.review.verdict for c in entry.cases] or [Verdict.NOT_EVALUABLE])
        findings = [f for case in entry.cases for f in case.review.findings]
        trouble = next((f.message for f in findings if f.code == NOT_REVIEWED), "")
        wanted = sum(bool(c.facts) for c in entry.cases) if self._request.reports else 0
        return Step(
            made.code, verdict.value, finder.found, finder.complete, trouble, wanted - written
        )

    def finish(self, finder: Finder, tell: Callable[[str], object]) -> Iterator[Step]:
        """Record what became of every place, and tell of those that cannot be read."""
        from sbrt_qa.audit.entries import UNREADABLE
        from sbrt_qa.audit.recording import CANNOT_READ
        from sbrt_qa.audit.store.failures import Failure, end_failures_of, record_failure
        from sbrt_qa.audit.store.places import record_places

        rows = self._rows(finder)
        tell(in_words(record_places(self._engine, rows, now())))
        unread = set()
        for place, row in zip(finder.places, rows, strict=True):
            if place.reason == UNREADABLE and place.inside is None:
                unread.add(row.place_key)
                one = Failure(
                    row.place_key, row.place, row.site, row.subject, "", CANNOT_READ,
                    say("it cannot be read"), self._recorder.rules_sha256, __version__,
                )  # fmt: skip
                record_failure(self._engine, one, now())
                yield Step(row.place, None, finder.found, finder.complete, one.why)
        end_failures_of(self._engine, self._over(rows, unread, finder), now())

    def _rows(self, finder: Finder) -> list[PlaceRow]:
        """Return what is recorded of each place; those of several folders are told apart."""
        rows = []
        taken: set[str] = set()
        for number, place in enumerate(finder.places):
            row = self._places.row(place, waits=finder.waits(place))
            if row.place_key in taken:
                row = replace(row, place_key=self._secret.digest(f"{number}\0{place.key}"))
            taken.add(row.place_key)
            rows.append(row)
        return rows

    def _over(
        self, rows: Iterable[PlaceRow], unread: Collection[str], finder: Finder
    ) -> dict[str, str]:
        """Return the failures that are over without a review: of places that can be read again."""
        from sbrt_qa.audit.store.failures import REVIEWED, open_failures

        there = {row.place_key for row in rows}
        submissions = {self._secret.digest(key) for key in finder.submissions}
        waiting = {one.place_key for one in open_failures(self._engine)}
        return dict.fromkeys((waiting & there) - submissions - set(unread), REVIEWED)
