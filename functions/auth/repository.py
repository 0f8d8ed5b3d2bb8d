"""The accounts: their logins, which only this function may read, and their profiles."""

from shared import outbox
from shared.dynamo import Transaction
from shared.errors import EmailTaken
from shared.events import UserRegistered
from shared.models import Login, User


def add(login: Login, user: User, event: UserRegistered) -> None:
    """Login, profile and event together. Raises EmailTaken."""
    transaction = Transaction()
    transaction.put(
        login,
        only_if=Login.email.does_not_exist(),
        otherwise=EmailTaken("There is an account with this e-mail. Log in instead."),
    )
    transaction.put(user)
    outbox.stage(transaction, event)
    transaction.commit()


def find_login(email: str) -> Login | None:
    """Read as it is now: people log in right after registering."""
    return Login.find(email, consistent=True)


def find_user(user_id: str) -> User | None:
    return User.find(user_id, consistent=True)
