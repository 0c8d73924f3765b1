//! The waPC crate with wasm3-provider.
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let operation = pipe::operation();
    let engine = wasm3_provider::Wasm3EngineProvider::new(&pipe::module());
    let host = wapc::WapcHost::new(Box::new(engine), None)?;
    pipe::serve(|payload| Ok(host.call(&operation, payload)?));
    Ok(())
}
