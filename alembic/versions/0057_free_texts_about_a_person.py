"""Free texts about a person are erased.

Revision: 0057
Revises: 0056
"""

from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

# What was said of a person goes, that something was done stays. A CHECK wants some of the texts, so that a word remains.
ERASE = """
CREATE FUNCTION erase_person(person uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('sigap.erases_person', 'on', true);
  UPDATE event SET reason = NULL, change = change - ARRAY['reason', 'note', 'comment']
  WHERE volunteer_id = person OR (subject_type, subject_key) IN (
    SELECT 'Volunteer', person::text
    UNION ALL SELECT 'Volunteer', old_id::text FROM merged_volunteer WHERE volunteer_id = person
    UNION ALL SELECT 'Absence', id::text FROM absence WHERE volunteer_id = person
    UNION ALL SELECT 'Assignment', id::text FROM assignment WHERE volunteer_id = person
    UNION ALL SELECT 'CampRegistration', id::text FROM camp_registration WHERE volunteer_id = person
    UNION ALL SELECT 'Certificate', id::text FROM certificate WHERE volunteer_id = person
    UNION ALL SELECT 'CertificateRequest', id::text FROM certificate_request WHERE volunteer_id = person
    UNION ALL SELECT 'Membership', id::text FROM membership WHERE volunteer_id = person
    UNION ALL SELECT 'MembershipRequest', id::text FROM membership_request WHERE volunteer_id = person
    UNION ALL SELECT 'MembershipTransfer', id::text FROM membership_transfer WHERE volunteer_id = person
    UNION ALL SELECT 'Scan', id::text FROM scan WHERE volunteer_id = person
    UNION ALL SELECT 'ScanCode', id::text FROM scan_code WHERE volunteer_id = person
    UNION ALL SELECT 'ServedHours', id::text FROM served_hours WHERE volunteer_id = person
    UNION ALL SELECT 'Insurance', id::text FROM insurance WHERE volunteer_id = person
    UNION ALL SELECT 'CampStaffMember', id::text FROM camp_staff_member WHERE volunteer_id = person);
  UPDATE absence SET reason = '(dihapus)' WHERE volunteer_id = person AND reason IS NOT NULL;
  UPDATE assignment SET reason = CASE WHEN reason IS NOT NULL THEN '(dihapus)' END, rating_comment = CASE WHEN rating_comment IS NOT NULL THEN '(dihapus)' END
  WHERE volunteer_id = person AND num_nonnulls(reason, rating_comment) > 0;
  UPDATE camp_registration SET reason = CASE WHEN reason IS NOT NULL THEN '(dihapus)' END, admission_reason = CASE WHEN admission_reason IS NOT NULL THEN '(dihapus)' END
  WHERE volunteer_id = person AND num_nonnulls(reason, admission_reason) > 0;
  UPDATE certificate SET revocation_reason = '(dihapus)' WHERE volunteer_id = person AND revocation_reason IS NOT NULL;
  UPDATE certificate_request SET note = CASE WHEN note IS NOT NULL THEN '(dihapus)' END, reason = CASE WHEN reason IS NOT NULL THEN '(dihapus)' END
  WHERE volunteer_id = person AND num_nonnulls(note, reason) > 0;
  UPDATE membership SET end_reason = '(dihapus)' WHERE volunteer_id = person AND end_reason IS NOT NULL;
  UPDATE membership_request SET note = CASE WHEN note IS NOT NULL THEN '(dihapus)' END, reason = CASE WHEN reason IS NOT NULL THEN '(dihapus)' END
  WHERE volunteer_id = person AND num_nonnulls(note, reason) > 0;
  UPDATE membership_transfer SET note = CASE WHEN note IS NOT NULL THEN '(dihapus)' END, reason = CASE WHEN reason IS NOT NULL THEN '(dihapus)' END
  WHERE volunteer_id = person AND num_nonnulls(note, reason) > 0;
  UPDATE scan SET reason = '(dihapus)' WHERE volunteer_id = person AND reason IS NOT NULL;
  UPDATE scan_code SET reason = '(dihapus)' WHERE volunteer_id = person AND reason IS NOT NULL;
  UPDATE served_hours SET reason = '(dihapus)' WHERE volunteer_id = person AND reason IS NOT NULL;
  UPDATE camp_result SET note = '(dihapus)' WHERE note IS NOT NULL AND registration_id IN (SELECT id FROM camp_registration WHERE volunteer_id = person);
  UPDATE override SET reason = '(dihapus)' WHERE reason IS NOT NULL AND assignment_id IN (SELECT id FROM assignment WHERE volunteer_id = person);
  UPDATE distinct_pair SET reason = '(dihapus)' WHERE person IN (one_id, other_id);
  PERFORM set_config('sigap.erases_person', '', true);
END $$
"""
ERASE_FROM_EVENTS = """
CREATE FUNCTION erase_person_from_events(person uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('sigap.erases_person', 'on', true);
  UPDATE event SET reason = NULL, change = change - 'reason' WHERE (subject_type, subject_key) IN (
    SELECT 'Volunteer', person::text
    UNION ALL SELECT 'Assignment', id::text FROM assignment WHERE volunteer_id = person
    UNION ALL SELECT 'Certificate', id::text FROM certificate WHERE volunteer_id = person
    UNION ALL SELECT 'Membership', id::text FROM membership WHERE volunteer_id = person);
  PERFORM set_config('sigap.erases_person', '', true);
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("-- squawk-ignore ban-drop-function\nDROP FUNCTION erase_person_from_events(uuid)")
    op.execute(ERASE)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("-- squawk-ignore ban-drop-function\nDROP FUNCTION erase_person(uuid)")
    op.execute(ERASE_FROM_EVENTS)
