"""A year of the six conventions, told in French, on the real stack: API, workers, Temporal, moved clock.

The associations, the authorities and the announced days are those of the press release. What it does not
say (ends, clauses, who signs for an association, delays and quarrels) is made up for the telling.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from domain.calendar import PARIS, french_date, start_of
from ops.theatre import Theatre, day, stage

BEGINS: Final = day("2025-11-24")
PAUSE: Final = 0.6
"""Seconds between two sentences at speed 1."""

NAMES: Final = ("AJE AURA", "Proximité", "Télémaque", "JobIRL", "FACE", "C'Possible")


@dataclass
class Telling:
    """The narrator: a sentence, a pause, and whatever the system has done by itself meanwhile."""

    theatre: Theatre
    out: Console
    speed: float
    ids: dict[str, str]

    def say(self, sentence: str) -> None:
        """Tells what somebody did, then what the system has done about it."""
        self._print(sentence)
        self.tell_what_happened()

    def _print(self, sentence: str) -> None:
        self.out.print(f"[bold]{self.today:%d/%m/%Y}[/bold]  {sentence}")
        time.sleep(PAUSE / self.speed)

    @property
    def today(self) -> datetime:
        return self._today

    def open(self) -> None:
        self._today = BEGINS
        self.theatre.happened()

    def until(self, text: str) -> None:
        """Moves from deadline to deadline until that day, telling what falls due on the way."""
        target = day(text)
        while (due := self.theatre.next_due()) and due <= target:
            self.theatre.jump(due)
            self._today = due.astimezone(PARIS)
            self.tell_what_happened()
        self.theatre.jump(target)
        self._today = target
        self.tell_what_happened()

    def tell_what_happened(self) -> None:
        names = {record_id: name for name, record_id in self.ids.items()}
        for happened in self.theatre.happened():
            if happened["metadata"]["role"] == "system":
                sentence = told(happened, names.get(happened["record"], "Le renouvellement"))
                if sentence:
                    self._print(f"[cyan]⏱  {sentence}[/cyan]")

    def act(self, method: str, name: str, path: str, body: dict[str, Any] | None = None, **how: str) -> Any:
        return self.theatre.send(method, f"/v1/conventions/{self.ids[name]}{path}", body, **how)

    def read(self, name: str, suffix: str = "", **query: Any) -> Any:
        return self.theatre.get(f"/v1/conventions/{self.ids[name]}{suffix}", **query)


def told(happened: dict[str, Any], name: str) -> str | None:
    """What the system did by itself, in one sentence; ``None`` for what needs no telling."""
    kind = happened["topic"].partition(".")[2].partition("@")[0]
    match kind:
        case "ReminderDue":
            return f"{name} : relance — {happened['what']}."
        case "CameIntoForce":
            return f"{name} : la convention entre en vigueur."
        case "EndingBegan":
            return f"{name} : la fin approche, la convention est « en fin de vie »."
        case "ReportFellOverdue":
            return f"{name} : compte rendu en retard ({happened['report']}), visible de tous."
        case "Expired":
            return f"{name} : la convention est échue."
        case "Renewed":
            return f"{name} : la convention est renouvelée, la suivante prend le relais."
        case "Terminated":
            return f"{name} : le préavis est écoulé, la convention prend fin."
        case _:
            return None


def play(speed: float, out: Console) -> int:
    """Plays the year; answers the exit status. Everything it made is thrown away, nothing else is touched."""
    home = Path(tempfile.mkdtemp(prefix="mentorat-demo-"))
    started = time.monotonic()
    try:
        with out.status("Démarrage d'une pile jetable…"), stage(home, BEGINS) as theatre:
            out.print(
                "[bold]Un an de mentorat en lycée professionnel[/bold] (académies d'Auvergne-Rhône-Alpes)\n"
            )
            telling = Telling(theatre, out, speed, conventions(theatre))
            telling.open()
            for scene in (prepare, week_of_signatures, winter, reports, autumn):
                scene(telling)
            finale(telling)
            out.print(f"\nJoué en {time.monotonic() - started:.0f} s.")
    except KeyboardInterrupt:
        out.print("Démonstration interrompue ; rien n'en reste.")
        return 130
    else:
        return 0
    finally:
        shutil.rmtree(home, ignore_errors=True)


def conventions(theatre: Theatre) -> dict[str, str]:
    """The id of each convention of the press release, by its association's name."""
    theatre.settle()
    found = theatre.get("/v1/conventions", limit=50)["items"]
    return {name: row["id"] for row in found for name in NAMES if f"– {name} :" in row["title"]}


