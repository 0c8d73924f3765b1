// process_go SOCKET SCRIPT MODULE OPERATION: what `swapc process` does, written as one would in Go: go-redis, wazero, and the same script.
//
// It reads the stream orders as group swapc, calls the module for each entry, and stores a batch by one call of
// SCRIPT (src/process/outputs.lua) into priced, while the next batch is read.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/redis/go-redis/v9"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

const batch = 1000

type guest struct {
	module            api.Module
	call              api.Function
	operation         []byte
	request, response []byte
	failure           []byte
}

func must(what string, err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "process_go:", what, err)
		os.Exit(1)
	}
}

func read(m api.Module, at, length uint32) []byte {
	view, ok := m.Memory().Read(at, length)
	if !ok {
		panic("outside memory")
	}
	return append([]byte(nil), view...)
}

func (g *guest) imports(ctx context.Context, r wazero.Runtime) error {
	b := r.NewHostModuleBuilder("wapc")
	one := func(name string, f any) { b.NewFunctionBuilder().WithFunc(f).Export(name) }
	one("__guest_request", func(ctx context.Context, m api.Module, op, at uint32) {
		if !m.Memory().Write(op, g.operation) || !m.Memory().Write(at, g.request) {
			panic("outside memory")
		}
	})
	one("__guest_response", func(ctx context.Context, m api.Module, at, length uint32) { g.response = read(m, at, length) })
	one("__guest_error", func(ctx context.Context, m api.Module, at, length uint32) { g.failure = read(m, at, length) })
	one("__console_log", func(ctx context.Context, m api.Module, at, length uint32) {})
	one("__host_call", func(ctx context.Context, m api.Module, a, b, c, d, e, f, g, h uint32) uint32 { return 0 })
	one("__host_response_len", func(ctx context.Context, m api.Module) uint32 { return 0 })
	one("__host_response", func(ctx context.Context, m api.Module, at uint32) {})
	one("__host_error_len", func(ctx context.Context, m api.Module) uint32 { return 0 })
	one("__host_error", func(ctx context.Context, m api.Module, at uint32) {})
	_, err := b.Instantiate(ctx)
	return err
}

func load(ctx context.Context, path, operation string) *guest {
	g := &guest{operation: []byte(operation)}
	code, err := os.ReadFile(path)
	must(path, err)
	r := wazero.NewRuntime(ctx)
	must("imports", g.imports(ctx, r))
	config := wazero.NewModuleConfig().WithStartFunctions("_initialize", "wapc_init")
	g.module, err = r.InstantiateWithConfig(ctx, code, config)
	must(path, err)
	g.call = g.module.ExportedFunction("__guest_call")
	return g
}

func (g *guest) answer(ctx context.Context, payload string) (string, bool) {
	g.request, g.response, g.failure = []byte(payload), nil, nil
	ok, err := g.call.Call(ctx, uint64(len(g.operation)), uint64(len(g.request)))
	return string(g.response), err == nil && ok[0] == 1
}

// results are the script's arguments for a batch.
func (g *guest) results(ctx context.Context, entries []redis.XMessage) []any {
	args := make([]any, 0, 10+3*len(entries))
	letters := 0
	args = append(args, "token", "swapc", "", "0", "id", "payload", len(entries), entries[len(entries)-1].ID, nil)
	for _, e := range entries {
		payload, _ := e.Values["payload"].(string)
		if answer, ok := g.answer(ctx, payload); ok {
			args = append(args, e.ID, "", answer)
		} else {
			args = append(args, e.ID, "-2", "reason", "failed")
			letters++
		}
	}
	args[8] = letters
	return args
}

func main() {
	ctx := context.Background()
	script, err := os.ReadFile(os.Args[2])
	must(os.Args[2], err)
	g := load(ctx, os.Args[3], os.Args[4])
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: os.Args[1], Protocol: 2})
	store := redis.NewScript(string(script))
	keys := []string{"orders", "priced", "orders:dead", "orders:swapc", "orders:swapc:owner"}
	must("lease", client.Set(ctx, keys[4], "token ", 0).Err())
	client.XGroupCreateMkStream(ctx, "orders", "swapc", "0")
	batches := make(chan []redis.XMessage, 1)
	go func() {
		for {
			got, err := client.XReadGroup(ctx, &redis.XReadGroupArgs{Group: "swapc", Consumer: "go", Streams: []string{"orders", ">"}, Count: batch, Block: 100e6}).Result()
			if err == redis.Nil {
				continue
			}
			must("read", err)
			batches <- got[0].Messages
		}
	}()
	for entries := range batches {
		must("store", store.Run(ctx, client, keys, g.results(ctx, entries)...).Err())
	}
}
