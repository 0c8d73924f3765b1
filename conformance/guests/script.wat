;; The guest that does what its request says: a script of instructions, each an opcode byte, a count
;; byte and that many i32 arguments (little endian). The host's side of it is conformance/script.c,
;; which names the opcodes. The operation lies at 4096, the script at 8192; the rest of the one page
;; is the script's. The accumulator holds what the last function gave.
(module
  (type $two (func (param i32 i32) (result i32)))
  (type $none (func))
  (import "wapc" "__guest_request" (func $guest_request (param i32 i32)))
  (import "wapc" "__guest_response" (func $guest_response (param i32 i32)))
  (import "wapc" "__guest_error" (func $guest_error (param i32 i32)))
  (import "wapc" "__host_call" (func $host_call (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wapc" "__host_response_len" (func $host_response_len (result i32)))
  (import "wapc" "__host_response" (func $host_response (param i32)))
  (import "wapc" "__host_error_len" (func $host_error_len (result i32)))
  (import "wapc" "__host_error" (func $host_error (param i32)))
  (import "wapc" "__console_log" (func $console_log (param i32 i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_seek" (func $fd_seek (param i32 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $fd_fdstat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file" (func $path_unlink_file (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_recv" (func $sock_recv (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (import "env" "abort" (func $abort (param i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (table 2 funcref)
  (elem (i32.const 0) $nothing)
  (global $pc (mut i32) (i32.const 0))
  (global $acc (mut i32) (i32.const 0))

  (func $nothing)
  (func $arg (param $i i32) (result i32)
    (i32.load offset=2 (i32.add (global.get $pc) (i32.mul (local.get $i) (i32.const 4)))))
  (func $keep (param $value i32) (global.set $acc (local.get $value)))
  (func $recurse (param $n i32) (result i32)
    (i32.add (call $recurse (i32.add (local.get $n) (i32.const 1))) (local.get $n)))
  (func $copy (param $to i32) (param $from i32) (param $len i32)
    (block $done
      (loop $more
        (br_if $done (i32.eqz (local.get $len)))
        (i32.store8 (local.get $to) (i32.load8_u (local.get $from)))
        (local.set $to (i32.add (local.get $to) (i32.const 1)))
        (local.set $from (i32.add (local.get $from) (i32.const 1)))
        (local.set $len (i32.sub (local.get $len) (i32.const 1)))
        (br $more))))

  ;; waPC's nine.
  (func $wapc (param $op i32)
    (block $b9 (block $b8 (block $b7 (block $b6 (block $b5 (block $b4 (block $b3 (block $b2 (block $b1
      (br_table $b1 $b1 $b2 $b3 $b4 $b5 $b6 $b7 $b8 $b9 (local.get $op)))
        (return (call $guest_request (call $arg (i32.const 0)) (call $arg (i32.const 1)))))
        (return (call $guest_response (call $arg (i32.const 0)) (call $arg (i32.const 1)))))
        (return (call $guest_error (call $arg (i32.const 0)) (call $arg (i32.const 1)))))
        (return (call $keep (call $host_call
          (call $arg (i32.const 0)) (call $arg (i32.const 1)) (call $arg (i32.const 2))
          (call $arg (i32.const 3)) (call $arg (i32.const 4)) (call $arg (i32.const 5))
          (call $arg (i32.const 6)) (call $arg (i32.const 7))))))
        (return (call $keep (call $host_response_len))))
        (return (call $host_response (call $arg (i32.const 0)))))
        (return (call $keep (call $host_error_len))))
        (return (call $host_error (call $arg (i32.const 0)))))
    (call $console_log (call $arg (i32.const 0)) (call $arg (i32.const 1))))

  ;; What a guest does by itself: opcodes 10 to 24, less 9.
  (func $own (param $op i32)
    (block $b15 (block $b14 (block $b13 (block $b12 (block $b11 (block $b10 (block $b9 (block $b8
    (block $b7 (block $b6 (block $b5 (block $b4 (block $b3 (block $b2 (block $b1
      (br_table $b1 $b1 $b2 $b3 $b4 $b5 $b6 $b7 $b8 $b9 $b10 $b11 $b12 $b13 $b14 $b15
                (local.get $op)))
        (call $copy (call $arg (i32.const 0)) (i32.add (global.get $pc) (i32.const 10))
              (call $arg (i32.const 1)))                                        ;; put
        (global.set $pc (i32.add (global.get $pc) (call $arg (i32.const 1))))
        (return))
        (i32.store (call $arg (i32.const 0)) (global.get $acc)) (return))       ;; store_acc
        (unreachable))                                                          ;; trap
        (loop $forever (br $forever)))                                          ;; loop
        (global.set $acc (call $recurse (i32.const 1))) (return))               ;; recurse
        (global.set $acc (memory.grow (call $arg (i32.const 0)))) (return))     ;; grow
        (global.set $acc (i32.load (call $arg (i32.const 0)))) (return))        ;; load
        (i32.store (call $arg (i32.const 0)) (call $arg (i32.const 1))) (return)) ;; store
        (global.set $acc (i32.div_u (i32.const 1) (call $arg (i32.const 0)))) (return)) ;; divide
        (call_indirect (type $none) (call $arg (i32.const 0))) (return))        ;; indirect
        (drop (call_indirect (type $two) (i32.const 0) (i32.const 0) (i32.const 0))) (return)) ;; indirect_type
        (global.set $acc (memory.size)) (return))                               ;; size
        (global.set $acc (i32.trunc_f32_s (f32.reinterpret_i32 (call $arg (i32.const 0))))) (return)) ;; convert
        (call $guest_response (call $arg (i32.const 0)) (global.get $acc)) (return)) ;; respond_acc
    (call $guest_error (call $arg (i32.const 0)) (global.get $acc)))            ;; error_acc

  ;; WASI and AssemblyScript: opcodes 40 to 53, less 39.
  (func $wasi (param $op i32)
    (block $b14 (block $b13 (block $b12 (block $b11 (block $b10 (block $b9 (block $b8
    (block $b7 (block $b6 (block $b5 (block $b4 (block $b3 (block $b2 (block $b1
      (br_table $b1 $b1 $b2 $b3 $b4 $b5 $b6 $b7 $b8 $b9 $b10 $b11 $b12 $b13 $b14 (local.get $op)))
        (return (call $keep (call $fd_write (call $arg (i32.const 0)) (call $arg (i32.const 1))
                                            (call $arg (i32.const 2)) (call $arg (i32.const 3))))))
        (return (call $keep (call $fd_read (call $arg (i32.const 0)) (call $arg (i32.const 1))
                                           (call $arg (i32.const 2)) (call $arg (i32.const 3))))))
        (return (call $keep (call $fd_seek (call $arg (i32.const 0)) (i64.const 0) (i32.const 0)
                                           (call $arg (i32.const 1))))))
        (return (call $keep (call $fd_fdstat_get (call $arg (i32.const 0)) (call $arg (i32.const 1))))))
        (return (call $keep (call $fd_prestat_get (call $arg (i32.const 0)) (call $arg (i32.const 1))))))
        (return (call $keep (call $random_get (call $arg (i32.const 0)) (call $arg (i32.const 1))))))
        (return (call $keep (call $clock_time_get (call $arg (i32.const 0)) (i64.const 1)
                                                  (call $arg (i32.const 1))))))
        (return (call $keep (call $environ_sizes_get (call $arg (i32.const 0)) (call $arg (i32.const 1))))))
        (return (call $keep (call $args_sizes_get (call $arg (i32.const 0)) (call $arg (i32.const 1))))))
        (return (call $keep (call $path_unlink_file (call $arg (i32.const 0)) (call $arg (i32.const 1))
                                                    (call $arg (i32.const 2))))))
        (return (call $keep (call $poll_oneoff (call $arg (i32.const 0)) (call $arg (i32.const 1))
                                               (call $arg (i32.const 2)) (call $arg (i32.const 3))))))
        (return (call $keep (call $sock_recv (call $arg (i32.const 0)) (i32.const 0) (i32.const 0)
                                             (i32.const 0) (i32.const 0) (i32.const 0)))))
        (return (call $proc_exit (call $arg (i32.const 0)))))
    (call $abort (call $arg (i32.const 0)) (call $arg (i32.const 1)) (call $arg (i32.const 2))
                 (call $arg (i32.const 3))))

  (func $step (param $op i32)
    (if (i32.lt_u (local.get $op) (i32.const 10))
      (then (call $wapc (local.get $op)))
      (else (if (i32.lt_u (local.get $op) (i32.const 40))
        (then (call $own (i32.sub (local.get $op) (i32.const 9))))
        (else (call $wasi (i32.sub (local.get $op) (i32.const 39))))))))

  ;; Opcode 0 ends the script with its argument as the result; without it the result is 1.
  (func (export "__guest_call") (param $op_len i32) (param $msg_len i32) (result i32)
    (local $end i32)
    (local $op i32)
    (local $size i32)
    (call $guest_request (i32.const 4096) (i32.const 8192))
    (global.set $pc (i32.const 8192))
    (global.set $acc (i32.const 0))
    (local.set $end (i32.add (i32.const 8192) (local.get $msg_len)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (global.get $pc) (local.get $end)))
        (local.set $op (i32.load8_u (global.get $pc)))
        (local.set $size (i32.add (i32.const 2)
          (i32.mul (i32.load8_u offset=1 (global.get $pc)) (i32.const 4))))
        (if (i32.eqz (local.get $op)) (then (return (call $arg (i32.const 0)))))
        (call $step (local.get $op))
        (global.set $pc (i32.add (global.get $pc) (local.get $size)))
        (br $next)))
    (i32.const 1)))
