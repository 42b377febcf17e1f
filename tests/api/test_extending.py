"""An association that one académie does not keep, and that another takes in, over HTTP."""

from __future__ import annotations

from tests.api import walk
from tests.api.conftest import FACE, Site
from tests.api.walk import TODAY

PATH = f"/v1/associations/{FACE}"
RNA = "W691000001"
OPENING = {"programme_id": "programme-1j1m", "on": TODAY.isoformat(), "channel": "meeting"}


async def refused(site: Site) -> None:
    """By Lyon, under the number that everybody knows it by."""
    await walk.opened(site)
    version = (await site.get("lyon", PATH)).headers["ETag"]
    told = await site.call(
        "lyon", "PUT", f"{PATH}/identity", {"name": "FACE", "rna": RNA}, headers={"If-Match": version}
    )
    assert told.status_code == 200, told.text
    await site.do("lyon", "POST", f"{PATH}/admission", OPENING)
    await site.do("lyon", "POST", f"{PATH}/admission/refusal", {"reason": "Trop peu de mentor·es."})


async def test_an_association_that_one_academie_refused_is_taken_in_and_assessed_by_another(
    site: Site,
) -> None:
    await refused(site)
    asked = {"name": "Face", "rna": RNA, "academies": ["08"]}
    held = await site.call("grenoble", "POST", "/v1/associations", asked)
    assert (held.status_code, held.json()["code"]) == (409, "already_held")
    assert "association.extend" in held.json()["missing"][-1]
    assert FACE not in held.text
    await site.do("lyon", "POST", f"{PATH}/academies", {"academie": "08"})
    seen = (await site.get("grenoble", PATH)).json()
    assert (seen["status"], [one["awaits"] for one in seen["next"] if one["awaits"]]) == ("refused", [])

    await site.do("grenoble", "POST", f"{PATH}/admission", OPENING)
    for who in ("lyon", "grenoble"):
        assert (await site.get(who, PATH)).json()["status"] == "in_admission"
        history = (await site.get(who, f"{PATH}/history?limit=100")).json()["items"]
        assert "association.AdmissionRefused@1" in [one["topic"] for one in history]
    file = f"{PATH}/documents/charter?on={TODAY.isoformat()}&channel=online"
    headers = {"Content-Type": "application/pdf"}
    assert (await site.call("face", "PUT", file, file=b"%PDF-1.7", headers=headers)).status_code == 200
    read = [one for one in (await site.get("lyon", PATH)).json()["next"] if one["kind"] == "remind_reading"]
    assert [one["awaits"] for one in read] == [["academie:08"]]
