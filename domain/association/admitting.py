"""The admission of an association: its file is opened, completed, read, and decided on."""

from __future__ import annotations

from datetime import date

from domain.association import guards
from domain.association.inviting import ADMISSION, Inviting
from domain.association.parts import FOLLOWED, INSURANCE, OPENABLE, DocumentVersion, Status
from domain.association.standing import Standing
from domain.guards import not_in_the_future, reason_given
from domain.kernel import Act
from domain.links import Channel, told_by


class Admitting(Standing, Inviting):
    """A part of the association that decides. The record declares the events, each one short: a topic belongs
    to one class."""

    def open_admission(
        self,
        act: Act,
        *,
        programme_id: str,
        scheme: str,
        rules_version: int,
        documents: tuple[str, ...],
        on: date,
        channel: Channel,
    ) -> None:
        """Opens its file, anew after it lapsed, was refused or left: every document is asked again.

        Raises ``Refused``: an admission under way, a day to come or before the last change, a link that does
        not allow it.
        """
        self.spend(act, ADMISSION)
        told_by(act, channel, on)
        guards.status_in(self, OPENABLE, "ouvrir son admission")
        guards.in_order(self, act, on)
        self._admission_opened(
            programme_id=programme_id,
            scheme=scheme,
            rules_version=rules_version,
            documents=documents,
            academie=self.assessed_in(act),
            on=on,
            channel=channel,
        )

    def assessed_in(self, act: Act) -> str:
        """Whose rules and calendar an admission opened now follows, and who assesses it: the académie that
        opens it, or gave the link by which it is opened."""
        return self.academie_of(act.actor) or self.academie

    def ask_document(self, act: Act, *, document: str) -> None:
        """Asks for one document more; nothing happens when it is asked already."""
        guards.status_in(self, FOLLOWED, "demander une pièce")
        guards.known_document(document)
        if document not in self.documents:
            self._document_asked(document=document, day=act.today)

    def receive_document(self, act: Act, *, document: str, version: DocumentVersion) -> None:
        """A version arrived, in place of the one that waited to be read; the last accepted one still counts.
        With the last of them the file is handed on, and the académie's term runs.

        Raises ``Refused``: not asked, a day to come, a file that is not taken in, an insurance that does not
        say until when, or that has run out.
        """
        guards.status_in(self, FOLLOWED, "recevoir une pièce")
        asked = guards.asked_document(self, document)
        not_in_the_future(act, version.on)
        guards.receivable(document, version)
        guards.not_run_out(act, version)
        if version != (asked.pending or asked.accepted):
            self._document_received(
                document=document,
                sha256=version.sha256,
                size=version.size,
                media_type=version.media_type,
                on=version.on,
                channel=version.channel,
                valid_until=version.valid_until,
                day=act.today,
            )

    def accept_document(self, act: Act, *, document: str, sha256: str, valid_until: date | None) -> None:
        """The version that was read is good; with the last of them the association can be admitted.

        Raises ``Refused``: another file waits, or the same one under another last day: whoever hands a file
        in says until when it runs.
        """
        guards.status_in(self, FOLLOWED, "accepter une pièce")
        version = guards.pending_version(guards.asked_document(self, document), document, sha256)
        guards.dated_as_read(version, valid_until)
        guards.not_run_out(act, version)
        self._document_accepted(document=document, sha256=sha256, day=act.today)

    def refuse_document(self, act: Act, *, document: str, sha256: str) -> None:
        """The version that was read will not do, with the reason."""
        guards.status_in(self, FOLLOWED, "refuser une pièce")
        reason_given(act)
        guards.pending_version(guards.asked_document(self, document), document, sha256)
        self._document_refused(document=document, sha256=sha256, day=act.today)

    def admit(
        self,
        act: Act,
        *,
        on: date,
        conventions: tuple[str, ...],
        required: tuple[str, ...],
        missing: tuple[str, ...],
    ) -> None:
        """The académie admits it. ``required``: the titles that the rules ask for; ``missing``: those that it
        lacks today, in French.

        Raises ``Refused``: not under way, a suspension that still runs or ran that day, documents
        missing, insurance run out, a title missing.
        """
        guards.under_way(self, "la référencer")
        guards.in_order(self, act, on)
        guards.none_suspends(self)
        guards.not_before_lifted(self, on)
        guards.documents_accepted(self)
        guards.insured(self, act.today)
        guards.entitled(missing)
        self._admitted(on=on, required=required, conventions=conventions)

    def refuse_admission(self, act: Act) -> None:
        """The académie says no, with its reason."""
        guards.under_way(self, "refuser son admission")
        reason_given(act)
        self._admission_refused(on=act.today)

    def expire_insurance(self, act: Act, *, on: date) -> None:
        """The insurance accepted ended before ``on`` while its admission was under way: from that day on it
        is asked again, and a file without one is not whole. Nothing happens twice."""
        until = self.insured_until
        if self.status == Status.IN_ADMISSION and until and until < on:
            self._document_expired(document=INSURANCE, on=on)

    def lapse(self, act: Act, *, on: date) -> None:
        """Its file stayed incomplete for too long, and lapsed on that day. Nothing happens once it is no
        longer under way."""
        if self.status == Status.IN_ADMISSION:
            self._lapsed(on=on)

    # Its events ------------------------------------------------------------------------------

    def _admission_opened(
        self,
        programme_id: str,
        scheme: str,
        rules_version: int,
        documents: tuple[str, ...],
        academie: str,
        on: date,
        channel: Channel,
    ) -> None:
        raise NotImplementedError

    def _document_asked(self, document: str, day: date) -> None:
        raise NotImplementedError

    def _document_received(
        self,
        document: str,
        sha256: str,
        size: int,
        media_type: str,
        on: date,
        channel: Channel,
        valid_until: date | None,
        day: date,
    ) -> None:
        raise NotImplementedError

    def _document_accepted(self, document: str, sha256: str, day: date) -> None:
        raise NotImplementedError

    def _document_refused(self, document: str, sha256: str, day: date) -> None:
        raise NotImplementedError

    def _document_expired(self, document: str, on: date) -> None:
        raise NotImplementedError

    def _admitted(self, on: date, required: tuple[str, ...], conventions: tuple[str, ...]) -> None:
        raise NotImplementedError

    def _admission_refused(self, on: date) -> None:
        raise NotImplementedError

    def _lapsed(self, on: date) -> None:
        raise NotImplementedError