def clauses(starts: date, ends: date, **more: Any) -> dict[str, Any]:
    return {
        "starts_on": starts.isoformat(),
        "ends_on": ends.isoformat(),
        "schemes": ["1j1m"],
        "kinds": ["metier", "proximite"],
        "school_years": ["2025-2026"],
        **more,
    }


def parties(telling: Telling, name: str) -> list[str]:
    return [party["key"] for party in telling.read(name)["parties"]]


def sign(telling: Telling, name: str, party: str, on: str) -> None:
    text = telling.read(name)["text_hash"]
    body = {"party": party, "on": on, "medium": "paper", "text_hash": text}
    telling.act("POST", name, "/signatures", body)


def prepare(telling: Telling) -> None:
    telling.say(
        "Le communiqué annonce cinq signatures et en rappelle une sixième ; rien n'est encore attesté."
    )
    days = {
        "AJE AURA": (date(2025, 12, 1), date(2026, 11, 30)),
        "Proximité": (date(2025, 12, 2), date(2026, 12, 1)),
        "Télémaque": (date(2025, 12, 4), date(2026, 12, 3)),
        "JobIRL": (date(2025, 12, 5), date(2027, 12, 4)),
        "FACE": (date(2025, 12, 5), date(2027, 12, 4)),
    }
    for name, (starts, ends) in days.items():
        _, operator = parties(telling, name)
        telling.act("PUT", name, "/clauses", clauses(starts, ends))
        signatory = {"name": "La présidence", "title": f"présidence de {name}"}
        telling.act("PUT", name, f"/parties/{operator}/signatory", signatory)
        telling.act("POST", name, "/submission")
    telling.say("Cinq textes sont complétés et soumis à relecture.")
    telling.until("2025-11-25")
    for name in days:
        telling.act("POST", name, "/signature-round")
    telling.say("Relus, ils partent à la signature : chaque partie signe le même texte, par son empreinte.")
    history = {
        "signed_on": "2025-01-30",
        "in_force_from": "2025-01-30",
        "ends_on": "2028-01-29",
        "evidence": "convention papier, archives de la région académique (fictif)",
    }
    telling.act("POST", "C'Possible", "/prior-signature", history)
    telling.theatre.settle()
    telling.say(
        "C'Possible : signée en janvier 2025, elle est reprise sur pièce, datée au mois pour son effet."
    )


def week_of_signatures(telling: Telling) -> None:
    refused = telling.theatre.try_to(
        "POST",
        f"/v1/conventions/{telling.ids['FACE']}/signatures",
        {
            "party": parties(telling, "FACE")[0],
            "on": "2025-12-05",
            "medium": "paper",
            "text_hash": telling.read("FACE")["text_hash"],
        },
    ).json()
    telling.say(f"Signer FACE d'avance ? Refusé : « {refused['detail']} »")
    for name, text in (("AJE AURA", "2025-12-01"), ("Proximité", "2025-12-02")):
        telling.until(text)
        authority, operator = parties(telling, name)
        sign(telling, name, authority, text)
        if name == "Proximité":
            edited = clauses(date(2025, 12, 2), date(2026, 12, 1), mentees=120)
            telling.act("PUT", name, "/clauses", edited)
            telling.say("Proximité : le texte change après une signature — elle tombe, il faut la redonner.")
            sign(telling, name, authority, text)
        sign(telling, name, operator, text)
        telling.say(f"{name} : signée par tous.")
    telling.until("2025-12-04")
    sign(telling, "Télémaque", parties(telling, "Télémaque")[0], "2025-12-04")
    telling.say("Télémaque : la rectrice a signé, l'association se fait attendre.")
    telling.until("2025-12-05")
    for name in ("JobIRL", "FACE"):
        for party in parties(telling, name):
            sign(telling, name, party, "2025-12-05")
        telling.say(f"{name} : signée par tous.")
    telling.until("2025-12-12")
    sign(telling, "Télémaque", parties(telling, "Télémaque")[1], "2025-12-12")
    telling.say("Télémaque signe enfin, après deux relances : sa signature n'est plus attendue.")


