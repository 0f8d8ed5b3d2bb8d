// A page that a mail's link leads to: its button hands the token to the API, and nothing else does.
"use strict";

const form = document.querySelector("form");
const button = form.querySelector("button");
const outcome = document.querySelector("[role=status]");
const token = new URLSearchParams(location.search).get("token");

// It is as good as a password: out of the address bar and the history.
history.replaceState(null, "", location.pathname);

if (!token) {
  form.hidden = true;
  say("There is no token in this address. Open the link in the mail again.", "failed");
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  say("", "");
  try {
    const answer = await handOver({ token, ...Object.fromEntries(new FormData(form)) });
    if (answer.ok) {
      form.hidden = true;
      say(form.dataset.done, "done");
    } else {
      say(await reason(answer), "failed");
    }
  } catch {
    say("The shop does not answer. Try again.", "failed");
  }
  button.disabled = false;
});

function handOver(body) {
  return fetch(form.dataset.route, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function reason(answer) {
  const { error } = await answer.json().catch(() => ({}));
  const fields = error?.details?.fields ?? [];
  const messages = fields.map((field) => field.message).join(" ");
  return messages || error?.message || `The shop answered ${answer.status}.`;
}

function say(text, kind) {
  outcome.textContent = text;
  outcome.className = kind;
}
