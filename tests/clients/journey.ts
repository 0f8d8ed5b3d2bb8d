// A shop's whole journey with openapi-fetch and the generated types. It prints what it met, as JSON.
// The environment has the address, two accounts, and a product with stock.
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./souk.js";

declare const process: { env: Record<string, string | undefined> };

type Schemas = components["schemas"];
type Shop = Client<paths>;

const PAYMENT_SECONDS_MAX = 120;
const TOO_MANY = 9;

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

const baseUrl = setting("SOUK_URL");
const productId = setting("SOUK_PRODUCT_ID");

function expectBody<Body>(answer: { data?: Body; error?: unknown; response: Response }): Body {
  if (answer.data === undefined) {
    throw new Error(`${answer.response.status}: ${JSON.stringify(answer.error)}`);
  }
  return answer.data;
}

async function logIn(role: "CUSTOMER" | "STAFF"): Promise<Shop> {
  const body = { email: setting(`SOUK_${role}_EMAIL`), password: setting(`SOUK_${role}_PASSWORD`) };
  const tokens = expectBody(await createClient<paths>({ baseUrl }).POST("/v1/auth/login", { body }));
  return createClient<paths>({
    baseUrl,
    headers: { authorization: `Bearer ${tokens.access_token}` },
  });
}

function newOrder(quantity: number): Schemas["OrderRequest"] {
  return {
    lines: [{ product_id: productId, quantity }],
    shipping_address: {
      name: "Ada Lovelace",
      line1: "12 St James's Square",
      city: "London",
      postal_code: "SW1Y 4JH",
      country: "GB",
    },
  };
}

function placeOrder(shop: Shop, quantity: number, key: string) {
  return shop.POST("/v1/orders", {
    params: { header: { "Idempotency-Key": key } },
    body: newOrder(quantity),
  });
}

async function listAll(
  readPage: (cursor?: string) => Promise<{ items: { id: string }[]; next_cursor: string | null }>,
): Promise<string[]> {
  const found: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await readPage(cursor);
    found.push(...page.items.map((item) => item.id));
    if (page.next_cursor === null) return found;
    cursor = page.next_cursor;
  }
}

// Pays as the provider's own page does, and waits for the webhook.
async function pay(shop: Shop, orderId: string): Promise<Schemas["OrderView"]["status"]> {
  const path = { order_id: orderId };
  const payment = expectBody(await shop.POST("/v1/orders/{order_id}/payment", { params: { path } }));
  const confirmed = await fetch(
    `${setting("SOUK_PROVIDER_URL")}/payments/${payment.payment_id}/confirm`,
    {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ client_secret: payment.client_secret, card: "ok" }),
    },
  );
  if (!confirmed.ok) throw new Error(await confirmed.text());
  const deadline = Date.now() + PAYMENT_SECONDS_MAX * 1000;
  while (Date.now() < deadline) {
    const order = expectBody(await shop.GET("/v1/orders/{order_id}", { params: { path } }));
    if (order.status !== "pending_payment") return order.status;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error("the payment did not arrive");
}

async function renameDraft(shop: Shop): Promise<string[]> {
  const sku = `SKU-${crypto.randomUUID()}`;
  const price = { amount_minor: 1999, currency: "EUR" } as const;
  const created = expectBody(
    await shop.POST("/v1/products", { body: { sku, name: "Draft", price, status: "draft" } }),
  );
  const renamed = expectBody(
    await shop.PATCH("/v1/products/{product_id}", {
      params: { path: { product_id: created.id }, header: { "If-Match": "*" } },
      body: { name: "Renamed" },
    }),
  );
  return [renamed.name, renamed.status];
}

async function readAgain(shop: Shop): Promise<number[]> {
  const path = { product_id: productId };
  const first = await shop.GET("/v1/products/{product_id}", { params: { path } });
  const again = await shop.GET("/v1/products/{product_id}", {
    params: { path, header: { "If-None-Match": first.response.headers.get("etag") ?? "" } },
    cache: "no-store",
  });
  return [first.response.status, again.response.status];
}

async function orderTooMany(shop: Shop) {
  const { error, response } = await placeOrder(shop, TOO_MANY, crypto.randomUUID());
  if (error === undefined || !("error" in error)) throw new Error("the order was not refused");
  const refused = error.error;
  if (refused.code !== "out_of_stock") throw new Error(refused.message);
  const [line] = refused.details.lines;
  if (line === undefined) throw new Error("no line");
  return {
    status: response.status,
    code: refused.code,
    product_id: line.product_id,
    quantity: line.quantity,
    is_available: line.available > 0,
  };
}

const customer = await logIn("CUSTOMER");
const staff = await logIn("STAFF");
const key = crypto.randomUUID();
const first = expectBody(await placeOrder(customer, 1, key));
const second = expectBody(await placeOrder(customer, 1, key));

console.log(
  JSON.stringify({
    products: await listAll(async (cursor) =>
      expectBody(await customer.GET("/v1/products", { params: { query: { limit: 5, cursor } } })),
    ),
    placed: [first.id, second.id],
    paid: await pay(customer, first.id),
    orders: await listAll(async (cursor) =>
      expectBody(await customer.GET("/v1/orders", { params: { query: { limit: 1, cursor } } })),
    ),
    draft: await renameDraft(staff),
    read_again: await readAgain(customer),
    refused: await orderTooMany(customer),
  }),
);
