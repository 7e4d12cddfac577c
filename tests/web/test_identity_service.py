"""Signing in and signing by an identity service, and what a hostile one sends (case S28)."""

from __future__ import annotations

import html
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

pytest.importorskip("joserfc", reason="pip install 'sbrt-qa[oidc]'")
pytest.importorskip("httpx", reason="pip install 'sbrt-qa[oidc]'")

from sbrt_qa.audit.store.verify_records import verify
from sbrt_qa.errors import UsageError
from sbrt_qa.office.accounts import account_by_code, account_by_key
from sbrt_qa.office.granting import grants_of
from sbrt_qa.office.signing import signatures_of
from sbrt_qa.web.identity.identity_provider import IdentityProvider
from sbrt_qa.web.identity.identity_settings import IdentitySettings, read_identity_settings
from sbrt_qa.web.session_tokens import new_session_id
from sbrt_qa.web.working.working_tables import failures

from .identity_service import CLIENT, SECRET, IdentityService
from .playing_office import SECRET as PASSWORD
from .playing_office import PlayingOffice, Somebody, ready
from .test_office_journeys import Hands, hands  # noqa: F401 - a fixture

OFFICE = "http://127.0.0.1:8765"


@pytest.fixture(scope="module")
def hospital() -> Iterator[IdentityService]:
    made = IdentityService()
    yield made
    made.close()


@pytest.fixture(scope="module")
def office(
    tmp_path_factory: pytest.TempPathFactory, hospital: IdentityService
) -> Iterator[PlayingOffice]:
    made = PlayingOffice(tmp_path_factory.mktemp("identity") / "A", 31)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def fresh(office: PlayingOffice, hospital: IdentityService) -> Iterator[None]:
    """A service that is right, an office that has not asked it yet, and nobody slowed down."""
    hospital.reset()
    believe(office, hospital)
    nobody_slowed(office)
    office.app.identities.keep(hospital.issuer, "person-1", key_of(office, "reviewer1"))
    office.app.identities.keep(hospital.issuer, "person-2", key_of(office, "reviewer2"))
    yield
    assert office.app.identity is not None
    office.app.identity.close()


def nobody_slowed(office: PlayingOffice) -> None:
    with office.store.writing() as connection:
        connection.execute(sa.delete(failures))


def believe(office: PlayingOffice, hospital: IdentityService, **said: bool) -> None:
    settings = IdentitySettings(hospital.issuer, CLIENT, OFFICE, SECRET, "The Hospital", **said)
    office.app.identity = IdentityProvider(settings)


def key_of(office: PlayingOffice, who: str) -> str:
    return str(office.accounts[who].key)


def guest(office: PlayingOffice) -> Somebody:
    """Return a browser that has only seen the page of signing in."""
    return Somebody(office, new_session_id())


def leads_to(page: str) -> str:
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', page)
    assert found, page
    return html.unescape(found[1])


def going(who: Somebody, **fields: str) -> str:
    gone = who.post("/identity", **fields)
    assert gone.status == 200, gone.text
    return leads_to(gone.text)


def back(address: str) -> str:
    at = urlsplit(address)
    assert address.startswith(OFFICE)
    return f"{at.path}?{at.query}"


def signed_in(office: PlayingOffice, cookie: str) -> str | None:
    found = office.app.sessions.of(cookie)
    return found and found.account


def cookie_of(headers: dict[str, str]) -> str:
    found = re.search(r"sbrtqa=([\w-]{43})", headers.get("set-cookie", ""))
    assert found
    return found[1]


def test_somebody_signs_in_at_the_service(office, hospital):
    who = guest(office)
    assert "The Hospital" in who.get("/login").text
    address = going(who, next="/queue")
    assert "prompt" not in address
    for once in ("state", "nonce", "code_challenge"):
        assert len(re.search(rf"{once}=([\w-]+)", address)[1]) == 43
    came = who.get(back(hospital.authorize(address)))
    assert (came.status, came.location) == (303, "/queue")
    cookie = cookie_of(came.headers)
    assert cookie != who.cookie
    assert signed_in(office, cookie) == key_of(office, "reviewer1")


def test_an_elliptic_key_is_as_good(office, hospital):
    hospital.algorithm = "ES256"
    who = guest(office)
    assert who.get(back(hospital.authorize(going(who)))).status == 303


