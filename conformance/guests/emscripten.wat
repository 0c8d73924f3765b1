;; As emscripten's -sSTANDALONE_WASM -sALLOW_MEMORY_GROWTH links its guests: the host is told when memory grew.
(module
  (import "wapc" "__guest_response" (func $response (param i32 i32)))
  (import "env" "emscripten_notify_memory_growth" (func $notify (param i32)))
  (memory (export "memory") 1 4)
  (data (i32.const 0) "grown")
  (func (export "__guest_call") (param i32 i32) (result i32)
    (drop (memory.grow (i32.const 1)))
    (call $notify (i32.const 0))
    (call $response (i32.const 0) (i32.const 5))
    (i32.const 1)))
