//! The waPC crate with wasmtime-provider.
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let module = pipe::module();
    let operation = pipe::operation();
    let engine = wasmtime_provider::WasmtimeEngineProviderBuilder::new()
        .module_bytes(&module)
        .build()?;
    let host = wapc::WapcHost::new(Box::new(engine), None)?;
    pipe::serve(|payload| Ok(host.call(&operation, payload)?));
    Ok(())
}
