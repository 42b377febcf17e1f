"""An association is recognised by its numbers and its name, in the académies of a line and nowhere else."""

from __future__ import annotations

import pytest

from domain.association.commands import ChangeIdentity, Extend, RegisterAssociation
from domain.association.model import Association, Identity
from domain.convention.model import Convention
from domain.convention.parts import PartyKind
from domain.erasure import Erase, Ground
from domain.kernel import Actor
from ops.imports.associations import Associations
from ops.imports.conventions import Conventions
from ops.imports.report import Report
from tests.ops.importing import Desk, csv, places
from tests.support import FACE, GRENOBLE, LYON

RNA = "W691234567"
DPO = Actor("t-dpo", "dpo", frozenset({"public", "role:dpo"}))
PARIS = Actor("t-paris", "academie", frozenset({"public", "academie:01"}))
BESANCON = Actor("t-besancon", "academie", frozenset({"public", "academie:03"}))
ALL = Actor(
    "import",
    "academie",
    frozenset(
        {"public", "region:Auvergne-Rhône-Alpes", "region:Bretagne"}
        | {f"academie:{code}" for code in ("01", "03", "06", "08", "10", "14")}
    ),
)


@pytest.fixture
async def desk() -> Desk:
    return await Desk().open()


async def registered(desk: Desk, name: str, *academies: str, rna: str | None = None) -> str:
    """By hand."""
    record_id = f"association-{name}-{'-'.join(academies)}"
    identity = Identity(name, rna=rna)
    await desk.house.do(RegisterAssociation(record_id=record_id, identity=identity, academies=academies), ALL)
    return record_id


async def operators(desk: Desk) -> list[tuple[str, tuple[str, ...]]]:
    """All but FACE: their names and their académies."""
    found = [one for one in await desk.records("association") if isinstance(one, Association)]
    return [(one.identity.name, one.academies) for one in found if one.id != FACE]


async def bound(desk: Desk) -> list[tuple[str, str]]:
    """Of each convention, the record of its operator and its authority."""
    found = [one for one in await desk.records("convention") if isinstance(one, Convention)]
    return [
        (
            next(key for key, party in one.parties.items() if party.kind is PartyKind.OPERATOR).partition(
                ":"
            )[2],
            next(key for key, party in one.parties.items() if party.kind is not PartyKind.OPERATOR),
        )
        for one in found
    ]


async def named(desk: Desk, name: str, *lines: str, actor: Actor = LYON) -> Report:
    return await desk.run(csv(*lines, header=name), Associations(), actor)


async def told(desk: Desk, *lines: str) -> Report:
    """Lines of conventions."""
    header = "Association;Académie;Région académique;Annoncée pour;Source"
    return await desk.run(csv(*lines, header=header), Conventions(), ALL)


# Associations -------------------------------------------------------------------------------------


async def test_an_association_of_a_file_of_one_academie_is_not_known_to_another(desk: Desk) -> None:
    for actor, name in ((BESANCON, "Elan"), (PARIS, "Élan")):
        report = await named(desk, "Association", name, actor=actor)
        assert (report.recorded, report.known, report.faults) == (1, 0, [])
    assert await operators(desk) == [("Elan", ("03",)), ("Élan", ("01",))]


async def test_one_name_of_two_academies_makes_two_records_and_the_same_file_again_none(desk: Desk) -> None:
    lines = ("Trio;Paris", "Trio;Besançon", "Quatuor;Paris, Besançon")
    for recorded in (3, 0):
        report = await named(desk, "Association;Académie", *lines, actor=ALL)
        assert (report.recorded, report.known, report.faults) == (recorded, 3 - recorded, [])
    assert await operators(desk) == [("Trio", ("01",)), ("Trio", ("03",)), ("Quatuor", ("01", "03"))]


async def test_one_name_twice_in_one_academie_is_a_fault(desk: Desk) -> None:
    report = await named(desk, "Association;Académie", "Trio;Lyon, Grenoble", "TRIO;Grenoble", actor=ALL)
    assert places(report) == {(3, "Association")}
    assert "ligne 2" in report.faults[0].problem


