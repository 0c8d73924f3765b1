// A waPC guest in AssemblyScript with the library @wapc/as-guest, as its own example is built:
// asc as_guest.ts --outFile guest.wasm -O --use abort=as_guest/abort
import { Result, consoleLog, handleAbort, handleCall, hostCall, register } from "@wapc/as-guest";

register("echo", (payload: ArrayBuffer): Result<ArrayBuffer> => Result.ok(payload));

register("fail", (payload: ArrayBuffer): Result<ArrayBuffer> =>
    Result.error<ArrayBuffer>(new Error(String.UTF8.decode(payload))));

register("host", (payload: ArrayBuffer): Result<ArrayBuffer> =>
    hostCall("foreign", "test", "echo", payload));

register("log", (payload: ArrayBuffer): Result<ArrayBuffer> => {
    consoleLog(String.UTF8.decode(payload));
    return Result.ok(new ArrayBuffer(0));
});

register("panic", (_payload: ArrayBuffer): Result<ArrayBuffer> => {
    throw new Error("asked to");
});

// What programs in AssemblyScript take for granted: sets, strings, the collector.
register("runtime", (payload: ArrayBuffer): Result<ArrayBuffer> => {
    const text = String.UTF8.decode(payload);
    consoleLog("stdout: " + text);
    const seen = new Set<string>();
    for (let i = 0; i < 1000; i++) {
        seen.add(text.charAt(i % text.length).concat("x".repeat(32768)));
    }
    return Result.ok(String.UTF8.encode(seen.size.toString()));
});

export function __guest_call(operationLen: usize, payloadLen: usize): bool {
    return handleCall(operationLen, payloadLen);
}

function abort(message: string | null, file: string | null, line: u32, column: u32): void {
    handleAbort(message, file, line, column);
}
