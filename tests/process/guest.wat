;; A guest whose payload says what it does: T… traps, L… loops for ever, E… fails with the payload as its error,
;; B… answers with 1500000 bytes; anything else is
;; answered with the payload, its first byte replaced by VERSION.
(module
  (import "wapc" "__guest_request" (func $request (param i32 i32)))
  (import "wapc" "__guest_response" (func $response (param i32 i32)))
  (import "wapc" "__guest_error" (func $error (param i32 i32)))
  (memory (export "memory") 32)
  (func (export "__guest_call") (param $op i32) (param $len i32) (result i32)
    (call $request (i32.const 0) (i32.const 1024))
    (if (i32.eq (i32.load8_u (i32.const 1024)) (i32.const 84)) (then (unreachable)))
    (if (i32.eq (i32.load8_u (i32.const 1024)) (i32.const 76)) (then (loop $l (br $l))))
    (if (i32.eq (i32.load8_u (i32.const 1024)) (i32.const 69))
      (then (call $error (i32.const 1024) (local.get $len)) (return (i32.const 0))))
    (if (i32.eq (i32.load8_u (i32.const 1024)) (i32.const 66))
      (then (call $response (i32.const 1024) (i32.const 1500000)) (return (i32.const 1))))
    (i32.store8 (i32.const 1024) (i32.const VERSION))
    (call $response (i32.const 1024) (local.get $len))
    (i32.const 1)))
