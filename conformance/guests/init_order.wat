;; Start section and init exports each append a letter; a call answers with the letters.
(module
  (import "wapc" "__guest_response" (func $guest_response (param i32 i32)))
  (memory (export "memory") 1)
  (func $letter (param $c i32)
    (i32.store8 (i32.add (i32.const 16) (i32.load (i32.const 0))) (local.get $c))
    (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1))))
  (func $section (call $letter (i32.const 119)))                            ;; w
  (start $section)
  (func (export "wapc_init") (call $letter (i32.const 112)))                ;; p
  (func (export "_initialize") (call $letter (i32.const 105)))              ;; i
  (func (export "_start") (call $letter (i32.const 115)))                   ;; s
  (func (export "__guest_call") (param i32 i32) (result i32)
    (call $guest_response (i32.const 16) (i32.load (i32.const 0)))
    (i32.const 1)))
