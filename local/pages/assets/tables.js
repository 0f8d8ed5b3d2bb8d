// Tables, links and messages that the pages of payments and of the activity share.

import { badge, element, timeOf } from "/assets/frame.js";

// Each row is a list of cells: texts, nodes, or lists of them. On a phone a row becomes a card.
export function table(columns, rows) {
  const head = element("tr", {}, ...columns.map((column) => element("th", { scope: "col" }, column)));
  const body = rows.map((cells) =>
    element(
      "tr",
      {},
      ...cells.map((cell, index) =>
        element(
          "td",
          { "data-label": columns[index], class: isEmpty(cell) ? "empty" : null },
          element("div", {}, ...[cell].flat()),
        ),
      ),
    ),
  );
  return element(
    "div",
    { class: "sheet" },
    element("table", { class: "stack" }, element("thead", {}, head), element("tbody", {}, ...body)),
  );
}

function isEmpty(cell) {
  return cell === "" || (Array.isArray(cell) && !cell.length);
}

// Shows the rows, or says why there are none.
export function tableOr(empty, columns, rows) {
  return rows.length ? table(columns, rows) : element("p", { class: "faint" }, empty);
}

export function orderLink(id) {
  return id ? idLink("orders", id) : "";
}

export function requestLink(id) {
  return id && id !== "none" ? idLink("requests", id) : "";
}

// The page of an order, a request or an event. Ids are long, and their beginning tells them apart.
function idLink(kind, id) {
  const address = `/activity/${kind}/${encodeURIComponent(id)}`;
  return element("a", { href: address, title: id, class: "id" }, shortId(id));
}

export function eventLink(id, text) {
  const address = `/activity/events/${encodeURIComponent(id)}`;
  return element("a", { href: address, title: id, class: text.includes(" ") ? null : "nowrap" }, text);
}

export function shortId(id) {
  return id.length > 16 ? `${id.slice(0, 14)}…` : id;
}

export const REQUEST_COLUMNS = ["Time", "Request", "Status", "Took", "Who", "Request id"];

export function requestRow(request) {
  return [
    timeOf(request.at),
    element("code", {}, `${request.method} ${request.path}`),
    statusBadge(request.status),
    nowrap(`${request.milliseconds} ms`),
    element("span", { title: request.caller, class: "caller" }, shortCaller(request.who)),
    requestLink(request.request_id),
  ];
}

function shortCaller(caller) {
  return caller.split(" ").map((word) => (word.includes("@") ? word : shortId(word))).join(" ");
}

export const LINE_COLUMNS = ["Time", "Function", "Level", "Line", "Request"];
const LEVEL_KINDS = { ERROR: "bad", CRITICAL: "bad", WARNING: "warn" };

export function lineRow(line) {
  return [
    timeOf(line.at),
    nowrap(line.function.replace("Function", "")),
    badge(line.level, LEVEL_KINDS[line.level] ?? ""),
    [element("b", {}, line.message), " ", element("code", {}, fieldsText(line.fields))],
    requestLink(line.correlation_id),
  ];
}

export function busBadge(event) {
  return event.relayed_at ? badge("on the bus", "good") : badge("in the outbox", "warn");
}

export function nowrap(text) {
  return element("span", { class: "nowrap" }, text);
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
