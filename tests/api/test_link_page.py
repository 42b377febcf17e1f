"""The page that a link opens: the same for everybody, nobody else's, and true to what the API asks for."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from api.routes.links import _TOLD
from domain.association.inviting import ADMISSION, CANDIDACY, FORM, Inviting
from domain.mentor.model import FILE, Mentor
from domain.mentor.parts import OCCUPATION_LABELS
from domain.programme.model import SCHEMES
from tests.api.conftest import Site

ROOM = Path(__file__).parents[2] / "api"
PAGE = (ROOM / "templates" / "link.html").read_text(encoding="utf-8")
SCRIPT = ROOM / "static" / "link.js"


class Page(HTMLParser):
    """Its forms by action, with their fields and options; every address it names; what has a label."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, dict[str, str | None]]] = {}
        self.options: dict[str, dict[str, str]] = {}
        self.addresses: list[str] = []
        self.labelled: set[str] = set()
        self.ids: list[str] = []
        self._form: list[str] = []
        self._field = self._option = ""
        self.feed(PAGE)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.addresses += [told[name] or "" for name in ("src", "href", "action") if name in told]
        self.ids += [told["id"] or ""] if "id" in told else []
        if tag == "form":
            self._form = (told["data-actions"] or "").split()
            self.forms |= {action: {} for action in self._form}
        if tag == "label":
            self.labelled.add(told["for"] or "")
        if "data-field" in told:
            self._field = told["data-field"] or ""
            for action in self._form:
                self.forms[action][self._field] = told
        if tag == "option":
            self._option = told["value"] or ""

    def handle_data(self, data: str) -> None:
        if self._option:
            self.options.setdefault(self._field, {})[self._option] = data
            self._option = ""


async def test_the_page_is_kept_nowhere_framed_by_nobody_and_takes_nothing_from_elsewhere(site: Site) -> None:
    for path, kind in (
        ("/lien", "text/html"),
        ("/static/link.js", "text/javascript"),
        ("/static/link.css", "text/css"),
    ):
        answer = await site.call(None, "GET", path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, f"{kind}; charset=utf-8")
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; ")
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-robots-tag"] == "noindex, nofollow"
    page = Page()
    assert set(page.addresses) == {"/static/link.css", "/static/link.js"}
    assert "<style" not in PAGE
    assert not re.search(r"\son\w+=|\sstyle=", PAGE)


async def test_the_page_says_the_same_to_everybody_and_its_head_too(site: Site) -> None:
    first = await site.call(None, "GET", "/lien")
    assert (
        await site.call(None, "GET", "/lien", headers={"Authorization": "Bearer lnk_x"})
    ).content == first.content
    assert (await site.call(None, "HEAD", "/lien")).status_code == 200
    assert (await site.call(None, "POST", "/lien")).status_code == 405


def test_each_action_has_its_form_with_the_fields_that_the_api_says() -> None:
    page = Page()
    assert set(page.forms) == set(Inviting.LINK_ACTIONS) | set(Mentor.LINK_ACTIONS)
    for action, fields in page.forms.items():
        _, fill_in, _ = _TOLD[CANDIDACY if action == FORM else action]
        assert set(fields) == set(fill_in), action
    assert page.options["programme_id"] == {f"programme-{code}": name for code, name in SCHEMES.items()}
    assert page.options["profile.status"] == {str(code): name for code, name in OCCUPATION_LABELS.items()}


def test_the_page_is_in_french_each_field_has_its_label_and_there_is_a_way_without_script() -> None:
    page = Page()
    assert '<html lang="fr">' in PAGE
    fields = [told["id"] for form in page.forms.values() for told in form.values()]
    assert set(fields) == page.labelled
    assert len(page.ids) == len(set(page.ids))
    assert 'role="status" aria-live="polite"' in PAGE
    assert "width=device-width" in PAGE
    without = PAGE.partition("<noscript>")[2].partition("</noscript>")[0]
    assert "sur papier" in without
    for action in (ADMISSION, CANDIDACY, FILE):
        assert "sur papier" in _TOLD[action][2]


def test_the_secret_stays_in_the_fragment_and_a_header() -> None:
    script = SCRIPT.read_text(encoding="utf-8")
    assert "location.hash" in script
    assert not re.search(r"localStorage|sessionStorage|document\.cookie|innerHTML|eval\(", script)
    uses = [line.strip() for line in script.splitlines() if re.search(r"\bsecret\b", line)]
    assert [one for one in uses if not one.startswith("/*")] == [
        "const secret = location.hash.slice(1);",
        "const headers = { Authorization: `Bearer ${secret}` };",
        "if (!secret) return say(OVER);",
    ]


