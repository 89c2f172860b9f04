"""The scan log and the codes."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.models.scan import ScanFinding, ScanPoint
from api.schema.assignment import Assignment
from api.schema.camp import Camp, CampSession
from api.schema.camp_registration import CampRegistration
from api.schema.field import Node, field, noun, optional, verb_input
from api.schema.person import Volunteer
from api.schema.site import Site
from api.services import scan, scan_code, site_scan


@noun("A code that a volunteer, a guest of a camp, or a site carries, to be scanned.")
class ScanCode(Node):
    volunteer: Volunteer | None = field(
        "The volunteer who carries it; null if it is another's, or you may not see them."
    )
    registration: CampRegistration | None = field("The guest who carries it; null if it is another's.")
    site: Site | None = field("The site that it is of; null if it is somebody's.")
    code: str = field("The code: 18 digits and letters, signed.")
    qr: str = field("The path at which this server draws the code as a QR code, in SVG.")
    annulled_at: datetime | None = field("From when on it is refused; null while it is in use.")
    reason: str | None = field("Why it was annulled; null if it was not.")
    created_at: datetime = field("When it was issued.")


@noun("One scan of a code. The log is only added to; what is wrong with a scan is kept with it.")
class Scan(Node):
    camp: Camp | None = field("The camp; null if it was at a site.")
    site: Site | None = field("The site; null if it was at a camp.")
    point: ScanPoint = field("What it was for.")
    session: CampSession | None = field("The session; null if it was for something else, or if you may not see it.")
    item: str | None = field("The meal or the equipment; null if none was named.")
    text: str = field("The code as it was read.")
    volunteer: Volunteer | None = field("The volunteer; null if none is known, or where you may not see them.")
    registration: CampRegistration | None = field("The registration at the camp; null if there is none.")
    assignment: Assignment | None = field("The duty at the site; null if there is none, or if you may not see it.")
    at: datetime = field("When it was scanned, by the device.")
    device: str = field("The device, as it names itself.")
    nonce: str = field("By which the device tells its scans apart.")
    is_offline: bool = field("Whether it was kept on the device until there was a connection.")
    finding: ScanFinding | None = field("What is wrong with it; null if nothing is.")
    counts: bool = field("Whether it counts: nothing that is wrong or annulled does, but for what came from offline.")
    annulled_at: datetime | None = field("When it was annulled; null if it was not.")
    reason: str | None = field("Why it was annulled; null if it was not.")
    created_at: datetime = field("When it came.")


@strawberry.input(description="A scan of a person's code.")
class ScanInput:
    code: str = field("The code as it was read.")
    point: ScanPoint = field("What it is for.")
    nonce: str = field("Tells this scan from all others of the device: sent again, it changes nothing.")
    at: datetime | None = optional("When it was scanned; now if left out.")
    session: strawberry.ID | None = optional("The session of the camp, where it is for one.")
    item: str | None = optional("The meal or the equipment, as the camp names it.")


@verb_input(scan.record_scans)
class RecordScansInput:
    camp: strawberry.ID | None = optional("The camp where it was scanned; either a camp or a site.")
    site: strawberry.ID | None = optional("The site where it was scanned.")
    device: str = field("The device, as it names itself, 1 to 100 characters.")
    scans: list[ScanInput] = field("The scans, at most 1,000.")
    is_offline: bool = strawberry.field(
        default=False, description="Whether they were kept on the device until there was a connection."
    )


@verb_input(site_scan.scan_site)
class ScanSiteInput:
    code: str = field("The code of the site as it was read.")
    point: ScanPoint = field("Whether you come (ENTRY) or go (EXIT).")
    nonce: str = field("Tells this scan from your others: sent again, it changes nothing.")
    offline_at: datetime | None = optional("When you scanned it, if there was no connection then; now if left out.")


@verb_input(scan.annul)
class AnnulScanInput:
    scan: strawberry.ID = field("The scan that no longer counts.")
    reason: str = field("Why, at most 1,000 characters.")


@verb_input(scan_code.issue)
class IssueScanCodeInput:
    volunteer: strawberry.ID | None = optional("The volunteer who carries the code.")
    camp_registration: strawberry.ID | None = optional("The registration of a guest who carries it.")
    site: strawberry.ID | None = optional("The site whose code it is.")
    replace_reason: str | None = optional("Why the code that is there is annulled and another one issued.")


@verb_input(scan_code.issue_for_camp)
class IssueCampCodesInput:
    camp: strawberry.ID = field("The camp whose people get codes.")
