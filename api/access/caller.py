"""Who may call a mutation at all."""

from dataclasses import dataclass

from api.access.actor import Actor


@dataclass(frozen=True, slots=True)
class Callers:
    """Who may call a mutation at all; the service then asks whether this one thing lies in the actor's scope."""

    description: str
    roles: frozenset[str] = frozenset()
    is_public: bool = False

    def include(self, actor: Actor) -> bool:
        return self.is_public or bool(self.roles & actor.roles)


PUBLIC_CALLERS = Callers("Anybody, also without an account", is_public=True)


SIGNED_IN = Callers("Anybody signed in", frozenset({"ACCOUNT"}))


COORDINATORS = Callers("Coordinators, for kabupaten in their scope", frozenset({"COORDINATOR"}))


COORDINATORS_OF_NEED = Callers("Coordinators of the need's kabupaten", frozenset({"COORDINATOR"}))


COORDINATORS_OF_INCIDENT = Callers(
    "Coordinators of a kabupaten that the incident affects, of its province or the nation", frozenset({"COORDINATOR"})
)


COORDINATORS_OF_TERRITORY = Callers("Coordinators of the territory", frozenset({"COORDINATOR"}))


SITE_KEEPERS = Callers(
    "Coordinators of the site's kabupaten, managers of the organization that runs it",
    frozenset({"COORDINATOR", "MANAGER"}),
)


SITUATION_RECORDERS = Callers(
    "Coordinators and desk officers of the kabupaten, managers of an organization with a site or pledge there",
    frozenset({"ACCOUNT"}),
)


MANAGERS = Callers("Managers, for their organization", frozenset({"MANAGER"}))


PLEDGE_KEEPERS = Callers(
    "Managers of the organization that holds the pledge, coordinators of the need's kabupaten",
    frozenset({"COORDINATOR", "MANAGER"}),
)


REGISTRARS = Callers(
    "Managers for their organization, coordinators for people at home in their scope",
    frozenset({"COORDINATOR", "MANAGER"}),
)


REGISTRARS_OR_ONESELF = Callers(
    "Managers for their organization, coordinators for people at home in their scope, everybody signed in for themselves",
    frozenset({"ACCOUNT"}),
)


COORDINATORS_OF_HOME = Callers("Coordinators of the organization's home", frozenset({"COORDINATOR"}))


LICENCE_JUDGES = Callers(
    "Coordinators of the organization's home; of the nation for a registration where the organization works in several provinces",
    frozenset({"COORDINATOR"}),
)


SUPERVISORS = Callers(
    "Coordinators of the organization's home; of the nation where it works in several provinces",
    frozenset({"COORDINATOR"}),
)


VERIFIERS = Callers(
    "Coordinators of the organization's home, of the nation where it works in several provinces; not who has asked for it, "
    "nor somebody whose role ends, as who has asked manages it without end",
    frozenset({"COORDINATOR"}),
)


MANAGERS_OR_COORDINATORS_OF_HOME = Callers(
    "Managers of the organization, and coordinators of its home", frozenset({"COORDINATOR", "MANAGER"})
)


CERTIFIERS = Callers(
    "Managers of the issuer for its members, coordinators for people at home in their scope",
    frozenset({"COORDINATOR", "MANAGER"}),
)


CERTIFICATE_ISSUERS = Callers("Managers of the issuer, coordinators of its home", frozenset({"COORDINATOR", "MANAGER"}))


COORDINATORS_OF_NATION = Callers("Coordinators of the nation", frozenset({"COORDINATOR"}))


VOLUNTEER_OR_MANAGERS = Callers(
    "The volunteer, or a manager of one of the volunteer's organizations", frozenset({"VOLUNTEER", "MANAGER"})
)


VOLUNTEER_OR_STANDING_MANAGERS = Callers(
    "The volunteer, or a manager of one of the volunteer's organizations that stands (verified, and not struck off)",
    frozenset({"VOLUNTEER", "MANAGER"}),
)


