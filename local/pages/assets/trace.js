// Everything about one order, request or event.

import { badge, element, poll, timeOf } from "/assets/frame.js";
import {
  busBadge,
  eventLink,
  LINE_COLUMNS,
  lineRow,
  orderLink,
  paymentBadge,
  REQUEST_COLUMNS,
  requestLink,
  requestRow,
  say,
  tableOr,
  unixTime,
} from "/assets/tables.js";

const MAIL_KINDS = {
  sent: "good",
  waiting: "warn",
  "held back": "warn",
  "not sent": "warn",
  failing: "bad",
  failed: "bad",
  "in doubt": "bad",
};
const EVENT_COLUMNS = ["Time", "Event", "Bus", "Mail", "Request", "Data"];
const MESSAGE_COLUMNS = ["Sent", "Queue", "Message", "Received", "Next try"];
const PAYMENT_COLUMNS = ["Time", "Amount", "Status", "Payment"];
const trace = document.querySelector("#trace");
const address = `/activity/trace.json?id=${encodeURIComponent(trace.dataset.id)}`;
poll(address, show, (message) => message && say(message, "failed"));

function show(found) {
  const open = new Set([...trace.querySelectorAll("details[open]")].map((each) => each.dataset.key));
  const isEmpty = ["orders", "requests", "events", "lines"].every((name) => !found[name].length);
  say(isEmpty ? "Nothing in this stack has this id. Logs and requests of earlier runs may be gone." : "");
  const { orders, requests, events, messages, mails, payments, lines } = found;
  trace.replaceChildren(
    ...orders.flatMap(orderParts),
    ...part("Requests", "None since the stack started.", REQUEST_COLUMNS, requests.map(requestRow)),
    ...part("Events and their mails", "No event names it.", EVENT_COLUMNS, events.map(eventRow)),
    ...(messages.length ? part("Messages in queues", "", MESSAGE_COLUMNS, messages.map(messageRow)) : []),
    ...part("Mails", "None has been sent.", ["Time", "Mail", "To"], mails.map(mailRow)),
    ...part("Payments", "None has been started.", PAYMENT_COLUMNS, payments.map(paymentRow)),
    ...part("Logs", "No function has logged it.", LINE_COLUMNS, lines.map(lineRow)),
  );
  for (const each of trace.querySelectorAll("details")) {
    each.open = open.has(each.dataset.key);
  }
}

function part(title, empty, columns, rows) {
  return [element("h2", {}, title), tableOr(empty, columns, rows)];
}

function orderParts(order) {
  const isThis = order.id === trace.dataset.id;
  return [
    element("h2", {}, "Order ", isThis ? "" : orderLink(order.id)),
    element(
      "div",
      { class: "sheet" },
      element(
        "dl",
        {},
        ...fact("Status", badge(order.status)),
        ...fact("Buyer", order.buyer),
        ...fact("Total", order.total),
        ...order.history.flatMap(stepFact),
      ),
    ),
  ];
}

function stepFact({ status, event, at, by, reason }) {
  return fact(event ?? status, timeOf(at), ` by ${by}${reason ? `: ${reason}` : ""}`);
}

function fact(name, ...values) {
  return [element("dt", {}, name), element("dd", {}, ...values)];
}

function eventRow(event) {
  const { state, reason, mail_id: mailId } = event.mail;
  const mail = mailId ? mailLink(mailId, reason) : reason;
  const data = element("pre", {}, JSON.stringify(event.data, null, 2));
  return [
    timeOf(event.occurred_at),
    eventLink(event.id, event.type),
    busBadge(event),
    [badge(state, MAIL_KINDS[state] ?? ""), " ", mail],
    requestLink(event.correlation_id),
    element("details", { "data-key": event.id }, element("summary", {}, "Show"), data),
  ];
}

function messageRow(message) {
  return [
    timeOf(message.sent_at),
    message.queue,
    eventLink(message.event_id, message.label.split(" ")[0]),
    `${message.receive_count} times`,
    new Date(message.visible_at) > new Date() ? timeOf(message.visible_at) : "now",
  ];
}

function mailLink(id, text) {
  return element("a", { href: `/mailbox/${encodeURIComponent(id)}` }, text);
}

function mailRow(mail) {
  return [timeOf(mail.sent_at), mailLink(mail.id, mail.subject), mail.to.join(", ")];
}

function paymentRow(payment) {
  return [
    timeOf(unixTime(payment.created)),
    payment.amount,
    paymentBadge(payment.status),
    element("a", { href: `/payments/${encodeURIComponent(payment.id)}` }, payment.id),
  ];
}