def winter(telling: Telling) -> None:
    telling.until("2026-02-16")
    operator = parties(telling, "JobIRL")[1]
    notice = {
        "party": operator,
        "on": "2026-02-16",
        "reason": "réorientation des moyens de l'association (fictif)",
    }
    telling.act("POST", "JobIRL", "/notice", notice)
    until = telling.read("JobIRL")["notice_until"]
    telling.say(
        f"JobIRL dénonce sa convention : le préavis court jusqu'au {french_date(date.fromisoformat(until))}."
    )


def reports(telling: Telling) -> None:
    telling.until("2026-06-25")
    for name in ("AJE AURA", "Proximité", "Télémaque", "JobIRL", "C'Possible"):
        telling.act("POST", name, "/reports", {"report": "bilan:2026", "on": "2026-06-25"})
        financial = {"report": "financial:2025", "on": "2026-06-25"}
        telling.act("POST", name, "/reports", financial)
    telling.say("Bilans et comptes rendus financiers sont reçus ; il ne manque que ceux de FACE.")
    telling.until("2026-09-07")
    telling.act("POST", "FACE", "/reports", {"report": "bilan:2026", "on": "2026-09-07"})
    telling.say("FACE remet son bilan : il n'est plus en retard, mais la piste garde qu'il l'a été.")


def autumn(telling: Telling) -> None:
    telling.until("2026-10-12")
    renewed = clauses(date(2026, 12, 1), date(2027, 11, 30), school_years=["2026-2027"])
    answer = telling.act("POST", "AJE AURA", "/renewal", {"title": "AJE AURA, suite", "clauses": renewed})
    telling.ids["AJE AURA (suite)"] = answer["id"]
    name = "AJE AURA (suite)"
    for party in parties(telling, name):
        signatory = {"name": "La personne habilitée", "title": "signataire"}
        telling.act("PUT", name, f"/parties/{party}/signatory", signatory)
    telling.act("POST", name, "/submission")
    telling.act("POST", name, "/signature-round")
    for party in parties(telling, name):
        sign(telling, name, party, "2026-10-12")
    telling.say("AJE AURA : la convention qui prend la suite est signée, et liée à l'ancienne.")
    telling.until("2026-12-07")


def _day_of(waited: dict[str, Any]) -> str:
    at = datetime.fromisoformat(waited["at"]).astimezone(PARIS).date()
    return french_date(date.fromisoformat(waited["by"]) if waited["by"] else at)


def finale(telling: Telling) -> None:
    """The register, and one full history."""
    table = Table("Convention", "État", "Depuis", "Prochaine échéance", title="\nLe registre, un an après")
    for name in telling.ids:
        row = telling.read(name)
        since = datetime.fromisoformat(row["since"]).astimezone(PARIS)
        waited = row["next"][0] if row["next"] else None
        ahead = f"{waited['what']} ({_day_of(waited)})" if waited else "—"
        table.add_row(name, row["status_label"], f"{since:%d/%m/%Y}", ahead)
    telling.out.print(table)
    then = start_of(date(2025, 12, 6))
    past = telling.read("Télémaque", as_of=then.isoformat())
    label = past.get("status_label", past["status"])
    telling.out.print(f"Télémaque au 6 décembre 2025 : {label}.")
    history = Table("Vrai le", "Écrit le", "Quoi", "Par", "Pourquoi", title="\nTélémaque, toute son histoire")
    for line in telling.read("Télémaque", "/history", limit=200)["items"]:
        true = datetime.fromisoformat(line["effective_at"]).astimezone(PARIS)
        written = datetime.fromisoformat(line["recorded_at"]).astimezone(PARIS)
        what = line["facts"].get("what", "")
        label = f"{line['label']} — {what}" if what else line["label"]
        history.add_row(f"{true:%d/%m/%Y}", f"{written:%d/%m/%Y}", label, line["role"], line["reason"])
    telling.out.print(history)
