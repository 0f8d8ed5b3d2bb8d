"""What a page of another origin tries in a browser. See tests.support.browser.

`given.engine` and `given.gateway` are the addresses of MiniStack's port and of the stack's front.
"""

SCRIPT = """
const form = "application/x-www-form-urlencoded";
const query = "Action=CreateQueue&QueueName=evil&Version=2012-11-05";
const signature = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20261127T120000Z&X-Amz-Signature=0"
  + "&X-Amz-SignedHeaders=host&X-Amz-Credential=test/20261127/us-east-1/sqs/aws4_request";
const inBackground = (url, options = {}) => fetch(url, {mode: "no-cors", ...options});

function load(tag, attribute, url) {
  return new Promise((resolve, reject) => {
    const element = document.createElement(tag);
    element.onload = () => resolve("loaded");
    element.onerror = reject;
    Object.assign(element, {rel: "stylesheet", [attribute]: url});
    document.body.append(element);
  });
}

function submit(url, fields) {
  return new Promise((resolve) => {
    const frame = document.createElement("iframe");
    frame.name = `frame-${Math.random()}`;
    document.body.append(frame);
    const element = document.createElement("form");
    Object.assign(element, {method: "POST", action: url, target: frame.name});
    for (const [name, value] of Object.entries(fields)) {
      const input = document.createElement("input");
      Object.assign(input, {name, value});
      element.append(input);
    }
    document.body.append(element);
    frame.onload = () => {
      try { resolve(frame.contentDocument.body.textContent || "empty"); } catch { resolve(null); }
    };
    element.submit();
  });
}

function connect(url) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace("http", "ws"));
    socket.onopen = () => resolve("open");
    socket.onerror = reject;
  });
}

function listen(url) {
  return new Promise((resolve, reject) => {
    const source = new EventSource(url);
    source.onopen = () => resolve("open");
    source.onerror = reject;
  });
}

async function framed(url) {
  const text = await submit(url, {});
  if (text === null) throw new Error("another origin");
  return text;
}

for (const [name, url] of Object.entries(given)) {
  await attempt(`${name}: reset`, () => inBackground(`${url}/_ministack/reset`, {method: "POST"}));
  await attempt(`${name}: form`, () => inBackground(`${url}/`, {
    method: "POST", body: query, headers: {"Content-Type": form}}));
  await attempt(`${name}: signed`, () => fetch(`${url}/?${signature}`, {
    method: "POST", body: query, headers: {"Content-Type": form}}));
  await attempt(`${name}: text`, () => inBackground(`${url}/provider/behaviour`, {
    method: "POST", body: "{}", headers: {"Content-Type": "text/plain"}}));
  await attempt(`${name}: target`, () => fetch(`${url}/`, {
    method: "POST", body: '{"QueueName": "evil"}',
    headers: {"X-Amz-Target": "AmazonSQS.CreateQueue"}}));
  await attempt(`${name}: put`, () => fetch(`${url}/evil`, {method: "PUT"}));
  await attempt(`${name}: delete`, () => fetch(`${url}/v1/me`, {method: "DELETE"}));
  await attempt(`${name}: health`, () => fetch(`${url}/_ministack/health`));
  await attempt(`${name}: mails`, () => fetch(`${url}/_ministack/ses/messages`));
  await attempt(`${name}: mailbox`, () => fetch(`${url}/mailbox.json`));
  await attempt(`${name}: api`, () => fetch(`${url}/v1/products`));
  await attempt(`${name}: image`, () => load("img", "src", `${url}/?${query}`));
  await attempt(`${name}: script`, () => load("script", "src", `${url}/mailbox.json`));
  await attempt(`${name}: style`, () => load("link", "href", `${url}/?${query}`));
  await attempt(`${name}: submit`, () => framed(`${url}/_ministack/reset`));
  await attempt(`${name}: websocket`, () => connect(`${url}/_aws/execute-api/any/$default`));
  await attempt(`${name}: events`, () => listen(`${url}/mailbox.json`));
  navigator.sendBeacon(`${url}/_ministack/reset`, "x");
}
"""

# What a page of the shop does: it calls the API and sends an upload form.
SHOP_SCRIPT = """
const authorization = `Bearer ${given.token}`;
const form = new FormData();
for (const [name, value] of Object.entries(given.form.fields)) form.append(name, value);
form.append("file", new Blob([given.content], {type: "text/csv"}));
await attempt("list", () => fetch(`${given.api}/v1/products`));
await attempt("me", () => fetch(`${given.api}/v1/me`, {headers: {authorization}}));
await attempt("upload", () => fetch(given.form.url, {method: "POST", body: form}));
"""
