//! A waPC guest in Zig: its standard library's allocator and print, and the imports of waPC.
//! zig build-exe -target wasm32-wasi -mexec-model=reactor -fno-entry --export=__guest_call guest.zig

const std = @import("std");

extern "wapc" fn __guest_request(operation: [*]u8, payload: [*]u8) void;
extern "wapc" fn __guest_response(ptr: [*]const u8, len: usize) void;
extern "wapc" fn __guest_error(ptr: [*]const u8, len: usize) void;
extern "wapc" fn __host_call(
    binding: [*]const u8,
    binding_len: usize,
    namespace: [*]const u8,
    namespace_len: usize,
    operation: [*]const u8,
    operation_len: usize,
    payload: [*]const u8,
    payload_len: usize,
) u32;
extern "wapc" fn __host_response_len() usize;
extern "wapc" fn __host_response(ptr: [*]u8) void;
extern "wapc" fn __host_error_len() usize;
extern "wapc" fn __host_error(ptr: [*]u8) void;
extern "wapc" fn __console_log(ptr: [*]const u8, len: usize) void;

const allocator = std.heap.page_allocator;

const Answer = union(enum) { response: []const u8, failure: []const u8 };

/// Asks the host for "foreign", "test", "echo".
fn host(payload: []const u8) !Answer {
    const b = "foreign";
    const n = "test";
    const o = "echo";
    if (__host_call(b, b.len, n, n.len, o, o.len, payload.ptr, payload.len) != 0) {
        const response = try allocator.alloc(u8, __host_response_len());
        __host_response(response.ptr);
        return .{ .response = response };
    }
    const failure = try allocator.alloc(u8, __host_error_len());
    __host_error(failure.ptr);
    return .{ .failure = failure };
}

/// What programs in Zig take for granted: printing, hash maps, numbers as text.
fn runtime(payload: []const u8) !Answer {
    std.debug.print("stdout: {s}\n", .{payload});
    var seen = std.AutoHashMap(u8, u32).init(allocator);
    defer seen.deinit();
    for (payload) |byte| try seen.put(byte, 1);
    return .{ .response = try std.fmt.allocPrint(allocator, "{d}", .{seen.count()}) };
}

fn is(operation: []const u8, name: []const u8) bool {
    return std.mem.eql(u8, operation, name);
}

fn answer(operation: []const u8, payload: []const u8) !Answer {
    if (is(operation, "echo")) return .{ .response = payload };
    if (is(operation, "fail")) return .{ .failure = payload };
    if (is(operation, "host")) return host(payload);
    if (is(operation, "log")) {
        __console_log(payload.ptr, payload.len);
        return .{ .response = "" };
    }
    if (is(operation, "runtime")) return runtime(payload);
    if (is(operation, "panic")) @panic("asked to");
    return .{ .failure = "no such operation" };
}

fn call(operation_len: usize, payload_len: usize) !Answer {
    const operation = try allocator.alloc(u8, operation_len);
    defer allocator.free(operation);
    const payload = try allocator.alloc(u8, payload_len);
    __guest_request(operation.ptr, payload.ptr);
    return answer(operation, payload);
}

export fn __guest_call(operation_len: usize, payload_len: usize) u32 {
    const result = call(operation_len, payload_len) catch |err|
        Answer{ .failure = @errorName(err) };
    switch (result) {
        .response => |r| __guest_response(r.ptr, r.len),
        .failure => |f| __guest_error(f.ptr, f.len),
    }
    return if (result == .response) 1 else 0;
}
