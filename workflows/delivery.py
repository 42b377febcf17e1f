"""Channels: how a reminder reaches whoever is awaited. It is never "sent" because it was logged."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address, Group
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from pathlib import Path
from typing import Final, Protocol

import aiosmtplib

PATIENCE: Final = 20.0
"""Seconds given to a mail server for each exchange."""

_UNREACHABLE: Final = (
    aiosmtplib.SMTPConnectError,
    aiosmtplib.SMTPServerDisconnected,
    aiosmtplib.SMTPTimeoutError,
    OSError,
)
_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9-]+")


class DeliveryFailed(Exception):
    """The channel could not deliver. ``problem``: a French sentence, nothing personal in it."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True)
class Recipient:
    """A body, by its name, and its own mailbox if one is known: never a person."""

    name: str
    mailbox: str | None = None


@dataclass(frozen=True)
class Message:
    """``key`` tells it from every other one, for ever. ``at``: when it is sent (UTC, domain time)."""

    key: str
    to: tuple[Recipient, ...]
    subject: str
    body: str
    at: datetime
    reply_to: Recipient | None = None


class Channel(Protocol):
    """``name`` is recorded with what became of each message."""

    @property
    def name(self) -> str: ...

    async def send(self, message: Message) -> None:
        """Hands the message over. The same message again must not be a second one for whoever reads it.

        Raises ``DeliveryFailed``.
        """


class FolderChannel:
    """Writes each message as an ``.eml`` file, which any mail program opens; the same message again
    replaces it."""

    name = "folder"

    def __init__(self, path: Path, sender: str = "mentorat@localhost") -> None:
        self._path = path
        self._sender = sender

    async def send(self, message: Message) -> None:
        """Raises ``DeliveryFailed`` when the folder cannot be written."""
        written = _written(message, self._sender)
        try:
            await asyncio.to_thread(self._write, file_name(message), written.as_bytes())
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else type(error).__name__
            raise DeliveryFailed(f"le dossier des messages ne peut être écrit ({reason})") from error

    def _write(self, name: str, content: bytes) -> None:
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=self._path, prefix=".", suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(self._path / name)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


@dataclass(frozen=True, kw_only=True)
class MailChannel:
    """Sends by SMTP. ``starttls``: demanded when true, used if offered when absent."""

    host: str
    sender: str
    port: int = 587
    user: str | None = None
    password: str | None = None
    starttls: bool | None = None
    name: str = "mail"

    def __repr__(self) -> str:
        return f"MailChannel(host={self.host!r}, port={self.port})"

    async def send(self, message: Message) -> None:
        """Sends to every mailbox known, then raises ``DeliveryFailed`` for the bodies without one: better
        told twice than not at all. Also raised when the server refuses or does not answer."""
        known = [body.mailbox for body in message.to if body.mailbox]
        if known:
            await self._hand_over(_written(message, self.sender), known)
        unknown = [body.name for body in message.to if not body.mailbox]
        if unknown:
            raise DeliveryFailed(f"aucune adresse pour {', '.join(unknown)} : renseignez-la")

    async def _hand_over(self, written: EmailMessage, mailboxes: list[str]) -> None:
        try:
            refused, _ = await aiosmtplib.send(
                written,
                sender=self.sender,
                recipients=mailboxes,
                hostname=self.host,
                port=self.port,
                username=self.user,
                password=self.password,
                start_tls=self.starttls,
                timeout=PATIENCE,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise DeliveryFailed("le serveur de messagerie refuse les destinataires") from error
        except aiosmtplib.SMTPResponseException as error:
            raise DeliveryFailed(f"le serveur de messagerie refuse le message (code {error.code})") from error
        except _UNREACHABLE as error:
            raise DeliveryFailed("le serveur de messagerie ne répond pas") from error
        except aiosmtplib.SMTPException as error:
            raise DeliveryFailed(f"l'envoi a échoué ({type(error).__name__})") from error
        if refused:
            count = f"{len(refused)} destinataire{'s' if len(refused) > 1 else ''} sur {len(mailboxes)}"
            raise DeliveryFailed(f"le serveur de messagerie refuse {count}")


def file_name(message: Message) -> str:
    """The same for the same message: readable, then told apart by a digest."""
    readable = _NOT_IN_A_NAME.sub("_", message.key)[:120]
    return f"{readable}-{_digest(message)[:8]}.eml"


def _digest(message: Message) -> str:
    return hashlib.sha256(message.key.encode()).hexdigest()


def _written(message: Message, sender: str) -> EmailMessage:
    mail = EmailMessage(policy=SMTP_POLICY)
    mail["From"] = Address("Mentorat en lycée professionnel", addr_spec=sender)
    # A body without a mailbox is an empty group: its name shows, and nothing is sent to it.
    mail["To"] = [_addressed(body) for body in message.to]
    if message.reply_to and message.reply_to.mailbox:
        mail["Reply-To"] = _addressed(message.reply_to)
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(message.at)
    mail["Message-ID"] = f"<{_digest(message)[:32]}@{sender.partition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.body, cte="quoted-printable")
    return mail


def _addressed(body: Recipient) -> Address | Group:
    if not body.mailbox:
        return Group(body.name, ())
    try:
        return Address(body.name, addr_spec=body.mailbox)
    except (ValueError, HeaderParseError) as error:
        raise DeliveryFailed(f"l'adresse de {body.name} n'est pas valide : corrigez-la") from error
