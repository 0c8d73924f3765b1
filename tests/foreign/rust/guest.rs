//! A waPC guest in Rust: std and the imports of waPC, no crate.
//! rustc --target wasm32-wasip1 (wasm32-wasi before 1.84) --crate-type cdylib -O guest.rs

use std::collections::HashMap;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

#[link(wasm_import_module = "wapc")]
extern "C" {
    fn __guest_request(operation: *mut u8, payload: *mut u8);
    fn __guest_response(ptr: *const u8, len: usize);
    fn __guest_error(ptr: *const u8, len: usize);
    fn __host_call(
        binding: *const u8,
        binding_len: usize,
        namespace: *const u8,
        namespace_len: usize,
        operation: *const u8,
        operation_len: usize,
        payload: *const u8,
        payload_len: usize,
    ) -> u32;
    fn __host_response_len() -> usize;
    fn __host_response(ptr: *mut u8);
    fn __host_error_len() -> usize;
    fn __host_error(ptr: *mut u8);
    fn __console_log(ptr: *const u8, len: usize);
}

type Answer = Result<Vec<u8>, Vec<u8>>;

/// Asks the host for "foreign", "test", "echo".
fn host(payload: &[u8]) -> Answer {
    let (b, n, o) = ("foreign", "test", "echo");
    unsafe {
        let ok = __host_call(
            b.as_ptr(),
            b.len(),
            n.as_ptr(),
            n.len(),
            o.as_ptr(),
            o.len(),
            payload.as_ptr(),
            payload.len(),
        );
        if ok != 0 {
            let mut response = vec![0; __host_response_len()];
            __host_response(response.as_mut_ptr());
            Ok(response)
        } else {
            let mut error = vec![0; __host_error_len()];
            __host_error(error.as_mut_ptr());
            Err(error)
        }
    }
}

fn log(payload: &[u8]) -> Answer {
    unsafe { __console_log(payload.as_ptr(), payload.len()) };
    Ok(Vec::new())
}

/// What programs in Rust take for granted: output, clocks, a seeded hash map, the environment.
fn runtime(payload: &[u8]) -> Answer {
    println!("stdout: {}", String::from_utf8_lossy(payload));
    let started = Instant::now();
    let mut seen: HashMap<u8, u32> = HashMap::new();
    for byte in payload {
        *seen.entry(*byte).or_default() += 1;
    }
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    if since_1970.map_or(0, |t| t.as_secs()) == 0 {
        return Err(b"the wall clock stands at 1970".to_vec());
    }
    if std::env::vars().count() != 0 || std::env::args().count() != 0 {
        return Err(b"there is an environment, or arguments".to_vec());
    }
    if std::fs::read("/etc/passwd").is_ok() {
        return Err(b"there is a file".to_vec());
    }
    std::thread::sleep(std::time::Duration::from_millis(2));
    if started.elapsed().as_millis() < 2 {
        return Err(b"a sleep of 2 ms took less".to_vec());
    }
    Ok(seen.len().to_string().into_bytes())
}

fn answer(operation: &[u8], payload: &[u8]) -> Answer {
    match operation {
        b"echo" => Ok(payload.to_vec()),
        b"fail" => Err(payload.to_vec()),
        b"host" => host(payload),
        b"log" => log(payload),
        b"runtime" => runtime(payload),
        b"panic" => panic!("asked to"),
        _ => Err(b"no such operation".to_vec()),
    }
}

#[no_mangle]
pub extern "C" fn __guest_call(operation_len: usize, payload_len: usize) -> u32 {
    let mut operation = vec![0; operation_len];
    let mut payload = vec![0; payload_len];
    unsafe { __guest_request(operation.as_mut_ptr(), payload.as_mut_ptr()) };
    match answer(&operation, &payload) {
        Ok(response) => {
            unsafe { __guest_response(response.as_ptr(), response.len()) };
            1
        }
        Err(error) => {
            unsafe { __guest_error(error.as_ptr(), error.len()) };
            0
        }
    }
}
