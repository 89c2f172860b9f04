"""Accounts that sign in, and their roles."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.models.account import RoleKind
from api.schema.camp import Camp
from api.schema.field import Language, Node, field, noun, optional, verb_input
from api.schema.history import HistoryEntry
from api.schema.organization import Organization
from api.schema.person import Volunteer
from api.schema.place import Kabupaten, Province
from api.schema.scalar import Code, PhoneNumber
from api.services import api_key, invitation, provider, role, second_factor, session, sign_in, sign_up


@noun("A role of an account: the capacity in which it acts, and its scope.")
class Role(Node):
    account: Account = field("The account that holds it.")
    kind: RoleKind = field("The capacity in which the account acts.")
    province: Province | None = field("The province that is its scope; null for other scopes.")
    kabupaten: Kabupaten | None = field(
        "The kabupaten that is its scope; null for other scopes. Without any scope it is the nation."
    )
    organization: Organization | None = field("The organization that is its scope; null for other scopes.")
    camp: Camp | None = field("The camp that is its scope; null for other scopes, or where you may not see it.")
    since: datetime | None = field("From when it holds; null if from its grant on.")
    until: datetime | None = field("Until when it is granted; null if without end.")
    ended_at: datetime | None = field("When it was revoked or its period was over; null before.")
    history: list[HistoryEntry] = field("What has happened to it, the oldest first.")
    version: int = field("Grows with each change; an update names the version it read.")
    created_at: datetime = field("When it was granted.")
    updated_at: datetime = field("When it was last changed.")


@noun("An account that signs in.")
class Account(Node):
    login: Code = field("The name to sign in with.")
    name: str = field("The name that people call the account by.")
    volunteer: Volunteer | None = field(
        "The volunteer it belongs to; null if it belongs to none, or where you may not see the person."
    )
    email: str | None = field("The verified e-mail address; null if there is none, or if it is not your account.")
    phone: PhoneNumber | None = field("The verified phone number; null if there is none, or if it is not your account.")
    api_keys: list[ApiKey] = field("The API keys; empty if it is not your account.")
    sessions: list[Session] = field("Where the account is signed in; empty if it is not your account.")
    identities: list[ProviderIdentity] = field(
        "The accounts at OpenID Connect providers that are linked with it; empty if it is not your account."
    )
    roles: list[Role] = field(
        "The roles in force, as far as you may see them: what the account may do, and where. The root `roles` lists all."
    )


@verb_input(role.grant)
class GrantRoleInput:
    login: str = field("The login of the account.")
    kind: RoleKind = field("The capacity in which the account shall act.")
    province: strawberry.ID | None = optional("The province that is the scope.")
    kabupaten: strawberry.ID | None = optional("The kabupaten that is the scope.")
    organization: strawberry.ID | None = optional("The organization that is the scope of a manager or of camp staff.")
    camp: strawberry.ID | None = optional("The camp that is the scope of camp staff.")
    since: datetime | None = optional("From when it holds; at once if left out.")
    until: datetime | None = optional("Until when it holds; without end if left out.")
    reason: str | None = optional("Why it is granted, for its history; at most 1000 characters.")


@verb_input(role.revoke)
class RevokeRoleInput:
    role: strawberry.ID = field("The role to end.")
    reason: str = field("Why it ends, for its history; 1 to 1000 characters.")


@noun("One place where an account is signed in.")
class Session(Node):
    account: Account = field("The account that is signed in.")
    user_agent: str | None = field("What the program calls itself that has signed in; null if it told nothing.")
    is_current: bool = field("Whether it is the session that asks.")
    has_second_factor: bool = field("Whether a second factor was shown.")
    created_at: datetime = field("When it was opened.")
    last_used_at: datetime = field("When it was opened or refreshed last.")
    expires_at: datetime = field("Until when it can be refreshed.")
    ended_at: datetime | None = field("When it was ended by signing out; null before.")


@noun("Who an account is at an OpenID Connect provider.")
class ProviderIdentity(Node):
    account: Account = field("The account here.")
    issuer: str = field("The provider, by its address.")
    subject: str = field("The provider's own name for the person.")
    created_at: datetime = field("When it was linked.")


@verb_input(provider.link)
class LinkProviderInput:
    token: str = field("An access token of the provider with the claims `email` and `email_verified`.")


@verb_input(provider.unlink)
class UnlinkProviderInput:
    identity: strawberry.ID = field("The link to end.")


@noun("What somebody who has signed in goes on with.")
class SignIn:
    access_token: str = field("The token for the header `Authorization: Bearer …`; valid for ten minutes.")
    expires_at: datetime = field("Until when the access token is valid.")
    refresh_token: str | None = field(
        "The token for `refreshSession`, to be used once; null for browsers, which get it in a cookie."
    )


@noun("A code that was asked for.")
class CodeRequest:
    valid_until: datetime = field("Until when the code is valid, if one was sent.")


@noun("A second factor that is being set up.")
class TotpSetup:
    secret: str | None = field("The secret for the authenticator; null once it is confirmed.")
    uri: str | None = field("The same as an address, to be shown as a QR code; null once it is confirmed.")
    recovery_codes: list[str] | None = field(
        "Codes to be kept on paper, each for one use in place of a code; null before it is confirmed."
    )


@verb_input(sign_up.create_account)
class CreateAccountInput:
    login: str = field("The name to sign in with: 3 to 50 letters, digits, dots, underscores or dashes.")
    name: str = field("The name that people call you by; 1 to 200 characters.")
    password: str = field("The password; 10 to 200 characters.")
    email: str | None = optional("Your e-mail address, unless you give a phone number.")
    phone: str | None = optional("Your phone number, unless you give an e-mail address.")
    language: Language = strawberry.field(default=Language.ID, description="The language of the message with the code.")
    code: str | None = optional("The one-time code that was sent; without it one is sent.")


@verb_input(sign_in.sign_in)
class SignInInput:
    login: str = field("The login, e-mail address or phone number.")
    password: str = field("The password of the account.")
    totp_code: str | None = optional("The code of the authenticator, or a recovery code, if one is set up.")


@verb_input(session.refresh)
class RefreshSessionInput:
    refresh_token: str | None = optional("The refresh token; browsers send it in their cookie.")


@verb_input(session.sign_out)
class SignOutInput:
    session: strawberry.ID | None = optional("The session to end; the one that asks if left out.")
    everywhere: bool | None = optional("Whether to end all sessions of the account.")


@verb_input(sign_in.change_password)
class ChangePasswordInput:
    current_password: str = field("The password as it is now.")
    new_password: str = field("The new password; 10 to 200 characters.")


@verb_input(sign_in.request_reset)
class RequestPasswordResetInput:
    login: str = field("The login, e-mail address or phone number.")
    language: Language = strawberry.field(default=Language.ID, description="The language of the message with the code.")


@verb_input(sign_in.reset_password)
class ResetPasswordInput:
    login: str = field("The login, e-mail address or phone number.")
    code: str = field("The one-time code that was sent.")
    new_password: str = field("The new password; 10 to 200 characters.")
    totp_code: str | None = optional("The code of the authenticator, or a recovery code, if one is set up.")


@verb_input(second_factor.set_up)
class SetUpTotpInput:
    password: str = field("The password of the account.")
    code: str | None = optional("A code made from the secret; without it a new secret is handed out.")
    totp_code: str | None = optional(
        "For a new secret, the code of the authenticator in force, or a recovery code, if one is set up."
    )


@noun("A key with which another program acts for an account.")
class ApiKey(Node):
    account: Account = field("The account that it acts for.")
    name: str = field("What it is for.")
    roles: list[Role] = field("The roles with which it acts, as long as they are in force.")
    mutations: list[str] = field("The mutations that it may call, with underscores in their names.")
    expires_at: datetime = field("Until when it may be used.")
    revoked_at: datetime | None = field("When it was revoked; null before.")
    created_at: datetime = field("When it was created.")


@noun("An API key as it is shown once.")
class NewApiKey:
    secret: str = field("The key, for the header `Authorization: Bearer …`; it is not stored.")
    expires_at: datetime = field("Until when it may be used.")


@noun("An invitation as it is shown once.")
class InvitationCode:
    code: str = field("The code, for one use.")
    uri: str = field("The same as an address, to be shown as a QR code.")
    expires_at: datetime = field("Until when it can be accepted.")


@verb_input(api_key.create)
class CreateApiKeyInput:
    name: str = field("What it is for; 1 to 100 characters.")
    roles: list[strawberry.ID] = field("The roles of yours with which it acts.")
    mutations: list[str] = field("The names of the mutations that it may call; reading is always allowed.")
    expires_at: datetime = field("Until when it may be used, at most a year.")


@verb_input(api_key.revoke)
class RevokeApiKeyInput:
    api_key: strawberry.ID = field("The key to revoke.")


@verb_input(invitation.invite)
class InviteVolunteerInput:
    volunteer: strawberry.ID = field("The member to invite.")
    organization: strawberry.ID = field("The organization that invites.")
    send: bool | None = optional("Whether to send the code to the volunteer's phone.")
    language: Language = strawberry.field(default=Language.ID, description="The language of the message.")


@verb_input(invitation.accept)
class AcceptInvitationInput:
    code: str = field("The code of the invitation, or its address.")
