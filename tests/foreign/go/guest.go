// A waPC guest in Go: the standard library and the imports of waPC, no module.
// GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o guest.wasm
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"
	"unsafe"
)

//go:wasmimport wapc __guest_request
func guestRequest(operation, payload unsafe.Pointer)

//go:wasmimport wapc __guest_response
func guestResponse(ptr unsafe.Pointer, length uint32)

//go:wasmimport wapc __guest_error
func guestError(ptr unsafe.Pointer, length uint32)

//go:wasmimport wapc __host_call
func hostCall(binding unsafe.Pointer, bindingLen uint32, namespace unsafe.Pointer,
	namespaceLen uint32, operation unsafe.Pointer, operationLen uint32, payload unsafe.Pointer,
	payloadLen uint32) uint32

//go:wasmimport wapc __host_response_len
func hostResponseLen() uint32

//go:wasmimport wapc __host_response
func hostResponse(ptr unsafe.Pointer)

//go:wasmimport wapc __host_error_len
func hostErrorLen() uint32

//go:wasmimport wapc __host_error
func hostError(ptr unsafe.Pointer)

//go:wasmimport wapc __console_log
func consoleLog(ptr unsafe.Pointer, length uint32)

type failure struct{ text []byte }

func (f failure) Error() string { return string(f.text) }

func span(b []byte) (unsafe.Pointer, uint32) {
	return unsafe.Pointer(unsafe.SliceData(b)), uint32(len(b))
}

// host asks the host for "foreign", "test", "echo".
func host(payload []byte) ([]byte, error) {
	binding, bindingLen := span([]byte("foreign"))
	namespace, namespaceLen := span([]byte("test"))
	operation, operationLen := span([]byte("echo"))
	ptr, length := span(payload)
	if hostCall(binding, bindingLen, namespace, namespaceLen, operation, operationLen,
		ptr, length) != 0 {
		response := make([]byte, hostResponseLen())
		hostResponse(unsafe.Pointer(unsafe.SliceData(response)))
		return response, nil
	}
	text := make([]byte, hostErrorLen())
	hostError(unsafe.Pointer(unsafe.SliceData(text)))
	return nil, failure{text}
}

// runtime uses what programs in Go take for granted: output, clocks, a seeded map, goroutines,
// timers, the collector, the environment.
func runtime(payload []byte) ([]byte, error) {
	fmt.Printf("stdout: %s\n", payload)
	started := time.Now()
	if started.Unix() == 0 {
		return nil, failure{[]byte("the wall clock stands at 1970")}
	}
	seen := make(chan map[byte]int)
	go func() {
		counts := map[byte]int{}
		for _, b := range payload {
			counts[b]++
		}
		seen <- counts
	}()
	counts := <-seen
	if len(os.Environ()) != 0 || len(os.Args) > 1 {
		return nil, failure{[]byte("there is an environment, or arguments")}
	}
	if _, err := os.ReadFile("/etc/passwd"); err == nil {
		return nil, failure{[]byte("there is a file")}
	}
	time.Sleep(2 * time.Millisecond)
	if time.Since(started) < 2*time.Millisecond {
		return nil, failure{[]byte("a sleep of 2 ms took less")}
	}
	return []byte(strconv.Itoa(len(counts))), nil
}

func answer(operation string, payload []byte) ([]byte, error) {
	switch operation {
	case "echo":
		return payload, nil
	case "fail":
		return nil, failure{payload}
	case "host":
		return host(payload)
	case "log":
		consoleLog(span(payload))
		return nil, nil
	case "runtime":
		return runtime(payload)
	case "panic":
		panic("asked to")
	}
	return nil, failure{[]byte("no such operation")}
}

//go:wasmexport __guest_call
func guestCall(operationLen, payloadLen uint32) uint32 {
	operation := make([]byte, operationLen)
	payload := make([]byte, payloadLen)
	guestRequest(unsafe.Pointer(unsafe.SliceData(operation)),
		unsafe.Pointer(unsafe.SliceData(payload)))
	response, err := answer(string(operation), payload)
	if err != nil {
		guestError(span([]byte(err.Error())))
		return 0
	}
	guestResponse(span(response))
	return 1
}

func main() {}
