"""Every page of the office in Chinese, as every account sees it: no English, no odd sign."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import pytest

from sbrt_qa.i18n.words import Words
from sbrt_qa.office.signing import MEANINGS

from .playing_office import PLAYED, PlayingOffice

LINK = re.compile(r'href="(/[^"#]*)')
KEY = re.compile(r"/[\w-]{10,}")
UNREAD = re.compile(r"/(static|export|language|receipts)/|/report/|/logout")
"""What is no page: files, and reports, which are in the language of the audit."""

MOST_PAGES = 40
MOST_OF_A_KIND = 3

SENTENCE = re.compile(r"[A-Za-z]{2,}(?:[ ,;]+[A-Za-z]{2,}){2,}|\[en\]")
ODD = re.compile(
    r"[\u4e00-\u9fff] +[\u4e00-\u9fff]"  # a blank within Chinese
    r"|[\u4e00-\u9fff] ?[,:;?!](?![\d/])|[：，；。] +\S"  # narrow signs, blanks
    r"|\d\.\d{5,}"  # numbers as they were computed
)
SAID_BY_PEOPLE = ("Demo ", "Which margin was added")
"""What the demo's people are called and write; nobody translates it."""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlayingOffice]:
    made = PlayingOffice(tmp_path_factory.mktemp("office") / "audit", PLAYED + 2)
    yield made
    made.close()


def pages(office: PlayingOffice, code: str) -> Iterator[tuple[str, str]]:
    """Follow links from the first page; yield addresses and pages, some of every kind."""
    somebody, waiting, seen, kinds = office.somebody(code), ["/"], set(), dict[str, int]()
    while waiting and len(seen) < MOST_PAGES:
        path = waiting.pop(0)
        kind = KEY.sub("/*", path.partition("?")[0])
        if path in seen or UNREAD.search(path) or kinds.get(kind, 0) >= MOST_OF_A_KIND:
            continue
        kinds[kind] = kinds.get(kind, 0) + 1
        page = somebody.get(path, "zh")
        if page.status == 303:
            waiting.append(page.location)
        if page.status != 200:
            continue
        seen.add(path)
        waiting += [html.unescape(link) for link in LINK.findall(page.text)]
        yield path, page.text


def lines(page: str) -> Iterator[str]:
    """Yield what a page says, without its scripts and codes; each text between tags by itself."""
    page = re.sub(r"<(script|style|code|kbd)\b.*?</\1>", "", page, flags=re.S)
    page = re.sub(r"</?b>", "", page)
    for part in re.sub(r"<[^>]*>", "\n", page).split("\n"):
        if text := html.unescape(part).strip():
            yield text


def test_chinese_pages_speak_chinese(office: PlayingOffice) -> None:
    signed = {sentence for by_language in MEANINGS.values() for sentence in by_language.values()}
    read, wrong = set(), []
    for code in office.accounts:
        for path, page in pages(office, code):
            read.add(KEY.sub("/*", path.partition("?")[0]))
            for text in lines(page):
                theirs = any(said in text for said in SAID_BY_PEOPLE) or text.startswith("{")
                if text in signed or (SENTENCE.search(text) and theirs):
                    continue
                if SENTENCE.search(text) or ODD.search(text):
                    wrong.append((code, path, text[:200]))
    assert not wrong
    assert {"/queue", "/dashboard", "/cases/*", "/readings/*", "/trail", "/options"} <= read


def test_a_label_is_parted_from_its_value_by_the_signs_of_the_language() -> None:
    chinese, english = Words("zh"), Words("en")
    assert (chinese.colon, chinese.comma, chinese.blank) == ("：", "，", "")
    assert (english.colon, english.comma, english.blank) == (": ", ", ", " ")
