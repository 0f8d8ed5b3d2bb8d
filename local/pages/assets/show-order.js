// The page behind the link of a guest's order. It shows the order; its button starts the payment.
"use strict";

const sheet = document.querySelector(".sheet");
const facts = document.querySelector("dl");
const form = document.querySelector("form");
const outcome = document.querySelector("[role=status]");
const query = new URLSearchParams(location.search);
const route = `/v1/guest/orders/${encodeURIComponent(query.get("id") ?? "")}`;
const headers = { "Order-Token": query.get("token") ?? "" };

// The token works like a password, so remove it from the address bar and the history.
history.replaceState(null, "", location.pathname);

if (query.has("token")) {
  show();
} else {
  say("This address has no token. Open the link in a guest's order mail.");
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const payment = await call(`${route}/payment`, "POST");
  if (payment) {
    location.assign(`/payments/${payment.payment_id}#${payment.client_secret}`);
  }
});

async function show() {
  const order = await call(route, "GET");
  if (!order) {
    return;
  }
  addFact("Order", order.id);
  addFact("Status", order.status);
  for (const line of order.lines) {
    addFact(`${line.quantity} ×`, `${line.name}, ${money(line.line_total)}`);
  }
  addFact("Total", money(order.totals.total));
  form.hidden = order.status !== "pending_payment";
  sheet.hidden = false;
}

async function call(path, method) {
  say("");
  try {
    const answer = await fetch(path, { method, headers });
    const body = await answer.json();
    if (answer.ok) {
      return body;
    }
    say(body.error?.message ?? `The shop answered ${answer.status}.`);
  } catch {
    say("The shop does not answer. Try again in a moment.");
  }
  return null;
}

function money({ amount_minor, currency }) {
  const format = new Intl.NumberFormat(undefined, { style: "currency", currency });
  return format.format(amount_minor / 10 ** format.resolvedOptions().maximumFractionDigits);
}

function addFact(name, value) {
  const [term, description] = ["dt", "dd"].map((tag) => document.createElement(tag));
  term.textContent = name;
  description.textContent = value;
  facts.append(term, description);
}

function say(text) {
  outcome.textContent = text;
  outcome.className = "failed";
}
