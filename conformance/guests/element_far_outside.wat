;; An element segment a thousand million entries past its table.
(module (memory (export "memory") 1) (table 200 funcref) (func $f) (elem (i32.const 0x3fffffff) $f) (func (export "__guest_call") (param i32 i32) (result i32) (i32.const 1)))
