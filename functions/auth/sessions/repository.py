"""The sessions, in the partition of their user: a list of them is never behind."""

from datetime import datetime

from auth.sessions.refresh_tokens import IDLE, RefreshToken
from shared.errors.accounts import SessionEnded, SessionNotFound
from shared.events.accounts import ReuseDetected, SessionData
from shared.security.permissions import Principal
from shared.storage import outbox
from shared.storage.models.accounts import Session, User
from shared.storage.transactions import Transaction


class NotCurrent(Exception):
    """The token is not the one that is due; `session` is what was found, if anything."""

    def __init__(self, session: Session | None) -> None:
        self.session = session


def rotate(token: RefreshToken, successor: RefreshToken, now: datetime) -> None:
    """One call, whatever comes of it. Raises NotCurrent, and SessionEnded."""
    transaction = Transaction()
    transaction.update(
        Session(token.user_id, token.session_id),
        [
            Session.refresh_hash.set(successor.hash),
            Session.rotated_at.set(now),
            Session.last_used_at.set(now),
            Session.expires_at.set(now + IDLE),
        ],
        only_if=(Session.refresh_hash == token.hash)
        & (Session.family_hash == token.family_hash)
        & (Session.access_epoch == token.epoch)
        & (Session.expires_at > now)
        & (Session.ends_at > now),
        otherwise=NotCurrent,
    )
    require_epoch(transaction, token.user_id, token.epoch)
    transaction.commit()


def require_epoch(transaction: Transaction, user_id: str, epoch: int) -> None:
    """Only if the sessions that began under it are not over. Its refusal is SessionEnded."""
    transaction.check(
        User,
        user_id,
        only_if=(User.access_epoch == epoch) & (User.status == "active"),
        otherwise=ended(),
    )


def epoch_of(caller: Principal) -> int:
    """The epoch of the caller's session. Raises SessionEnded when that was ended."""
    is_it = Session.session_id == caller.session_id
    found = next(iter(Session.query(caller.user_id, is_it, consistent_read=True)), None)
    if found is None:
        raise ended()
    return int(found.access_epoch)


def check_stands(session: Session) -> None:
    """Raises SessionEnded when the account was closed, or has ended its sessions."""
    user = User.find(session.user_id, consistent=True)
    if user is None or not session.is_of(user):
        raise ended()


def end_copied(session: Session) -> None:
    """End it and tell its owner, once. Raises SessionEnded when it was over already."""
    transaction = Transaction()
    transaction.delete(
        Session(session.user_id, session.session_id),
        only_if=Session.session_id.exists(),
        otherwise=ended(),
    )
    reused = SessionData(user_id=session.user_id, session_id=session.session_id)
    outbox.stage_event(transaction, ReuseDetected(data=reused))
    transaction.commit()


def carry_over(
    transaction: Transaction, caller: Principal, epoch: int, *, with_second_factor: bool = False
) -> None:
    """Let the caller's session, and no other, live on in the account's new epoch.

    Its refusal is SessionEnded: one that was ended is still let in while API Gateway keeps the
    authorizer's answer, and must not come back to life.
    """
    actions = [Session.access_epoch.set(epoch)]
    if with_second_factor:
        actions.append(Session.second_factor.set(True))
    transaction.update(
        Session(caller.user_id, caller.session_id),
        actions,
        only_if=Session.access_epoch == epoch - 1,
        otherwise=ended(),
    )


def all_of(user: User) -> list[Session]:
    """Those that stand, the newest first."""
    found = Session.query(
        user.user_id,
        consistent_read=True,
        filter_condition=Session.access_epoch == user.access_epoch,
    )
    return sorted(found, key=lambda session: session.created_at, reverse=True)


def end(user_id: str, session_id: str) -> None:
    """Raises SessionNotFound."""
    transaction = Transaction()
    transaction.delete(
        Session(user_id, session_id),
        only_if=Session.session_id.exists(),
        otherwise=SessionNotFound("There is no such session."),
    )
    transaction.commit()


def ended() -> SessionEnded:
    return SessionEnded("This session has ended. Log in again.")