async def test_one_that_is_known_in_some_of_the_academies_only_is_a_fault_that_says_the_way_out(
    desk: Desk,
) -> None:
    duo = await registered(desk, "Duo", "10")
    for academies in ("Lyon, Grenoble", "Grenoble, Lyon"):
        report = await named(desk, "Association;Académie", f"DUO;{academies}")
        assert places(report) == {(2, "Association")}
        (fault,) = report.faults
        assert fault.value == "DUO"
        assert "académie de Grenoble" in fault.problem
        assert "académie de Lyon" not in fault.problem
        assert f"POST /v1/associations/{duo}/academies" in fault.remedy
    await desk.house.do(Extend(record_id=duo, academie="08"))
    report = await named(desk, "Association;Académie", "Duo;Lyon, Grenoble")
    assert (report.recorded, report.known, report.faults) == (0, 1, [])


async def test_a_record_of_another_academie_is_not_named_to_whoever_may_not_see_it(desk: Desk) -> None:
    duo = await registered(desk, "Duo", "10")
    report = await named(desk, "Association;Académie", "Duo;Lyon, Grenoble", actor=GRENOBLE)
    assert places(report) == {(2, "Association")}
    assert duo not in str(report.faults[0])
    assert "/v1/associations/{id}/academies" in report.faults[0].remedy


async def test_a_number_that_another_academie_s_association_has_is_a_fault(desk: Desk) -> None:
    await registered(desk, "Duo", "03", rna=RNA)
    report = await named(desk, "Association;RNA", f"Un autre nom;{RNA}", actor=PARIS)
    assert places(report) == {(2, "RNA")}
    assert "académie de Paris" in report.faults[0].problem
    report = await named(desk, "Association;RNA", f"Un autre nom;{RNA}", actor=BESANCON)
    assert (report.known, report.faults) == (1, [])


async def test_a_line_that_several_associations_answer_to_is_a_fault(desk: Desk) -> None:
    ids = [await registered(desk, "Duo", "10"), await registered(desk, "Duo", "08", rna=RNA)]
    report = await named(desk, "Association;Académie", "Duo;Lyon, Grenoble", actor=ALL)
    assert places(report) == {(2, "Association")}
    assert all(one in report.faults[0].problem for one in ids)
    report = await named(desk, "Association;Académie;RNA", f"Duo;Lyon;{RNA}")
    assert places(report) == {(2, "Association")}
    assert ids[0] in report.faults[0].problem
    assert ids[1] not in report.faults[0].problem


async def test_one_that_a_file_made_and_that_has_another_name_since_is_known_and_it_is_told(
    desk: Desk,
) -> None:
    await named(desk, "Association;Académie", "Élan;Lyon, Grenoble", "Trio;Lyon")
    elan, trio = (one for one in await desk.records("association") if one.id != FACE)
    await desk.house.do(ChangeIdentity(record_id=elan.id, identity=Identity("Envol")))
    await desk.house.do(Erase(record_id=trio.id, ground=Ground.OBJECTION), DPO)
    report = await named(desk, "Association;Académie", "Élan;Grenoble, Lyon", "Trio;Lyon")
    assert (report.recorded, report.known, report.faults) == (0, 2, [])
    assert "« Envol »" in report.remarks[2]
    assert "effacée" in report.remarks[3]


async def test_a_name_without_letter_or_digit_is_a_fault(desk: Desk) -> None:
    report = await named(desk, "Association", "???", "!!!")
    assert places(report) == {(2, "Association"), (3, "Association")}
    report = await told(desk, "???;Lyon;;05/12/2027;essai")
    assert places(report) == {(2, "Association")}


# Conventions --------------------------------------------------------------------------------------


async def test_a_convention_never_binds_another_academie_s_association(desk: Desk) -> None:
    await named(desk, "Association", "Elan", actor=BESANCON)
    (elan,) = [one.id for one in await desk.records("association") if one.id != FACE]
    report = await told(desk, "Élan;Paris;;05/12/2027;essai")
    assert (report.recorded, report.faults) == (1, [])
    ((operator, _),) = await bound(desk)
    assert operator != elan
    assert await operators(desk) == [("Elan", ("03",)), ("Élan", ("01",))]


