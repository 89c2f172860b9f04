"""What may be read."""

import strawberry

from api.schema import choice, filter
from api.schema.assignment import AssignmentConnection
from api.schema.field import Node, argument, root, root_page
from api.schema.incident import HazardConnection, IncidentConnection
from api.schema.membership import MembershipConnection
from api.schema.need import ClusterConnection, NeedConnection
from api.schema.organization import OrganizationConnection, RankConnection
from api.schema.person import Account, VolunteerConnection
from api.schema.place import KabupatenConnection, ProvinceConnection
from api.schema.skill import CertificateConnection, CertificateTypeConnection, SkillConnection


@strawberry.type(description="Everything that may be read; each list as far as you may see it.")
class Query:
    me: Account | None = root("Who you are; null without a token.")
    node: Node | None = root(
        "One thing by its id; null if it is not there for you.", argument("id", strawberry.ID, "Its id.")
    )
    nodes: list[Node | None] = root(
        "Things by their ids, in their order; null for what is not there for you.",
        argument("ids", list[strawberry.ID], "At most 100 ids."),
    )
    provinces: ProvinceConnection = root_page("The provinces.", order=choice.PlaceOrder)
    kabupaten: KabupatenConnection = root_page(
        "The kabupaten and kota.", filter=filter.KabupatenFilter, order=choice.PlaceOrder
    )
    organizations: OrganizationConnection = root_page(
        "The organizations.", filter=filter.OrganizationFilter, order=choice.OrganizationOrder
    )
    memberships: MembershipConnection = root_page(
        "Memberships of the volunteers you may see, the latest first.", filter=filter.MembershipFilter
    )
    ranks: RankConnection = root_page("The ranks of the corps.")
    skills: SkillConnection = root_page("The skills.")
    certificate_types: CertificateTypeConnection = root_page("The types of certificates.")
    certificates: CertificateConnection = root_page(
        "Certificates of the volunteers you may see.", filter=filter.CertificateFilter, order=choice.CertificateOrder
    )
    volunteers: VolunteerConnection = root_page(
        "The volunteers you may see.", filter=filter.VolunteerFilter, order=choice.VolunteerOrder
    )
    hazards: HazardConnection = root_page("The hazards.")
    clusters: ClusterConnection = root_page("The national clusters.")
    incidents: IncidentConnection = root_page(
        "The incidents.", filter=filter.IncidentFilter, order=choice.IncidentOrder
    )
    needs: NeedConnection = root_page("The needs.", filter=filter.NeedFilter, order=choice.NeedOrder)
    assignments: AssignmentConnection = root_page(
        "Offers and duties, as far as you may see them.",
        filter=filter.AssignmentFilter,
        order=choice.AssignmentOrder,
    )
