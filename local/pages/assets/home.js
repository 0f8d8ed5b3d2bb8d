// The start page: counts that stay current, and whether the API answers.
import { poll } from "./frame.js";

const HEALTH_MILLISECONDS = 5000;
const health = document.getElementById("health");

poll("/home.json", showCounts, (message) => {
  document.querySelector("[role=status]").textContent = message;
});

function showCounts(counts) {
  for (const link of document.querySelectorAll("[data-count]")) {
    link.textContent = counts[link.dataset.count].toLocaleString();
  }
  const awaiting = counts.payments_awaiting;
  document.querySelector("[data-count=payments]").title = `${awaiting} wait to be paid`;
}

async function checkHealth() {
  const began = performance.now();
  let isHealthy = false;
  try {
    const answer = await fetch("/v1/health");
    isHealthy = answer.ok && (await answer.json()).status === "ok";
  } catch {
    // The gateway does not answer; the badge says so.
  }
  const milliseconds = Math.round(performance.now() - began);
  health.textContent = isHealthy ? `healthy, ${milliseconds} ms` : "the API does not answer";
  health.className = `badge ${isHealthy ? "good" : "bad"}`;
}

async function repeatHealth() {
  if (!document.hidden) {
    await checkHealth();
  }
  setTimeout(repeatHealth, HEALTH_MILLISECONDS);
}
repeatHealth();
