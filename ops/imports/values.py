"""What people write in a cell, as the domain wants it. Each ``read_*`` raises ``InvalidValue``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final, TypeVar

from domain.calendar import InvalidDate, PartialDate
from domain.families import FAMILIES
from domain.identifiers import InvalidValue
from domain.mentor.parts import Engagement, Mode, Occupation
from domain.programme.rules import MODULES
from domain.territory import fold

T = TypeVar("T")

_DAY: Final = re.compile(r"(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4})")
_ISO: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T]00:00(?::00(?:\.0+)?)?)?")
_SHORT: Final = re.compile(r"\d{1,2}[/.\- ]\d{1,2}[/.\- ]\d{2}")
_HOW_TO_WRITE: Final = "Écrivez le jour, le mois et l'année sur quatre chiffres, par exemple 01/09/1985."
_SEPARATORS: Final = re.compile(r"[;|/\n]|,|\bet\b")
_LOST_ZERO: Final = re.compile(r"[1-9]\d{8}")
_MINUTES: Final = re.compile(r"(\d{1,5})(?: ?(?:min|mn|minutes?))?")
_HOURS: Final = re.compile(r"(\d{1,3}) ?(?:h|heures?)(?: ?(\d{1,2})(?: ?(?:min|mn))?)?")


def _forms(*words: str) -> frozenset[str]:
    """« salarié » as people decline it: salariée, salarié·e, salarié(e)s…"""
    endings = ("", "e", "s", "es", " e", " es", " e s")
    return frozenset(fold(word) + ending for word in words for ending in endings)


_OCCUPATIONS: Final = {
    Occupation.EMPLOYEE: _forms("salarié", "employé", "actif", "active", "cadre", "en activité", "en poste")
    | _forms("fonctionnaire", "agent public", "employee"),
    Occupation.RETIRED: _forms("retraité", "en retraite", "à la retraite", "retraite", "retired"),
    Occupation.STUDYING: _forms("étudiant", "alternant", "apprenti", "student", "doctorant"),
    Occupation.SELF_EMPLOYED: _forms("indépendant", "auto-entrepreneur", "micro-entrepreneur", "artisan")
    | _forms("profession libérale", "libéral", "freelance", "chef d'entreprise", "dirigeant", "travailleur")
    | _forms("travailleur indépendant", "entrepreneur", "self employed", "commerçant"),
}
_ENGAGEMENTS: Final = {
    Engagement.VOLUNTEER: _forms("bénévole", "bénévolat", "volunteer"),
    Engagement.MECENAT: _forms("mécénat", "mécénat de compétences", "mécène", "mecenat"),
}
_MODES: Final = {
    Mode.ON_SITE: _forms("sur place", "présentiel", "en présentiel", "en présence", "on site"),
    Mode.REMOTE: _forms("à distance", "distanciel", "en distanciel", "visio", "visioconférence", "remote"),
}
_BOTH_MODES: Final = _forms("les deux", "hybride", "mixte", "indifférent")
_LANGUAGES: Final = {
    "fr": "français",
    "en": "anglais",
    "ar": "arabe",
    "de": "allemand",
    "es": "espagnol",
    "it": "italien",
    "pt": "portugais",
    "tr": "turc",
    "ru": "russe",
    "uk": "ukrainien",
    "pl": "polonais",
    "ro": "roumain",
    "nl": "néerlandais",
    "zh": "chinois",
    "ja": "japonais",
    "vi": "vietnamien",
    "fa": "persan",
    "ps": "pachto",
    "ku": "kurde",
    "sq": "albanais",
    "hy": "arménien",
    "ta": "tamoul",
    "wo": "wolof",
    "bm": "bambara",
    "ff": "peul",
    "ln": "lingala",
    "br": "breton",
    "oc": "occitan",
    "eu": "basque",
    "co": "corse",
    "ca": "catalan",
    "gcf": "créole",
    "fsl": "langue des signes française",
}
_LANGUAGE_CODES: Final = {fold(word): code for code, name in _LANGUAGES.items() for word in (code, name)} | {
    "lsf": "fsl",
    "dari": "fa",
    "mandarin": "zh",
}
_FAMILY_CODES: Final = {fold(word): code for code, label in FAMILIES.items() for word in (code, label)}
_MODULE_CODES: Final = {fold(word): code for code, label in MODULES.items() for word in (code, label)}
_PRESENT: Final = frozenset({"oui", "o", "x", "1", "present", "presente", "present e", "vrai", "yes", "p"})
_ABSENT: Final = frozenset({"non", "n", "0", "absent", "absente", "absent e", "faux", "no", "a"}) | _forms(
    "excusé", "absent excusé"
)


def read_day(text: str) -> date:
    """``01/09/1985``, ``1/9/1985``, ``1985-09-01``, « 1er septembre 1985 ». A year of two digits is refused:
    a person is recognised by this date, and it is not guessed."""
    if found := _ISO.fullmatch(text):
        year, month, day = found.groups()
    elif found := _DAY.fullmatch(text):
        day, month, year = found.groups()
    elif _SHORT.fullmatch(text):
        raise InvalidDate(text, "L'année n'a que deux chiffres.", _HOW_TO_WRITE)
    else:
        return _in_words(text)
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        raise InvalidDate(text, "Ce jour n'existe pas au calendrier.", _HOW_TO_WRITE) from None


def _in_words(text: str) -> date:
    """A month in words; years before those of the school calendar are read by a later one of their kind."""
    if found := re.fullmatch(r"(.*\D)(\d{4})", text):
        year = int(found[2])
        leap_kept = 2000 + year % 28 if year < 2000 else year
        try:
            told = PartialDate.parse(f"{found[1]}{leap_kept}")
            if told.precision == "day":
                return told.value.replace(year=year)
        except (InvalidDate, ValueError):
            pass
    raise InvalidDate(text, "Ce n'est pas une date.", _HOW_TO_WRITE)


def read_phone(text: str, *, number: bool) -> str:
    """As it is written, without what is not a part of it: a spreadsheet drops the first zero of a number."""
    if number and _LOST_ZERO.fullmatch(text):
        return f"0{text}"
    return re.sub(r"[\s/()]+", " ", re.sub(r"\(0\)", "", text)).strip()


def read_occupation(text: str) -> Occupation:
    return _one_of(text, _OCCUPATIONS, "Écrivez salarié·e, retraité·e, étudiant·e ou indépendant·e.")


def read_engagement(text: str) -> Engagement:
    return _one_of(text, _ENGAGEMENTS, "Écrivez bénévole ou mécénat de compétences.")


def read_modes(text: str) -> tuple[Mode, ...]:
    if fold(text) in _BOTH_MODES:
        return (Mode.ON_SITE, Mode.REMOTE)
    remedy = "Écrivez sur place, à distance, ou les deux."
    return tuple(dict.fromkeys(_one_of(part, _MODES, remedy) for part in _parts(text)))


def read_families(text: str) -> tuple[str, ...]:
    """Their labels or codes; a part of a label will do when it is that of one family only."""
    if whole := _family(text):
        return (whole,)
    found = []
    for part in _parts(text):
        code = _family(part)
        if code is None:
            remedy = f"Choisissez parmi : {' ; '.join(FAMILIES.values())}."
            raise InvalidValue(part, "Cette famille de métiers n'est pas reconnue.", remedy)
        found.append(code)
    return tuple(dict.fromkeys(found))


def _family(text: str) -> str | None:
    words = fold(text)
    if words in _FAMILY_CODES:
        return _FAMILY_CODES[words]
    within = {code for label, code in _FAMILY_CODES.items() if words and f" {words} " in f" {label} "}
    return within.pop() if len(within) == 1 else None


def read_languages(text: str) -> tuple[str, ...]:
    found = []
    for part in _parts(text):
        code = _LANGUAGE_CODES.get(fold(part))
        if code is None and re.fullmatch(r"[a-z]{2,3}", part.lower()):
            code = part.lower()
        if code is None:
            remedy = "Écrivez son nom en français, ou son code (fr, ar, en)."
            raise InvalidValue(part, "Cette langue n'est pas reconnue.", remedy)
        found.append(code)
    return tuple(dict.fromkeys(found))


def read_communes(text: str) -> tuple[str, ...]:
    """Codes of the Insee, to which a spreadsheet may have left four digits of five."""
    found = []
    for part in _parts(text.replace(" ", ";")):
        code = part.upper().zfill(5)
        if not re.fullmatch(r"\d{5}|2[AB]\d{3}", code):
            remedy = "Écrivez le code Insee de la commune, comme 69123 (ce n'est pas le code postal)."
            raise InvalidValue(part, "Ce n'est pas un code de commune.", remedy)
        found.append(code)
    return tuple(dict.fromkeys(found))


def read_count(text: str) -> int:
    if not re.fullmatch(r"\d{1,4}", text):
        raise InvalidValue(text, "Un nombre est attendu.", "Écrivez-le en chiffres, par exemple 2.")
    return int(text)


def read_minutes(text: str) -> int:
    """« 180 », « 180 min », « 3 h », « 3h30 »."""
    plain = text.lower().strip()
    if found := _MINUTES.fullmatch(plain):
        return int(found[1])
    if found := _HOURS.fullmatch(plain):
        return int(found[1]) * 60 + int(found[2] or 0)
    raise InvalidValue(text, "Ce n'est pas une durée.", "Écrivez des minutes, par exemple 180, ou 3 h 30.")


def read_presence(text: str) -> bool:
    """« excusé·e » was not there."""
    words = fold(text)
    if words in _PRESENT:
        return True
    if words in _ABSENT:
        return False
    raise InvalidValue(text, "La présence n'est pas reconnue.", "Écrivez oui, non ou excusé·e.")


def _one_of(text: str, known: Mapping[T, Iterable[str]], remedy: str) -> T:
    words = fold(text)
    found = next((value for value, forms in known.items() if words in forms), None)
    if found is None:
        raise InvalidValue(text, "Cette valeur n'est pas reconnue.", remedy)
    return found


def read_modules(text: str) -> tuple[str, ...]:
    """Their codes, or the names of those that rules know; which of them a course has is for it to say."""
    named = (_MODULE_CODES.get(fold(part), fold(part).replace(" ", "_")) for part in _parts(text))
    return tuple(dict.fromkeys(named))


def _parts(text: str) -> list[str]:
    """Separated by a sign, or by « et »."""
    return [part.strip() for part in _SEPARATORS.split(text) if part.strip()]


def split(text: str) -> list[str]:
    """Several values in one cell."""
    return [part.strip() for part in re.split(r"[;|/\n,]", text) if part.strip()]


def read_mailbox(text: str) -> str:
    if not re.fullmatch(r"[^\s@<>,;\"]{1,64}@[^\s@<>,;\"]+\.[^\s@<>,;\"]{2,63}", text):
        raise InvalidValue(text, "Ce n'est pas une adresse électronique.", "Écrivez-la en entier.")
    return text