VOLUNTEERS = Callers("Volunteers, for themselves", frozenset({"VOLUNTEER"}))


ACCOUNTS = Callers("Everybody who is signed in, for what is theirs", frozenset({"ACCOUNT"}))


INVITERS = Callers("Managers, for the members of their organization", frozenset({"MANAGER"}))


GRANTORS = Callers(
    "Coordinators for places and organizations in their scope (of the nation where an organization works in several provinces), "
    "managers for their organization",
    frozenset({"COORDINATOR", "MANAGER"}),
)


SENDERS = Callers(
    "Coordinators of the need's kabupaten; with a pledge, managers of the organization that holds it",
    frozenset({"COORDINATOR", "MANAGER"}),
)


EITHER_SIDE = Callers(
    "Coordinators of the need's kabupaten, the volunteer, or a manager of one of the volunteer's organizations",
    frozenset({"COORDINATOR", "VOLUNTEER", "MANAGER"}),
)
MEMBERSHIP_PARTIES = Callers(
    "The person (without an account, managers of the person's organizations that stand and coordinators of the home), managers of "
    "the organization; coordinators of its home to ask; who asked for one side does not answer for the other",
    frozenset({"COORDINATOR", "VOLUNTEER", "MANAGER"}),
)
TRANSFER_PARTIES = Callers(
    "The person (without an account, coordinators of the home, but not who proposed it), managers of the organization that is asked",
    frozenset({"COORDINATOR", "VOLUNTEER", "MANAGER"}),
)
COORDINATORS_OF_BOTH_HOMES = Callers("Coordinators of the homes of both volunteers", frozenset({"COORDINATOR"}))


INSURERS = Callers(
    "Managers of one of the volunteer's organizations that stands, coordinators of home",
    frozenset({"COORDINATOR", "MANAGER"}),
)


KEEPERS_OF_PEOPLE = Callers(
    "The volunteer, managers of one of the volunteer's organizations that stands, coordinators of home",
    frozenset({"COORDINATOR", "MANAGER", "VOLUNTEER"}),
)


CAMP_KEEPERS = Callers(
    "Coordinators of the camp's kabupaten, managers of the host organization", frozenset({"COORDINATOR", "MANAGER"})
)


CAMP_ISSUERS = Callers(
    "Managers of the organization that the camp names as its issuer, coordinators of its home",
    frozenset({"COORDINATOR", "MANAGER"}),
)


CAMP_REGISTRARS = Callers(
    "The person, managers for members, who fills the contingent, coordinators of the camp's kabupaten, managers of the host",
    frozenset({"ACCOUNT"}),
)


CONTINGENT_KEEPERS = Callers(
    "Managers of the organization, coordinators of its home or of the kabupaten, the leader, the host of the camp",
    frozenset({"ACCOUNT"}),
)


CONTINGENT_ASKERS = Callers(
    "Managers of the organization, coordinators of its home or of the kabupaten", frozenset({"COORDINATOR", "MANAGER"})
)


CAMP_MEDICS = Callers("Medics of the camp", frozenset({"VOLUNTEER"}))


CAMP_MOBILIZERS = Callers("Coordinators of both the camp's and the need's kabupaten", frozenset({"COORDINATOR"}))


CAMP_RUNNERS = Callers(
    "Coordinators of the camp's kabupaten, managers of the host organization, staff of the camp", frozenset({"ACCOUNT"})
)


MEMBERSHIP_ENDERS = Callers(
    "The member, managers of the organization, coordinators of its home",
    frozenset({"COORDINATOR", "VOLUNTEER", "MANAGER"}),
)


SCANNERS = Callers(
    "At a camp, its staff, coordinators of its kabupaten, managers of the host; at a site, coordinators of its kabupaten, "
    "managers of the organization that runs it",
    frozenset({"ACCOUNT"}),
)
