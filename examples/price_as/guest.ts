// price - the module of the tutorial, in AssemblyScript: orders in, totals out, as JSON.
import { Result, handleAbort, handleCall, register } from "@wapc/as-guest";

const NUMBER_MAX: i64 = 1000000;

// Reads one flat JSON object of whole numbers. JSON libraries of AssemblyScript abort the module at what is no
// JSON, and take what is missing for 0: neither is an answer.
class Reader {
  at: i32 = 0;
  constructor(public text: string) {}

  // Skips white space, then takes the character if it is next.
  take(char: string): bool {
    while (" \t\r\n".includes(this.text.charAt(this.at)) && this.at < this.text.length) this.at++;
    if (this.at >= this.text.length || this.text.charAt(this.at) != char) return false;
    this.at++;
    return true;
  }

  // A text in quotes without escapes; null when there is none.
  name(): string | null {
    if (!this.take('"')) return null;
    const end = this.text.indexOf('"', this.at);
    if (end < 0) return null;
    const name = this.text.substring(this.at, end);
    this.at = end + 1;
    return name;
  }

  // A whole number from 0 to NUMBER_MAX; -1 when there is none.
  number(): i64 {
    this.take(""); // white space
    const start = this.at;
    let number: i64 = 0;
    for (; this.at < this.text.length; this.at++) {
      const digit = this.text.charCodeAt(this.at) - 48;
      if (digit < 0 || digit > 9) break;
      number = number * 10 + digit;
      if (number > NUMBER_MAX) return -1;
    }
    return this.at > start ? number : -1;
  }

  // The numbers by their names; null when the text is no such object.
  object(): Map<string, i64> | null {
    const fields = new Map<string, i64>();
    if (!this.take("{")) return null;
    do {
      const name = this.name();
      if (name === null || !this.take(":")) return null;
      const number = this.number();
      if (number < 0) return null;
      fields.set(name, number);
    } while (this.take(","));
    if (!this.take("}")) return null;
    this.take("");
    return this.at == this.text.length ? fields : null;
  }
}

function price(payload: ArrayBuffer): Result<ArrayBuffer> {
  const fields = new Reader(String.UTF8.decode(payload)).object();
  if (fields === null || !fields.has("unit_cents") || !fields.has("quantity")) {
    return Result.error<ArrayBuffer>(
      new Error("an order is a JSON object with unit_cents and quantity, numbers from 0 to 1000000"));
  }
  const total = fields.get("unit_cents") * fields.get("quantity");
  return Result.ok(String.UTF8.encode('{"total_cents":' + total.toString() + "}"));
}

register("price", price);

export function __guest_call(operationLen: usize, payloadLen: usize): bool {
  return handleCall(operationLen, payloadLen);
}

function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  handleAbort(message, file, line, column);
}
