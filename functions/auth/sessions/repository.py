"""Sessions. Their partition is the user's, so a list is never stale."""

from datetime import datetime

from auth.sessions.refresh_tokens import IDLE_TTL, RefreshToken
from shared.errors.accounts import SessionEnded, SessionNotFound
from shared.events.accounts import ReuseDetected, SessionData
from shared.security.permissions import Principal
from shared.storage import outbox
from shared.storage.models.accounts import Session, User
from shared.storage.transactions import Transaction


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


def list_sessions(user: User) -> list[Session]:
    """Return the sessions of the account's current epoch, newest first."""
    sessions = Session.query(
        user.user_id,
        consistent_read=True,
        filter_condition=Session.access_epoch == user.access_epoch,
    )
    return sorted(sessions, key=lambda session: session.created_at, reverse=True)


def delete_session(user_id: str, session_id: str) -> None:
    """Raises SessionNotFound."""
    transaction = Transaction()
    transaction.delete(
        Session(user_id, session_id),
        only_if=Session.session_id.exists(),
        otherwise=SessionNotFound(),
    )
    transaction.commit()
