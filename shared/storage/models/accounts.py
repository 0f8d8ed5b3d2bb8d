"""Accounts: who someone is, how they sign in, and what they are signed in with.

Secrets are stored as digests alone (`shared.security.opaque_tokens`).
"""

from datetime import datetime

from pynamodb.attributes import (
    BooleanAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from shared.config import Tables, settings
from shared.storage.dynamo import Table

_tables = settings(Tables)


class Profile(Table):
    """What Users and Logins both hold, so that one read is enough to log in.

    They are always written together, in one transaction.
    """

    user_id = UnicodeAttribute()
    email = UnicodeAttribute()  # normalised: see auth.accounts.schemas
    name = UnicodeAttribute()
    roles = UnicodeSetAttribute()
    status = UnicodeAttribute(default="active")  # or disabled
    email_verified = BooleanAttribute(default=False)
    second_factor = BooleanAttribute(default=False)
    created_at = UTCDateTimeAttribute()
    # A session begun in another epoch than the account's is over: one write ends them all.
    access_epoch = NumberAttribute(default=1)
    version = NumberAttribute(default=1)


class Login(Profile):
    """How someone signs in. Only the auth function may read it."""

    class Meta:
        table_name = _tables.logins_table

    email = UnicodeAttribute(hash_key=True)
    password_hash = UnicodeAttribute()
    suits_staff = BooleanAttribute(default=False)  # the password has the length that staff needs
    totp_seed = UnicodeAttribute(null=True)  # what the secret is derived from: see second_factor
    totp_step = NumberAttribute(null=True)  # of the last code that was taken: each is good once
    recovery_hashes = UnicodeSetAttribute(null=True)


class UsersByNewest(GlobalSecondaryIndex["User"]):
    class Meta:
        index_name = "by_newest"
        projection = AllProjection()

    listing = UnicodeAttribute(hash_key=True)
    listed_at = UnicodeAttribute(range_key=True)


class User(Profile):
    class Meta:
        table_name = _tables.users_table

    user_id = UnicodeAttribute(hash_key=True)
    new_email = UnicodeAttribute(null=True)  # asked for, not confirmed yet
    previous_email = UnicodeAttribute(null=True)  # where a change of address is told
    listing = UnicodeAttribute(default="users")
    listed_at = UnicodeAttribute(null=True)  # when, then which: a total order

    by_newest = UsersByNewest()


class Session(Table):
    """One sign-in on one device. `auth.sessions` has the rules of its refresh tokens."""

    class Meta:
        table_name = _tables.sessions_table

    user_id = UnicodeAttribute(hash_key=True)
    session_id = UnicodeAttribute(range_key=True)
    family_hash = UnicodeAttribute()  # of what all refresh tokens of the session have in common
    refresh_hash = UnicodeAttribute()
    rotated_at = UTCDateTimeAttribute(null=True)
    access_epoch = NumberAttribute()
    second_factor = BooleanAttribute(default=False)  # whether one was shown at login
    device = UnicodeAttribute()  # as it calls itself
    created_at = UTCDateTimeAttribute()
    last_used_at = UTCDateTimeAttribute()
    ends_at = UTCDateTimeAttribute()  # whatever happens
    expires_at = TTLAttribute()  # unless it is used before

    @property
    def over_at(self) -> datetime:
        return min(self.expires_at, self.ends_at)

    def is_of(self, user: "User") -> bool:
        """Whether it opens this account still: who is let in, and has not ended it since."""
        return user.status == "active" and self.access_epoch == user.access_epoch


class ApiKey(Table):
    class Meta:
        table_name = _tables.api_keys_table

    user_id = UnicodeAttribute(hash_key=True)
    key_id = UnicodeAttribute(range_key=True)
    name = UnicodeAttribute()
    permissions = UnicodeSetAttribute()
    secret_hash = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()
    last_used_at = UTCDateTimeAttribute(null=True)  # to within some minutes
    expires_at = TTLAttribute()


class EmailToken(Table):
    """The stored half of a link in a mail; the link is good once."""

    class Meta:
        table_name = _tables.email_tokens_table

    token_hash = UnicodeAttribute(hash_key=True)
    purpose = UnicodeAttribute()
    user_id = UnicodeAttribute()
    email = UnicodeAttribute()  # the mailbox that it was sent to
    access_epoch = NumberAttribute()  # the account's when it was sent
    expires_at = TTLAttribute()


class Attempts(Table):
    """How often something was tried of late: see `auth.credentials.login_throttle`."""

    class Meta:
        table_name = _tables.attempts_table

    subject = UnicodeAttribute(hash_key=True)
    failures = NumberAttribute()
    last_failed_at = UTCDateTimeAttribute()
    expires_at = TTLAttribute()
