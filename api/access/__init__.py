"""Who may see and do what, where.

Row predicates and column guards for the compiler, and the same predicates for the services, which ask them in the
statement that locks what they are about to change. A predicate depends on the kind of actor only; the actor's own
values are parameters, so one statement serves everybody of a kind.
"""

from typing import Any

from api.access.account import (
    covers,
    grants,
    grants_as_coordinator,
    is_in_force,
    is_open,
    is_own_account,
    is_valid,
    keeps_account,
    organization_of_role,
    revokes,
    sees_account,
    sees_api_key,
    sees_provider_identity,
    sees_role,
    sees_session,
)
from api.access.actor import ACCOUNT, LANGUAGE, NOW, PUBLIC, SESSION, VOLUNTEER, Actor, Condition, Kind, Row, Sql
from api.access.assignment import (
    accepts_assignment,
    answers_assignment,
    cancels_assignment,
    sees_assignment,
    sees_assignment_of_need,
    sees_assignment_of_volunteer,
    sees_part_of_assignment,
    sends_to_need_of,
)
from api.access.caller import (
    ACCOUNTS,
    CAMP_ISSUERS,
    CAMP_KEEPERS,
    CAMP_MEDICS,
    CAMP_MOBILIZERS,
    CAMP_REGISTRARS,
    CAMP_RUNNERS,
    CERTIFICATE_ISSUERS,
    CERTIFIERS,
    CONTINGENT_ASKERS,
    CONTINGENT_KEEPERS,
    COORDINATORS,
    COORDINATORS_OF_BOTH_HOMES,
    COORDINATORS_OF_HOME,
    COORDINATORS_OF_INCIDENT,
    COORDINATORS_OF_NATION,
    COORDINATORS_OF_NEED,
    COORDINATORS_OF_TERRITORY,
    EITHER_SIDE,
    GRANTORS,
    INSURERS,
    INVITERS,
    KEEPERS_OF_PEOPLE,
    LICENCE_JUDGES,
    MANAGERS,
    MANAGERS_OR_COORDINATORS_OF_HOME,
    MEMBERSHIP_ENDERS,
    MEMBERSHIP_PARTIES,
    PLEDGE_KEEPERS,
    PUBLIC_CALLERS,
    REGISTRARS,
    REGISTRARS_OR_ONESELF,
    SCANNERS,
    SENDERS,
    SIGNED_IN,
    SITE_KEEPERS,
    SITUATION_RECORDERS,
    SUPERVISORS,
    TRANSFER_PARTIES,
    VERIFIERS,
    VOLUNTEER_OR_MANAGERS,
    VOLUNTEER_OR_STANDING_MANAGERS,
    VOLUNTEERS,
    Callers,
)
from api.access.camp import (
    allots_contingent,
    answers_registration,
    asks_contingent,
    fills_contingent,
    is_medic,
    issues_for_camp,
    keeps_camp,
    mobilizes_camp,
    owns_contingent,
    plans_kitchen,
    reads_evaluations,
    receives_registration,
    runs_camp,
    sees_camp,
    sees_camp_group,
    sees_contingent,
    sees_part_of_camp,
    sees_registration,
    sees_staff_member,
    speaks_for_contingent,
)
from api.access.certificate import (
    asks_for_certificate,
    coordinates_nation,
    judges_certificate,
    reads_evidence,
    revokes_certificate,
    sees_certificate,
    sees_certificate_request,
    sees_extension,
    withdraws_certificate_request,
)
from api.access.condition import Predicate, coordinates, exists_where, is_signed_in, manages, may_trace, nobody
from api.access.event import OF_KIND as EVENTS_OF_FEWER
from api.access.event import reads_reason, sees_audit_entry, sees_event
from api.access.import_job import runs_import_job, sees_import_job
from api.access.incident import (
    coordinates_incident,
    coordinates_territory,
    decrees_for,
    keeps_site,
    records_situation,
    reports_from,
    sees_incident,
    sees_need,
    sees_part_of_incident,
    sees_situation,
    sends_to_need,
    verifies_situation,
    withdraws_situation,
)
from api.access.membership import (
    agrees_to_transfer,
    answers_membership_request,
    answers_transfer,
    asks_for_membership,
    ends_membership,
    enrols_in,
    is_tksk_today,
    manages_own,
    proposes_transfer,
    sees_membership_request,
    sees_transfer,
    speaks_for_person,
)
from api.access.organization import (
    coordinates_home_of,
    judges_licence,
    keeps_licence,
    keeps_organization,
    leaves_to_home,
    sees_contact,
    sees_licence,
    sees_organization,
    supervises_organization,
    verifies_organization,
)
from api.access.person import (
    answers_for,
    certifies,
    coordinates_home_of_volunteer,
    enrols,
    keeps_volunteer,
    knows_volunteer,
    members_today,
    sees_record_of_volunteer,
    sees_volunteer,
)
from api.access.pledge import (
    holds_pledge,
    releases_pledge,
    sees_pledge,
    sees_pledge_request,
    sends_under_pledge,
    shares_work,
)
from api.access.readiness import coordinates_place, sees_free_days, sees_readiness
from api.access.record import insures, keeps_private_record, sees_private_record, sees_suspected_pair
from api.access.scan import records_scan, sees_scan, sees_scan_code
from api.access.standing import is_standing
from api.models.choice import Move


def may_move(move: Move[Any, Any]) -> Predicate:
    """Who may make the move of a state machine, asked of the thing that moves: the predicate here that the move names."""
    if move.who not in globals():
        raise AttributeError(f"The move {move.action} names {move.who}, which api/access/__init__.py does not hand on.")
    predicate: Predicate = globals()[move.who]
    return predicate
