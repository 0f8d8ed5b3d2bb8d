// What a provider's dashboard shows of a payment: webhooks, refunds, and the dispute.

import { badge, element, poll, timeOf } from "/assets/frame.js";
import { post, say, statusBadge, tableOr, unixTime } from "/assets/tables.js";

const dashboard = document.querySelector("#dashboard");
const address = `/payments/${encodeURIComponent(dashboard.dataset.payment)}`;
const ask = poll(`${address}.json`, show, (message) => message && say(message, "failed"));

function show(payment) {
  document.querySelector("#status").textContent = payment.status;
  document.querySelector("#captured").textContent = payment.captured;
  document.querySelector("#buyer").textContent = payment.buyer ?? "unknown";
  const form = document.querySelector("form");
  if (form && payment.status !== "awaiting") {
    form.hidden = true;
  }
  dashboard.replaceChildren(
    element("h2", {}, "Webhooks to the shop"),
    tableOr(
      "None yet: the provider sends one when the payment changes.",
      ["Time", "Event", "Tries", "The shop's answers"],
      payment.webhooks.map(toRow),
    ),
    element("h2", {}, "Refunds"),
    tableOr(
      "None. Staff refund an order with POST /v1/orders/{order_id}/refund.",
      ["Time", "Amount", "Status", "Refund"],
      payment.refunds.map((refund) => [
        timeOf(unixTime(refund.created)),
        refund.amount,
        badge(refund.status, refund.status === "failed" ? "bad" : "good"),
        refund.id,
      ]),
    ),
    element("h2", {}, "Dispute"),
    disputes(payment),
  );
}

function toRow(event) {
  const answers = event.answers.map(({ status, outcome }) =>
    element("div", {}, statusBadge(status), " ", outcome),
  );
  return [
    timeOf(unixTime(event.created)),
    event.type,
    String(event.attempts),
    answers.length ? answers : event.delivered ? "accepted" : "waits to be sent",
  ];
}

function disputes(payment) {
  const [dispute] = payment.disputes;
  if (!dispute) {
    const text = "The buyer's bank can claim a captured payment back.";
    const open = button("Open a dispute", "needs_response");
    return element("div", { class: "row" }, payment.status === "captured" ? open : null, text);
  }
  const isClosed = ["won", "lost"].includes(dispute.status);
  return element(
    "div",
    { class: "row" },
    badge(dispute.status, dispute.status === "won" ? "good" : "bad"),
    `${dispute.amount}, ${dispute.id}`,
    ...(isClosed ? [] : [button("The shop wins it", "won"), button("The shop loses it", "lost")]),
  );
}

function button(label, status) {
  const created = element("button", { type: "button", class: "quiet", value: status }, label);
  created.addEventListener("click", async () => {
    created.disabled = true;
    try {
      await post(`${address}/dispute`, { status });
      say("The provider sends the shop a webhook.");
      await ask();
    } catch (error) {
      say(error.message, "failed");
      created.disabled = false;
    }
  });
  return created;
}
