"""Who is sent where: assignments."""

import sqlalchemy as sa

from api.models.assignment_status import ASSIGNMENT, OVER, AssignmentStatus
from api.models.base import INSTANT, Chosen, optional, references, required, table, versioned

Assignment = table(
    "assignment",
    *versioned(),
    required("need_id", sa.Uuid, references("need.id")),
    required("volunteer_id", sa.Uuid, references("volunteer.id")),
    # The pledge that it fills a place of.
    optional("pledge_id", sa.Uuid, references("pledge.id")),
    # The organization that it is served for, found at the acceptance.
    optional("organization_id", sa.Uuid, references("organization.id")),
    required("status", Chosen(AssignmentStatus)),
    required("starts_at", INSTANT),
    required("ends_at", INSTANT),
    optional("expires_at", INSTANT),
    optional("reason"),
    optional("accepted_at", INSTANT),
    # What was reported and counts: the first check-in, and the first check-out after it.
    optional("checked_in_at", INSTANT),
    optional("checked_out_at", INSTANT),
    optional("released_at", INSTANT),
    # An extension that waits for the answer.
    optional("proposed_ends_at", INSTANT),
    optional("proposal_expires_at", INSTANT),
    # The decree in force on its first day, found at the acceptance, and its number then: an extension gives it another one.
    optional("emergency_status_id", sa.Uuid, references("emergency_status.id")),
    optional("decree_number"),
    # The duty that it takes over, once it is accepted.
    optional("replaces_id", sa.Uuid, references("assignment.id")),
    # The camp that is mobilized for it; who accepts it leaves that camp.
    optional("camp_id", sa.Uuid, references("camp.id")),
    # What the coordinator says of it afterwards, once.
    optional("rating", sa.Integer),
    optional("rating_comment"),
    optional("rated_at", INSTANT),
    optional("rater_id", sa.Uuid, references("account.id")),
    sa.CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
    sa.CheckConstraint("num_nonnulls(rating, rated_at, rater_id) IN (0, 3)", name="rated"),
    sa.CheckConstraint("rating_comment IS NULL OR rating IS NOT NULL", name="rating_of_comment"),
    sa.CheckConstraint("proposed_ends_at > ends_at", name="proposal"),
    sa.CheckConstraint("proposal_expires_at IS NULL OR proposed_ends_at IS NOT NULL", name="proposal_that_expires"),
    sa.CheckConstraint(
        f"proposed_ends_at IS NULL OR NOT {ASSIGNMENT.is_one_of(ASSIGNMENT.final)}", name="proposal_of_live_duty"
    ),
    sa.CheckConstraint("num_nonnulls(emergency_status_id, decree_number) IN (0, 2)", name="decree"),
    sa.CheckConstraint("ends_at > starts_at", name="ends_after_start"),
    sa.CheckConstraint("replaces_id <> id", name="replaces_another"),
    sa.CheckConstraint(
        f"accepted_at IS NOT NULL OR {ASSIGNMENT.is_one_of(ASSIGNMENT.reached_without(AssignmentStatus.ACCEPTED))}",
        name="accepted",
    ),
    sa.CheckConstraint(
        f"accepted_at IS NULL OR NOT {ASSIGNMENT.is_one_of(ASSIGNMENT.never_after(AssignmentStatus.ACCEPTED))}",
        name="not_accepted",
    ),
    sa.CheckConstraint("accepted_at < ends_at", name="accepted_before_its_end"),
    sa.CheckConstraint(
        "accepted_at IS NOT NULL OR num_nonnulls(organization_id, checked_in_at, checked_out_at, released_at,"
        " proposed_ends_at, rating, emergency_status_id) = 0",
        name="accepted_first",
    ),
    sa.CheckConstraint("checked_in_at IS NOT NULL OR status <> 'ON_DUTY'", name="on_duty"),
    sa.CheckConstraint(f"checked_in_at IS NULL OR {ASSIGNMENT.in_group('BEGUN')}", name="checked_in"),
    # What is reported of an earlier or later instant is kept, and does not count.
    sa.CheckConstraint("checked_in_at >= accepted_at AND checked_in_at < ends_at", name="checked_in_on_duty"),
    # Null where there is a check-out without a check-in, which a CHECK would let pass.
    sa.CheckConstraint(
        "checked_out_at IS NULL OR (checked_in_at IS NOT NULL AND checked_out_at > checked_in_at)", name="checked_out"
    ),
    sa.CheckConstraint(f"checked_out_at IS NULL OR {ASSIGNMENT.is_one_of(OVER)}", name="checked_out_of_what_is_over"),
    sa.CheckConstraint("checked_out_at <= released_at", name="checked_out_with_release"),
    sa.CheckConstraint("(status = 'RELEASED') = (released_at IS NOT NULL)", name="released"),
    sa.CheckConstraint(
        "released_at >= accepted_at AND released_at >= coalesce(checked_in_at, accepted_at) AND released_at <= ends_at",
        name="released_on_duty",
    ),
    # A duty under a pledge is at its need.
    sa.ForeignKeyConstraint(["pledge_id", "need_id"], ["pledge.id", "pledge.need_id"]),
    # What refers to both may not name another person's duty.
    sa.UniqueConstraint("id", "volunteer_id"),
    sa.Index(
        "uq_assignment_live", "need_id", "volunteer_id", unique=True, postgresql_where=ASSIGNMENT.in_group("LIVE")
    ),
    sa.Index(None, "need_id", "starts_at", "id"),
    sa.Index(None, "volunteer_id", "starts_at", "id"),
    sa.Index(None, "starts_at", "id"),
    sa.Index(None, "pledge_id"),
    sa.Index(None, "organization_id"),
    sa.Index(None, "replaces_id"),
    sa.Index(None, "camp_id"),
    sa.Index(None, "emergency_status_id"),
    sa.Index(None, "created_at", "id"),
    sa.Index(None, "expires_at", postgresql_where=sa.text("expires_at IS NOT NULL")),
)
