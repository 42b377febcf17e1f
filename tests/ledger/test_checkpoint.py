"""Signed notes, checkpoints, the book of those published, and where they are sent.

The note vectors are those of https://pkg.go.dev/golang.org/x/mod/sumdb/note (``note_test.go``; BSD-3-Clause,
The Go Authors), the first implementation of https://c2sp.org/signed-note.
"""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import merkle
from ledger.checkpoint import (
    BEGINNING,
    CheckpointBook,
    DoesNotExtend,
    Point,
    new_signer,
    open_note,
    open_opening,
)
from ledger.leaf import leaf_hash
from ledger.merkle import EMPTY_ROOT, MissingHash
from ledger.notes import NoteInvalid, Signer, Verifier, open_text
from ledger.sinks import FolderSink, HttpSink, MailSink, NotPublished

VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SKEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNATURE = (
    "— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
ENOCH_SIGNATURE = (
    "— EnochRoot "
    "rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)
PETER = Verifier.of(VKEY)


# The published vectors


def test_the_published_key_signs_the_published_note() -> None:
    signer = Signer.of(SKEY)
    assert signer.sign(TEXT) == TEXT + "\n" + SIGNATURE
    assert (signer.vkey, signer.secret) == (VKEY, SKEY)
    assert PETER.vkey == VKEY
    assert SKEY.rpartition("+")[2] not in repr(signer)


def test_the_published_note_opens() -> None:
    both = [PETER, Verifier.of(ENOCH)]
    assert open_text(TEXT + "\n" + SIGNATURE, [PETER]) == (TEXT, [PETER])
    assert open_text(TEXT + "\n" + SIGNATURE + ENOCH_SIGNATURE, [PETER]) == (TEXT, [PETER])
    assert open_text(TEXT + "\n" + SIGNATURE + ENOCH_SIGNATURE, both) == (TEXT, both)


@pytest.mark.parametrize(
    "note",
    [
        TEXT,
        TEXT + "\n",
        TEXT + "\n" + SIGNATURE[:-1],
        "\x01" + TEXT + "\n" + SIGNATURE,
        "\ud800" + TEXT + "\n" + SIGNATURE,
        TEXT + "\n" + SIGNATURE.replace("PeterNeumann", "Bad Name"),
        TEXT + "\n" + SIGNATURE + "Unexpected line.\n",
        TEXT + "\n" + SIGNATURE * 101,
        TEXT + "\n" + SIGNATURE[:60] + "ABCD" + SIGNATURE[60:],
        TEXT + "\n" + ENOCH_SIGNATURE,
        TEXT + "\n" + SIGNATURE.replace("nAM=", "nAN="),
        TEXT + "\n" + SIGNATURE.replace("RyyB", "RyyC"),
        TEXT + "\n" + SIGNATURE + SIGNATURE.replace("RyyB", "RyyC"),
        TEXT.replace("answer", "Answer") + "\n" + SIGNATURE,
        TEXT + "\n" + SIGNATURE.replace("— PeterNeumann ", "- PeterNeumann "),
        TEXT + "\n" + "— PeterNeumann x08goA==\n",
        "x" * 100_000 + "\n\n" + SIGNATURE,
    ],
)
def test_a_note_that_is_malformed_or_not_signed_is_invalid(note: str) -> None:
    with pytest.raises(NoteInvalid):
        open_text(note, [PETER])


def test_a_key_with_any_character_changed_or_lost_is_invalid() -> None:
    cut = [VKEY[i:j] for i in range(len(VKEY)) for j in range(i + 1, len(VKEY) + 1) if j - i < len(VKEY)]
    changed = [VKEY[:i] + chr(ord(VKEY[i]) + 1) + VKEY[i + 1 :] for i in range(len(VKEY))]
    published = [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ]
    assert len(cut) > 2000
    for bad in (*cut, *changed, *published):
        with pytest.raises(NoteInvalid):
            Verifier.of(bad)
    for i in range(len(SKEY)):
        with pytest.raises(NoteInvalid):
            Signer.of(SKEY[:i] + chr(ord(SKEY[i]) + 1) + SKEY[i + 1 :])


# Checkpoints

SIGNER = new_signer(Ed25519PrivateKey.from_private_bytes(b"k" * 32))
AT = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
LEAVES = [leaf_hash(b"%d" % i) for i in range(40)]
OTHERS = [leaf_hash(b"other %d" % i) for i in range(40)]


def root(leaves: Sequence[bytes]) -> bytes:
    size, edge, _ = merkle.append(0, [], leaves)
    return merkle.root(size, edge)


class Store:
    """What proves, in the place of the database."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.leaves = leaves

    async def prove(self, old: int, new: int) -> list[bytes]:
        stored = {(0, i): leaf for i, leaf in enumerate(self.leaves)}
        return [merkle.range_hash(one, stored) for one in merkle.consistency_path(old, new)]


@pytest.fixture
def book(tmp_path: Path) -> CheckpointBook:
    return CheckpointBook(tmp_path / "checkpoints", [SIGNER.verifier])


async def publish(book: CheckpointBook, size: int, leaves: Sequence[bytes] = LEAVES) -> None:
    await book.publish(SIGNER, size, root(leaves[:size]), AT, Store(leaves[:size]).prove)


async def test_a_checkpoint_is_a_file_that_anybody_can_verify(book: CheckpointBook, tmp_path: Path) -> None:
    await publish(book, 12)
    (file,) = (tmp_path / "checkpoints").iterdir()
    assert file.name == "0001-000000000012.txt"
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o755
    text, _ = open_text(file.read_text(), [SIGNER.verifier])
    origin, size, _, epoch, at = text.splitlines()
    public = SIGNER.private.public_key().public_bytes_raw()
    assert origin == f"mentorat.invalid/{sha256(public).hexdigest()[:16]}"
    assert (size, epoch, at) == ("12", "epoch 1", "at 2026-01-05T08:00:00Z")
    latest = book.latest()
    assert latest
    assert latest.point == Point(1, 12, root(LEAVES[:12]))
    assert latest.note == file.read_text()
    assert latest.at == AT


async def test_the_book_grows(book: CheckpointBook) -> None:
    assert book.latest() is None
    assert book.all() == []
    assert book.last() == BEGINNING
    for size in (0, 1, 7, 8, 31):
        await publish(book, size)
    assert [one.size for one in book.all()] == [0, 1, 7, 8, 31]
    assert book.last() == Point(1, 31, root(LEAVES[:31]))


async def test_nothing_new_publishes_nothing(book: CheckpointBook) -> None:
    await publish(book, 7)
    again = await book.publish(SIGNER, 7, root(LEAVES[:7]), AT + timedelta(days=1), Store(LEAVES[:7]).prove)
    assert again.at == AT
    assert len(book.all()) == 1


@pytest.mark.parametrize(
    ("size", "leaves"),
    [
        pytest.param(11, LEAVES, id="smaller"),
        pytest.param(12, OTHERS, id="same size, other root"),
        pytest.param(20, OTHERS, id="another history"),
        pytest.param(20, [*LEAVES[:11], *OTHERS[11:]], id="the last published event rewritten"),
        pytest.param(20, [OTHERS[0], *LEAVES[1:]], id="the first event rewritten"),
        pytest.param(20, [*LEAVES[:5], *LEAVES[6:]], id="an event removed"),
    ],
)
async def test_a_tree_that_does_not_extend_the_last_is_not_signed(
    book: CheckpointBook, size: int, leaves: Sequence[bytes]
) -> None:
    await publish(book, 12)
    with pytest.raises(DoesNotExtend):
        await publish(book, size, leaves)
    assert [one.size for one in book.all()] == [12]


async def test_a_store_that_lacks_events_is_not_signed(book: CheckpointBook) -> None:
    await publish(book, 12)

    async def prove(old: int, new: int) -> list[bytes]:
        raise MissingHash(0, 3)

    with pytest.raises(DoesNotExtend, match="manque"):
        await book.publish(SIGNER, 20, root(LEAVES[:20]), AT, prove)


async def test_of_two_that_publish_at_once_both_are_kept_when_they_follow(book: CheckpointBook) -> None:
    await publish(book, 3)

    async def slow(old: int, new: int) -> list[bytes]:
        if old == 3:
            await publish(book, 9)
        return await Store(LEAVES[:20]).prove(old, new)

    await book.publish(SIGNER, 20, root(LEAVES[:20]), AT, slow)
    assert [one.size for one in book.all()] == [3, 9, 20]


async def test_of_two_that_publish_at_once_the_smaller_that_comes_late_is_refused(
    book: CheckpointBook,
) -> None:
    async def slow(old: int, new: int) -> list[bytes]:
        await publish(book, 20)
        return await Store(LEAVES[:9]).prove(old, new)

    with pytest.raises(DoesNotExtend):
        await book.publish(SIGNER, 9, root(LEAVES[:9]), AT, slow)


async def test_a_restore_opens_a_declared_epoch(book: CheckpointBook, tmp_path: Path) -> None:
    for size in (5, 9, 12):
        await publish(book, size)
    restored = [*LEAVES[:10], *OTHERS[10:]]
    with pytest.raises(DoesNotExtend):
        await publish(book, 10, restored)
    opening = await book.open_epoch(
        SIGNER,
        10,
        root(restored[:10]),
        AT,
        "disque perdu,\nsauvegarde de la nuit",
        Store(restored[:10]).prove,
    )
    assert opening.follows == Point(1, 12, root(LEAVES[:12]))
    assert opening.resumes == Point(2, 10, root(restored[:10]))
    assert opening.reason == "disque perdu, sauvegarde de la nuit"
    assert (tmp_path / "checkpoints" / "0002-opened.txt").read_text() == opening.note
    assert book.openings() == [opening]
    with pytest.raises(DoesNotExtend):
        await publish(book, 20, [*LEAVES[:9], *OTHERS[9:]])
    await publish(book, 20, restored)
    assert book.last() == Point(2, 20, root(restored[:20]))
    assert [one.name for one in book.all()][-1] == "0002-000000000020.txt"


async def test_what_was_published_up_to_the_restored_size_must_still_be_there(book: CheckpointBook) -> None:
    for size in (5, 9, 12):
        await publish(book, size)
    forged = [*LEAVES[:8], *OTHERS[8:]]
    with pytest.raises(DoesNotExtend):
        await book.open_epoch(SIGNER, 10, root(forged[:10]), AT, "restauration", Store(forged[:10]).prove)
    assert book.openings() == []


async def test_epochs_follow_one_another_without_a_checkpoint_between(book: CheckpointBook) -> None:
    for size in (4, 2):
        await book.open_epoch(SIGNER, size, root(LEAVES[:size]), AT, "essai", Store(LEAVES[:size]).prove)
    assert book.last() == Point(3, 2, root(LEAVES[:2]))
    assert book.openings()[1].follows == Point(2, 4, root(LEAVES[:4]))
    with pytest.raises(ValueError, match="a reason"):
        await book.open_epoch(SIGNER, 4, EMPTY_ROOT, AT, " ", Store([]).prove)


async def test_a_book_that_was_altered_says_which_file(book: CheckpointBook, tmp_path: Path) -> None:
    await publish(book, 5)
    file = tmp_path / "checkpoints" / "0001-000000000005.txt"
    note = file.read_text()
    for bad in (
        note.replace("\n5\n", "\n6\n"),
        note.replace("at 2026", "at 2025"),
        "",
        note[:-1],
        note + note,
    ):
        file.write_text(bad)
        with pytest.raises(NoteInvalid, match=r"^0001-000000000005\.txt : "):
            book.all()
        with pytest.raises(NoteInvalid):
            await publish(book, 12)
    file.write_bytes(b"\xff" + note.encode())
    with pytest.raises(NoteInvalid):
        book.latest()
    file.write_text(note)
    file.rename(file.with_name("0001-000000000004.txt"))
    with pytest.raises(NoteInvalid, match="se dit"):
        book.latest()


async def test_a_key_that_nobody_knows_publishes_nothing(book: CheckpointBook) -> None:
    stranger = new_signer(Ed25519PrivateKey.from_private_bytes(b"s" * 32))
    with pytest.raises(NoteInvalid):
        await book.publish(stranger, 3, root(LEAVES[:3]), AT, Store(LEAVES[:3]).prove)
    assert book.all() == []


async def test_a_declaration_is_no_checkpoint_and_the_reverse(book: CheckpointBook) -> None:
    opening = await book.open_epoch(SIGNER, 4, root(LEAVES[:4]), AT, "essai", Store(LEAVES[:4]).prove)
    with pytest.raises(NoteInvalid, match="pas un point de contrôle"):
        open_note(opening.note, [SIGNER.verifier])
    await publish(book, 6)
    latest = book.latest()
    assert latest
    with pytest.raises(NoteInvalid, match="pas une époque"):
        open_opening(latest.note, [SIGNER.verifier])


GOOD = (
    "mentorat.invalid/0",
    "5",
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
    "epoch 1",
    "at 2026-01-05T08:00:00Z",
)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (0, "example.com/other"),
        (0, ""),
        (1, "05"),
        (1, "-5"),
        (1, "5 "),
        (1, "٥"),
        (1, "1" * 13),
        (2, "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J="),
        (2, "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw=="),
        (2, ""),
        (3, "epoch 0"),
        (3, "epoch"),
        (4, "at 2026-02-30T08:00:00Z"),
        (4, "at 2026-01-05T08:00:00+01:00"),
        (4, "at 2026-01-05T08:00:00Z\nmore"),
    ],
)
def test_a_signed_text_that_is_no_checkpoint_is_invalid(line: int, text: str) -> None:
    signer = replace(SIGNER, name="mentorat.invalid/0")
    good = signer.sign("".join(f"{one}\n" for one in GOOD))
    assert open_note(good, [signer.verifier]).size == 5
    bad = [*GOOD[:line], text, *GOOD[line + 1 :]]
    with pytest.raises(NoteInvalid):
        open_note(signer.sign("".join(f"{one}\n" for one in bad)), [signer.verifier])


# Sinks


async def test_a_folder_takes_it_whole_and_twice(tmp_path: Path) -> None:
    sink = FolderSink(tmp_path / "share")
    await sink.publish("0001-000000000005.txt", "text — é\n")
    await sink.publish("0001-000000000005.txt", "text — é\n")
    (file,) = (tmp_path / "share").iterdir()
    assert file.read_text() == "text — é\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


async def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "share").write_text("a file")
    with pytest.raises(NotPublished, match="dossier"):
        await FolderSink(tmp_path / "share").publish("name", "text\n")


async def test_a_server_takes_it_by_put() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(201 if request.url.path == "/kept/name.txt" else 403)

    transport = httpx.MockTransport(answer)
    sink = HttpSink("https://audit.test/kept/", token="t0ken", transport=transport)
    await sink.publish("name.txt", "text — é\n")
    assert seen[0].method == "PUT"
    assert seen[0].content.decode() == "text — é\n"
    assert seen[0].headers["Authorization"] == "Bearer t0ken"
    assert "t0ken" not in repr(sink)
    with pytest.raises(NotPublished, match="code 403"):
        await HttpSink("https://audit.test", transport=transport).publish("name.txt", "text\n")


async def test_a_server_that_is_not_there_says_so() -> None:
    def unplugged(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route")

    with pytest.raises(NotPublished, match="ne répond pas"):
        await HttpSink("https://audit.test", transport=httpx.MockTransport(unplugged)).publish("n", "t\n")


@dataclass
class MailServer:
    """Enough of SMTP to take a message."""

    messages: list[bytes] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 test\r\n")
        while line := await reader.readline():
            if line.upper().startswith(b"DATA"):
                writer.write(b"354 go\r\n")
                self.messages.append(await reader.readuntil(b"\r\n.\r\n"))
            if line.upper().startswith(b"QUIT"):
                writer.write(b"221 bye\r\n")
                break
            writer.write(b"250 ok\r\n")
        writer.close()
        await writer.wait_closed()


async def test_a_mailbox_takes_it_byte_for_byte() -> None:
    server = MailServer()
    listening = await asyncio.start_server(server.talk, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        sink = MailSink("127.0.0.1", "mentorat@lyon.test", "auditor@inspection.test", port=port)
        await sink.publish("0001-000000000005.txt", "text — é\n\n— name AAAA\n")
    mail = message_from_bytes(server.messages[0], policy=policy.default)
    (attached,) = mail.iter_attachments()
    assert attached.get_payload(decode=True) == "text — é\n\n— name AAAA\n".encode()
    assert attached.get_filename() == "0001-000000000005.txt"
    assert mail["To"] == "auditor@inspection.test"
    with pytest.raises(NotPublished, match="n'est pas parti"):
        await sink.publish("name", "text\n")
