"""Channels: a folder of .eml files, and a mail server."""

from __future__ import annotations

import asyncio
import email
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from domain.association.commands import ChangeIdentity
from domain.association.model import Association
from domain.convention.due import waits
from domain.convention.parts import Party, PartyKind
from domain.kernel import SYSTEM, Root
from domain.programme.commands import programme_id
from domain.programme.model import Programme
from domain.reminding import Remind
from tests.support import FACE, FACE_PARTY, LYON, House, TestWorld, draft_command, fold_at
from workflows.delivery import DeliveryFailed, FolderChannel, MailChannel, Message, Recipient
from workflows.messages import bodies_of, message_of, recipient, reminder_key

FACE_BODY = Recipient("FACE", "contact@face.test")
LYON_BODY = Recipient("académie de Lyon")
MESSAGE = Message(
    key="convention-1:signature:1:association:association-face:1",
    to=(FACE_BODY,),
    subject="Relance : Signature de FACE, très attendue par toutes les parties à la convention",
    body="Bonjour,\n\nSignature de FACE.\n",
    at=datetime(2026, 1, 12, 9, 0, tzinfo=UTC),
    reply_to=Recipient("académie de Lyon", "mentorat@lyon.test"),
)


def _files(path: Path) -> list[Path]:
    return sorted(path.iterdir())


