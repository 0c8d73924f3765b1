;; Logs in _initialize and in each call.
(module
  (import "wapc" "__console_log" (func $console_log (param i32 i32)))
  (import "wapc" "__guest_response" (func $guest_response (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "init")
  (data (i32.const 8) "call")
  (func (export "_initialize")
    (call $console_log (i32.const 0) (i32.const 4))
    (call $guest_response (i32.const 0) (i32.const 4)))
  (func (export "__guest_call") (param i32 i32) (result i32)
    (call $console_log (i32.const 8) (i32.const 4))
    (i32.const 1)))
