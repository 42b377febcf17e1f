"""The import: a file of lines received, checked, then recorded as a whole, or not at all.

received → checked (when nothing but a check was asked for) | recorded | faulty. What its lines record, they
record in other records, in the same append as the event that says so here. The file and the report are kept
beside the events, under the import's own key, which goes ``KEPT`` after its end.
"""

from __future__ import annotations

from datetime import date

from domain.erasure import Ground
from domain.imports import guards
from domain.imports.parts import ENDED, STATUS_LABELS, File, ImportKind, Result, Status
from domain.kernel import Act, Root, event


class Import(Root):
    """The aggregate. Its progress is for whoever watches: nothing rests on it."""

    TOPIC = "import@1"
    status_labels = STATUS_LABELS
    final = ENDED | {Status.ERASED}
    persons_shown_to = frozenset({"academie", "association"})

    @event("Created", topic="import.Submitted@1")
    def __init__(
        self,
        id: str,
        kind: ImportKind,
        association_id: str | None,
        training_id: str | None,
        academies: tuple[str, ...],
        file: File,
        dry_run: bool,
        day: date,
    ) -> None:
        self.kind = kind
        self.association_id = association_id
        self.training_id = training_id
        self.academies = academies
        self.file = file
        self.dry_run = dry_run
        self.submitted_on = day
        self.done = 0
        self.total = 0
        self.result: Result | None = None
        self.ended_on: date | None = None
        self.status: str = Status.RECEIVED

    # What it is ------------------------------------------------------------------------------

    def scopes(self) -> frozenset[str]:
        """The inspection and the data-protection officer see that it was, never what was in it."""
        return self.keepers() | {"role:auditor"}

    def keepers(self) -> frozenset[str]:
        """Whoever it is of; and the officer, who may erase it."""
        return self.owners | {"role:dpo"}

    @property
    def owners(self) -> frozenset[str]:
        """Whose it is: what its lines record is recorded in these names."""
        own = {f"association:{self.association_id}"} if self.association_id else set[str]()
        return frozenset(own | {f"academie:{code}" for code in self.academies})

    @property
    def is_ended(self) -> bool:
        return self.status in ENDED

    # Its course ------------------------------------------------------------------------------

    def advance(self, act: Act, *, done: int, total: int) -> None:
        """So many lines of so many were looked at. Nothing happens once it has ended, nor backwards."""
        if self.status == Status.RECEIVED and (done > self.done or total != self.total):
            self._advanced(done=done, total=total)

    def conclude(self, act: Act, *, result: Result) -> None:
        """It has ended; what it recorded is recorded with it. Nothing happens twice."""
        if self.status != Status.RECEIVED:
            return
        if result.faults:
            self._faulted(result=result, day=act.today)
        elif self.dry_run:
            self._checked(result=result, day=act.today)
        else:
            self._recorded(result=result, day=act.today)

    def _end(self, status: Status, result: Result, day: date) -> None:
        self.status = status
        self.result = result
        self.done = self.total = result.lines
        self.ended_on = day

    # Events ----------------------------------------------------------------------------------

    @event("Advanced", topic="import.Advanced@1")
    def _advanced(self, done: int, total: int) -> None:
        self.done = done
        self.total = total

    @event("Checked", topic="import.Checked@1")
    def _checked(self, result: Result, day: date) -> None:
        self._end(Status.CHECKED, result, day)

    @event("Recorded", topic="import.Recorded@1")
    def _recorded(self, result: Result, day: date) -> None:
        self._end(Status.RECORDED, result, day)

    @event("Faulted", topic="import.Faulted@1")
    def _faulted(self, result: Result, day: date) -> None:
        self._end(Status.FAULTY, result, day)

    @event("SubjectErased", topic="import.SubjectErased@1")
    def _subject_erased(self, ground: Ground) -> None:
        self._closed()


def checked(kind: ImportKind, association_id: str | None, training_id: str | None, file: File) -> None:
    """Raises ``Refused`` for a target that is not the kind's, or a file that is not one."""
    guards.aimed(kind, association_id, training_id)
    guards.file(file)
