"""Sessions: a login starts one, refreshes extend it; a logout, time or a copied token ends it."""

from datetime import datetime, timedelta

from auth.accounts import repository as accounts
from auth.accounts import service as account_rules
from auth.credentials import service as credentials
from auth.credentials.service import Authentication
from auth.sessions import limits, repository
from auth.sessions.limits import CounterFull, Recount
from auth.sessions.refresh_tokens import ABSOLUTE_TTL, IDLE_TTL, REUSE_GRACE, RefreshToken
from auth.sessions.repository import TokenNotCurrent
from auth.sessions.schemas import Credentials
from shared import clock, ids, observability
from shared.config import TokenSettings, settings
from shared.errors.accounts import SessionEnded, TokenInvalid
from shared.errors.base import Unavailable
from shared.http.authorization import Client
from shared.records import Record
from shared.retries import EDIT_ATTEMPTS, retry
from shared.security import access_tokens
from shared.security.key_rings import KeyRing, key_ring
from shared.security.permissions import Principal
from shared.storage.cursors import ItemPage
from shared.storage.models.accounts import Login, Session
from shared.storage.transactions import Transaction


class Tokens(Record):
    access_token: str
    refresh_token: str
    lifetime: timedelta  # of the access token


class LoginResult(Record):
    user: Login
    tokens: Tokens


def log_in(sent: Credentials, client: Client) -> LoginResult:
    """Two AWS calls, and more if the account has the most sessions that it may have.

    Raises what `credentials.authenticate` raises, and Unavailable.
    """
    authentication = credentials.authenticate(sent.email, sent.password, sent.code, client)
    login = authentication.login
    token = RefreshToken.first(login.user_id, ids.new_id("ses"), int(login.access_epoch))
    _start_session(
        authentication,
        _new_session(token, client, second_factor=authentication.code is not None),
    )
    observability.audit("log_in", "done", user_id=token.user_id, session_id=token.session_id)
    return LoginResult(login, _issue_tokens(token, clock.utc_now()))


def _start_session(authentication: Authentication, session: Session) -> None:
    """Raises Unavailable while others log in to a full account at the same moment."""
    recount: Recount | None = None

    def attempt() -> None:
        nonlocal recount
        transaction = Transaction()
        authentication.stage_success(transaction)
        limits.stage_count(transaction, session.user_id, session.created_at, recount)
        transaction.put(session)
        try:
            transaction.commit()
        except CounterFull as full:
            recount = _end_oldest(session, full)
            raise

    try:
        retry(attempt, on=(CounterFull,), attempts=EDIT_ATTEMPTS)
    except CounterFull as error:
        raise Unavailable from error


def _end_oldest(new: Session, full: CounterFull) -> Recount | None:
    """Make room for the new session. Sessions that are not valid any more go first.

    Return None if the counter has expired.
    """
    if full.found is None:
        return None
    sessions = sorted(
        repository.list_all_sessions(new.user_id),
        key=lambda session: (_is_valid_beside(session, new), session.created_at),
        reverse=True,
    )
    kept, ended = sessions[: limits.SESSIONS_MAX - 1], sessions[limits.SESSIONS_MAX - 1 :]
    repository.delete_sessions(ended)
    for session in ended:
        observability.audit(
            "log_in", "oldest session ended", user_id=new.user_id, session_id=session.session_id
        )
    return Recount(full.found, len(kept))


def _is_valid_beside(session: Session, new: Session) -> bool:
    """Whether time has not ended the session, nor the user who ended all sessions of its epoch."""
    return session.valid_until > new.created_at and session.access_epoch >= new.access_epoch


def _new_session(token: RefreshToken, client: Client, *, second_factor: bool) -> Session:
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
        ends_at=now + ABSOLUTE_TTL,
        expires_at=now + IDLE_TTL,
    )


def refresh_tokens(sent: str) -> Tokens:
    """Return the next pair of tokens. One AWS call for the current token.

    Raises TokenInvalid for a token that the shop did not issue, and SessionEnded. A used token ends
    its session after REUSE_GRACE, and the owner is mailed.
    """
    token = RefreshToken.parse(sent)
    now = clock.utc_now()
    subject = {"user_id": token.user_id, "session_id": token.session_id}
    try:
        successor = _exchange(token, now)
    except SessionEnded as refusal:
        observability.audit("refresh_tokens", "refused", reason=refusal.code, **subject)
        raise
    observability.audit("refresh_tokens", "done", **subject)
    return _issue_tokens(successor, now)


def _exchange(token: RefreshToken, now: datetime) -> RefreshToken:
    try:
        return _rotate(token, now)
    except TokenNotCurrent as error:
        return _exchange_used(token, error.session, now)


def _rotate(token: RefreshToken, now: datetime) -> RefreshToken:
    successor = token.successor(_key_ring())
    repository.rotate_refresh_token(token, successor, now)
    return successor


def _exchange_used(token: RefreshToken, session: Session | None, now: datetime) -> RefreshToken:
    """Return the successor of a token that is not current, if the token may still be exchanged."""
    if session is None:
        raise SessionEnded
    if not token.belongs_to(session):
        observability.audit("refresh_tokens", "refused", reason="forged", user_id=session.user_id)
        raise TokenInvalid
    repository.check_active(session)
    if session.valid_until <= now:
        raise SessionEnded
    token = token.replace(epoch=int(session.access_epoch))
    if token.hash == session.refresh_hash:  # current, but the session has moved to a newer epoch
        return _exchange(token, now)
    successor = token.find_successor(session, _key_ring())
    if successor is not None and now - session.rotated_at <= REUSE_GRACE:
        return successor
    observability.audit(
        "refresh_tokens",
        "reuse detected",
        user_id=session.user_id,
        session_id=session.session_id,
    )
    repository.end_reused_session(session)
    raise SessionEnded


def log_out(caller: Principal) -> None:
    """The session's access tokens stop working within 60 s."""
    end_session(caller, caller.session_id)


def list_sessions(caller: Principal, *, limit: int, cursor: str | None) -> ItemPage[Session]:
    """Return the sessions that have not ended, newest first. Raises InvalidCursor."""
    user = account_rules.get_me(caller)
    return repository.list_sessions(user, now=clock.utc_now(), limit=limit, cursor=cursor)


def end_session(caller: Principal, session_id: str) -> None:
    """Raises SessionNotFound, for somebody else's session too."""
    repository.delete_session(caller.user_id, session_id)
    observability.audit("end_session", "done", user_id=caller.user_id, session_id=session_id)


def end_other_sessions(caller: Principal) -> None:
    """One write, however many sessions there are. Raises ConcurrentModification."""
    user = account_rules.get_me(caller)
    epoch = int(user.access_epoch) + 1
    transaction = Transaction()
    accounts.stage_profile_update(transaction, user, access_epoch=epoch)
    repository.stage_session_kept(transaction, caller, epoch)
    transaction.commit()
    observability.audit("end_other_sessions", "done", user_id=caller.user_id)


def _issue_tokens(token: RefreshToken, now: datetime) -> Tokens:
    lifetime = timedelta(minutes=settings(TokenSettings).access_token_minutes)
    access_token = access_tokens.issue(
        token.user_id, token.session_id, _key_ring(), now=now, lifetime=lifetime
    )
    return Tokens(access_token, str(token), lifetime)


def _key_ring() -> KeyRing:
    return key_ring(settings(TokenSettings).token_keys_secret_arn)
