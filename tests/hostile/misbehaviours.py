"""Every way in which the hostile plant can misbehave: the table that the tests run through."""

from __future__ import annotations

from tests.hostile.connections import CONNECTIONS
from tests.hostile.contents import CONTENTS
from tests.hostile.deliveries import DELIVERIES
from tests.hostile.documents import DOCUMENTS
from tests.hostile.echoes import ECHOES
from tests.hostile.leading_away import LEADING_AWAY
from tests.hostile.refusals import REFUSALS

MISBEHAVIOURS = (*LEADING_AWAY, *ECHOES, *CONNECTIONS, *CONTENTS, *REFUSALS, *DOCUMENTS, *DELIVERIES)
