// The mailbox. New mails appear by themselves; the open mail and the place in the list stay.
import { copyButton, element, poll, reconcile, timeOf } from "./frame.js";

const find = (id) => document.getElementById(id);
const search = find("search");
const recipient = find("recipient");
const frame = document.querySelector("iframe");
const TABS = ["html", "text", "source"];
const URLS = /https?:\/\/[^\s<>"]+[^\s<>"'.,;:!?)\]]/g;
let preferredTab = "html";
let openId = null;

const query = new URLSearchParams(location.search);
search.value = query.get("q") ?? "";

function listUrl() {
  const chosen = recipient.options.length > 1 ? recipient.value : (query.get("to") ?? "");
  return `/mailbox/list.json?${new URLSearchParams({ q: search.value, to: chosen })}`;
}

const refresh = poll(listUrl, showList, (message) => {
  document.querySelector("[role=status]").textContent = message;
});

function showList({ mails, found, total, recipients }) {
  find("count").textContent = total;
  document.title = `Mailbox (${total})`;
  showRecipients(recipients);
  reconcile(find("mails"), mails, (mail) => mail.id, listItem);
  markOpen();
  const nothing = find("nothing");
  nothing.hidden = found > 0 && found === mails.length;
  if (total === 0) {
    nothing.textContent =
      "No mail has been sent yet. Register an account or place an order: its mail appears here within a few seconds.";
  } else if (found === 0) {
    nothing.textContent = "No mail fits the search.";
  } else {
    nothing.textContent = `These are the newest ${mails.length} of ${found}. Search to find the others.`;
  }
}

function showRecipients(recipients) {
  const chosen = recipient.options.length > 1 ? recipient.value : (query.get("to") ?? "");
  const addresses = Object.keys(recipients);
  reconcile(recipient, ["", ...addresses], (address) => address, (address) =>
    element("option", { value: address }, address || "Everybody"),
  );
  for (const option of recipient.options) {
    const label = option.value ? `${option.value} (${recipients[option.value]})` : "Everybody";
    if (option.textContent !== label) {
      option.textContent = label;
    }
  }
  recipient.value = addresses.includes(chosen) ? chosen : "";
}

function listItem(mail) {
  return element(
    "li",
    {},
    element(
      "a",
      { href: `/mailbox/${encodeURIComponent(mail.id)}`, "data-mail": mail.id },
      element("b", {}, mail.subject || "(no subject)"),
      element("span", { class: "faint" }, mail.to.join(", ")),
      timeOf(mail.sent_at),
    ),
  );
}

function markOpen() {
  for (const link of document.querySelectorAll("a[data-mail]")) {
    if (link.dataset.mail === openId) {
      link.setAttribute("aria-current", "true");
    } else {
      link.removeAttribute("aria-current");
    }
  }
}

// The address names the open mail, so that reloading and going back work.

function mailInAddress() {
  const id = location.pathname.split("/")[2];
  return id ? decodeURIComponent(id) : null;
}

async function followAddress() {
  openId = mailInAddress();
  document.querySelector(".mailbox").classList.toggle("reads", openId !== null);
  find("choose").hidden = openId !== null;
  find("mail").hidden = openId === null;
  markOpen();
  if (openId !== null) {
    const shown = openId;
    const answer = await fetch(`/mailbox/${encodeURIComponent(shown)}/mail.json`);
    if (answer.ok && openId === shown) {
      showMail(await answer.json());
    }
  }
}

function go(path) {
  history.pushState(null, "", path + location.search);
  followAddress();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-mail], .back a");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) {
    event.preventDefault();
    go(link.pathname);
    if (link.dataset.mail) {
      find("subject").focus({ preventScroll: true });
    }
  }
});
window.addEventListener("popstate", followAddress);

function showMail(mail) {
  find("subject").textContent = mail.subject || "(no subject)";
  const facts = { To: mail.to.join(", "), From: mail.from };
  find("facts").replaceChildren(
    ...Object.entries(facts).flatMap(([name, value]) => [
      element("dt", {}, name),
      element("dd", {}, value),
    ]),
    element("dt", {}, "Sent"),
    element("dd", {}, timeOf(mail.sent_at)),
  );
  find("links").replaceChildren(...linksOf(mail));
  frame.src = mail.html ? `/mailbox/${encodeURIComponent(mail.id)}/html` : "about:blank";
  find("tab-html").disabled = !mail.html;
  find("panel-text").firstElementChild.replaceChildren(...withLinks(mail.text));
  find("panel-source").firstElementChild.textContent = "";
  chooseTab(preferredTab === "html" && !mail.html ? "text" : preferredTab);
}

function linksOf(mail) {
  const links = mail.order_ids.flatMap((id) => [
    element("a", { href: `/activity?order=${encodeURIComponent(id)}` }, `Activity of ${id}`),
    copyButton(id, "Copy the order's number"),
  ]);
  const cause = element("a", { href: `/activity?mail=${encodeURIComponent(mail.id)}` }, "Its event");
  return [...links, cause];
}

// Addresses in a text become links; everything else stays text.
function withLinks(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(URLS)) {
    const link = { href: match[0], target: "_blank", rel: "noopener noreferrer" };
    parts.push(text.slice(end, match.index), element("a", link, match[0]));
    end = match.index + match[0].length;
  }
  return [...parts, text.slice(end)];
}

// Tabs, as the ARIA Authoring Practices have them: arrows move between them.

async function chooseTab(name) {
  for (const each of TABS) {
    const tab = find(`tab-${each}`);
    tab.setAttribute("aria-selected", String(each === name));
    tab.tabIndex = each === name ? 0 : -1;
    find(`panel-${each}`).hidden = each !== name;
  }
  if (name === "html") {
    fitFrame();
  }
  const source = find("panel-source").firstElementChild;
  if (name === "source" && !source.textContent) {
    const shown = openId;
    const answer = await fetch(`/mailbox/${encodeURIComponent(shown)}/source`);
    const text = await answer.text();
    if (openId === shown) {
      source.textContent = text;
    }
  }
}

for (const name of TABS) {
  find(`tab-${name}`).addEventListener("click", () => {
    preferredTab = name;
    chooseTab(name);
  });
}
document.querySelector("[role=tablist]").addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (step) {
    const tabs = TABS.map((name) => find(`tab-${name}`)).filter((tab) => !tab.disabled);
    const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
    next.focus();
    next.click();
  }
});

// The frame is as high as its mail, so that only the page scrolls.
function fitFrame() {
  const content = frame.contentDocument;
  if (content?.body) {
    frame.style.height = "0";
    frame.style.height = `${content.documentElement.scrollHeight}px`;
    // The page may have a scroll bar by now: the frame is narrower then, and the mail higher.
    frame.style.height = `${content.documentElement.scrollHeight}px`;
  }
}
frame.addEventListener("load", fitFrame);
// A narrower frame, as when the page gets a scroll bar, makes the mail higher.
let fittedWidth = 0;
new ResizeObserver(() => {
  if (frame.clientWidth !== fittedWidth) {
    fittedWidth = frame.clientWidth;
    fitFrame();
  }
}).observe(frame);

search.addEventListener("input", keepFilter);
recipient.addEventListener("change", keepFilter);
document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());

function keepFilter() {
  query.set("q", search.value);
  query.set("to", recipient.value);
  const kept = new URLSearchParams([...query].filter(([, value]) => value)).toString();
  history.replaceState(null, "", location.pathname + (kept && `?${kept}`));
  refresh();
}

followAddress();
