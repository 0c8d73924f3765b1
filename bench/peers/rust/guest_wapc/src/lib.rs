//! The waPC module of verify.
#[no_mangle]
pub extern "C" fn wapc_init() {
    wapc_guest::register_function("verify_message", |payload| verify::verify_message(payload));
}
