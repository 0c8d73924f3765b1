//! The Extism plug-in of verify.
use extism_pdk::*;

#[plugin_fn]
pub fn verify_message(payload: Vec<u8>) -> FnResult<Vec<u8>> {
    verify::verify_message(&payload).map_err(|why| Error::msg(why.to_string()).into())
}
