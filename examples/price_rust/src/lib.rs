//! price - the module of the tutorial, in Rust: orders in, totals out, as JSON.
use serde::{Deserialize, Serialize};

const NUMBER_MAX: u64 = 1_000_000;

#[derive(Deserialize)]
struct Order {
    unit_cents: u64,
    quantity: u64,
}

#[derive(Serialize)]
struct Total {
    total_cents: u64,
}

/// What an order costs.
pub fn price(order: &[u8]) -> Result<Vec<u8>, String> {
    let order: Order = serde_json::from_slice(order).map_err(|error| format!("not an order: {error}"))?;
    if order.unit_cents > NUMBER_MAX || order.quantity > NUMBER_MAX {
        return Err("unit_cents and quantity are numbers from 0 to 1000000".into());
    }
    let total = Total { total_cents: order.unit_cents * order.quantity };
    serde_json::to_vec(&total).map_err(|error| error.to_string())
}

#[cfg(target_arch = "wasm32")]
mod guest {
    use wapc_guest::prelude::*;

    fn price(payload: &[u8]) -> CallResult {
        Ok(super::price(payload)?)
    }

    #[no_mangle]
    pub extern "C" fn wapc_init() {
        register_function("price", price);
    }
}

#[cfg(test)]
mod tests {
    use super::price;

    #[test]
    fn four_pieces() {
        assert_eq!(price(br#"{"unit_cents": 250, "quantity": 4}"#).unwrap(), br#"{"total_cents":1000}"#);
    }

    #[test]
    fn what_is_no_order() {
        for order in ["", "[]", "four apples", r#"{"unit_cents": 250}"#, r#"{"unit_cents": -1, "quantity": 1}"#] {
            assert!(price(order.as_bytes()).is_err(), "{order}");
        }
    }
}
