;; Imports the older WASI, as guests of 2019 do.
(module
  (import "wasi_unstable" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_unstable" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wapc" "__guest_response" (func $guest_response (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\10\00\00\00\05\00\00\00")
  (data (i32.const 16) "hello")
  (func (export "__guest_call") (param i32 i32) (result i32)
    (i32.store (i32.const 32) (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 40)))
    (i32.store (i32.const 36) (call $random_get (i32.const 64) (i32.const 16)))
    (call $guest_response (i32.const 32) (i32.const 12))
    (i32.const 1)))
