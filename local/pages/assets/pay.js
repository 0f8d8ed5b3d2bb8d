// The pay page. Its buttons confirm the payment with the secret at the end of the address.
"use strict";

const form = document.querySelector("form");
const outcome = document.querySelector("[role=status]");
const secret = location.hash.slice(1);

// The secret lets anyone pay, so remove it from the address bar and the history.
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
    await showResult(answer);
  } catch {
    say("The payment provider does not answer. Try again in a moment.", "failed");
  }
});

async function showResult(answer) {
  const payment = await answer.json();
  if (!answer.ok) {
    say(payment.error.message, "failed");
  } else if (payment.status === "awaiting") {
    say("The card was declined. Try another card.", "failed");
  } else {
    form.hidden = true;
    say(`The payment is ${payment.status}. The shop receives the webhook in a moment.`, "done");
  }
}

function say(text, kind) {
  outcome.textContent = text;
  outcome.className = kind;
}
