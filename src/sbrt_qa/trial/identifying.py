"""What would tell who a patient is: columns and texts that the data of a trial must not hold."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from sbrt_qa.trial.canonical import TABLES

_WORDS: Final = frozenset(
    (
        *("name", "surname", "forename", "firstname", "lastname", "fullname", "patientname"),
        *(
            "initials",
            "birthdate",
            "dateofbirth",
            "dob",
            "birthday",
            "birthdt",
            "brthdtc",
            "brthdt",
        ),
        *("phone", "telephone", "mobile", "tel", "email", "mail", "address", "street", "postcode"),
        *("zip", "idcard", "idnumber", "nationalid", "passport", "ssn", "mrn", "hospitalid"),
        *("patientid", "insurance", "geburtsdatum", "vorname", "nachname", "wechat", "contact"),
    )
)
_CHINESE: Final = (
    "姓名",
    "出生日期",
    "生日",
    "电话",
    "手机",
    "身份证",
    "住址",
    "地址",
    "住院号",
    "病历号",
    "微信",
)
_ID_CARD: Final = re.compile(r"(?<!\d)\d{6}(19|20)\d\d[01]\d[0-3]\d\d{3}[\dXx](?!\d)")
_PHONE: Final = re.compile(
    r"(?<!\d)(\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)|\+\d{2}[\d -]{8,14}\d"
)
_MAIL: Final = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")
_OWN: Final = frozenset(
    column.name for table in TABLES.values() for column in table.columns
)  # such as last_contact, which is a date


def identifying_columns(names: Iterable[str]) -> tuple[str, ...]:
    """Return the columns whose names promise what identifies a patient."""
    return tuple(name for name in names if name not in _OWN and _is_identifying(name))


def _is_identifying(name: str) -> bool:
    plain = re.sub(r"[^a-z]", "", name.casefold())
    parts = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).casefold())
    if any(word in name for word in _CHINESE):
        return True
    return plain in _WORDS or any(part in _WORDS for part in parts)


def identifying_text(text: str) -> str:
    """Return what kind of identifier a text holds: an identity number, a telephone, an address."""
    if _ID_CARD.search(text):
        return "identity number"
    if _MAIL.search(text):
        return "mail address"
    return "telephone number" if _PHONE.search(text) else ""
