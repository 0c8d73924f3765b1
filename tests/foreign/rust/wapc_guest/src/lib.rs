//! A waPC guest in Rust with the crate wapc-guest.

use std::collections::HashMap;
use wapc_guest::prelude::*;

fn echo(payload: &[u8]) -> CallResult {
    Ok(payload.to_vec())
}

fn fail(payload: &[u8]) -> CallResult {
    Err(String::from_utf8_lossy(payload).into())
}

/// Asks the host for "foreign", "test", "echo".
fn host(payload: &[u8]) -> CallResult {
    Ok(host_call("foreign", "test", "echo", payload)?)
}

fn log(payload: &[u8]) -> CallResult {
    console_log(&String::from_utf8_lossy(payload));
    Ok(Vec::new())
}

fn panic(_payload: &[u8]) -> CallResult {
    panic!("asked to")
}

/// What programs in Rust take for granted, also where there is no WASI.
fn runtime(payload: &[u8]) -> CallResult {
    console_log(&format!("stdout: {}", String::from_utf8_lossy(payload)));
    let mut seen: HashMap<u8, u32> = HashMap::new();
    for byte in payload {
        *seen.entry(*byte).or_default() += 1;
    }
    Ok(seen.len().to_string().into_bytes())
}

#[no_mangle]
pub extern "C" fn wapc_init() {
    register_function("echo", echo);
    register_function("fail", fail);
    register_function("host", host);
    register_function("log", log);
    register_function("panic", panic);
    register_function("runtime", runtime);
}
