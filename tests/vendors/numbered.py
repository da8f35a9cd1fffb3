"""Vendors who number the versions of their API in other ways than in the address, and the verdicts due to them."""

from __future__ import annotations

from tests.vendors.cmms import Habits
from tests.vendors.judging import Due

# In the media type of every answer, as at GitHub once; and only told in every answer, as at NetBox
MEDIA_TYPE = Habits(prefix="/api", media_type="application/vnd.small-cmms.v3+json")
TOLD_ONLY = Habits(prefix="/api", headers={"API-Version": "1.0"})

VENDORS = {
    "a version in the media type": Due(MEDIA_TYPE),
    "a version in answers only": Due(TOLD_ONLY, {"errors.versioning": "partial"}),  # nobody can choose the old one
}
