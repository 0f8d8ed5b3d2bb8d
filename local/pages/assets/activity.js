// What happens inside the stack, one part at a time. The address names the part: /activity#queues.

import { badge, element, poll, timeOf } from "/assets/frame.js";
import { fieldsText, orderLink, post, requestLink, say, statusBadge, tableOr } from "/assets/tables.js";

const PARTS = { requests: showRequests, events: showEvents, queues: showQueues, lines: showLines, tables: showTables };
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
}

function showRequests(requests) {
  return tableOr(
    "No request to the API yet. The stack keeps the last 500 in memory, until it stops.",
    ["Time", "Request", "Status", "Took", "Who", "Request id"],
    requests.map((request) => [
      timeOf(request.at),
      element("code", {}, `${request.method} ${request.path}`),
      statusBadge(request.status),
      `${request.milliseconds} ms`,
      request.caller,
      requestLink(request.request_id),
    ]),
  );
}

function showEvents({ stored, waiting, newest }) {
  const summary = `${stored} events in the outbox, ${waiting} of them not on the bus yet.`;
  const rows = newest.map((event) => [
    timeOf(event.occurred_at),
    element("a", { href: `/activity/events/${encodeURIComponent(event.id)}` }, event.type),
    event.relayed_at ? badge("on the bus", "good") : badge("in the outbox", "warn"),
    event.data.order_id ? orderLink(event.data.order_id) : idsOf(event.data),
    requestLink(event.correlation_id),
  ]);
  return [
    element("p", { class: "faint" }, summary),
    tableOr("No event yet.", ["Time", "Event", "State", "About", "Request"], rows),
  ];
}

function idsOf(data) {
  return fieldsText(Object.fromEntries(Object.entries(data).filter(([name]) => name.endsWith("_id"))));
}

function showQueues(queues) {
  const full = queues.filter((queue) => queue.count);
  const empty = queues.filter((queue) => !queue.count).map((queue) => queue.name);
  return [
    ...full.map(queueCard),
    element("p", { class: "faint" }, empty.length ? `Empty: ${empty.join(", ")}.` : ""),
  ];
}

function queueCard(queue) {
  const isDead = queue.redrives_to !== null;
  const rows = queue.messages.map((message) => [
    timeOf(message.sent_at),
    message.event_id
      ? element("a", { href: `/activity/events/${encodeURIComponent(message.event_id)}` }, message.label)
      : message.label,
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
      badge(`${queue.count} ${queue.count === 1 ? "message" : "messages"}`, isDead ? "bad" : "warn"),
      isDead ? redriveButton(queue) : null,
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
  const rows = lines.map((line) => [
    timeOf(line.at),
    line.function.replace("Function", ""),
    badge(line.level, { ERROR: "bad", CRITICAL: "bad", WARNING: "warn" }[line.level] ?? ""),
    [element("b", {}, line.message), " ", element("code", {}, fieldsText(line.fields))],
    requestLink(line.correlation_id),
  ]);
  return tableOr(
    "No function has logged anything in the last 15 minutes.",
    ["Time", "Function", "Level", "Line", "Request"],
    rows,
  );
}

function showTables(tables) {
  return tableOr("", ["Table", "Items"], tables.map(({ name, items }) => [name, String(items)]));
}
