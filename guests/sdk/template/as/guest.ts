// @NAME@ - a waPC module: operations, each a function from bytes to bytes.
import { Result, handleAbort, handleCall, register } from "@wapc/as-guest";

// What the module does. A throw ends the call as a trap, with its text; an error is an answer.
function answer(payload: ArrayBuffer): Result<ArrayBuffer> {
  const name = String.UTF8.decode(payload);
  if (name.length == 0) return Result.error<ArrayBuffer>(new Error("a name is a text"));
  return Result.ok(String.UTF8.encode("hello, " + name));
}

register("@NAME@", answer);

// What a host calls; the rest of this file stays as it is.
export function __guest_call(operationLen: usize, payloadLen: usize): bool {
  return handleCall(operationLen, payloadLen);
}

function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  handleAbort(message, file, line, column);
}
