;; An element segment at -1.
(module (memory (export "memory") 1) (table 200 funcref) (func $f) (elem (i32.const -1) $f) (func (export "__guest_call") (param i32 i32) (result i32) (i32.const 1)))
