;; Element segments without elements, at both ends of a table.
(module (memory (export "memory") 1) (table 2 funcref)
  (elem (i32.const 0)) (elem (i32.const 0) funcref) (elem (i32.const 2))
  (func (export "__guest_call") (param i32 i32) (result i32) (i32.const 1)))