FAULTS = {
    "alg none": {"signs": "none"},
    "public key as a secret": {"signs": "hmac"},
    "key of somebody else": {"signs": "other key"},
    "key that comes with the token": {"signs": "embedded key"},
    "key that the service does not have": {"signs": "other kid"},
    "signature of other words": {"signs": "swapped"},
    "signature cut off": {"signs": "cut"},
    "wrong issuer": {"iss": "https://evil.example"},
    "issuer with a slash": {"iss": "/"},
    "no issuer": {"iss": None},
    "wrong audience": {"aud": "another"},
    "several audiences and no party": {"aud": [CLIENT, "another"]},
    "given to another party": {"azp": "another"},
    "no audience": {"aud": None},
    "wrong nonce": {"nonce": "x" * 43},
    "no nonce": {"nonce": None},
    "expired": {"exp": int(time.time()) - 120},
    "no end": {"exp": None},
    "end in words": {"exp": "tomorrow"},
    "made long ago": {"iat": int(time.time()) - 7200},
    "made tomorrow": {"iat": int(time.time()) + 86400},
    "not before tomorrow": {"nbf": int(time.time()) + 86400},
    "nobody": {"sub": ""},
    "subject that is no text": {"sub": 1},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_case_s28__a_token_that_does_not_count_signs_nobody_in(office, hospital, fault):
    said = dict(FAULTS[fault])
    hospital.signs = str(said.pop("signs", "right"))
    hospital.claims = {k: hospital.issuer + "/" if v == "/" else v for k, v in said.items()}
    who = guest(office)
    came = who.get(back(hospital.authorize(going(who))))
    assert came.status == 403
    assert "set-cookie" not in came.headers
    assert signed_in(office, who.cookie) is None
    hospital.reset()  # and the same browser gets in with a token that is right
    assert who.get(back(hospital.authorize(going(who)))).status == 303


def test_case_s28__a_state_counts_once_in_one_browser(office, hospital):
    who, thief = guest(office), guest(office)
    led = back(hospital.authorize(going(who)))
    assert thief.get(led).status == 403  # the state of another browser, which also ends it
    assert who.get(led).status == 403
    again = back(hospital.authorize(going(who)))
    assert who.get(again).status == 303
    assert who.get(again).status == 403  # replayed
    for made_up in ("", "x" * 43, "'; DROP TABLE identities; --"):
        assert who.get(f"/identity/callback?code=x&state={made_up}").status == 403


def test_case_s28__a_code_of_another_visit_is_not_taken(office, hospital):
    """The code of a thief's own visit, slipped into the visit of somebody else (PKCE, nonce)."""
    thief, who = guest(office), guest(office)
    hospital.subject = "person-2"
    stolen = re.search(r"code=([^&]+)", hospital.authorize(going(thief)))[1]
    led = back(hospital.authorize(going(who)))
    assert who.get(re.sub(r"code=[^&]+", f"code={stolen}", led)).status == 403


def test_case_s28__what_leads_back_from_another_service_is_refused(office, hospital):
    who = guest(office)
    led = re.sub("iss=[^&]+", "iss=https%3A%2F%2Fevil.example", hospital.authorize(going(who)))
    assert who.get(back(led)).status == 403
    state = re.search(r"state=([\w-]+)", going(who))[1]
    assert who.get(f"/identity/callback?error=access_denied&state={state}").status == 403


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://169.254.169.254/token"},
        {"token_endpoint": "file:///etc/passwd"},
        {"jwks_uri": "http://internal.example/keys"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": None},
    ],
)
def test_doors_that_are_none_are_not_asked(office, hospital, document):
    hospital.document = document
    who = guest(office)
    gone = who.post("/identity")
    if gone.status == 200:
        gone = who.get(back(hospital.authorize(leads_to(gone.text))))
    assert gone.status == 503
    assert "set-cookie" not in gone.headers


def test_whom_the_office_does_not_know_gets_no_account(office, hospital):
    hospital.subject = "stranger"
    who = guest(office)
    came = who.get(back(hospital.authorize(going(who))))
    assert came.status == 403
    assert "stranger" in came.text  # what an admin ties to an account
    assert account_by_code(office.engine, "rea.reader") is None


