// The list of payments.

import { badge, element, poll, timeOf } from "/assets/frame.js";
import { nowrap, orderLink, paymentBadge, say, table, unixTime } from "/assets/tables.js";

const list = document.querySelector("#payments");

poll("/payments.json", show, (message) => say(message, "failed"));

function show({ total, payments }) {
  document.querySelector("#none").hidden = total > 0;
  document.querySelector("#count").textContent =
    total > payments.length ? `The newest ${payments.length} of ${total}.` : "Newest first.";
  const columns = ["Time", "Amount", "Status", "Buyer", "Order", "Webhooks", "Refunds", "Dispute", ""];
  list.replaceChildren(...(total ? [table(columns, payments.map(toRow))] : []));
}

function toRow(payment) {
  const page = `/payments/${encodeURIComponent(payment.id)}#${payment.client_secret}`;
  return [
    timeOf(unixTime(payment.created)),
    nowrap(payment.amount),
    paymentBadge(payment.status),
    payment.buyer ?? "unknown",
    orderLink(payment.order_id),
    webhooks(payment.webhooks),
    payment.refunds.map((refund) => `${refund.amount} ${refund.status}`).join(", ") || "none",
    payment.disputes.map((dispute) => badge(dispute.status, kindOf(dispute))),
    element("a", { class: "button small", href: page }, payment.status === "awaiting" ? "Pay" : "Open"),
  ];
}

function kindOf(dispute) {
  return dispute.status === "won" ? "good" : "bad";
}

function webhooks(events) {
  const waiting = events.filter((event) => !event.delivered).length;
  if (!events.length) {
    return "none";
  }
  return waiting ? badge(`${waiting} of ${events.length} not accepted`, "bad") : `${events.length} accepted`;
}
