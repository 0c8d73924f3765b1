swapc_import(wasmtime wasmtime.h libwasmtime.so)
swapc_engine(wasmtime NEEDS swapc::wasmtime VALIDATES)
