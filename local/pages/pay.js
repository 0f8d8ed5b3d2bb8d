// The pay page: its buttons confirm the payment with the secret that the address ends with.
"use strict";

const form = document.querySelector("form");
const outcome = document.querySelector("[role=status]");
const secret = location.hash.slice(1);

// Whoever has it can pay: out of the address bar and the history.
history.replaceState(null, "", location.pathname);

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { value: card } = event.submitter;
  say("", "");
  try {
    const answer = await fetch(form.dataset.route, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ client_secret: secret, card }),
    });
    await tell(answer);
  } catch {
    say("The payment provider does not answer. Try again.", "failed");
  }
});

async function tell(answer) {
  const told = await answer.json();
  if (!answer.ok) {
    say(told.error.message, "failed");
  } else if (told.status === "awaiting") {
    say("The card was declined. Try another.", "failed");
  } else {
    form.hidden = true;
    say(`The payment is ${told.status}. The shop hears of it in a moment.`, "done");
  }
}

function say(text, kind) {
  outcome.textContent = text;
  outcome.className = kind;
}
