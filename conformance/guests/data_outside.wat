;; A data segment that does not fit.
(module (memory (export "memory") 1) (data (i32.const 65535) "ab") (func (export "__guest_call") (param i32 i32) (result i32) (i32.const 1)))
