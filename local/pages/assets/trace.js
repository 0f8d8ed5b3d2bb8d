// Everything about one order, request or event.

import { badge, element, poll, timeOf } from "/assets/frame.js";
import { fieldsText, orderLink, paymentBadge, requestLink, say, statusBadge, tableOr, unixTime } from "/assets/tables.js";

const MAIL_KINDS = { sent: "good", failed: "bad", failing: "bad", "in doubt": "bad", "held back": "warn", waiting: "warn", "not sent": "warn" };
const trace = document.querySelector("#trace");
poll(`/activity/trace.json?id=${encodeURIComponent(trace.dataset.id)}`, show, (message) => message && say(message, "failed"));

function show(found) {
  const open = new Set([...trace.querySelectorAll("details[open]")].map((each) => each.dataset.key));
  const isEmpty = !found.orders.length && !found.events.length && !found.lines.length && !found.requests.length;
  say(isEmpty ? "Nothing in this stack has this id. Logs and requests of earlier runs may be gone." : "");
  trace.replaceChildren(
    ...found.orders.flatMap(orderParts),
    ...part("Requests", "None since the stack started.", ["Time", "Request", "Status", "Took", "Who", "Request id"], found.requests.map(requestRow)),
    ...part("Events and their mails", "No event names it.", ["Time", "Event", "Bus", "Mail", "Data"], found.events.map(eventRow)),
    ...part("Mails", "None has been sent.", ["Time", "Mail", "To"], found.mails.map(mailRow)),
    ...part("Payments", "None has been started.", ["Time", "Amount", "Status", "Payment"], found.payments.map(paymentRow)),
    ...part("Logs", "No function has logged it.", ["Time", "Function", "Level", "Line", "Request"], found.lines.map(lineRow)),
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
        ...order.history.flatMap((step) => fact(step.event ?? step.status, timeOf(step.at), ` by ${step.by}${step.reason ? `: ${step.reason}` : ""}`)),
      ),
    ),
  ];
}

function fact(name, ...values) {
  return [element("dt", {}, name), element("dd", {}, ...values)];
}

function requestRow(request) {
  return [
    timeOf(request.at),
    element("code", {}, `${request.method} ${request.path}`),
    statusBadge(request.status),
    `${request.milliseconds} ms`,
    request.caller,
    requestLink(request.request_id),
  ];
}

function eventRow(event) {
  const { state, reason, mail_id: mailId } = event.mail;
  const mail = mailId ? element("a", { href: `/mailbox/${encodeURIComponent(mailId)}` }, reason) : reason;
  return [
    timeOf(event.occurred_at),
    [element("b", {}, event.type), " ", element("span", { class: "faint" }, event.id)],
    event.relayed_at ? badge("on the bus", "good") : badge("in the outbox", "warn"),
    [badge(state, MAIL_KINDS[state] ?? ""), " ", mail],
    element("details", { "data-key": event.id }, element("summary", {}, "Show"), element("pre", {}, JSON.stringify(event.data, null, 2))),
  ];
}

function mailRow(mail) {
  return [timeOf(mail.sent_at), element("a", { href: `/mailbox/${encodeURIComponent(mail.id)}` }, mail.subject), mail.to.join(", ")];
}

function paymentRow(payment) {
  return [
    timeOf(unixTime(payment.created)),
    payment.amount,
    paymentBadge(payment.status),
    element("a", { href: `/payments/${encodeURIComponent(payment.id)}` }, payment.id),
  ];
}

function lineRow(line) {
  return [
    timeOf(line.at),
    line.function.replace("Function", ""),
    badge(line.level, { ERROR: "bad", CRITICAL: "bad", WARNING: "warn" }[line.level] ?? ""),
    [element("b", {}, line.message), " ", element("code", {}, fieldsText(line.fields))],
    requestLink(line.correlation_id),
  ];
}
