"""The little that the medics of a camp must know of somebody; erased 30 days after the camp."""

import sqlalchemy as sa

from api.models.base import Chosen, record, references, required, table
from api.models.choice import Choice


class Diet(Choice):
    """What somebody eats."""

    REGULAR = "REGULAR", "Everything."
    VEGETARIAN = "VEGETARIAN", "No meat and no fish."
    NO_SEAFOOD = "NO_SEAFOOD", "No seafood."
    NO_NUTS = "NO_NUTS", "No nuts."
    DIABETIC = "DIABETIC", "For diabetics."
    LOW_SALT = "LOW_SALT", "Little salt."
    SOFT = "SOFT", "Soft food."


CampCare = table(
    "camp_care",
    *record(),
    required("registration_id", sa.Uuid, references("camp_registration.id"), unique=True),
    required("diet", Chosen(Diet)),
    required("fit_seen", sa.Boolean),
    required("guardian_consent", sa.Boolean),
)
