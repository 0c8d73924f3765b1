;; Answers with 1024 bytes of its data, over a memory with a maximum.
(module
  (import "wapc" "__guest_response" (func $guest_response (param i32 i32)))
  (memory (export "memory") 1 1)
  (func (export "__guest_call") (param i32 i32) (result i32)
    (call $guest_response (i32.const 64512) (i32.const 1024))
    (i32.add (memory.grow (i32.const 1)) (i32.const 2))))
