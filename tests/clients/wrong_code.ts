// A program with a mistyped error code. The compiler must refuse it, and nothing else in it.
import type { components } from "./souk.js";

export function isOutOfStock(refused: components["schemas"]["OutOfStockResponse"]): boolean {
  return refused.error.code === "out_of_stok";
}
