"""What a person can mend: the text of these errors is a French sentence that says how."""

from __future__ import annotations

from typing import Final

from ledger.keyring import KeyringLost
from ledger.master import MasterKeyInvalid, MasterOutdated, WrongMasterKey
from ledger.notes import NoteInvalid
from ops.archive import BackupRefused
from ops.database import MigrationChanged
from ops.erasures import JournalDamaged
from ops.keys import KeyringMissing
from ops.maintenance import LedgerMissing
from ops.reach import OutOfReach
from ops.stack.errors import StackError

MENDABLE: Final = (
    StackError,
    BackupRefused,
    JournalDamaged,
    KeyringLost,
    KeyringMissing,
    LedgerMissing,
    MasterKeyInvalid,
    MasterOutdated,
    MigrationChanged,
    NoteInvalid,
    OutOfReach,
    WrongMasterKey,
)
