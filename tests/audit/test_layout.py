"""Whose a submission is, by folder names, manifest and tags."""

from __future__ import annotations

import pytest

from sbrt_qa.audit.coding import coded
from sbrt_qa.audit.layout import Naming, is_code, naming, read_manifest, settle
from sbrt_qa.audit.office_words import NO_WORDS
from sbrt_qa.audit.stated_input import under_words, words_digest
from sbrt_qa.deid.secret import Secret
from sbrt_qa.errors import UsageError
from sbrt_qa.model.stated import NOTHING_STATED, DoseIs, UserStatements
from sbrt_qa.model.stated_rx import read_rx

SECRET = Secret(b"k" * 32)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("S1", "001", "v2"), ("S1", "001", 2)),
        (("S1", "001", "2"), ("S1", "001", 2)),
        (("S1", "001", "Submission 3"), ("S1", "001", 3)),
        (("S1", "001", "resubmission_02"), ("S1", "001", 2)),
        (("S1", "001", "final"), ("S1", "001", None)),
        (("S1", "001", "v2.zip"), ("S1", "001", 2)),
        (("S1", "001", "v0"), ("S1", "001", None)),
        (("S1", "001"), ("S1", "001", None)),
        (("S1", "017_v2"), ("S1", "017", 2)),
        (("S1", "017_v2.ZIP"), ("S1", "017", 2)),
        (("017", "v2"), (None, "017", 2)),
        (("017",), (None, "017", None)),
        (("017-v3.zip",), (None, "017", 3)),
        ((), (None, None, None)),
    ],
)
def test_folder_names(parts, expected):
    found = naming(parts)
    assert (found.site, found.subject, found.version) == expected
    assert found.weak == (len(parts) < 2)


def test_a_manifest():
    text = "Path,site,SUBJECT,version,received\nbox/a,S1,001,2,2026-02-03\nb.zip,S2,002,,\n"
    assert read_manifest(text) == {
        "box/a": Naming("S1", "001", 2, "2026-02-03"),
        "b.zip": Naming("S2", "002", None, ""),
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "lacks columns"),
        ("path,site\na,S1\n", "also subject"),
        ("path,site,subject\na,S1,Smith John\n", "line 2 of the manifest: the subject is no code"),
        ("path,site,subject\n,S1,001\n", "is empty"),
        ("path,site,subject\na,S1,001\na,S1,002\n", "line 3: a path of the manifest stands"),
        ("path,site,subject,version\na,S1,001,two\n", "not a version"),
        ("path,site,subject,version\na,S1,001,0\n", "not a version"),
        ("path,site,subject,received\na,S1,001,3.2.2026\n", "not a date"),
    ],
)
def test_a_manifest_that_is_wrong_is_told(text, message):
    with pytest.raises(UsageError, match=message):
        read_manifest(text)


@pytest.mark.parametrize(
    ("place", "tags", "expected", "agree"),
    [
        (naming(("S1", "001", "v1")), Naming(), ("S1", "001"), True),
        (naming(("S1", "001", "v1")), Naming("S9", "001"), ("S1", "001"), True),
        (naming(("S1", "001", "v1")), Naming("S9", "002"), ("S1", "001"), False),
        (naming(("export",)), Naming("S9", "002"), ("S9", "002"), True),
        (naming(("017",)), Naming(), ("UNKNOWN", "017"), True),
        (naming(()), Naming(), ("UNKNOWN", None), True),
        (naming(("S1", "a1")), Naming(None, "A1"), ("S1", "a1"), True),
    ],
)
def test_place_and_tags_together(place, tags, expected, agree):
    found, same = settle(place, tags)
    assert (found.site, found.subject) == expected
    assert same is agree


@pytest.mark.parametrize("name", ["S1", "001", "AB-12_3", "2026-017"])
def test_codes(name):
    assert is_code(name)


@pytest.mark.parametrize(
    "name", ["Smith John", "Muster^Erika", "Köln", "19630812", "p1963-08-12", "", "a" * 41, "../x"]
)
def test_names_that_are_no_codes(name):
    assert not is_code(name)


def test_a_name_in_place_of_a_code_is_replaced_and_told():
    found = coded(Naming("S1", "Smith"), "S1/Smith", SECRET, pseudonymize=False)
    assert found.subject.startswith("X-")
    assert "mith" not in found.subject
    assert [f.code for f in found.findings] == ["NAME_IS_NO_CODE"]
    again = coded(Naming("S1", "Smith"), "elsewhere", SECRET, pseudonymize=False)
    assert again.subject == found.subject


def test_without_any_name_the_place_stands_in():
    found = coded(Naming(None, None), "export", SECRET, pseudonymize=False)
    assert found.site == "UNKNOWN"
    assert found.subject.startswith("X-")
    assert [f.code for f in found.findings] == ["SUBJECT_UNKNOWN"]


def test_pseudonyms_depend_on_the_key_and_tell_nothing():
    found = coded(Naming("S1", "001"), "S1/001", SECRET, pseudonymize=True)
    other = coded(Naming("S1", "001"), "S1/001", Secret(b"l" * 32), pseudonymize=True)
    assert found.subject.startswith("P-")
    assert found.subject != other.subject
    assert found.findings == ()
    assert "k" * 4 not in repr(SECRET)


def test_a_manifest_states_what_a_user_can_state_of_one_plan():
    text = (
        "path,site,subject,Dose-is,RX,far,Not a target,course,alternatives,map\n"
        "a,S1,1,Fraction,PTV=50Gy/5; PTV2=40Gy/5,Esophagus;Skin,PTV_old=old;X,A+B,no,L=Liver;D=Duo"
        "\n"
        "b,S1,2,,,,,,yes,\nc,S1,3,,,,,,,\n"
    )
    read = read_manifest(text)
    words = read["a"].words
    assert words.mapping == (("L", "Liver"), ("D", "Duo"))
    assert words.stated == UserStatements(
        dose_is=DoseIs.FRACTION, not_targets=(("PTV_old", "old"), ("X", "")),
        far=("Esophagus", "Skin"), rx=read_rx(["PTV=50Gy/5", "PTV2=40Gy/5"]), course="A+B",
        by_office=True,
    )  # fmt: skip
    assert read["b"].words.stated == UserStatements(alternatives=True, by_office=True)
    assert read["c"].words == NO_WORDS


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("rx", "PTV=50/5", "a dose with its unit"),
        ("dose_is", "course", "unknown --dose-is"),
        ("map", "Liver", "needs two names"),
        ("alternatives", "perhaps", "not yes or no"),
        ("not_a_target", "=old", "needs the name of a structure"),
    ],
)
def test_what_a_manifest_states_wrongly_is_told_with_its_line(column, value, message):
    with pytest.raises(UsageError, match=f"line 2 of the manifest: .*{message}"):
        read_manifest(f"path,site,subject,{column}\na,S1,1,{value}\n")


def test_what_is_stated_makes_another_input():
    secret, stated = Secret(b"key"), UserStatements(far=("Skin",))
    assert words_digest(secret, NOTHING_STATED, {}) == ""
    assert under_words("f" * 64, "") == "f" * 64
    digests = {
        words_digest(secret, one, mapping)
        for one in (NOTHING_STATED, stated, UserStatements(far=("Rib",)))
        for mapping in ({}, {"a": "b"}, {"a": "c"})
    }
    assert len(digests) == 9
    assert len({under_words("f" * 64, one) for one in digests}) == 9
