"""Somebody's name in what an association hands in: a candidacy, a file of mentors, a document."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from domain.imports.parts import CSV
from tests.journeys.planted import PERSON, ask, tell
from tests.journeys.stack import Stack, eventually

FACE = "association-3c5cd1f8-c18c-5a44-96db-1524ef21fe7a"
FIRST, LAST = PERSON.split()
DOCUMENT = f"%PDF-1.7 délégation donnée à {PERSON}".encode()
FILE = "\n".join(
    (
        "Nom;Prénom;Courriel;Date de naissance;Statut",
        f"{LAST};{FIRST};lue@exemple.test;né de {PERSON};salariée",
        f"{LAST};{FIRST};{LAST.lower()}@exemple.test;02/03/1985;salariée",
    )
)


@dataclass(frozen=True)
class HandedIn:
    """Where what an association handed in can be read again."""

    mentor: str
    sent: str
    document: str

    def shown(self, stack: Stack) -> list[str]:
        """What each address tells the association."""
        paths = (f"/v1/mentors/{self.mentor}", f"{self.sent}/faults", f"{self.sent}/file", self.document)
        return [ask(stack, "GET", path, role="association").content.decode() for path in paths]


def hand_in(stack: Stack) -> HandedIn:
    """One line of the file is wrong where the name is; the other is of whoever has a record already."""
    person = {"given_name": FIRST, "family_name": LAST, "email": f"{LAST.lower()}@exemple.test"}
    candidacy = {
        "association_id": FACE,
        "programme_id": "programme-1j1m",
        "channel": "association",
        "person": person,
        "profile": {"status": "retired", "rome": "F1602", "families": ["transitions"]},
    }
    mentor = tell(stack, "POST", "/v1/mentors", candidacy, role="association")["id"]
    report = {"on": _today(), "favourable": True, "report": f"{PERSON}, libre le mercredi."}
    refused = ask(stack, "POST", f"/v1/mentors/{mentor}/interviews", report, role="association")
    assert refused.json()["code"] == "file_incomplete"
    address = f"/v1/imports?kind=mentors&association={FACE}"
    file = tell(stack, "POST", address, FILE.encode(), role="association", media_type=CSV)["id"]
    sent = f"/v1/imports/{file}"
    eventually(lambda: ask(stack, "GET", f"{sent}/file", role="association").is_success)
    admission = {"programme_id": "programme-1j1m", "on": _today(), "channel": "meeting"}
    tell(stack, "POST", f"/v1/associations/{FACE}/admission", admission)
    document = f"/v1/associations/{FACE}/documents/statutes"
    query = f"?on={_today()}&channel=online"
    tell(stack, "PUT", document + query, DOCUMENT, role="association", media_type="application/pdf")
    return HandedIn(mentor, sent, document)


def _today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"
