// The API reference: Scalar, filled in for this shop. Requests get the token of the chosen account
// and a new Idempotency-Key; examples name what this shop has.

const METHODS = ["get", "put", "post", "patch", "delete"];
const FILLED_HEADERS = { "idempotency-key": () => crypto.randomUUID(), "if-match": () => "*" };
// The colours of the other pages (frame.css).
const COLOURS = `.light-mode, .dark-mode {
  --scalar-color-1: var(--ink); --scalar-color-2: var(--faint); --scalar-color-3: var(--faint);
  --scalar-background-1: var(--paper); --scalar-background-2: var(--ground);
  --scalar-border-color: var(--line); --scalar-color-accent: var(--accent);
}`;
const who = document.getElementById("who");
const shop = await read("/docs/shop.json");
const original = await read("/v1/openapi.json");
const known = { product_id: shop.product_id };
let token = null;

// The deferred script of Scalar has run: it stands before this module.
const reference = Scalar.createApiReference("#reference", configuration());

async function read(path) {
  const answer = await fetch(path);
  return answer.json();
}

function configuration() {
  const schemes = Object.entries(original.components.securitySchemes ?? {});
  const bearer = schemes.find(([, scheme]) => scheme.scheme === "bearer")?.[0];
  return {
    content: fillIn(original),
    authentication: {
      preferredSecurityScheme: bearer,
      securitySchemes: bearer ? { [bearer]: { token: token ?? "" } } : {},
    },
    customFetch: send,
    // Nothing leaves this machine.
    telemetry: false,
    withDefaultFonts: false,
    proxyUrl: "",
    agent: { disabled: true },
    mcp: { disabled: true },
    hideClientButton: true,
    showDeveloperTools: "never",
    documentDownloadType: "json",
    persistAuth: false,
    hideDarkModeToggle: true, // as the other pages: the system decides
    theme: "none",
    customCss: COLOURS,
    defaultOpenFirstTag: false,
    operationTitleSource: "summary",
    metaData: { title: "API reference" },
  };
}

// The document with this server, a key, and ids that exist here.
function fillIn(document) {
  const filled = structuredClone(document);
  filled.servers = [{ url: location.origin, description: "This machine" }];
  for (const path of Object.values(filled.paths)) {
    for (const operation of METHODS.map((method) => path[method]).filter(Boolean)) {
      (operation.parameters ?? []).forEach(fillParameter);
    }
  }
  Object.values(filled.components.parameters ?? {}).forEach(fillParameter);
  fillExamples(filled);
  return filled;
}

function fillParameter(parameter) {
  const value = FILLED_HEADERS[parameter.name?.toLowerCase()]?.() ?? known[parameter.name];
  if (value !== undefined) {
    delete parameter.examples;
    parameter.example = value;
    if (parameter.schema) {
      delete parameter.schema.examples;
      parameter.schema.example = value;
    }
  }
}

// In requests, `product_id` is one of this shop's, wherever an example has it. A new shop has no
// promotions, so an example that sends a promotion's code would be refused.
function fillExamples(node, isExample = false) {
  for (const [name, value] of Object.entries(node ?? {})) {
    if (isExample && name === "promotion_code") {
      delete node[name];
      continue;
    }
    if (isExample && name in known && typeof value === "string") {
      node[name] = known[name];
    } else if (name in known && value?.type === "string") {
      value.examples = [known[name]];
    } else if (typeof value === "object") {
      fillExamples(value, isExample || ["example", "examples"].includes(name));
    }
  }
}

// Sends a request of the page. A repeated click is a new request, so it gets a new key, unless the
// reader has typed one.
export async function send(input, init) {
  const request = new Request(input, init);
  const headers = new Headers(request.headers);
  if (token && !/^Bearer \S{20,}/.test(headers.get("authorization") ?? "")) {
    headers.set("Authorization", `Bearer ${token}`);
  }
  const key = headers.get("idempotency-key");
  if (key && used.has(key)) {
    headers.set("Idempotency-Key", crypto.randomUUID());
  }
  used.add(headers.get("idempotency-key"));
  return fetch(new Request(request, { headers }));
}

const used = new Set();

// One click logs in. A token is valid for minutes, so it is asked for again before it ends.

for (const button of document.querySelectorAll("[data-account]")) {
  button.addEventListener("click", () => choose(button.dataset.account));
  button.disabled = false;
}

let renewal = null;

async function choose(name) {
  clearTimeout(renewal);
  const status = document.querySelector("[role=status]");
  status.textContent = "";
  try {
    const login = name ? await logIn(shop.accounts[name]) : null;
    token = login?.access_token ?? null;
    if (login) {
      renewal = setTimeout(() => choose(name), (login.expires_in - 60) * 1000);
    }
  } catch (error) {
    status.textContent = error.message;
    return;
  }
  await learnOrder();
  show(name);
  reference.updateConfiguration(configuration());
}

async function logIn(account) {
  const answer = await fetch("/v1/auth/login", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(account),
  });
  const body = await answer.json();
  if (!answer.ok) {
    throw new Error(body.error?.message ?? `The shop answered ${answer.status}.`);
  }
  return body;
}

// The newest order that the account may read is the example of an order.
async function learnOrder() {
  delete known.order_id;
  if (token) {
    const headers = { Authorization: `Bearer ${token}` };
    const answer = await fetch("/v1/orders?limit=1", { headers });
    const [order] = answer.ok ? (await answer.json()).items : [];
    if (order) {
      known.order_id = order.id;
    }
  }
}

function show(name) {
  who.textContent = name
    ? `Requests are sent as ${shop.accounts[name].email}.`
    : "Requests are sent without a login.";
  for (const button of document.querySelectorAll("[data-account]")) {
    button.hidden = button.dataset.account === name || (!button.dataset.account && !name);
  }
}
