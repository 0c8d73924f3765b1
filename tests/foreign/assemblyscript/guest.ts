// A waPC guest in AssemblyScript: its standard library and the imports of waPC; imports env.abort.
// asc guest.ts --outFile guest.wasm -O

@external("wapc", "__guest_request")
declare function guestRequest(operation: usize, payload: usize): void;
@external("wapc", "__guest_response")
declare function guestResponse(ptr: usize, len: usize): void;
@external("wapc", "__guest_error")
declare function guestError(ptr: usize, len: usize): void;
@external("wapc", "__host_call")
declare function hostCall(
    binding: usize, bindingLen: usize, namespace: usize, namespaceLen: usize,
    operation: usize, operationLen: usize, payload: usize, payloadLen: usize): bool;
@external("wapc", "__host_response_len")
declare function hostResponseLen(): usize;
@external("wapc", "__host_response")
declare function hostResponse(ptr: usize): void;
@external("wapc", "__host_error_len")
declare function hostErrorLen(): usize;
@external("wapc", "__host_error")
declare function hostError(ptr: usize): void;
@external("wapc", "__console_log")
declare function consoleLog(ptr: usize, len: usize): void;

function at(bytes: ArrayBuffer): usize {
    return changetype<usize>(bytes);
}

function respond(bytes: ArrayBuffer): bool {
    guestResponse(at(bytes), bytes.byteLength);
    return true;
}

function fail(bytes: ArrayBuffer): bool {
    guestError(at(bytes), bytes.byteLength);
    return false;
}

// Asks the host for "foreign", "test", "echo".
function host(payload: ArrayBuffer): bool {
    const binding = String.UTF8.encode("foreign");
    const namespace = String.UTF8.encode("test");
    const operation = String.UTF8.encode("echo");
    if (hostCall(at(binding), binding.byteLength, at(namespace), namespace.byteLength,
                 at(operation), operation.byteLength, at(payload), payload.byteLength)) {
        const response = new ArrayBuffer(<i32>hostResponseLen());
        hostResponse(at(response));
        return respond(response);
    }
    const error = new ArrayBuffer(<i32>hostErrorLen());
    hostError(at(error));
    return fail(error);
}

// What programs in AssemblyScript take for granted: maps, strings, the collector.
function runtime(payload: ArrayBuffer): bool {
    const line = String.UTF8.encode("stdout: " + String.UTF8.decode(payload));
    consoleLog(at(line), line.byteLength);
    const bytes = Uint8Array.wrap(payload);
    const seen = new Map<u8, i32>();
    for (let i = 0; i < bytes.length; i++) {
        seen.set(bytes[i], i);
    }
    for (let i = 0; i < 1000; i++) {
        new ArrayBuffer(65536);
    }
    return respond(String.UTF8.encode(seen.size.toString()));
}

export function __guest_call(operationLen: usize, payloadLen: usize): bool {
    const name = new ArrayBuffer(<i32>operationLen);
    const payload = new ArrayBuffer(<i32>payloadLen);
    guestRequest(at(name), at(payload));
    const operation = String.UTF8.decode(name);
    if (operation == "echo") return respond(payload);
    if (operation == "fail") return fail(payload);
    if (operation == "host") return host(payload);
    if (operation == "log") {
        consoleLog(at(payload), payload.byteLength);
        return true;
    }
    if (operation == "runtime") return runtime(payload);
    if (operation == "panic") throw new Error("asked to");
    return fail(String.UTF8.encode("no such operation"));
}
