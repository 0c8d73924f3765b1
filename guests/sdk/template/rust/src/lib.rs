//! @NAME@ - a waPC module: operations, each a function from bytes to bytes.

/// What the module does, also where there is no waPC: `cargo test` tries it on this machine.
pub fn answer(name: &[u8]) -> Result<Vec<u8>, String> {
    let name = std::str::from_utf8(name).map_err(|_| "a name is UTF-8 text")?;
    Ok(format!("hello, {name}").into_bytes())
}

/// The operations by name. A panic ends the call as a trap; the next one gets a fresh instance.
#[cfg(target_arch = "wasm32")]
mod guest {
    use wapc_guest::prelude::*;

    fn answer(payload: &[u8]) -> CallResult {
        Ok(super::answer(payload)?)
    }

    #[no_mangle]
    pub extern "C" fn wapc_init() {
        register_function("@NAME@", answer);
    }
}

#[cfg(test)]
mod tests {
    use super::answer;

    #[test]
    fn greets() {
        assert_eq!(answer(b"world").unwrap(), b"hello, world");
        assert!(answer(b"\xff").is_err());
    }
}
