"""Authenticators: RFC 6238 itself, each code once, and the pages that ask for one."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from sbrt_qa.audit.times import now
from sbrt_qa.errors import UsageError
from sbrt_qa.office.acting import Acting
from sbrt_qa.office.trial_options import set_option
from sbrt_qa.web.instance_key import InstanceKey, key_path
from sbrt_qa.web.one_time_codes import (
    STEP_SECONDS,
    code_of_step,
    matching_step,
    shown_secret,
)
from sbrt_qa.web.working.second_factor_rows import SecondFactors
from sbrt_qa.web.working.working_store import WorkingStore

from .playing_office import SECRET, PlayingOffice, ready

RFC_SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"), (1111111109, "07081804"), (1111111111, "14050471"),
        (1234567890, "89005924"), (2000000000, "69279037"), (20000000000, "65353130"),
    ],
)  # fmt: skip
def test_codes_are_those_of_rfc_6238(seconds, code):
    assert code_of_step(RFC_SECRET, seconds // STEP_SECONDS) == code[-6:]


@pytest.mark.parametrize(("drift", "holds"), [(-2, False), (-1, True), (0, True), (1, True),
                                              (2, False)])  # fmt: skip
def test_case_s27__a_clock_may_be_one_step_off_and_not_two(drift, holds):
    code = code_of_step(RFC_SECRET, 1000 + drift)
    found = matching_step(RFC_SECRET, code, 1000 * STEP_SECONDS, 0)
    assert (found == 1000 + drift) is holds


@pytest.mark.parametrize("said", ["", "12345", "1234567", "12345x", "１２３４５６", "-12345"])
def test_what_is_no_code_is_none(said):
    assert matching_step(RFC_SECRET, said, 59, 0) is None


class At:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def factors(tmp_path: Path) -> Iterator[tuple[SecondFactors, At]]:
    store, clock = WorkingStore.in_folder(tmp_path), At()
    yield SecondFactors(store, InstanceKey(tmp_path / "x.instance.key"), clock), clock
    store.close()


def step_code(secret: bytes, clock: At, steps: int = 0) -> str:
    return code_of_step(secret, int(clock.now // STEP_SECONDS) + steps)


def test_case_s27__no_code_counts_twice(factors):
    made, clock = factors
    secret = made.begin("7")
    assert not made.is_on("7")
    assert not made.holds("7", step_code(secret, clock))
    codes = made.confirm("7", step_code(secret, clock))
    assert len(set(codes)) == 10
    assert made.is_on("7")
    assert not made.holds("7", step_code(secret, clock))  # it confirmed already
    assert not made.holds("7", step_code(secret, clock, -1))
    clock.now += STEP_SECONDS
    fresh = step_code(secret, clock)
    assert made.holds("7", fresh)
    assert not made.holds("7", fresh)
    assert made.holds("7", codes[3].lower().replace("-", " "))
    assert not made.holds("7", codes[3])
    assert made.recovery_left("7") == 9
    assert not made.holds("8", codes[4])


def test_a_secret_is_sealed_for_one_account_and_key(factors, tmp_path):
    made, clock = factors
    secret = made.begin("7")
    made.confirm("7", step_code(secret, clock))
    path = tmp_path / "x.instance.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    raw = (tmp_path / "working.db").read_bytes() + (tmp_path / "working.db-wal").read_bytes()
    assert secret not in raw
    assert secret.hex().encode() not in raw
    assert shown_secret(secret).replace(" ", "").encode() not in raw
    path.chmod(0o644)
    with pytest.raises(UsageError, match="others may read"):
        made.holds("7", "123456")
    path.chmod(0o600)
    path.write_text("0" * 64)
    with pytest.raises(UsageError, match="another key"):
        made.holds("7", "123456")


def test_case_s31__the_key_lies_outside_the_audit(tmp_path, monkeypatch):
    assert key_path(tmp_path / "A") == tmp_path / "A.instance.key"
    monkeypatch.setenv("SBRT_QA_INSTANCE_KEY", str(tmp_path / "elsewhere"))
    assert key_path(tmp_path / "A") == tmp_path / "elsewhere"


# --- the pages -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[PlayingOffice, At]]:
    """One office for all pages; each test works with an account of its own."""
    folder = tmp_path_factory.mktemp("second") / "A"
    made, clock = PlayingOffice(folder, 30), At()
    made.app.second = SecondFactors(made.store, InstanceKey(key_path(folder)), clock)
    yield made, clock
    made.close()


def with_authenticator(office: PlayingOffice, clock: At, who: str) -> bytes:
    key = str(office.accounts[who].key)
    secret = office.app.second.begin(key)
    assert office.app.second.confirm(key, step_code(secret, clock))
    clock.now += STEP_SECONDS
    return secret


def test_signing_in_asks_for_a_code_after_the_password(office):
    made, clock = office
    secret = with_authenticator(made, clock, "reviewer1")
    guest = made.somebody("reviewer1")
    made.app.sessions.end(guest.cookie)
    code = made.accounts["reviewer1"].code
    asked = guest.post("/login", code=code, password=SECRET)
    assert asked.status == 200
    assert "set-cookie" not in asked.headers
    half = re.search(r'name="half" value="([^"]+)"', asked.text)[1]
    wrong = guest.post("/login", half=half, second="000000")
    assert wrong.status == 403
    right = guest.post("/login", half=half, second=step_code(secret, clock))
    assert right.status == 303
    assert "sbrtqa=" in right.headers["set-cookie"]
    again = guest.post("/login", half=half, second=step_code(secret, clock, 1))
    assert again.status == 403


def test_case_p41__signing_asks_for_the_code_and_is_not_wrong_where_it_cannot_be_checked(office):
    made, clock = office
    secret = with_authenticator(made, clock, "reviewer2")
    submission = made.in_state("reviewed by engine")[0]
    who = f"reader:{made.accounts['reviewer2'].key}"
    case = made.case(submission)
    assert made.somebody("coordinator").post(case + "/assign", who=who).status == 303
    reader = made.somebody("reviewer2")
    path, token = ready(reader, submission)
    fields = {"challenge": token, "password": SECRET, "meaning": "contours"}
    assert reader.post(f"{path}/sign", **fields).status == 403
    key_file = key_path(made.app.audit.folder)
    kept = key_file.read_text()
    key_file.unlink()
    code = step_code(secret, clock)
    unchecked = reader.post(f"{path}/sign", **fields, second=code)
    assert unchecked.status == 503
    assert "cannot be checked now" in unchecked.text
    key_file.write_text(kept)
    key_file.chmod(0o600)
    signed = reader.post(f"{path}/sign", **fields, second=code)
    assert signed.status == 303, signed.text


def test_an_authenticator_is_set_up_on_its_page(office):
    made, clock = office
    who = made.somebody("reviewer3")
    assert who.post("/second-factor", step="begin", password=SECRET + "x").status == 422
    begun = who.post("/second-factor", step="begin", password=SECRET)
    assert "otpauth://totp/SBRT" in begun.text
    key = str(made.accounts["reviewer3"].key)
    secret = made.app.second.pending(key)
    assert who.post("/second-factor", step="confirm", second="000000").status == 422
    done = who.post("/second-factor", step="confirm", second=step_code(secret, clock))
    assert len(re.findall(r"[A-Z2-7]{4}(?:-[A-Z2-7]{4}){3}", done.text)) == 10
    assert made.app.second.is_on(key)


def test_a_role_that_needs_an_authenticator_is_led_to_it(office):
    made, clock = office
    admin = Acting(made.accounts["admin"].key, now())
    set_option(made.engine, admin, "second_factor_roles", value=["adjudicator"])
    made.app._look_at_second_roles()
    reader = made.somebody("adjudicator")
    assert reader.get("/queue").location == "/second-factor"
    assert made.somebody("coordinator").get("/queue").status == 200
    with_authenticator(made, clock, "adjudicator")
    assert reader.get("/queue").status == 200
