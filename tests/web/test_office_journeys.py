"""Work of an office in a real browser: keys alone for the reader, and every role's way."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store.connection import reading
from sbrt_qa.audit.times import now
from sbrt_qa.office.acting import Acting
from sbrt_qa.office.assigning import assign, plan_review
from sbrt_qa.office.case_standing import standing_in
from sbrt_qa.office.site_uploads import versions_of
from sbrt_qa.web.passwords import LEAST_CHARACTERS

from .conftest import SAMPLE, until, zipped
from .playing_office import MAJOR, SECRET, PlayingOffice, opened
from .test_in_browser import violations

pytest.importorskip("selenium.webdriver", reason="pip install selenium")
from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys

MOST_KEYS = 25
OPEN = "document.querySelectorAll('.item.open').length"
FOCUSED = "(document.activeElement !== document.body || !document.querySelector('[autofocus]'))"
ESC, ENTER, TAB, DOWN = Keys.ESCAPE, Keys.ENTER, Keys.TAB, Keys.DOWN


@dataclass
class Hands:
    """Somebody at a keyboard, who has no mouse; every key is counted."""

    driver: Any
    office: PlayingOffice
    pressed: int = 0

    def open(self, path: str) -> None:
        self.driver.get(f"http://{self.office.host}{path}")

    def press(self, *keys: str) -> None:
        for key in keys:
            ActionChains(self.driver).send_keys(key).perform()
            self.pressed += 1

    def type(self, text: str) -> None:
        ActionChains(self.driver).send_keys(text).perform()
        self.pressed += len(text)

    def at(self, part: str) -> None:
        """Wait until a page is open, its script has run and its first field has the focus.

        The browser gives the focus with its next frame; on a busy machine that is after the script.
        """
        state = f"[document.documentElement.dataset.ready || '', location.href, {FOCUSED}]"
        until(
            lambda: self.run(f"return {state}"),
            lambda now: now[0] == "yes" and part in now[1] and now[2],
        )

    def until(self, script: str) -> Any:
        return until(lambda: self.run(f"return {script}"), bool)

    def run(self, script: str) -> Any:
        return self.driver.execute_script(script)

    def sign_in(self, who: str, password: str = SECRET) -> None:
        self.open("/login")
        self.at("/login")
        self.type(who)
        self.press(TAB)
        self.type(password)
        self.press(ENTER)
        self.until("document.querySelector('a.person') !== null")

    def visit(self, who: str, path: str, language: str = "en") -> None:
        """Open a page as somebody who has signed in before."""
        self.open("/login")
        self.driver.delete_all_cookies()
        cookies = {"sbrtqa": self.office.somebody(who).cookie, "sbrtqa-language": language}
        for name, value in cookies.items():
            self.driver.add_cookie({"name": name, "value": value})
        self.open(path)
        self.at(path.partition("?")[0])

    def sign_out(self) -> None:
        self.run("document.getElementById('logout').requestSubmit()")
        self.at("/login")

    @property
    def text(self) -> str:
        return str(self.run("return document.querySelector('main').innerText"))

    def is_clean(self) -> None:
        """No finding of axe, no error of the console."""
        assert violations(self.driver) == [], self.run("return location.pathname")
        assert [e["message"] for e in self.driver.get_log("browser")] == []


@pytest.fixture
def hands(driver: Any, served: PlayingOffice) -> Hands:
    return Hands(driver, served)


def give(office: PlayingOffice, submission: int, *readers: str, blind: bool = False) -> None:
    by = Acting(office.accounts["coordinator"].key, now())
    if blind:
        plan_review(office.engine, by, submission, "retrospective", len(readers), blind=True)
    for who in readers:
        assign(office.engine, by, [submission], office.accounts[who].key)


def state_of(office: PlayingOffice, submission: int) -> str:
    with reading(office.engine) as connection:
        return str(standing_in(connection, submission).state)


def search(hands: Hands, code: str) -> None:
    """Bring a case to the top of the queue, as one who was told its code would."""
    hands.open("/queue?view=mine")
    hands.press("/")
    hands.type(code)
    hands.press(ENTER)
    hands.at("search=")


@pytest.fixture
def short(served: PlayingOffice) -> Iterator[str]:
    """A password of reviewer1 that is as short as one may be."""
    password = "oak-tulip417"  # noqa: S105
    assert len(password) == LEAST_CHARACTERS
    key = str(served.accounts["reviewer1"].key)
    served.app.passwords.set(key, password)
    yield password
    served.app.passwords.set(key, SECRET)


def to_signing(hands: Hands, password: str) -> None:
    """From a reading that is complete to the signature."""
    hands.press("s")
    hands.at("/sign")
    hands.press(ENTER)
    hands.until("document.activeElement.id === 'password'")
    hands.type(password)
    hands.press(ENTER)
    hands.at("signed=")


def test_a_compliant_case_is_signed_with_few_keys(
    hands: Hands, served: PlayingOffice, sent: int, short: str
) -> None:
    """From the queue to the signature by the keyboard alone; the time it takes is printed."""
    give(served, sent, "reviewer1")
    hands.sign_in("reviewer1", short)
    search(hands, "S1/002/v2")
    hands.pressed, begun = 0, time.monotonic()
    hands.press("o")
    hands.at("/cases/")
    hands.press(ENTER)
    hands.at("/readings/")
    hands.press("e", "1")
    hands.until(f"{OPEN} === 0")
    to_signing(hands, short)
    print(f"{hands.pressed} keys, {time.monotonic() - begun:.1f} s")
    assert hands.pressed <= MOST_KEYS
    assert state_of(served, sent) == "accepted"
    assert "Signed." in hands.text
    assert [e["message"] for e in hands.driver.get_log("browser")] == []


def test_a_major_case_is_signed_with_an_override_and_asked_about(
    hands: Hands, served: PlayingOffice
) -> None:
    major = MAJOR + 1
    give(served, major, "reviewer3")
    hands.sign_in("reviewer3")
    search(hands, "S1/028")
    hands.pressed, begun = 0, time.monotonic()
    hands.press("o")
    hands.at("/cases/")
    hands.press(ENTER)
    hands.at("/readings/")
    hands.press("e")
    hands.until("document.activeElement.matches('.item.open')")
    assert "MAJOR" in hands.run("return document.activeElement.innerText")
    hands.press("o", "m", TAB, "c", TAB)
    hands.type("the liver is drawn into the stomach")
    hands.press(ESC)
    answer_all(hands)
    hands.press("2")
    hands.until("document.getElementById('draft-state').textContent === 'Draft kept'")
    to_signing(hands, SECRET)
    assert state_of(served, major) == "accepted with deviation"
    hands.press("q")
    hands.type("stomach")
    hands.press(TAB)
    hands.type("Where does the stomach begin?")
    hands.press(TAB)
    hands.type("12242027")
    hands.press(ENTER)
    hands.until("document.querySelector('.thread') !== null")
    print(f"{hands.pressed} keys, {time.monotonic() - begun:.1f} s")
    assert "Where does the stomach begin?" in hands.text
    with reading(served.engine) as connection:
        said = connection.execute(
            sa.select(o.judgements).where(o.judgements.c.reason_code == "clinically acceptable")
        ).all()
    assert [(one.engine, one.after, one.justification) for one in said] == [
        ("major", "minor", "the liver is drawn into the stomach")
    ]


def test_case_p38__what_was_typed_survives_a_lost_session(
    hands: Hands, served: PlayingOffice
) -> None:
    """In the browser where the office cannot be told, in the office where it can."""
    submission = served.in_state("reviewed by engine")[0]
    give(served, submission, "reviewer2")
    hands.sign_in("reviewer2")
    path = opened(served.somebody("reviewer2"), submission)
    hands.open(path)
    hands.press("c")
    hands.type("kept by the office")
    hands.until("document.getElementById('draft-state').textContent === 'Draft kept'")
    hands.driver.refresh()
    hands.at(path)
    assert hands.run("return document.getElementById('comment').value") == "kept by the office"
    served.app.sessions.end_all_of(str(served.accounts["reviewer2"].key))
    hands.press("c")
    hands.press(Keys.END)
    hands.type(", and this by the browser")
    hands.until("document.getElementById('draft-state').textContent.includes('session has ended')")
    hands.sign_in("reviewer2")
    hands.open(path)
    hands.at(path)
    whole = "kept by the office, and this by the browser"
    assert hands.run("return document.getElementById('comment').value") == whole
    hands.until("document.getElementById('draft-state').textContent === 'Draft kept'")
    hands.press("c")
    hands.type("!")
    hands.sign_out()
    stored = "Object.keys(localStorage).filter(k => k.startsWith('draft')).length"
    assert hands.run(f"return {stored}") == 0


def test_keys_are_listed_and_can_be_switched_off(hands: Hands, served: PlayingOffice) -> None:
    """In both languages; WCAG 2.1.4."""
    hands.sign_in("reviewer1")
    hands.open("/queue?view=mine")
    hands.press("?")
    shown = "document.getElementById('keys').open"
    hands.until(shown)
    assert violations(hands.driver) == []
    listed = hands.run("return document.getElementById('keys').innerText")
    assert "next and previous row" in listed
    assert "Queue" in listed
    hands.press(ESC)
    hands.until(f"!{shown}")
    row = "[...document.querySelectorAll('[data-row]')].findIndex(r => r.matches('.now'))"
    hands.press("j", "j", "k")
    assert hands.run(f"return {row}") == 1
    outline = hands.run("return getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"  # the focus is seen
    hands.press("?")
    hands.until(shown)
    hands.press(TAB, " ", ESC)
    hands.until(f"!{shown}")
    hands.press("j", "j")
    assert hands.run(f"return {row}") == 1
    hands.run("localStorage.clear()")
    hands.run("document.querySelector('button[value=zh]').click()")
    hands.until("document.documentElement.lang === 'zh-Hans'")
    hands.press("?")
    hands.until(shown)
    assert "快捷键" in hands.run("return document.getElementById('keys').innerText")


# --- a case of two blind readers, from the coordinator to the auditor -----------------------------


def choose(hands: Hands, form: str, **values: str) -> None:
    """Fill the fields of a form of the page and send it by its last button, as a hand would."""
    for name, value in values.items():
        field = hands.driver.find_element("css selector", f"form[action$='{form}'] [name='{name}']")
        if field.tag_name == "select":
            field.find_element("css selector", f"option[value='{value}']").click()
        else:
            field.clear()
            field.send_keys(value)
    hands.run("window.stays = true")
    hands.driver.find_element("css selector", f"form[action$='{form}'] button").click()
    hands.until("!window.stays && document.documentElement.dataset.ready === 'yes'")


def answer_all(hands: Hands) -> None:
    """Agree with each item that keeps from signing; every pair of keys answers one."""
    while left := hands.run(f"return {OPEN}"):
        hands.press("u", "a")
        assert hands.run(f"return {OPEN}") < left


def read_by_keys(hands: Hands, who: str, case: str, grade: str) -> None:
    """Read and sign a case as somebody, agreeing with the program on all that it found."""
    hands.visit(who, case)
    hands.press("r")
    hands.at("/readings/")
    hands.press("e")
    answer_all(hands)
    hands.press(grade)
    to_signing(hands, SECRET)


def test_several_are_chosen_by_mouse_and_assigned(hands: Hands, served: PlayingOffice) -> None:
    """A row that becomes the current one does not move away from under the pointer."""
    hands.visit("coordinator", "/queue?view=pool")
    button = hands.driver.find_element("css selector", "#assign button")
    assert not button.is_enabled()
    boxes = hands.driver.find_elements("css selector", "tr[data-row] input[name=case]")[-2:]
    for box in boxes:
        box.click()
        assert box.is_selected()
    assert button.text == "Assign (2)"
    boxes[0].click()
    assert button.text == "Assign (1)"
    boxes[1].click()
    assert not button.is_enabled()


def test_what_was_typed_into_any_form_survives_a_lost_session(
    hands: Hands, served: PlayingOffice
) -> None:
    """It is kept in the browser until the office has it, and only for who typed it."""
    reads = served.somebody("reviewer1").may_read
    case = served.case(next(filter(reads, served.in_state("in review"))))
    hands.visit("coordinator", case)
    hands.press("q")
    hands.type("A topic")
    hands.press(TAB)
    hands.type("Lines that")
    hands.press(ENTER)
    hands.type("must not be lost")
    hands.run("document.getElementById('question-due').value = '2999-01-01'")
    served.app.sessions.end_all_of(str(served.accounts["coordinator"].key))
    hands.run("document.querySelector(\"form[action$='/questions'] button\").click()")
    hands.at("/login")
    assert "What you typed is kept in this browser" in hands.text
    hands.type("coordinator")
    hands.press(TAB)
    hands.type(SECRET)
    hands.press(ENTER)
    hands.at(case)
    typed = "return document.getElementById('question').value"
    assert hands.run(typed) == "Lines that\nmust not be lost"
    hands.visit("reviewer1", case)
    assert hands.run(typed) == ""
    hands.visit("coordinator", case)
    assert hands.run(typed) == "Lines that\nmust not be lost"
    hands.run("document.getElementById('question-due').value = '2999-01-01'")
    hands.run("document.querySelector(\"form[action$='/questions'] button\").click()")
    hands.until("document.querySelector('main').innerText.includes('must not be lost')")
    hands.until("document.getElementById('question')?.value === ''")
    assert (
        hands.run("return Object.keys(localStorage).filter(k => k.startsWith('draft form')).length")
        == 0
    )


def test_two_blind_readings_disagree_and_are_decided(hands: Hands, served: PlayingOffice) -> None:
    submission = served.in_state("reviewed by engine")[0]
    case = served.case(submission)
    hands.visit("coordinator", case)
    choose(hands, "/plan", readers="2")
    for who in ("reviewer2", "reviewer3"):
        choose(hands, "/assign", who=f"reader:{served.accounts[who].key}")
    assert "Demo Reviewer Three" in hands.text
    read_by_keys(hands, "reviewer2", case, "1")
    assert state_of(served, submission) == "in review"
    # the other sees nothing of it, wherever they look
    hands.visit("reviewer3", case)
    assert "Demo Reviewer Two" not in hands.run("return document.documentElement.outerHTML")
    read_by_keys(hands, "reviewer3", case, "3")
    assert state_of(served, submission) == "adjudication"
    hands.visit("coordinator", "/dashboard")
    assert "the adjudicator" in hands.text
    hands.open(case)
    hands.at(case)
    choose(hands, "/assign", who=f"adjudicator:{served.accounts['adjudicator'].key}")
    hands.visit("adjudicator", case)
    assert "Demo Reviewer Two" in hands.text
    assert "Demo Reviewer Three" in hands.text
    read_by_keys(hands, "adjudicator", case, "3")
    assert state_of(served, submission) == "rejected"
    with reading(served.engine) as connection:
        standing = standing_in(connection, submission)
    hands.visit(f"physicist.{standing.site.lower()}", "/site")
    assert "please correct it and send it again" in hands.text
    # the auditor reads it all in one line of time, and verifies
    hands.visit("auditor", f"/trail?subject={standing.code}")
    for told in ("reading signed", "Demo Reviewer Two", "Demo Reviewer Three", "Demo Adjudicator"):
        assert told in hands.text
    hands.press("v")
    hands.at("/trail/verified")
    assert "Verified: everything is as it was recorded." in hands.text


def test_a_site_answers_a_question_by_its_page(hands: Hands, served: PlayingOffice) -> None:
    queried = served.in_state("queried")
    with reading(served.engine) as connection:
        submission = next(
            one for one in queried if standing_in(connection, one).site == "S2"
        )  # fmt: skip
    hands.visit("physicist.s2", "/site")
    link = f"section.warn a[href^='{served.case(submission)}']"
    hands.driver.find_element("css selector", link).click()
    hands.at("/cases/")
    hands.press("w")
    hands.type("The margin is 5 mm.")
    hands.press(TAB, ENTER)
    hands.until("document.querySelector('main').innerText.includes('5 mm')")
    until(lambda: state_of(served, submission), lambda found: found == "in review")
    assert "Demo Reviewer" not in hands.run("return document.documentElement.outerHTML")


def test_a_site_sends_a_corrected_plan_by_the_chooser_of_files(
    hands: Hands, served: PlayingOffice, tmp_path: Path
) -> None:
    """The next version of a subject that the office has; the one before stays readable."""
    before = versions_of(served.engine, "S1", "010")
    archive = tmp_path / "corrected.zip"
    archive.write_bytes(zipped(SAMPLE / "minor"))
    hands.visit("physicist.s1", "/site")
    hands.driver.find_element("id", "subject").send_keys("010")
    hands.driver.find_element("id", "files").send_keys(str(archive))
    hands.at("/uploads/")
    hands.until("document.querySelector(\"form[action$='/send'] button\") !== null")
    hands.driver.find_element("css selector", "form[action$='/send'] button").click()
    after = until(
        lambda: versions_of(served.engine, "S1", "010"), lambda found: len(found) > len(before)
    )
    assert before.items() <= after.items()
    hands.visit("physicist.s1", "/site")
    assert f"S1/010/v{max(after)}" in hands.text
    hands.visit("coordinator", "/queue")

    def listed() -> str:
        hands.open("/queue?search=S1/010/")
        hands.at("search=")
        return hands.text

    shown = until(listed, lambda text: "replaced by a newer version" in text)
    assert "waits for a reader" in shown
    hands.open(served.case(after[max(after)]))
    hands.until("document.querySelector('iframe.report') !== null")


# --- every screen -------------------------------------------------------------------------------

SCREENS = {
    "coordinator": (
        "/", "/queue", "/dashboard", "CASE", "/conflicts", "/trail", "/access", "/password",
        "/second-factor",
    ),
    "reviewer1": ("/queue?view=mine", "/queue?view=pool", "READING", "SIGN", "/conflicts"),
    "physicist.s1": ("/site", "/queue?search=nobody", "UPLOAD", "CASE"),
    "auditor": ("/trail/verified",),
    "admin": ("/accounts", "/jobs", "/options", "/tokens"),
}  # fmt: skip


@pytest.mark.parametrize("who", SCREENS)
def test_every_screen_is_accessible_and_narrow_enough(
    hands: Hands, served: PlayingOffice, who: str
) -> None:
    """Nothing of axe in light and dark, no sideways scrolling at 390 pixels, whole in Chinese."""
    for name in SCREENS[who]:
        path = address_of(served, who, name)
        for language in ("en", "zh"):
            hands.visit(who, path, language)
            scheme = "light" if language == "en" else "dark"
            feature = [{"name": "prefers-color-scheme", "value": scheme}]
            hands.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": feature})
            hands.is_clean()
            if language == "zh":
                assert "[en]" not in hands.text, path
        narrow = {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": False}
        hands.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", narrow)
        assert hands.run("return document.documentElement.scrollWidth") <= 390, path
        hands.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def address_of(served: PlayingOffice, who: str, name: str) -> str:
    if name.startswith("/"):
        return name
    if name == "UPLOAD":
        someone = served.somebody(who)
        begun = someone.send("/uploads", {"subject": "777"})
        return str(json.loads(begun.text)["address"])
    with reading(served.engine) as connection:
        every = [one for one in range(1, 28) if standing_in(connection, one).site == "S1"]
    if name == "CASE":
        return served.case(every[0])
    reader = served.somebody("reviewer1")
    path = opened(reader, next(filter(reader.may_read, served.in_state("in review"))))
    return path if name == "READING" else f"{path}/sign"
