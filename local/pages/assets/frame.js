// What all pages share: copy buttons, elements without HTML, and parts that stay current.

const POLL_MILLISECONDS = 2000;

// A button with data-copy copies that text. Later elements are included.
document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("button[data-copy]");
  if (!button) {
    return;
  }
  const label = button.textContent;
  const isCopied = await copy(button.dataset.copy);
  button.textContent = isCopied ? "Copied" : "Not copied";
  setTimeout(() => {
    button.textContent = label;
  }, 1500);
});

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

// element("td", { "data-label": "Status" }, "paid"). Children are text or nodes, so that no text
// that came from elsewhere becomes HTML. Attributes without a value (null, false) are left out.
export function element(tag, attributes = {}, ...children) {
  const created = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) {
      created.setAttribute(name, value === true ? "" : value);
    }
  }
  created.append(...children.filter((child) => child !== null && child !== undefined));
  return created;
}

export function badge(text, kind = "") {
  return element("span", { class: `badge ${kind}` }, text);
}

export function copyButton(text, label = "Copy") {
  return element("button", { type: "button", class: "copy", "data-copy": text }, label);
}

// A time as the reader's clock shows it, with the exact one as a title.
export function timeOf(iso) {
  const at = new Date(iso);
  const isToday = at.toDateString() === new Date().toDateString();
  const shown = isToday ? at.toLocaleTimeString() : at.toLocaleString();
  return element("time", { datetime: iso, title: iso }, shown);
}

// Makes the children of `parent` those of `items`, in their order. What is there already stays as it
// is, with its focus; create(item) makes the others.
export function reconcile(parent, items, keyOf, create) {
  const present = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const keys = new Set(items.map((item) => `key ${keyOf(item)}`));
  for (const [key, child] of present) {
    if (!keys.has(key)) {
      child.remove();
    }
  }
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = `key ${keyOf(item)}`;
    let child = present.get(key);
    if (!child) {
      child = create(item);
      child.dataset.key = key;
    }
    if (child === place) {
      place = place.nextElementSibling;
    } else {
      parent.insertBefore(child, place);
    }
  }
}

// Calls show(value) with the JSON at `url` now, and again whenever it has changed. A hidden tab asks
// for nothing. `url` may be a function. Without an answer it calls fail(message), and asks again.
export function poll(url, show, fail = () => {}) {
  let last = null;
  let asked = 0;
  async function ask() {
    asked += 1;
    const number = asked;
    try {
      const answer = await fetch(typeof url === "function" ? url() : url);
      const text = await answer.text();
      const value = JSON.parse(text);
      if (!answer.ok) {
        throw new Error(value.error?.message);
      }
      if (number !== asked) {
        return; // a newer request was sent, as when a reader types
      }
      if (text !== last) {
        show(value);
        last = text;
      }
      fail("");
    } catch (error) {
      fail(error.message || "The shop does not answer. Is `make run` still running?");
    }
  }
  async function repeat() {
    if (!document.hidden) {
      await ask();
    }
    setTimeout(repeat, POLL_MILLISECONDS);
  }
  document.addEventListener("visibilitychange", () => document.hidden || ask());
  repeat();
  return ask;
}
