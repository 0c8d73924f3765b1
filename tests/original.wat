;; Stands for a module of the original system: one host call and a console line a verification, and
;; an error when its host does not take the call. It finds everything Valid.
(module
  (import "wapc" "__guest_request" (func $request (param i32 i32)))
  (import "wapc" "__guest_response" (func $response (param i32 i32)))
  (import "wapc" "__guest_error" (func $error (param i32 i32)))
  (import "wapc" "__console_log" (func $log (param i32 i32)))
  (import "wapc" "__host_call"
    (func $host (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 0) "bindingsample:namespaceverified")
  (data (i32.const 256) "\82\acpayload_back\a2Ok\a6status\a5Valid")
  (func (export "__guest_call") (param $operation i32) (param $payload i32) (result i32)
    (call $request (i32.const 1024) (i32.const 2048))
    (call $log (i32.const 0) (i32.const 7))
    (if (i32.eqz (call $host (i32.const 0) (i32.const 7) (i32.const 7) (i32.const 16)
                             (i32.const 23) (i32.const 8) (i32.const 256) (i32.const 30)))
      (then
        (call $error (i32.const 0) (i32.const 7))
        (return (i32.const 0))))
    (call $response (i32.const 256) (i32.const 30))
    (i32.const 1)))
