"""The mails that SES accepted, those of earlier runs included."""

import re
from collections import Counter
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import httpx
from pydantic import BaseModel, TypeAdapter

from local.emulator import ACCOUNT

MAILS_KEPT_MAX = 500  # stopping the stack drops older mails
ORDER_ID = re.compile(r"\bord_[a-z0-9]+")


class Mail(BaseModel):
    id: str
    to: list[str]
    sender: str
    subject: str
    text: str
    html: str | None
    sent_at: datetime

    @classmethod
    def from_message(cls, message: dict[str, Any]) -> "Mail":
        """`message` is MiniStack's record of one SES call."""
        return cls(
            id=message["MessageId"],
            to=message["To"],
            sender=message["Source"],
            subject=message["Subject"] or "",
            text=message["BodyText"] or "",
            html=message["BodyHtml"],
            sent_at=datetime.fromtimestamp(message["Timestamp"], UTC),
        )

    @property
    def order_ids(self) -> list[str]:
        """The orders that the mail names."""
        return list(dict.fromkeys(ORDER_ID.findall(f"{self.subject}\n{self.text}")))

    def contains(self, words: list[str]) -> bool:
        """`words` are in lower case. Each may be anywhere in the mail."""
        searched = " ".join([self.id, self.sender, *self.to, self.subject, self.text]).lower()
        return all(word in searched for word in words)

    def to_json(self) -> dict[str, Any]:
        fields = self.model_dump(mode="json")
        return {"from": fields.pop("sender"), **fields}

    def to_summary(self) -> dict[str, Any]:
        summary = self.model_dump(mode="json", include={"id", "to", "subject", "sent_at"})
        return {**summary, "order_ids": self.order_ids}

    def to_text(self) -> str:
        return (
            f"To: {', '.join(self.to)}\nFrom: {self.sender}\nSubject: {self.subject}\n"
            f"Sent: {self.sent_at:%Y-%m-%d %H:%M:%S} UTC\n\n{self.text.strip()}\n"
        )

    def to_source(self) -> str:
        """The mail as a message of RFC 5322, which SES makes of what it gets."""
        message = EmailMessage(policy=SMTP.clone(cte_type="8bit", utf8=True))
        facts = {"From": self.sender, "To": ", ".join(self.to), "Subject": self.subject}
        for name, value in {**facts, "Message-ID": f"<{self.id}>"}.items():
            message[name] = " ".join(value.split())  # a line break would begin another header
        message["Date"] = self.sent_at
        message.set_content(self.text)
        if self.html:
            message.add_alternative(self.html, subtype="html")
            message.set_boundary("souk-" + "".join(filter(str.isalnum, self.id))[:32])
        return message.as_bytes().decode(errors="replace").replace("\r\n", "\n")


MAILS = TypeAdapter(list[Mail])


class Mailbox:
    """MiniStack loses its mails when it stops. `save` writes them to a file for the next run.

    A mailbox that saves often still has what MiniStack sent before it was killed.
    """

    def __init__(self, emulator_url: str, client: httpx.AsyncClient, file: Path) -> None:
        self._url = f"{emulator_url}/_ministack/ses/messages"
        self._client = client
        self._file = file
        self._saved = MAILS.validate_json(file.read_bytes()) if file.exists() else []
        self._parsed: dict[str, Mail] = {}  # by id; no mail changes after it is sent

    async def list_mails(self, to: str | None = None, text: str = "") -> list[Mail]:
        """Newest first; with `to` those to this address, with `text` those with all its words."""
        answer = await self._client.get(self._url, params={"account": ACCOUNT})
        messages = answer.raise_for_status().json()["messages"].get(ACCOUNT, [])
        for message in messages:
            if message["MessageId"] not in self._parsed:
                self._parsed[message["MessageId"]] = Mail.from_message(message)
        words = text.lower().split()
        mails = [
            mail
            for mail in (*self._saved, *self._parsed.values())
            if to in (None, *mail.to) and mail.contains(words)
        ]
        return sorted(mails, key=lambda mail: mail.sent_at, reverse=True)

    async def find_mail(self, mail_id: str) -> Mail | None:
        return next((mail for mail in await self.list_mails() if mail.id == mail_id), None)

    async def save(self) -> None:
        try:
            mails = await self.list_mails()
        except httpx.HTTPError:
            return  # MiniStack has ended; the last save has its mails
        if not self._file.parent.exists():
            return  # the state folder was deleted
        draft = self._file.with_suffix(".tmp")
        draft.write_bytes(MAILS.dump_json(mails[:MAILS_KEPT_MAX]))
        draft.replace(self._file)


def count_recipients(mails: list[Mail]) -> dict[str, int]:
    """How many mails each address got, by address."""
    counts = Counter(address for mail in mails for address in mail.to)
    return dict(sorted(counts.items()))