def test_where_it_is_allowed_an_account_is_made_that_can_do_nothing(office, hospital):
    assert office.app.identity is not None
    office.app.identity.close()
    believe(office, hospital, creates_accounts=True)
    for subject, code in (("new-1", "rea.reader"), ("new-2", "id-")):  # the name is taken then
        hospital.subject = subject
        hospital.claims = {"groups": ["admin", "view PHI"], "roles": ["admin"]}
        who = guest(office)
        came = who.get(back(hospital.authorize(going(who))))
        key = int(signed_in(office, cookie_of(came.headers)) or 0)
        made = account_by_key(office.engine, key)
        assert made.code.startswith(code)
        assert not grants_of(office.engine, key)
    assert verify(office.engine).difference == ""


def test_a_locked_account_stays_out(office, hospital):
    admin = office.somebody("admin")
    fields = {"code": office.accounts["reviewer1"].code, "reason": "left"}
    assert admin.post("/accounts", step="lock", **fields).status == 303
    who = guest(office)
    assert who.get(back(hospital.authorize(going(who)))).status == 403
    assert admin.post("/accounts", step="open", **fields).status == 303


def test_an_admin_ties_an_account_to_a_subject(office, hospital):
    admin, code = office.somebody("admin"), office.accounts["reviewer3"].code
    assert "The Hospital" in admin.get("/accounts").text
    assert admin.post("/accounts", step="tie", code=code, subject="person-3").status == 303
    assert office.app.identities.account_of(hospital.issuer, "person-3") == key_of(
        office, "reviewer3"
    )
    assert office.somebody("coordinator").post("/accounts", step="tie", code=code).status == 404
    assert admin.post("/accounts", step="tie", code=code, subject="").status == 303
    assert office.app.identities.account_of(hospital.issuer, "person-3") is None
    assert verify(office.engine).difference == ""


# --- signing --------------------------------------------------------------------------------------


def assigned(office: PlayingOffice, who: str, number: int) -> tuple[Somebody, str, str]:
    """Give somebody a case, and fill it; return the address of signing and its token."""
    submission = office.in_state("reviewed by engine")[0]
    to = f"reader:{office.accounts[who].key}"
    assert office.somebody("coordinator").post(office.case(submission) + "/assign", who=to)
    reader = office.somebody(who)
    path, token = ready(reader, submission)
    return reader, f"{path}/sign", token


def test_case_s28__a_signature_needs_a_fresh_sign_in_at_the_service(office, hospital):
    office.app.passwords.forget(key_of(office, "reviewer1"))
    reader, path, token = assigned(office, "reviewer1", 0)
    before = len(signatures_of(office.engine))

    def proved(at: float | None = None, **claims: object) -> tuple[int, str]:
        hospital.claims = dict(claims)
        gone = reader.post(path, challenge=token, step="prove")
        assert gone.status == 200, gone.text
        address = leads_to(gone.text)
        assert "prompt=login" in address
        assert "max_age=0" in address
        came = reader.get(back(hospital.authorize(address, at)))
        return came.status, came.location

    assert reader.post(path, challenge=token, password=PASSWORD).status == 403  # it has none
    nobody_slowed(office)
    for stale in (time.time() - 600, time.time() - 5, time.time() + 600):
        assert proved(stale)[0] == 403
    assert proved(auth_time=None)[0] == 403
    hospital.subject = "person-2"
    assert proved()[0] == 403  # somebody else
    hospital.subject = "person-1"
    assert reader.post(path, challenge=token).status == 403  # nothing was proved until now
    nobody_slowed(office)
    assert len(signatures_of(office.engine)) == before
    assert proved() == (303, path)
    dialog = reader.get(path)
    assert "has just proved" in dialog.text
    assert len(signatures_of(office.engine)) == before  # coming back signs nothing by itself
    other = office.somebody("reviewer1")  # another session of the same person
    assert other.post(path, challenge=token).status == 403
    nobody_slowed(office)
    signed = reader.post(path, challenge=token)
    assert signed.status == 303, signed.text
    made = signatures_of(office.engine)[-1]
    assert made.proof == "identity service"
    assert reader.post(path, challenge=token).status != 303
    assert verify(office.engine).difference == ""


def test_case_p41__a_service_that_is_down_is_nobodys_fault(office, hospital):
    reader, path, token = assigned(office, "reviewer2", 0)
    code, address = office.accounts["reviewer2"].code, "127.0.0.1"
    hospital.down = True
    gone = reader.post(path, challenge=token, step="prove")
    assert gone.status == 503
    assert "cannot be asked now" in gone.text
    hospital.down = False
    led = back(hospital.authorize(leads_to(reader.post(path, challenge=token, step="prove").text)))
    hospital.down = True
    came = reader.get(led)
    assert came.status == 503
    assert "your password" in came.text
    assert "wrong password" not in came.text.lower()
    assert office.app.throttle.wait_seconds(code, address) == 0
    hospital.down = False
    signed = reader.post(path, challenge=token, password=PASSWORD)  # what was written is kept
    assert signed.status == 303, signed.text


