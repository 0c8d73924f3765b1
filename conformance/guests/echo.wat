;; Answers each call with its payload, whatever its size: operation and payload go above the first
;; page, and memory grows to hold them.
(module
  (import "wapc" "__guest_request" (func $guest_request (param i32 i32)))
  (import "wapc" "__guest_response" (func $guest_response (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "__guest_call") (param $op_len i32) (param $msg_len i32) (result i32)
    (local $pages i32)
    (local.set $pages (i32.sub
      (i32.add (i32.const 2)
        (i32.shr_u (i32.add (local.get $op_len) (local.get $msg_len)) (i32.const 16)))
      (memory.size)))
    (if (i32.gt_s (local.get $pages) (i32.const 0))
      (then (if (i32.eq (memory.grow (local.get $pages)) (i32.const -1)) (then (return (i32.const 0))))))
    (call $guest_request (i32.const 1024) (i32.add (i32.const 1024) (local.get $op_len)))
    (call $guest_response (i32.add (i32.const 1024) (local.get $op_len)) (local.get $msg_len))
    (i32.const 1)))
