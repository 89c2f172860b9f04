"""What volunteers say they can do, without proof."""

import sqlalchemy as sa

from api.models.base import INSTANT, Symbol, references, required, table

DeclaredSkill = table(
    "declared_skill",
    sa.Column("volunteer_id", sa.Uuid, references("volunteer.id"), primary_key=True),
    sa.Column("skill_code", Symbol, references("skill.code"), primary_key=True),
    required("declared_at", INSTANT),
    sa.Index(None, "skill_code"),
)
