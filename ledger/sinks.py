"""Where published checkpoints go: the more hands hold them, the less a store can be rewritten unseen."""

from __future__ import annotations

import asyncio
import os
import tempfile
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from pathlib import Path
from typing import Final, Protocol

import aiosmtplib
import httpx

PATIENCE: Final = 20.0
"""Seconds given to another server for each exchange."""


class NotPublished(Exception):
    """This place did not take it. ``problem``: a French sentence."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class Sink(Protocol):
    """A place that keeps what is published, out of the reach of whoever holds the database."""

    async def publish(self, name: str, text: str) -> None:
        """Hands the text over under this name; doing it twice changes nothing. Raises ``NotPublished``."""


@dataclass(frozen=True)
class FolderSink:
    """A folder, such as a mounted one of another machine."""

    path: Path

    async def publish(self, name: str, text: str) -> None:
        """Raises ``NotPublished``."""
        try:
            await asyncio.to_thread(write_whole, self.path / name, text)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else type(error).__name__
            raise NotPublished(f"le dossier des points de contrôle ne peut être écrit ({reason})") from error


@dataclass(frozen=True)
class HttpSink:
    """A server that takes ``PUT <url>/<name>``. ``token``: sent as a bearer token, never shown."""

    url: str
    token: str | None = field(default=None, repr=False)
    transport: httpx.AsyncBaseTransport | None = field(default=None, repr=False)

    async def publish(self, name: str, text: str) -> None:
        """Raises ``NotPublished``."""
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        try:
            async with httpx.AsyncClient(timeout=PATIENCE, transport=self.transport) as client:
                answer = await client.put(f"{self.url.rstrip('/')}/{name}", content=text, headers=headers)
        except httpx.HTTPError as error:
            raise NotPublished(f"le serveur ne répond pas ({type(error).__name__})") from error
        if not answer.is_success:
            raise NotPublished(f"le serveur refuse le point de contrôle (code {answer.status_code})")


@dataclass(frozen=True)
class MailSink:
    """A mailbox, such as an auditor's. The text travels as an attached file, byte for byte."""

    host: str
    sender: str
    mailbox: str
    port: int = 587
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    starttls: bool | None = None

    async def publish(self, name: str, text: str) -> None:
        """Raises ``NotPublished``."""
        mail = EmailMessage(policy=SMTP_POLICY)
        mail["From"], mail["To"] = self.sender, self.mailbox
        mail["Subject"] = f"Point de contrôle {name}"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content("Conservez le fichier joint : il prouve l'état du registre à sa date.\n")
        mail.add_attachment(text.encode(), maintype="text", subtype="plain", filename=name)
        try:
            await aiosmtplib.send(
                mail,
                hostname=self.host,
                port=self.port,
                username=self.user,
                password=self.password,
                start_tls=self.starttls,
                timeout=PATIENCE,
            )
        except (aiosmtplib.SMTPException, OSError) as error:
            raise NotPublished(f"le message n'est pas parti ({type(error).__name__})") from error


def write_whole(path: Path, text: str) -> None:
    """The file with this text, readable by all: whole or not at all, and still there after a power cut."""
    make_folder(path.parent)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fchmod(handle, 0o644)
            os.fsync(handle)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def make_folder(path: Path) -> None:
    """The folder, readable by all."""
    if not path.is_dir():
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o755)
