;; Imports from a module that the host does not have.
(module (import "env" "emscripten_resize_heap" (func (param i32) (result i32))) (memory (export "memory") 1) (func (export "__guest_call") (param i32 i32) (result i32) (i32.const 1)))