# --- settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        'issuer = "http://id.example"', 'issuer = "https://u:p@id.example"',
        'issuer = "id.example"',
        'issuer = "https://169.254.169.254"', 'issuer = 7', 'groups = "x"',
        'office = "https://qa.example/path"', 'client_id = ""', "issuer = ",
    ],
)  # fmt: skip
def test_settings_that_are_none_are_refused(tmp_path, said):
    rest = {"issuer": '"https://id.example"', "client_id": '"x"', "office": '"https://qa.example"'}
    rest.pop(said.partition(" ")[0], None)
    path = tmp_path / "identity.toml"
    path.write_text("\n".join([said, *(f"{k} = {v}" for k, v in rest.items())]))
    with pytest.raises(UsageError):
        read_identity_settings(path)


def test_case_s31__the_secret_is_in_a_file_of_its_own_or_in_the_environment(tmp_path, monkeypatch):
    path = tmp_path / "identity.toml"
    plain = 'issuer = "https://id.example"\nclient_id = "x"\noffice = "https://qa.example"\n'
    path.write_text(plain)
    path.chmod(0o644)
    monkeypatch.setenv("SBRT_QA_OIDC_SECRET", "from the environment")
    assert read_identity_settings(path).client_secret == "from the environment"  # noqa: S105
    monkeypatch.delenv("SBRT_QA_OIDC_SECRET")
    path.write_text(plain + 'client_secret = "s"\n')
    with pytest.raises(UsageError, match="others may read"):
        read_identity_settings(path)
    path.chmod(0o600)
    assert read_identity_settings(path).client_secret == "s"  # noqa: S105


def test_without_its_packages_it_says_what_to_install(tmp_path):
    """In a process of its own, which finds neither package."""
    path = tmp_path / "identity.toml"
    path.write_text(
        'issuer = "https://id.example"\nclient_id = "x"\noffice = "http://127.0.0.1:1"\n'
    )
    asked = (
        "import sys; sys.modules['joserfc'] = None\n"
        "from pathlib import Path\n"
        "from sbrt_qa.errors import UsageError\n"
        "from sbrt_qa.web.review_office.office_service import opened_identity\n"
        "from sbrt_qa.web.request_guard import ServedAt\n"
        f"try: opened_identity(Path({str(path)!r}), ServedAt(frozenset({{'127.0.0.1:1'}})))\n"
        "except UsageError as error: print(error)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True, timeout=600
    )
    assert "pip install 'sbrt-qa[oidc]'" in told.stdout


def test_the_page_that_leads_to_the_service_is_for_everybody(
    hands: Hands,  # noqa: F811
    served: PlayingOffice,
    hospital: IdentityService,
) -> None:
    """Nothing of axe, no sideways scrolling at 390 pixels, whole in Chinese; its refusals too.

    The service answers with nothing, so that the browser stays on our page.
    """
    settings = IdentitySettings(
        hospital.issuer, CLIENT, f"http://{served.host}", SECRET, "The Hospital"
    )
    provider = served.app.identity = IdentityProvider(settings)
    button = "document.querySelector(\"form[action='/identity'] button\")"
    try:
        for language in ("en", "zh"):
            hands.open("/login")
            hands.driver.delete_all_cookies()
            hands.driver.add_cookie({"name": "sbrtqa-language", "value": language})
            hands.open("/login")
            hands.at("/login")
            hands.is_clean()
            hands.run(f"{button}.click()")
            hands.until("document.querySelector(\"main a[rel='noreferrer']\") !== null")
            looked_at(hands, language)
            hands.open("/identity/callback?state=unknown&code=x")
            hands.until("document.querySelector('.problem') !== null")
            hands.driver.get_log("browser")  # that it was refused
            looked_at(hands, language)
    finally:
        served.app.identity = None
        provider.close()


def looked_at(hands: Hands, language: str) -> None:  # noqa: F811
    hands.is_clean()
    if language == "zh":
        assert "[en]" not in hands.text
    narrow = {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    hands.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", narrow)
    assert hands.run("return document.documentElement.scrollWidth") <= 390
    hands.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
