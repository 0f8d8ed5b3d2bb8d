// What happens inside the stack, one part at a time. The address names the part: /activity#queues.

import { badge, element, poll, timeOf } from "/assets/frame.js";
import {
  busBadge,
  eventLink,
  LINE_COLUMNS,
  lineRow,
  orderLink,
  post,
  REQUEST_COLUMNS,
  requestLink,
  requestRow,
  say,
  shortId,
  tableOr,
} from "/assets/tables.js";

const PARTS = {
  requests: showRequests,
  events: showEvents,
  queues: showQueues,
  lines: showLines,
  tables: showTables,
};
const IDS = { ord_: "orders", evt_: "events" };

document.querySelector("#search").addEventListener("submit", (event) => {
  event.preventDefault();
  const id = event.target.elements.id.value.trim();
  const kind = IDS[id.slice(0, 4)] ?? "requests";
  location.assign(`/activity/${kind}/${encodeURIComponent(id)}`);
});
for (const tab of document.querySelectorAll("[role=tab]")) {
  tab.addEventListener("click", () => location.replace(`#${tab.getAttribute("aria-controls")}`));
}
const filter = document.querySelector("#filter");
filter.addEventListener("input", hideOthers);
const ask = poll(() => `/activity/${part()}.json`, show, (message) => message && say(message, "failed"));
addEventListener("hashchange", choose);
choose();

function part() {
  const name = location.hash.slice(1);
  return name in PARTS ? name : "requests";
}

function choose() {
  for (const tab of document.querySelectorAll("[role=tab]")) {
    const isChosen = tab.getAttribute("aria-controls") === part();
    tab.setAttribute("aria-selected", isChosen);
    document.querySelector(`#${tab.getAttribute("aria-controls")}`).hidden = !isChosen;
  }
  say("");
  ask();
}

// An answer names its part, because another part may have been chosen since.
function show(answer) {
  const [[name, value]] = Object.entries(answer);
  document.querySelector(`#${name}`).replaceChildren(...[PARTS[name](value)].flat());
  hideOthers();
}

function hideOthers() {
  const wanted = filter.value.trim().toLowerCase();
  for (const row of document.querySelectorAll("[role=tabpanel] tbody tr")) {
    const titles = [...row.querySelectorAll("[title]")].map((each) => each.title);
    row.hidden = !`${row.textContent} ${titles.join(" ")}`.toLowerCase().includes(wanted);
  }
}

function showRequests(requests) {
  return tableOr(
    "No request to the API yet. The stack keeps the last 500 in memory, until it stops.",
    REQUEST_COLUMNS,
    requests.map(requestRow),
  );
}

function showEvents({ stored, waiting, newest }) {
  const summary = `${stored} events in the outbox, ${waiting} of them not on the bus yet.`;
  const rows = newest.map((event) => [
    timeOf(event.occurred_at),
    eventLink(event.id, event.type),
    busBadge(event),
    event.data.order_id ? orderLink(event.data.order_id) : idsOf(event.data),
    requestLink(event.correlation_id),
  ]);
  return [
    element("p", { class: "faint" }, summary),
    tableOr("No event yet.", ["Time", "Event", "State", "About", "Request"], rows),
  ];
}

function idsOf(data) {
  const ids = Object.entries(data).filter(([name]) => name.endsWith("_id"));
  return ids.map(([name, id]) => element("span", { title: id }, `${name}=${shortId(String(id))} `));
}

function showQueues(queues) {
  const fullestFirst = queues.toSorted((one, other) => other.count - one.count);
  const rows = fullestFirst.map((queue) => [
    queue.name,
    queue.count ? countBadge(queue) : "0",
    queue.redrives_to ? `keeps what failed for ${queue.redrives_to}` : "",
  ]);
  return [
    ...queues.filter((queue) => queue.count).map(queueCard),
    element("h2", {}, "All queues"),
    tableOr("", ["Queue", "Messages", ""], rows),
  ];
}

function countBadge({ count, redrives_to: source }) {
  return badge(`${count} ${count === 1 ? "message" : "messages"}`, source ? "bad" : "warn");
}

function queueCard(queue) {
  const rows = queue.messages.map((message) => [
    timeOf(message.sent_at),
    message.event_id ? eventLink(message.event_id, message.label) : message.label,
    `${message.receive_count} times`,
    new Date(message.visible_at) > new Date() ? timeOf(message.visible_at) : "now",
    message.id,
  ]);
  const more = queue.count > rows.length ? ` The first ${rows.length} are shown.` : "";
  return element(
    "div",
    { class: "queue", "data-queue": queue.name },
    element(
      "div",
      { class: "row" },
      element("h2", {}, queue.name),
      countBadge(queue),
      queue.redrives_to ? redriveButton(queue) : null,
      more,
    ),
    tableOr("", ["Sent", "Message", "Received", "Next try", "Id"], rows),
  );
}

function redriveButton(queue) {
  const created = element("button", { type: "button", class: "small quiet" }, `Redrive to ${queue.redrives_to}`);
  created.addEventListener("click", async () => {
    created.disabled = true;
    say(`Redriving ${queue.name}...`);
    try {
      const { text, is_ok: isOk } = await post(`/activity/queues/${queue.name}/redrive`);
      say(text, isOk ? "" : "failed");
    } catch (error) {
      say(error.message, "failed");
    }
    created.disabled = false;
    ask();
  });
  return created;
}

function showLines(lines) {
  const empty = "No function has logged anything in the last 15 minutes.";
  return tableOr(empty, LINE_COLUMNS, lines.map(lineRow));
}

function showTables(tables) {
  return tableOr("", ["Table", "Items"], tables.map(({ name, items }) => [name, String(items)]));
}
