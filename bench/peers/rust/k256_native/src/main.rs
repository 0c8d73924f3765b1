//! The crate k256 without a sandbox: what the original's native rows were.
fn main() {
    pipe::serve(verify::verify_message);
}
