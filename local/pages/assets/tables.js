// Tables, links and messages that the pages of payments and of the activity share.

import { badge, element } from "/assets/frame.js";

// Each row is a list of cells: texts, nodes, or lists of them. On a phone a row becomes a card.
export function table(columns, rows) {
  const head = element("tr", {}, ...columns.map((column) => element("th", { scope: "col" }, column)));
  const body = rows.map((cells) =>
    element(
      "tr",
      {},
      ...cells.map((cell, index) =>
        element("td", { "data-label": columns[index] }, element("div", {}, ...[cell].flat())),
      ),
    ),
  );
  return element(
    "div",
    { class: "sheet" },
    element("table", { class: "stack" }, element("thead", {}, head), element("tbody", {}, ...body)),
  );
}

// Shows the rows, or says why there are none.
export function tableOr(empty, columns, rows) {
  return rows.length ? table(columns, rows) : element("p", { class: "faint" }, empty);
}

export function orderLink(id) {
  return id ? element("a", { href: `/activity/orders/${encodeURIComponent(id)}` }, id) : "";
}

export function requestLink(id) {
  const isRequest = id && id !== "none";
  return isRequest ? element("a", { href: `/activity/requests/${encodeURIComponent(id)}` }, id) : "";
}

export function statusBadge(status) {
  if (!status) {
    return badge("no answer", "bad");
  }
  return badge(String(status), status < 400 ? "good" : status < 500 ? "warn" : "bad");
}

const PAYMENT_KINDS = { captured: "good", authorized: "good", awaiting: "warn", void: "" };

export function paymentBadge(status) {
  return badge(status, PAYMENT_KINDS[status] ?? "");
}

// "name=value" of each field, without line breaks.
export function fieldsText(fields) {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("  ");
}

// POSTs, and returns the answer's JSON. Throws an error with the message that the stack answers.
export async function post(url, body = {}) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const value = await answer.json();
  if (!answer.ok) {
    throw new Error(value.error?.message ?? `The stack answered ${answer.status}.`);
  }
  return value;
}

export function say(text, kind = "") {
  const outcome = document.querySelector("[role=status]");
  outcome.textContent = text;
  outcome.className = kind;
}

export function unixTime(seconds) {
  return new Date(seconds * 1000).toISOString();
}