def _parse(content: bytes) -> EmailMessage:
    parsed = email.message_from_bytes(content, policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed


# A folder ------------------------------------------------------------------------------------


async def test_a_message_is_a_file_that_a_mail_program_opens(tmp_path: Path) -> None:
    await FolderChannel(tmp_path / "out").send(MESSAGE)
    (path,) = _files(tmp_path / "out")
    assert path.name.startswith("convention-1_signature_1_association_association-face_1-")
    assert path.suffix == ".eml"
    written = _parse(path.read_bytes())
    assert written["To"] == "FACE <contact@face.test>"
    assert written["Reply-To"] == "académie de Lyon <mentorat@lyon.test>"
    assert written["Subject"] == MESSAGE.subject
    assert written.get_content().replace("\r\n", "\n") == MESSAGE.body


async def test_the_same_message_again_replaces_the_first_under_the_same_id(tmp_path: Path) -> None:
    channel = FolderChannel(tmp_path)
    await channel.send(MESSAGE)
    (first,) = _files(tmp_path)
    known = _parse(first.read_bytes())["Message-ID"]
    await channel.send(replace(MESSAGE, body="Bonjour de nouveau\n"))
    assert _files(tmp_path) == [first]
    assert _parse(first.read_bytes())["Message-ID"] == known
    assert "de nouveau" in first.read_text()
    await channel.send(replace(MESSAGE, key=MESSAGE.key + "0"))
    assert len(_files(tmp_path)) == 2


async def test_a_body_without_a_mailbox_is_named_all_the_same(tmp_path: Path) -> None:
    await FolderChannel(tmp_path).send(replace(MESSAGE, to=(FACE_BODY, LYON_BODY)))
    (path,) = _files(tmp_path)
    groups = _parse(path.read_bytes())["To"].groups
    assert [(g.display_name, len(g.addresses)) for g in groups] == [(None, 1), ("académie de Lyon", 0)]


async def test_a_folder_that_cannot_be_written_is_a_failed_delivery(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(DeliveryFailed, match="ne peut être écrit"):
        await FolderChannel(tmp_path / "out").send(MESSAGE)


async def test_a_mailbox_that_is_none_is_a_failed_delivery(tmp_path: Path) -> None:
    with pytest.raises(DeliveryFailed, match="l'adresse de FACE n'est pas valide"):
        await FolderChannel(tmp_path).send(replace(MESSAGE, to=(Recipient("FACE", "contact"),)))


# A mail server -------------------------------------------------------------------------------


@dataclass
class Server:
    """Enough of SMTP to take a message, or to refuse a recipient; ``mute`` says nothing at all."""

    port: int = 0
    refuses: str = "nobody"
    recipients: list[str] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 test\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"RCPT" and self.refuses.encode() in line:
                writer.write(b"550 no\r\n")
            elif verb == b"DATA":
                writer.write(b"354 go\r\n")
                self.messages.append(await reader.readuntil(b"\r\n.\r\n"))
                writer.write(b"250 ok\r\n")
            elif verb == b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                if verb == b"RCPT":
                    self.recipients.append(line.decode().strip()[8:])
                writer.write(b"250 ok\r\n")
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def _serving(refuses: str = "nobody") -> AsyncIterator[Server]:
    server = Server(refuses=refuses)
    listening = await asyncio.start_server(server.talk, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    async with listening:
        yield server


def _mail(port: int) -> MailChannel:
    return MailChannel(host="127.0.0.1", port=port, sender="mentorat@lyon.test", password="secret")


async def test_it_is_sent_to_every_mailbox() -> None:
    async with _serving() as server:
        await _mail(server.port).send(replace(MESSAGE, to=(FACE_BODY, Recipient("Lyon", "m@lyon.test"))))
    assert server.recipients == ["<contact@face.test>", "<m@lyon.test>"]
    (sent,) = server.messages
    assert _parse(sent)["Message-ID"].endswith("@lyon.test>")


async def test_without_a_mailbox_the_failure_says_whose_is_missing_and_the_others_are_told() -> None:
    async with _serving() as server:
        with pytest.raises(DeliveryFailed, match="aucune adresse pour académie de Lyon : renseignez-la"):
            await _mail(server.port).send(replace(MESSAGE, to=(FACE_BODY, LYON_BODY)))
    assert server.recipients == ["<contact@face.test>"]


@pytest.mark.parametrize(
    ("to", "problem"),
    [
        ((FACE_BODY,), "refuse les destinataires"),
        ((FACE_BODY, Recipient("Lyon", "m@lyon.test")), "refuse 1 destinataire sur 2"),
    ],
)
async def test_a_refused_recipient_is_a_failed_delivery(to: tuple[Recipient, ...], problem: str) -> None:
    async with _serving(refuses="face") as server:
        with pytest.raises(DeliveryFailed, match=problem) as failure:
            await _mail(server.port).send(replace(MESSAGE, to=to))
    assert "@" not in failure.value.problem


async def test_a_server_that_is_not_there_is_a_failed_delivery() -> None:
    async with _serving() as server:
        port = server.port
    with pytest.raises(DeliveryFailed, match="ne répond pas"):
        await _mail(port).send(MESSAGE)


def test_the_password_is_not_shown() -> None:
    assert "secret" not in repr(_mail(25))


# What it says --------------------------------------------------------------------------------


def test_a_step_names_its_reminder() -> None:
    assert reminder_key("deliver:signature:1:association:association-face:2:0") == (
        "signature:1:association:association-face:2"
    )


async def test_a_reminder_says_what_is_awaited_by_when_of_which_record_and_whom_to_answer() -> None:
    told = await _message(lambda party: replace(party, mailbox=f"{party.kind}@test"))
    assert [body.mailbox for body in told.to] == ["operator@test"]
    assert told.subject == "Relance : Signature attendue : FACE"
    assert "Mentorat en lycée professionnel (dossier convention-1)" in told.body
    assert "Date attendue : 1er décembre 2025." in told.body
    assert "Pour toute réponse : académie de Lyon (academie@test)." in told.body
    assert "Relance du 1er décembre 2025" in told.body
    assert "Prénom" not in told.body


async def test_a_name_cannot_break_a_header() -> None:
    told = await _message(lambda party: replace(party, name="FACE\nBcc: everybody@test"))
    assert told.subject == "Relance : Signature attendue : FACE Bcc: everybody@test"
    assert "\n" not in told.to[0].name


async def _message(change: Callable[[Party], Party]) -> Message:
    house = House()
    await house.open()
    await house.to_sign(parties=tuple(change(party) for party in draft_command().parties))
    house.clock.advance(days=7)
    key = f"signature:1:{FACE_PARTY}:1"
    await house.do(Remind(record_id="convention-1", key=key), SYSTEM)
    convention = await house.convention("convention-1")
    programme = await fold_at(house.recorder, programme_id("1j1m"))
    assert isinstance(programme, Programme)
    world = TestWorld()
    ahead = waits(convention, programme, world, house.clock.instant)  # type: ignore[arg-type]
    bodies = {body: _recipient(convention, body) for body in bodies_of(convention, key)}
    return message_of(convention, key, ahead, bodies, house.clock.instant)


def _recipient(record: Root, body: str, **known: Association) -> Recipient:
    return recipient(body, record, known, TestWorld())  # type: ignore[arg-type]


async def test_an_academie_that_is_not_a_party_is_told_by_its_name() -> None:
    house = House()
    await house.open()
    parties = (
        Party("state", PartyKind.STATE, "l'État"),
        Party(FACE_PARTY, PartyKind.OPERATOR, "FACE"),
    )
    await house.do(draft_command(parties=parties))
    convention = await house.convention("convention-1")
    assert _recipient(convention, "academie:10").name == "académie de Lyon"
    assert _recipient(convention, "academie:02").name == "académie d'Aix-Marseille"
    assert _recipient(convention, "drafpic:10").name == "Drafpic, académie de Lyon"


async def test_an_academie_and_its_drafpic_are_written_to_where_the_installation_says() -> None:
    """No record knows their mailboxes: without one, an escalation would never leave."""
    house = House()
    await house.open()
    face = await fold_at(house.recorder, FACE)
    assert face
    told = {"academie:10": "mentorat@lyon.test", "drafpic:10": "drafpic@lyon.test"}
    for key in (*told, "drafpic:08"):
        body = recipient(key, face, {}, TestWorld(), told)  # type: ignore[arg-type]
        assert body.mailbox == told.get(key)


async def test_an_association_that_is_no_party_is_told_at_its_own_mailbox() -> None:
    house = House()
    await house.open()
    face = await fold_at(house.recorder, FACE)
    assert isinstance(face, Association)
    known = replace(face.identity, mailbox="contact@face.test")
    await house.do(ChangeIdentity(record_id=FACE, identity=known), LYON)
    face = await fold_at(house.recorder, FACE)
    assert isinstance(face, Association)
    told = _recipient(face, FACE_PARTY, **{FACE: face})
    assert told == Recipient(face.identity.name, "contact@face.test")