HARNESS = """
const [page, answers] = JSON.parse(require("fs").readFileSync(0, "utf8"));
const asked = [], parts = {};
const part = (id) => parts[id] ??= { textContent: "", hidden: true, focus() {} };
const form = {
  dataset: { actions: "candidacy form" }, hidden: true,
  querySelectorAll: () => page.fields.map(([field, value]) => ({ dataset: { field }, value })),
  querySelector: () => part("button"),
  addEventListener: (_, act) => { form.submit = () => act({ preventDefault() {} }); },
};
globalThis.location = { hash: page.hash, pathname: "/lien" };
globalThis.history = { replaceState: (...to) => asked.push(["replaced", to[2]]) };
globalThis.document = { getElementById: part, forms: [form] };
globalThis.fetch = async (path, sent) => {
  asked.push([sent.method, path, sent.headers, sent.body ? JSON.parse(sent.body) : null]);
  const [status, told] = answers.shift();
  return { ok: status < 400, status, json: async () => told };
};
const rest = () => new Promise((done) => setTimeout(done, 5));
(async () => {
  require(page.script);
  await rest();
  const opened = asked.length;
  if (form.submit) { form.submit(); await rest(); }
  console.log(JSON.stringify({ asked, opened, said: part("status").textContent, shown: !part("told").hidden,
    form: form.hidden, text: [part("text").hidden, part("text").textContent],
    association: part("association").textContent, until: part("until").textContent }));
})();
"""


def _played(fragment: str, *answers: tuple[int, Any]) -> dict[str, Any]:
    """The script with a page that it believes in."""
    fields = [["person.given_name", " Camille "], ["person.email", ""], ["profile.status", "retired"]]
    page = {"hash": fragment, "fields": fields, "script": str(SCRIPT)}
    done = subprocess.run(
        ["node", "-e", HARNESS], input=json.dumps([page, answers]), capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


TOLD = {
    "action": "candidacy",
    "allows": "Déposer votre candidature.",
    "association": "Fondation Exemple",
    "expires_on": "2025-12-19",
    "reusable": False,
    "method": "POST",
    "path": "/v1/candidacies",
    "body": {},
    "fill_in": {},
    "paper": "Sur papier.",
    "text": None,
}
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="the script is played by node")


@needs_node
def test_opening_the_page_asks_once_and_what_was_typed_is_sent_once_asked_for() -> None:
    found = _played("#lnk_secret", (200, TOLD), (200, {"message": "Votre candidature est arrivée."}))
    read, sent, cleared = found["asked"]
    assert (found["opened"], read) == (1, ["GET", "/v1/link", {"Authorization": "Bearer lnk_secret"}, None])
    assert (found["association"], found["until"], found["shown"]) == ("Fondation Exemple", "19/12/2025", True)
    assert sent[:2] == ["POST", "/v1/candidacies"]
    assert re.fullmatch("[0-9a-f]{32}", sent[2]["Idempotency-Key"])
    assert sent[3] == {"person": {"given_name": "Camille"}, "profile": {"status": "retired"}}
    assert (cleared, found["said"], found["form"]) == (
        ["replaced", "/lien"],
        "Votre candidature est arrivée.",
        True,
    )


@needs_node
def test_what_is_to_be_read_first_is_shown_as_it_stands() -> None:
    assert _played("#lnk_secret", (200, TOLD), (200, {}))["text"] == [True, ""]
    charter = TOLD | {"action": "file", "text": "Charte <b>2025.1</b>\n1. Écouter."}
    assert _played("#lnk_secret", (200, charter))["text"] == [False, charter["text"]]


@needs_node
def test_what_opens_nothing_says_the_other_way() -> None:
    for fragment, answers in (("", ()), ("#lnk_old", ((401, {}),))):
        found = _played(fragment, *answers)
        assert "sur papier" in found["said"]
        assert not found["shown"]
    problem = {"detail": "Le nom ne se lit pas.", "missing": ["given_name"]}
    refused = _played("#lnk_secret", (200, TOLD), (409, problem))
    assert refused["said"] == "Le nom ne se lit pas. given_name"
    assert not refused["form"]
