"""Sessions. Their partition is the user's, so a list is never stale."""

from collections.abc import Sequence
from datetime import datetime

from auth.sessions.refresh_tokens import IDLE_TTL, RefreshToken
from shared.errors.accounts import SessionEnded, SessionNotFound
from shared.events.accounts import ReuseDetected, SessionData
from shared.security.permissions import Principal
from shared.storage import cursors, outbox
from shared.storage.cursors import ItemPage
from shared.storage.models.accounts import Session, User
from shared.storage.transactions import ACTIONS_MAX, Transaction

_SESSIONS = "sessions of a user"  # the name of the query in its cursors


class TokenNotCurrent(Exception):
    """The token is not the session's current one. `session` is what is stored, or None."""

    def __init__(self, session: Session | None) -> None:
        self.session = session


def rotate_refresh_token(token: RefreshToken, successor: RefreshToken, now: datetime) -> None:
    """One AWS call. Raises TokenNotCurrent and SessionEnded."""
    transaction = Transaction()
    transaction.update(
        Session(token.user_id, token.session_id),
        [
            Session.refresh_hash.set(successor.hash),
            Session.rotated_at.set(now),
            Session.last_used_at.set(now),
            Session.expires_at.set(now + IDLE_TTL),
        ],
        only_if=(Session.refresh_hash == token.hash)
        & (Session.family_hash == token.family_hash)
        & (Session.access_epoch == token.epoch)
        & (Session.expires_at > now)
        & (Session.ends_at > now),
        otherwise=TokenNotCurrent,
    )
    stage_epoch_check(transaction, token.user_id, token.epoch)
    transaction.commit()


def stage_epoch_check(transaction: Transaction, user_id: str, epoch: int) -> None:
    """Require that the user is active and has not ended the sessions of this epoch.

    The transaction raises SessionEnded.
    """
    transaction.check(
        User,
        user_id,
        only_if=(User.access_epoch == epoch) & (User.status == "active"),
        otherwise=SessionEnded(),
    )


def get_epoch(caller: Principal) -> int:
    """Return the epoch of the caller's session. Raises SessionEnded."""
    is_callers = Session.session_id == caller.session_id
    session = next(iter(Session.query(caller.user_id, is_callers, consistent_read=True)), None)
    if session is None:
        raise SessionEnded
    return int(session.access_epoch)


def check_active(session: Session) -> None:
    """Raises SessionEnded when the account was closed or has ended its sessions."""
    user = User.find(session.user_id, consistent=True)
    if user is None or not session.is_valid_for(user):
        raise SessionEnded


def end_reused_session(session: Session) -> None:
    """Delete the session, and stage the event that mails its owner. Raises SessionEnded."""
    transaction = Transaction()
    transaction.delete(
        Session(session.user_id, session.session_id),
        only_if=Session.session_id.exists(),
        otherwise=SessionEnded(),
    )
    reused = SessionData(user_id=session.user_id, session_id=session.session_id)
    outbox.stage_event(transaction, ReuseDetected(data=reused))
    transaction.commit()


def stage_session_kept(
    transaction: Transaction, caller: Principal, epoch: int, *, with_second_factor: bool = False
) -> None:
    """Move the caller's session, and no other, to the account's new epoch.

    API Gateway accepts an ended session until its cached answer expires. The transaction raises
    SessionEnded then, so that the session does not come back.
    """
    actions = [Session.access_epoch.set(epoch)]
    if with_second_factor:
        actions.append(Session.second_factor.set(True))
    transaction.update(
        Session(caller.user_id, caller.session_id),
        actions,
        only_if=Session.access_epoch == epoch - 1,
        otherwise=SessionEnded(),
    )


def list_all_sessions(user_id: str) -> list[Session]:
    """Return all stored sessions, in no order: those that have ended too."""
    return list(Session.query(user_id, consistent_read=True))


def list_sessions(
    user: User, *, now: datetime, limit: int, cursor: str | None
) -> ItemPage[Session]:
    """Return a page of the sessions that have not ended, newest first. Raises InvalidCursor.

    An account has so few sessions (`auth.sessions.limits`) that each page reads them all.
    """
    last = cursors.decode(cursor, query=_SESSIONS, owner=user.user_id)
    sessions = sorted(
        (
            session
            for session in list_all_sessions(user.user_id)
            if session.is_valid_for(user) and session.valid_until > now
        ),
        key=_position,
        reverse=True,
    )
    rest = [session for session in sessions if last is None or _position(session) < last["after"]]
    page = rest[:limit]
    position = {"after": _position(page[-1])} if len(rest) > limit else None
    return ItemPage(page, cursors.encode(position, query=_SESSIONS, owner=user.user_id))


def _position(session: Session) -> list[str]:
    """Sorts sessions by their start. A list, as JSON has it."""
    return [session.created_at.isoformat(timespec="microseconds"), session.session_id]


def delete_sessions(sessions: Sequence[Session]) -> None:
    for start in range(0, len(sessions), ACTIONS_MAX):
        transaction = Transaction()
        for session in sessions[start : start + ACTIONS_MAX]:
            transaction.delete(Session(session.user_id, session.session_id))
        transaction.commit()


def delete_session(user_id: str, session_id: str) -> None:
    """Raises SessionNotFound."""
    transaction = Transaction()
    transaction.delete(
        Session(user_id, session_id),
        only_if=Session.session_id.exists(),
        otherwise=SessionNotFound(),
    )
    transaction.commit()