async def test_one_name_of_two_authorities_is_of_two_associations(desk: Desk) -> None:
    lines = (
        "Trio;Paris;;05/12/2027;essai",
        "Trio;Besançon;;05/12/2027;essai",
        "Trio;;Auvergne-Rhône-Alpes;05/12/2027;essai",
        "Trio;;Bretagne;05/12/2027;essai",
    )
    for recorded in (4, 0):
        report = await told(desk, *lines)
        assert (report.recorded, report.faults) == (recorded, [])
    assert {academies for _, academies in await operators(desk)} == {
        ("01",),
        ("03",),
        ("06", "08", "10"),
        ("14",),
    }
    assert len({operator for operator, _ in await bound(desk)}) == 4


@pytest.mark.parametrize("turned", [False, True])
async def test_one_name_of_a_region_and_of_its_academie_is_of_one_association(
    desk: Desk, *, turned: bool
) -> None:
    lines = ["Trio;;Auvergne-Rhône-Alpes;05/12/2027;essai", "TRIO;Lyon;;05/12/2027;essai"]
    for recorded in (2, 0):
        report = await told(desk, *(reversed(lines) if turned else lines))
        assert (report.recorded, report.faults) == (recorded, [])
    ((_, academies),) = await operators(desk)
    assert academies == ("06", "08", "10")
    assert len({operator for operator, _ in await bound(desk)}) == 1


async def test_a_convention_of_a_region_takes_none_of_two_associations_of_its_academies(desk: Desk) -> None:
    ids = [await registered(desk, "Duo", code) for code in ("06", "08")]
    before = len(desk.events)
    report = await told(desk, "Duo;;Auvergne-Rhône-Alpes;05/12/2027;essai")
    assert places(report) == {(2, "Association")}
    assert all(one in report.faults[0].problem for one in ids)
    assert len(desk.events) == before


async def test_a_convention_of_a_region_waits_until_its_association_works_in_all_of_it(desk: Desk) -> None:
    duo = await registered(desk, "Duo", "10")
    line = "Duo;;Auvergne-Rhône-Alpes;05/12/2027;essai"
    report = await told(desk, line)
    assert places(report) == {(2, "Association")}
    assert f"POST /v1/associations/{duo}/academies" in report.faults[0].remedy
    for code in ("06", "08"):
        await desk.house.do(Extend(record_id=duo, academie=code))
    assert (await told(desk, line)).recorded == 1
    assert [operator for operator, _ in await bound(desk)] == [duo]


async def test_a_new_convention_under_a_name_given_up_is_a_fault_and_the_old_ones_are_known(
    desk: Desk,
) -> None:
    line = "Élan;Lyon;;05/12/2027;essai"
    await told(desk, line)
    ((operator, _),) = await bound(desk)
    await desk.house.do(ChangeIdentity(record_id=operator, identity=Identity("Envol")))
    report = await told(desk, line)
    assert (report.recorded, report.known, report.faults) == (0, 1, [])
    report = await told(desk, line, "Élan;Lyon;;06/12/2028;essai")
    assert places(report) == {(3, "Association")}
    assert "« Envol »" in report.faults[0].problem


async def test_a_line_of_a_convention_is_known_whatever_has_become_of_its_association(desk: Desk) -> None:
    duo = await registered(desk, "Duo", "10")
    lines = ("Duo;Lyon;;05/12/2027;essai", "Trio;Lyon;;05/12/2027;essai")
    assert (await told(desk, *lines)).recorded == 2
    trio = next(operator for operator, _ in await bound(desk) if operator != duo)
    await desk.house.do(ChangeIdentity(record_id=duo, identity=Identity("Envol")))
    await registered(desk, "Duo", "10", "08")
    await desk.house.do(Erase(record_id=trio, ground=Ground.OBJECTION), DPO)
    before = len(desk.events)
    report = await told(desk, *lines)
    assert (report.recorded, report.known, report.faults) == (0, 2, [])
    assert len(desk.events) == before
