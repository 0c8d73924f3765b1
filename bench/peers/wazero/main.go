// wazero MODULE OPERATION: a waPC host over wazero, as small as one can be, to measure against.
//
// What it speaks on standard input and output: bench/peer.h.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

type call struct{ operation, request, response, failure []byte }

var current call

func fail(what string, err error) {
	fmt.Fprintln(os.Stderr, "wazero:", what, err)
	os.Exit(1)
}

func read(m api.Module, at, len uint32) []byte {
	view, ok := m.Memory().Read(at, len)
	if !ok {
		panic("outside memory")
	}
	return append([]byte(nil), view...)
}

func write(m api.Module, at uint32, bytes []byte) {
	if !m.Memory().Write(at, bytes) {
		panic("outside memory")
	}
}

func host(ctx context.Context, r wazero.Runtime) error {
	b := r.NewHostModuleBuilder("wapc")
	one := func(name string, f any) { b.NewFunctionBuilder().WithFunc(f).Export(name) }
	one("__guest_request", func(ctx context.Context, m api.Module, op, at uint32) {
		write(m, op, current.operation)
		write(m, at, current.request)
	})
	one("__guest_response", func(ctx context.Context, m api.Module, at, len uint32) { current.response = read(m, at, len) })
	one("__guest_error", func(ctx context.Context, m api.Module, at, len uint32) { current.failure = read(m, at, len) })
	one("__console_log", func(ctx context.Context, m api.Module, at, len uint32) {})
	one("__host_call", func(ctx context.Context, m api.Module, a, b, c, d, e, f, g, h uint32) uint32 { return 0 })
	one("__host_response_len", func(ctx context.Context, m api.Module) uint32 { return 0 })
	one("__host_response", func(ctx context.Context, m api.Module, at uint32) {})
	one("__host_error_len", func(ctx context.Context, m api.Module) uint32 { return 0 })
	one("__host_error", func(ctx context.Context, m api.Module, at uint32) {})
	_, err := b.Instantiate(ctx)
	return err
}

func requests(in io.Reader) [][]byte {
	var count uint32
	if err := binary.Read(in, binary.LittleEndian, &count); err != nil {
		fail("no requests:", err)
	}
	all := make([][]byte, count)
	for i := range all {
		var length uint32
		if err := binary.Read(in, binary.LittleEndian, &length); err != nil {
			fail("requests cut short:", err)
		}
		all[i] = make([]byte, length)
		if _, err := io.ReadFull(in, all[i]); err != nil {
			fail("requests cut short:", err)
		}
	}
	return all
}

func cpuNS() int64 {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func main() {
	runtime.GOMAXPROCS(2)
	if len(os.Args) != 3 {
		fail("usage: wazero MODULE OPERATION", nil)
	}
	ctx := context.Background()
	code, err := os.ReadFile(os.Args[1])
	if err != nil {
		fail("", err)
	}
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler())
	if err := host(ctx, r); err != nil {
		fail("", err)
	}
	m, err := r.Instantiate(ctx, code)
	if err != nil {
		fail("", err)
	}
	if start := m.ExportedFunction("wapc_init"); start != nil {
		if _, err := start.Call(ctx); err != nil {
			fail("wapc_init", err)
		}
	}
	guest := m.ExportedFunction("__guest_call")
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	all := requests(in)
	run := func(request []byte) []byte {
		current = call{operation: []byte(os.Args[2]), request: request}
		result, err := guest.Call(ctx, uint64(len(current.operation)), uint64(len(request)))
		if err != nil || result[0] != 1 {
			fail("the guest failed: "+string(current.failure), err)
		}
		return current.response
	}
	for _, request := range all {
		fmt.Println("ok", hex.EncodeToString(run(request)))
	}
	var from, to int
	for {
		if _, err := fmt.Fscanln(in, &from, &to); err != nil {
			return
		}
		for i := from; i < to; i++ {
			run(all[i%len(all)])
		}
		fmt.Println(cpuNS())
	}
}
