"""Stored accounts: profiles, logins, sessions, API keys, mailed links and failure counters.

Only digests of secrets are stored (`shared.security.opaque_tokens`).
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
    """The attributes that Users and Logins both store, so that a login reads one item.

    One transaction always writes both.
    """

    user_id = UnicodeAttribute()
    email = UnicodeAttribute()  # normalised by shared.email_addresses
    name = UnicodeAttribute()
    roles = UnicodeSetAttribute()
    status = UnicodeAttribute(default="active")  # or disabled
    email_verified = BooleanAttribute(default=False)
    second_factor = BooleanAttribute(default=False)
    created_at = UTCDateTimeAttribute()
    # A session is valid in the epoch that it started in: raising this ends all of them.
    access_epoch = NumberAttribute(default=1)
    version = NumberAttribute(default=1)


class Login(Profile):
    """The credentials of an account. Only the auth function may read them.

    Whose account an address is, the worker that links guest orders and the staff API may read too.
    """

    class Meta:
        table_name = _tables.logins_table

    email = UnicodeAttribute(hash_key=True)
    password_hash = UnicodeAttribute()
    suits_staff = BooleanAttribute(default=False)  # whether the password is long enough for staff
    # The authenticator's secret is derived from this seed: see auth.second_factor.codes.
    totp_seed = UnicodeAttribute(null=True)
    totp_step = NumberAttribute(null=True)  # of the last accepted code: each code works once
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
    new_email = UnicodeAttribute(null=True)  # requested, not confirmed yet
    previous_email = UnicodeAttribute(null=True)  # receives the notice of a change
    listing = UnicodeAttribute(default="users")
    listed_at = UnicodeAttribute(null=True)  # creation time and id: a total order
    # All orders that belong to the account, finished ones too. `version` does not count them.
    order_count = NumberAttribute(default=0)

    by_newest = UsersByNewest()


class Session(Table):
    """One login on one device. `auth.sessions` has the rules of its refresh tokens."""

    class Meta:
        table_name = _tables.sessions_table

    user_id = UnicodeAttribute(hash_key=True)
    session_id = UnicodeAttribute(range_key=True)
    family_hash = UnicodeAttribute()  # of the part that all refresh tokens of the session share
    refresh_hash = UnicodeAttribute()
    rotated_at = UTCDateTimeAttribute(null=True)
    access_epoch = NumberAttribute()
    second_factor = BooleanAttribute(default=False)  # whether the login used one
    device = UnicodeAttribute()  # the user agent that logged in
    created_at = UTCDateTimeAttribute()
    last_used_at = UTCDateTimeAttribute()
    ends_at = UTCDateTimeAttribute()  # however often it is used
    expires_at = TTLAttribute()  # unless it is used before then

    @property
    def valid_until(self) -> datetime:
        return min(self.expires_at, self.ends_at)

    def is_valid_for(self, user: "User") -> bool:
        """Whether the account is active and has not ended this session."""
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
    last_used_at = UTCDateTimeAttribute(null=True)  # accurate to five minutes
    expires_at = TTLAttribute()


class EmailToken(Table):
    """The stored half of a link in a mail. The link works once."""

    class Meta:
        table_name = _tables.email_tokens_table

    token_hash = UnicodeAttribute(hash_key=True)
    purpose = UnicodeAttribute()
    user_id = UnicodeAttribute()
    email = UnicodeAttribute()  # the address that the link was sent to
    access_epoch = NumberAttribute()  # the account's epoch when the link was sent
    expires_at = TTLAttribute()


class Attempts(Table):
    """A counter of recent failures or uses.

    See `auth.credentials.login_throttle` and `shared.storage.rate_limits`.
    """

    class Meta:
        table_name = _tables.attempts_table

    subject = UnicodeAttribute(hash_key=True)
    failures = NumberAttribute()
    last_failed_at = UTCDateTimeAttribute()
    expires_at = TTLAttribute()


class HeldUnits(Table):
    """Units that unpaid orders hold now: a counter, or a shard of one.

    See `shared.storage.held_stock`.
    """

    shares_table_with = Attempts

    class Meta:
        table_name = _tables.attempts_table

    subject = UnicodeAttribute(hash_key=True)
    units = NumberAttribute()
    expires_at = TTLAttribute()
