"""The mail that an event causes, before it is written: to whom, about what, and how.

A draft has no link yet. Only a mail that is about to be sent gets one, because a link in a mail
about an account is a stored token.
"""

from collections.abc import Iterable

from notifications import emails, links, relevance, repository
from notifications.emails import Draft, Email, MailedOrderEvent
from notifications.relevance import Wording
from shared import clock, sqs_consumer
from shared.config import GuestSettings, MailSettings, settings
from shared.events.accounts import UserRegistered
from shared.events.all_events import AnyEvent

HEADER_LENGTH_MAX = 870  # SES's limit on a header's value

_shop = settings(MailSettings)
settings(GuestSettings)  # the keys that sign guests' links; fail at start if they are missing


def find_draft(event: AnyEvent) -> Draft | None:
    """The mail as it is true now; None if none is due. Raises NotVisibleYet and Unavailable."""
    if isinstance(event, MailedOrderEvent):
        return _find_order_draft(event)
    return _find_account_draft(event)


def write(drafts: list[Draft]) -> Email:
    """One mail for all these drafts, which have one recipient. Raises Unavailable."""
    parts = [
        emails.build_part(
            draft.event,
            draft.to,
            link=_create_link(draft),
            shop_name=_shop.shop_name,
            order=draft.order,
            user=draft.user,
            wording=draft.wording,
        )
        for draft in drafts
    ]
    email = (
        parts[0].render_email()
        if len(parts) == 1
        else emails.render_joined_email(parts, shop_name=_shop.shop_name)
    )
    return email.replace(headers=_build_headers(draft.event for draft in drafts))


def _build_headers(events: Iterable[AnyEvent]) -> dict[str, str]:
    """Headers that name the events that a mail is about and the requests that caused them.

    Readers do not see them. Staff find them in the source of a mail, and search the logs for them.
    """
    events = list(events)
    headers = {
        "X-Request-Id": _join_ids(event.correlation_id for event in events),
        "X-Souk-Event-Id": _join_ids(event.id for event in events),
    }
    return {name: value for name, value in headers.items() if value}  # SES takes no empty one


def _join_ids(ids: Iterable[str]) -> str:
    """Each id once, and only as many as SES takes."""
    joined = ""
    for each in dict.fromkeys(ids):
        longer = f"{joined}, {each}" if joined else each
        if len(longer) > HEADER_LENGTH_MAX:
            break
        joined = longer
    return joined


def _create_link(draft: Draft) -> links.Link | None:
    if draft.order is not None:
        is_disabled = draft.user is not None and draft.user.status != "active"
        # The link of a user leads to a login.
        return (
            None if is_disabled else links.create_order_link(draft.order, shop_url=_shop.shop_url)
        )
    if draft.user is None:
        return None
    link = links.create_account_link(
        draft.event, draft.user, draft.to.address, shop_url=_shop.shop_url
    )
    if link and link.token:
        repository.save_link_token(link.token)  # before the mail, so that its link works
    return link


def _find_account_draft(event: AnyEvent) -> Draft | None:
    user = repository.find_user(emails.get_recipient_id(event))
    if user is None and isinstance(event, UserRegistered):
        # Only this event's transaction creates its user. Others may name a user who never existed.
        sqs_consumer.require_settled(event)
    recipient = emails.find_account_recipient(event, user) if user else None
    if user is None or recipient is None:
        return None
    wording = relevance.choose_account_wording(event, user)
    if wording is Wording.NOT_MAILED:
        return None
    return Draft(event, recipient, wording, user=user)


def _find_order_draft(event: MailedOrderEvent) -> Draft | None:
    """Addresses the order's current owner: the guest in the event may have an account by now."""
    order = repository.find_order(event.data.order_id)
    if order is None:
        sqs_consumer.require_settled(event)
        return None
    wording = relevance.choose_order_wording(event, order, clock.utc_now())
    if wording is Wording.TOO_EARLY:
        sqs_consumer.require_settled(event)
    if wording in (Wording.NOT_MAILED, Wording.TOO_EARLY):
        return None
    user = None if order.guest_email else repository.find_user(order.buyer_id)
    buyer = emails.find_order_recipient(event, order, user)
    if buyer is None:
        return None
    return Draft(event, buyer, wording, order=order, user=user)
