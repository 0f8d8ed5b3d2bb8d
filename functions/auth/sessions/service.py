"""Sessions: begun by a login, kept by refreshing, ended by their owner, by time, or by a copy."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from auth.accounts import repository as accounts
from auth.accounts import service as account_rules
from auth.credentials import service as credentials
from auth.sessions import refresh_tokens, repository
from auth.sessions.refresh_tokens import RefreshToken
from auth.sessions.repository import NotCurrent
from auth.sessions.schemas import Credentials
from shared import clock, ids, observability
from shared.config import TokenSettings, settings
from shared.errors.accounts import SessionEnded, TokenInvalid
from shared.http.authorization import Client
from shared.security import access_tokens
from shared.security.key_rings import KeyRing, key_ring
from shared.security.permissions import Principal
from shared.storage.models.accounts import Login, Session
from shared.storage.transactions import Transaction


@dataclass(frozen=True, slots=True)
class Tokens:
    access_token: str
    refresh_token: str
    lifetime: timedelta  # of the access token


@dataclass(frozen=True, slots=True)
class SignedIn:
    user: Login
    tokens: Tokens


def log_in(sent: Credentials, client: Client) -> SignedIn:
    """Raises what `credentials.prove` does. Two calls."""
    proof = credentials.authenticate(sent.email, sent.password, sent.code, client)
    login = proof.login
    token = RefreshToken.first(login.user_id, ids.new_id("ses"), int(login.access_epoch))
    transaction = Transaction()
    proof.settle(transaction)
    transaction.put(_session(token, client, second_factor=proof.code is not None))
    transaction.commit()
    observability.audit("log_in", "done", user_id=token.user_id, session_id=token.session_id)
    return SignedIn(login, _tokens(token, clock.utc_now()))


def _session(token: RefreshToken, client: Client, *, second_factor: bool) -> Session:
    now = clock.utc_now()
    return Session(
        token.user_id,
        token.session_id,
        family_hash=token.family_hash,
        refresh_hash=token.hash,
        access_epoch=token.epoch,
        second_factor=second_factor,
        device=client.device,
        created_at=now,
        last_used_at=now,
        ends_at=now + refresh_tokens.ABSOLUTE,
        expires_at=now + refresh_tokens.IDLE,
    )


def refresh(sent: str) -> Tokens:
    """The next pair of tokens. One call for the token that is due.

    Raises TokenInvalid for what is no token of ours, and SessionEnded. A token that was used up
    longer than the grace ago ends its session, and the owner is told by mail.
    """
    token = RefreshToken.parse(sent)
    now = clock.utc_now()
    whose = {"user_id": token.user_id, "session_id": token.session_id}
    try:
        due = _due(token, now)
    except SessionEnded as refusal:
        observability.audit("refresh", "refused", reason=refusal.code, **whose)
        raise
    observability.audit("refresh", "done", **whose)
    return _tokens(due, now)


def _due(token: RefreshToken, now: datetime) -> RefreshToken:
    try:
        return _rotated(token, now)
    except NotCurrent as stale:
        return _after_all(token, stale.session, now)


def _rotated(token: RefreshToken, now: datetime) -> RefreshToken:
    successor = token.successor(_ring())
    repository.rotate(token, successor, now)
    return successor


def _after_all(token: RefreshToken, session: Session | None, now: datetime) -> RefreshToken:
    """What a token is still good for that is not the one that was due."""
    if session is None:
        raise repository.ended()
    if not token.is_of(session):
        observability.audit("refresh", "refused", reason="forged", user_id=session.user_id)
        raise TokenInvalid("This is not a refresh token of the shop. Log in.")
    repository.check_stands(session)
    if session.over_at <= now:
        raise repository.ended()
    token = replace(token, epoch=int(session.access_epoch))
    if token.hash == session.refresh_hash:  # it was carried over into another epoch
        return _due(token, now)
    successor = token.successor_in(session, _ring())
    if successor is not None and now - session.rotated_at <= refresh_tokens.GRACE:
        return successor
    observability.audit(
        "refresh", "reuse detected", user_id=session.user_id, session_id=session.session_id
    )
    repository.end_copied(session)
    raise repository.ended()


def log_out(caller: Principal) -> None:
    """Within 60 s its access tokens are worth nothing either."""
    end(caller, caller.session_id)


def mine(caller: Principal) -> list[Session]:
    """Those that stand, the newest first."""
    now = clock.utc_now()
    sessions = repository.all_of(account_rules.whoami(caller))
    return [one for one in sessions if one.over_at > now]


def end(caller: Principal, session_id: str) -> None:
    """Raises SessionNotFound, for someone else's too."""
    repository.end(caller.user_id, session_id)
    observability.audit("end_session", "done", user_id=caller.user_id, session_id=session_id)


def end_others(caller: Principal) -> None:
    """One write, however many there are."""
    user = account_rules.whoami(caller)
    epoch = int(user.access_epoch) + 1
    transaction = Transaction()
    accounts.amend(transaction, user, access_epoch=epoch)
    repository.carry_over(transaction, caller, epoch)
    transaction.commit()
    observability.audit("end_other_sessions", "done", user_id=caller.user_id)


def _tokens(token: RefreshToken, now: datetime) -> Tokens:
    lifetime = timedelta(minutes=settings(TokenSettings).access_token_minutes)
    access = access_tokens.issue(
        token.user_id, token.session_id, _ring(), now=now, lifetime=lifetime
    )
    return Tokens(access, str(token), lifetime)


def _ring() -> KeyRing:
    return key_ring(settings(TokenSettings).token_keys_secret_arn)
