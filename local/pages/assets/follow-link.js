// The page behind a mail's link. Only its button sends the token to the API.
"use strict";

const form = document.querySelector("form");
const button = form.querySelector("button");
const outcome = document.querySelector("[role=status]");
const token = new URLSearchParams(location.search).get("token");

// The token works like a password, so remove it from the address bar and the history.
history.replaceState(null, "", location.pathname);

if (!token) {
  form.hidden = true;
  say("This address has no token. Open the link in the mail again.", "failed");
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  say("", "");
  try {
    const answer = await send({ token, ...Object.fromEntries(new FormData(form)) });
    if (answer.ok) {
      form.hidden = true;
      say(form.dataset.done, "done");
    } else {
      say(await errorMessage(answer), "failed");
    }
  } catch {
    say("The shop does not answer. Try again in a moment.", "failed");
  }
  button.disabled = false;
});

function send(body) {
  return fetch(form.dataset.route, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function errorMessage(answer) {
  const { error } = await answer.json().catch(() => ({}));
  const fields = error?.details?.fields ?? [];
  const messages = fields.map((field) => field.message).join(" ");
  return messages || error?.message || `The shop answered ${answer.status}.`;
}

function say(text, kind) {
  outcome.textContent = text;
  outcome.className = kind;
}
